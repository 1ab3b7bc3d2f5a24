"""The simulated school year 2026-27: its days, its months and when things are sent."""

from __future__ import annotations

from datetime import date, timedelta

SCHOOL_YEAR = "2026-27"
BEGINS_ON = date(2026, 8, 6)
ENDS_ON = date(2027, 5, 28)

#: The ten months in which a folder is due, as the periods of the API.
PERIODS: tuple[str, ...] = (
    "2026-08", "2026-09", "2026-10", "2026-11", "2026-12",
    "2027-01", "2027-02", "2027-03", "2027-04", "2027-05",
)  # fmt: skip

#: Nothing is late for the last month: the school year is over before the next one begins.
LAST_PERIOD = PERIODS[-1]

PLEDGES_FROM = BEGINS_ON
PLEDGES_UNTIL = date(2026, 9, 30)

#: Responses bear the day on which they come in, so the survey is open on any day on which this may be played.
SURVEY_OPENS_ON = BEGINS_ON
SURVEY_CLOSES_ON = ENDS_ON


def day_between(first: date, last: date, at: float) -> date:
    """The day at `at` in [0, 1) of the way from first to last, both included."""
    return first + timedelta(days=int(at * ((last - first).days + 1)))


def sending_day(period: str, late: bool, at: float) -> date:
    """A day on which the folder of `period` goes home: the 10th to the 18th of the month; late, of the next
    one.
    """
    year, month = int(period[:4]), int(period[5:])
    if late:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return day_between(date(year, month, 10), date(year, month, 18), at)


def signing_day(sent_on: date, at: float) -> date:
    """The day a folder is signed: up to nine days after it was sent."""
    return sent_on + timedelta(days=int(at * 10))
