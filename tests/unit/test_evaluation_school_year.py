"""Months and school years as text."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.school_year import day_before, months_between, school_year_of

days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@given(days, st.integers(-40, 500))
def test_the_months_between_two_days_are_those_that_have_a_day_there(first: date, length: int) -> None:
    there = [first + timedelta(days=n) for n in range(length + 1)]
    last = first + timedelta(days=length)
    assert list(months_between(f"{first}", f"{last}")) == sorted({f"{day:%Y-%m}" for day in there})


@given(days)
def test_the_day_before_is_yesterday(day: date) -> None:
    assert day_before(f"{day}") == f"{day - timedelta(days=1)}"


@pytest.mark.parametrize(
    ("day", "school_year"),
    [
        (date(2026, 6, 30), "2025-26"),
        (date(2026, 7, 1), "2026-27"),
        (date(2027, 1, 15), "2026-27"),
        (date(2099, 9, 1), "2099-00"),
    ],
)
def test_a_school_year_begins_in_july(day: date, school_year: str) -> None:
    assert school_year_of(day) == school_year
