"""Graduation rates as the U.S. Department of Education publishes them: ranges, and what can be told from ranges.

A range is never made into one number. Where only schools were published, the district's range follows from theirs: it
holds the rate for certain, because each school's does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..methods.release import STATE_RULES, Cell, Rules
from ..methods.suppression import primary, show
from ..outcome_set import GRADUATION
from .folder import Table, Value
from .scores import NO_EARLIER_YEAR, STATE, Results

PUBLISHED = "as published"
CANNOT_BE_TOLD = "cannot be told"


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate of a district's cohort lies in [low, high], 0 to 1, and is exact where they are equal.

    `schools` are those that the range follows from; none where the district's own was published. Without a range both
    are None, and `stated` says why.
    """

    district: str
    school_year: str
    stated: str
    low: float | None = None
    high: float | None = None
    n: int | None = None
    schools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """From one school year to the next that has rates: "rose" or "fell" where the ranges have nothing in common."""

    district: str
    before: str | None
    after: str
    stated: str


def rates(results: Results, rules: Rules = STATE_RULES) -> tuple[Rate, ...]:
    """Every district in every year that has rates of all students; the state only where it was published itself."""
    found = [
        _shown(_rate(district, year, figures), rules)
        for (district, year, subject, _), figures in sorted(results.items(), key=lambda item: item[0])
        if subject == GRADUATION
    ]
    # In a year in which a district's number is not told, the state's would tell it by subtraction.
    untold = {of.school_year for of in found if of.district != STATE and of.n is None}
    return tuple(_blunt(of) if of.district == STATE and of.school_year in untold else of for of in found)


def shifts(found: Sequence[Rate], school_year: str | None = None) -> tuple[Shift, ...]:
    """Every district from the last year with rates before `school_year` (None: the latest there is) to that one."""
    of = {(rate.district, rate.school_year): rate for rate in found}
    years = sorted({rate.school_year for rate in found})
    after = school_year or max(years, default="")
    if after not in years:
        return ()
    before = max((year for year in years if year < after), default=None)
    districts = sorted({district for district, year in of if year in (before, after)})
    return tuple(
        Shift(
            district,
            before,
            after,
            NO_EARLIER_YEAR
            if before is None
            else _stated(of.get((district, before)), of.get((district, after)), before, after),
        )
        for district in districts
    )


def tables(found: Sequence[Rate], changes: Sequence[Shift], names: Mapping[str, str]) -> tuple[Table]:
    """`graduation`: the state first, then districts by name; the change stands in the later year's row."""
    columns = {
        "district": "District", "name": "Name", "school_year": "School year", "stated": "Shown as", "low": "At least",
        "high": "At most", "n": "Students", "schools": "Schools that it follows from", "before": "Compared with",
        "change": "Change",
    }  # fmt: skip
    told = {(of.district, of.after): of for of in changes}
    rows: list[list[Value]] = []
    for of in sorted(found, key=lambda of: (of.district != STATE, _name(of.district, names), of.school_year)):
        change = told.pop((of.district, of.school_year), None)
        rows.append(
            [
                of.district, _name(of.district, names), of.school_year, of.stated, of.low, of.high, of.n,
                len(of.schools) or None, change.before if change else None, change.stated if change else None,
            ]
        )  # fmt: skip
    # Those that are in the earlier year only.
    for change in sorted(told.values(), key=lambda of: _name(of.district, names)):
        rows.append(
            [
                change.district, _name(change.district, names), change.after, "no rate in this school year",
                *[None] * 4, change.before, change.stated,
            ]
        )  # fmt: skip
    return (
        Table(
            "graduation",
            "Graduation rates, as far as they were published",
            columns,
            rows,
            {"low": "share", "high": "share", "n": "count", "schools": "count"},
            "graduation",
        ),
    )


def paragraphs(found: Sequence[Rate], changes: Sequence[Shift]) -> tuple[str, ...]:
    districts = [of for of in found if of.district != STATE]
    if not districts:
        return ("No graduation rates have been imported, so nothing can be said of them here.",)
    after = changes[0].after if changes else max(of.school_year for of in districts)
    latest = [of for of in districts if of.school_year == after]
    exact = sum(of.low is not None and of.low == of.high for of in latest)
    ranges = sum(of.low is not None for of in latest) - exact
    said = (
        f"Graduation rates of districts in {after}: known exactly {exact}; known as a range, because the U.S. "
        f"Department of Education protects small groups, {ranges}; not to be shown {len(latest) - exact - ranges}. A "
        "range is printed as a range, and no number in it is likelier than another."
    )
    words = [of.stated for of in changes if of.district != STATE]
    if not changes or changes[0].before is None:
        return said, f"Change cannot be told yet: {NO_EARLIER_YEAR} than {after}."
    rose, fell = words.count("rose"), words.count("fell")
    return said, (
        f"From {changes[0].before} to {after}, districts whose rate rose: {rose}; fell: {fell}; there the two ranges "
        f"have nothing in common. Districts of which it cannot be told: {len(words) - rose - fell}. These are the "
        "rates of whole cohorts; small ones change by chance, and nothing here says that the programme moved a rate."
    )


def _rate(district: str, year: str, figures: Sequence[Mapping[str, Any]]) -> Rate:
    of_all = [each for each in figures if each["measure"] == "graduated" and each["group"] == "all"]
    for each in of_all:
        if each["school"] is None:
            return Rate(district, year, PUBLISHED, each["low"], each["high"], each["n"])
    if not of_all:
        return Rate(district, year, "no rate of all students was published")
    schools = tuple(sorted(each["ncessch"] or each["school"] for each in of_all))
    if any(each["n"] is None for each in of_all):
        return Rate(
            district, year, "cannot be told: not all schools have a number of students", schools=schools
        )
    n = sum(each["n"] for each in of_all)
    if not n:
        return Rate(district, year, "no students in the cohort", n=0, schools=schools)
    low, high = (min(sum(each[end] * each["n"] for each in of_all) / n, 1.0) for end in ("low", "high"))
    return Rate(district, year, "follows from its schools", low, high, n, schools)


def _shown(rate: Rate, rules: Rules) -> Rate:
    """The state's own rules on top: the department publishes cohorts of six, the state none below ten."""
    if rate.low is None or rate.high is None:
        return rate
    if rate.n is not None and rate.n < rules.least:
        return replace(rate, stated=f"fewer than {rules.least} students", low=None, high=None, n=None)
    if (rate.low, rate.high) == (0, 1):
        return replace(rate, stated="hidden at the source", low=None, high=None)
    if rate.low < rate.high:
        return rate
    if 100 * rate.high <= rules.low:
        return replace(rate, stated="nearly none: a bound only", low=0.0, high=rules.low / 100, n=None)
    if 100 * rate.low >= rules.high:
        return replace(rate, stated="nearly all: a bound only", low=rules.high / 100, high=1.0, n=None)
    if rate.n is None:
        return rate
    cell = Cell(rate.n, round(rate.low * rate.n))
    if (status := primary(cell, rules)) != "rate only":
        return rate
    told = show(cell, status, rules)
    stated = "few students: a range of five points"
    return replace(rate, stated=stated, low=told.rate_low / 100, high=told.rate_high / 100, n=None)


def _blunt(state: Rate) -> Rate:
    """The state's rate to a tenth of a point, without its number of students."""
    if state.low is None or state.high is None:
        return replace(state, n=None)
    low, high = math.floor(state.low * 1000) / 1000, math.ceil(state.high * 1000) / 1000
    return replace(
        state, stated="to a tenth of a point, since districts are hidden", low=low, high=high, n=None
    )


def _stated(then: Rate | None, now: Rate | None, before: str, after: str) -> str:
    if then is None or now is None:
        return f"{CANNOT_BE_TOLD}: no rate in {before if then is None else after}"
    if then.low is None or then.high is None:
        return f"{CANNOT_BE_TOLD}: {before}: {then.stated}"
    if now.low is None or now.high is None:
        return f"{CANNOT_BE_TOLD}: {after}: {now.stated}"
    if then.schools != now.schools:
        # A school that came or went moves the rate without anybody graduating more or less.
        return f"{CANNOT_BE_TOLD}: the rates are not of the same schools"
    return "rose" if now.low > then.high else "fell" if now.high < then.low else CANNOT_BE_TOLD


def _name(district: str, names: Mapping[str, str]) -> str:
    return "The state" if district == STATE else names.get(district, district)
