"""School years, written 2026-27: from 1 July to 30 June, with classes from August to May unless somebody says more."""

from __future__ import annotations

import re
from datetime import date

_ENDS_IN = re.compile(r"^\d{4}$")
_BOTH = re.compile(r"^(\d{4})[-/](\d{2}|\d{4})$")


def ending(year: int) -> str:
    """The school year that ends in this calendar year: 2027 -> 2026-27."""
    return f"{year - 1}-{year % 100:02d}"


def year_of_end(school_year: str) -> int:
    return int(school_year[:4]) + 1


def school_year_of(day: date) -> str:
    return ending(day.year + 1 if day.month >= 7 else day.year)


def between(begins_on: date, ends_on: date) -> str:
    """The school year in which most of this time lies."""
    return school_year_of(begins_on + (ends_on - begins_on) / 2)


def usual_days(school_year: str) -> tuple[date, date]:
    """1 August to 31 May, for classes of which nothing else is known."""
    year = year_of_end(school_year)
    return date(year - 1, 8, 1), date(year, 5, 31)


def bounds(school_year: str) -> tuple[date, date]:
    year = year_of_end(school_year)
    return date(year - 1, 7, 1), date(year, 6, 30)


def parse(written: str) -> str | None:
    """OneRoster's `schoolYear`, the year in which it ends (2027), or the common 2026-27 and 2026-2027."""
    if _ENDS_IN.match(written):
        return ending(int(written))
    if match := _BOTH.match(written):
        year = int(match[1]) + 1
        return ending(year) if year % 100 == int(match[2]) % 100 else None
    return None
