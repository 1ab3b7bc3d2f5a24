"""School years and their months, as strings: `2026-27`, `2026-09`, `2026-09-14`; compared as text."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

#: A day, and so a month, begins when it begins where the families live.
MISSISSIPPI = ZoneInfo("America/Chicago")


def school_year_of(day: date) -> str:
    """The school year in which the day lies: 2026-07-01 is the first day of `2026-27`."""
    begins = day.year if day.month >= 7 else day.year - 1
    return f"{begins}-{(begins + 1) % 100:02d}"


def year_before(school_year: str) -> str:
    begins = int(school_year[:4]) - 1
    return f"{begins}-{(begins + 1) % 100:02d}"


@lru_cache(maxsize=1024)
def day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


@lru_cache(maxsize=16384)
def months_between(first: str, last: str) -> tuple[str, ...]:
    """The months that have a day in [first, last]; none when last is before first."""
    if last < first:
        return ()
    year, month = int(first[:4]), int(first[5:7])
    months = []
    while (period := f"{year:04d}-{month:02d}") <= last[:7]:
        months.append(period)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return tuple(months)
