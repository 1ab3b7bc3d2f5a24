"""The calendar of a folder, against Python's own calendar module."""

from __future__ import annotations

import calendar
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance.errors import Invalid
from services.folders.class_month import days_of
from tests.builders_folders import month


@settings(deadline=None)
@given(year=st.integers(1, 9998), number=st.integers(1, 12))
def test_a_month_has_the_days_that_the_calendar_says(year: int, number: int) -> None:
    _, length = calendar.monthrange(year, number)
    assert days_of(f"{year:04}-{number:02}") == (date(year, number, 1), date(year, number, length))


@pytest.mark.parametrize(
    "period",
    ["2026-13", "2026-00", "2026-9", "2026", "2026-09-01", "september", "", "0000-01", "２０２６-09"],
)
def test_what_is_no_month_is_invalid_and_says_how_to_write_one(period: str) -> None:
    with pytest.raises(Invalid, match="for example 2026-09"):
        days_of(period)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026-09", date(2026, 9, 1), date(2026, 10, 31)),
        ("2026-12", date(2026, 12, 1), date(2027, 1, 31)),
        ("2027-01", date(2027, 1, 1), date(2027, 2, 28)),
        ("2026-08", date(2026, 8, 10), date(2026, 9, 30)),
        ("2027-04", date(2027, 4, 1), date(2027, 5, 28)),
    ],
)
def test_a_folder_goes_home_until_the_end_of_the_next_month_within_the_school_year(
    period: str, first: date, last: date
) -> None:
    assert month(period).sending_days() == (first, last)


@pytest.mark.parametrize(
    ("begins_on", "ends_on"),
    [("2026-09-30", "2026-12-18"), ("2026-08-10", "2026-09-01"), ("2026-09-07", "2026-09-08")],
)
def test_a_month_of_which_one_day_is_a_school_day_has_a_folder(begins_on: str, ends_on: str) -> None:
    month(begins_on=date.fromisoformat(begins_on), ends_on=date.fromisoformat(ends_on)).check_period()


@pytest.mark.parametrize(
    ("begins_on", "ends_on"), [("2026-10-01", "2026-12-18"), ("2026-08-10", "2026-08-31")]
)
def test_a_month_without_a_school_day_has_none(begins_on: str, ends_on: str) -> None:
    with pytest.raises(Invalid, match="outside the school year of class c-1"):
        month(begins_on=date.fromisoformat(begins_on), ends_on=date.fromisoformat(ends_on)).check_period()
