"""A class in one calendar month: the thing that has a folder, and the days on which it can go home."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from alliance.errors import Invalid

_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class ClassMonth:
    """Where a folder belongs, as the roster says at the moment of the command.

    `period` is a calendar month as 2026-09; `begins_on` and `ends_on` are the class's own first and last day,
    both inclusive.
    """

    class_: str
    school: str
    district: str
    school_year: str
    period: str
    begins_on: date
    ends_on: date

    @property
    def stream(self) -> str:
        return stream(self.class_, self.period)

    def check_period(self) -> None:
        """Raise Invalid unless at least one day of the period lies in the class's school year."""
        first, last = days_of(self.period)
        if last < self.begins_on or first > self.ends_on:
            mend = f"a month from {self.begins_on:%Y-%m} to {self.ends_on:%Y-%m}"
            raise Invalid(
                f"The month {self.period} lies outside the school year of class {self.class_}; give {mend}.",
                errors=[{"field": "period", "message": f"must be {mend}"}],
            )

    def sending_days(self) -> tuple[date, date]:
        """The first and the last day on which a folder of this month can go home, inclusive.

        They reach to the end of the following month, so that a late folder is still recorded as late.
        """
        first, last = days_of(self.period)
        _, last_late = days_of(f"{last + timedelta(days=1):%Y-%m}")
        return max(first, self.begins_on), min(last_late, self.ends_on)


def stream(class_: str, period: str) -> str:
    return f"folder-{class_}-{period}"


def days_of(period: str) -> tuple[date, date]:
    """The first and the last day of a month such as 2026-09; raises Invalid when it is no such month."""
    # Python's dates know neither the year 0 nor the month after 9999-12.
    if not _PERIOD.fullmatch(period) or period.startswith(("0000", "9999")):
        raise Invalid(
            f"{period!r} is not a month; write it as year and month, for example 2026-09.",
            errors=[{"field": "period", "message": "must be a month such as 2026-09"}],
        )
    first = date.fromisoformat(f"{period}-01")
    # Day 1 plus 31 days falls into the next month; its own day number leads back to the last of this one.
    next_month = first + timedelta(days=31)
    return first, next_month - timedelta(days=next_month.day)
