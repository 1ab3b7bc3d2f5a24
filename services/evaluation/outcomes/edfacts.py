"""Adjusted-cohort graduation rates as the U.S. Department of Education publishes them (EDFacts), by school or district.

The department rounds a rate to a whole percentage and, the fewer students there are, gives only a wider band of
percentages: `PS` (5 students and fewer, nothing), `LT50` and `GE50`, `LE20 21-39 40-59 60-79 GE80`,
`LE10 11-19 20-29 … GE90`, `LE5 6-9 10-14 … GE95`, and whole percentages above 200 students. Which way it rounds is not
said in its documentation, so each code is read as the closed range that holds the truth whether a rate was rounded to
the nearest percentage or cut off below it:

    70-74, 70   69.5 to 75 %; 69.5 to 71 %   from half a percentage below the first to a whole one above the last
    LE20        0 to 21 %                    20.9 cut off is 20
    GE90        89.5 to 100 %                89.5 rounded is 90
    LT50, GT90  0 to 50 %; 90 to 100 %       either way
    PS          0 to 100 %

A cohort is of whole students: the range is narrowed to the least and the greatest k / n in it, so that `21-39` of 16
students is 4/16 to 6/16. `.` and an empty field mean that there is no such group: no outcome.
Source: EDFacts Data Documentation, Regulatory Four-Year Adjusted-Cohort Graduation Rates, section "Privacy Protections
Used".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from ..school_year import school_year_of
from .outcome import Outcome, Problem, Read, whole
from .table import read_table

_RATE = re.compile(r"([A-Z]+)_RATE_([0-9]{2})([0-9]{2})")
_CODE = re.compile(
    r"(?:(?P<sign>LT|LE|GT|GE)(?P<limit>[0-9]{1,3})|(?P<least>[0-9]{1,3})(?:-(?P<most>[0-9]{1,3}))?)"
)
_MISSING = ("", ".")


def read(name: str, text: bytes) -> Read:
    """Every subgroup's rate in the file; the school year is in the columns' names (ALL_RATE_1112 is 2011-12).

    `name` is what problems call the file. A file without LEANM or without a rate column gives no outcome.
    """
    table = read_table(name, text)
    problems = list(table.problems)
    rates = [match for column in table.header if (match := _RATE.fullmatch(column)) and _is_year(match)]
    if table.header and ("LEANM" not in table.header or not rates):
        lacking = "LEANM" if "LEANM" not in table.header else "a rate such as ALL_RATE_1112"
        problems.append(Problem(name, f"The header has no column {lacking}; nothing of the file was read."))
        return Read((), tuple(problems))
    outcomes: list[Outcome] = []
    lines: dict[tuple[str | None, ...], int] = {}
    for line, row in table.rows:
        if empty := [column for column in ("LEANM", "SCHNAM") if row.get(column) == ""]:
            problems.append(
                Problem(
                    f"{name}, line {line}, column {empty[0]}", "The name is missing; the row was left out."
                )
            )
            continue
        for rate in rates:
            place = f"{name}, line {line}, column {rate[0]}"
            outcome = _outcome(place, row, rate, problems)
            if outcome is None:
                continue
            if (first := lines.setdefault(outcome.key, line)) != line:
                problems.append(Problem(place, f"Line {first} has this rate already; this one was left out."))
                continue
            outcomes.append(outcome)
    return Read(tuple(outcomes), tuple(problems))


def percentages(code: str) -> tuple[float, float] | None:
    """The closed range, 0 to 1, that surely holds the rate behind a code; None for what is no code."""
    if code == "PS":
        return 0.0, 1.0
    if not (match := _CODE.fullmatch(code)):
        return None
    if match["sign"]:
        limit = int(match["limit"])
        low, high = {
            "LT": (0.0, limit),
            "LE": (0.0, limit + 1),
            "GT": (limit, 100.0),
            "GE": (limit - 0.5, 100.0),
        }[match["sign"]]
        given = [limit]
    else:
        given = [int(match["least"]), int(match["most"] or match["least"])]
        low, high = given[0] - 0.5, given[1] + 1
    if max(given) > 100 or given != sorted(given):
        return None
    return max(low, 0.0) / 100, min(high, 100.0) / 100


def _outcome(
    place: str, row: Mapping[str, str], rate: re.Match[str], problems: list[Problem]
) -> Outcome | None:
    code = row[rate[0]]
    if code in _MISSING:
        return None
    found = percentages(code)
    if found is None:
        problems.append(Problem(place, f"{code!r} is no rate and no code of one; it was left out."))
        return None
    written = row.get(rate[0].replace("_RATE_", "_COHORT_"), "")
    if written not in _MISSING and not re.fullmatch("[0-9]{1,9}", written):
        problems.append(Problem(place, f"The cohort {written!r} is no number of students; it was left out."))
        return None
    n = None if written in _MISSING else int(written)
    if n == 0:
        problems.append(Problem(place, f"{code!r} is a rate of nobody: the cohort is 0; it was left out."))
        return None
    counted = whole(*found, n)
    if counted is None:
        problems.append(Problem(place, f"No whole number of {n} students is {code!r}; check the cohort."))
    low, high = counted or found
    school = row.get("SCHNAM")
    return Outcome(
        level="school" if school else "district",
        district=row["LEANM"],
        school=school,
        school_year=school_year_of(date(2000 + int(rate[3]), 6, 30)),
        measure="graduated",
        subject="",
        grade="",
        group="all" if rate[1] == "ALL" else rate[1],
        n=n,
        low=low,
        high=high,
        lea=row.get("LEAID") or None,
        ncessch=row.get("NCESSCH") or None,
    )


def _is_year(rate: re.Match[str]) -> bool:
    return (int(rate[2]) + 1) % 100 == int(rate[3])
