"""The report's figures of the programme, this year's and the year's before, after suppression: one release of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .. import publication
from ..effectiveness import Comparison, compare, told
from ..methods import shrinkage
from ..methods.release import Cell, Key, Release, Rules, Shown, Table
from ..methods.suppression import show, suppress
from ..publication import MONTHLY, STATE, Publication, school_unit
from ..scorecards import Scorecard, total
from .snapshot import Snapshot, Year

#: The table of the state's months of folders, and what they add up to.
MONTHS, ALL_MONTHS = "folders_returned by month", "year"


@dataclass(frozen=True, slots=True)
class YearFigures:
    """`schools` {indicator of persons: {district: {school: shrunken estimate}}}, of schools that are shown in full."""

    year: Year
    publication: Publication
    comparisons: Mapping[str, Comparison]
    schools: Mapping[str, Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True, slots=True)
class Figures:
    """`months` {period: the state's folders returned as they are shown}."""

    release: Release
    now: YearFigures
    before: YearFigures | None
    months: Mapping[str, Shown]


def figures(snapshot: Snapshot, rules: Rules, earlier: Sequence[Release], seed: int) -> Figures:
    """Guarantee: everything in it is a function of what is shown, and the auditor passes the release."""
    years = [_with_everybody(year, snapshot) for year in (snapshot.year, snapshot.before) if year]
    tables = [
        table for year in years for table in publication.tables(year.cards, year.schools, year.school_year)
    ]
    months, cells = _months(years[0])
    name = f"{snapshot.year.school_year} as of {snapshot.journal}"
    release = suppress([*tables, months], rules, earlier, name)
    now, *before = (_year(year, release, seed) for year in years)
    statuses = {key: release.shown[MONTHS, key].status for key in cells}
    shown = {period: show(cell, statuses[period,], rules) for (period,), cell in cells.items()}
    return Figures(release, now, before[0] if before else None, shown)


def _with_everybody(year: Year, snapshot: Snapshot) -> Year:
    cards = {**{district: Scorecard() for district in snapshot.names}, **year.cards}
    return Year(year.school_year, cards, year.schools, year.certified)


def _year(year: Year, release: Release, seed: int) -> YearFigures:
    public = Publication(year.school_year, release)
    schools = {name: _schools(name, year, public) for name in publication.OF_PERSONS}
    return YearFigures(year, public, compare(year.cards, public, seed), schools)


def _schools(indicator: str, year: Year, public: Publication) -> Mapping[str, Mapping[str, float]]:
    """Estimates drawn towards the mean of all schools that are shown: raw rates of small schools lie apart mostly by
    chance."""
    shown = [
        (
            district,
            school,
            *told(public.shown(indicator, school_unit(district, school), card.indicators[indicator])),
        )
        for district, of_district in year.schools.items()
        for school, card in of_district.items()
    ]
    seen = [each for each in shown if each[3]]
    if not seen:
        return {}
    k, n = (np.array([each[place] for each in seen]) for place in (2, 3))
    estimates = shrinkage.beta_binomial(k, n).estimates
    found: dict[str, dict[str, float]] = {}
    for (district, school, _, _), estimate in zip(seen, estimates, strict=True):
        found.setdefault(district, {})[school] = float(estimate)
    return found


def _months(year: Year) -> tuple[Table, Mapping[Key, Cell]]:
    """The state's student-months by month, which add up to the year's figure."""
    by_month: dict[str, list[Scorecard]] = {}
    for card in year.cards.values():
        for month in card.months:
            if month.due:
                by_month.setdefault(month.period, []).append(card)
    cells: dict[Key, Cell] = {}
    for period in sorted(by_month):
        ratios = (
            month.indicators[MONTHLY]
            for card in by_month[period]
            for month in card.months
            if month.period == period
        )
        ratio = total(ratios)
        cells[period,] = Cell(ratio.denominator, ratio.numerator)
    whole = total(card.indicators[MONTHLY] for card in year.cards.values())
    parts = {period: ALL_MONTHS for (period,) in cells}
    # A child's months are one child: of nine children nothing is shown, however many months they make.
    children = max((cell.n for cell in cells.values()), default=0)
    year_cell = Cell(whole.denominator, whole.numerator, children)
    every = {**cells, (ALL_MONTHS,): year_cell} if cells else {}
    return Table(MONTHS, ("month",), every, {"month": parts}), cells


def state(figures: YearFigures, indicator: str) -> tuple[float, float]:
    """(k, n) of the state as they are shown; (0, 0) where they are not."""
    return told(figures.comparisons[indicator].state.shown)


def completed(figures: YearFigures, indicator: str) -> dict[str, tuple[float, float]]:
    """(k, n) of each district; those that are not shown share equally what is left of the state's.

    So no more can be worked out from what is made of them than from what is shown.
    """
    comparison = figures.comparisons[indicator]
    found = {district: told(each.shown) for district, each in comparison.districts.items()}
    hidden = [name for name, (_, n) in found.items() if not n and comparison.districts[name].shown.n is None]
    k, n = told(comparison.state.shown)
    left_k = max(0.0, k - sum(of for of, _ in found.values()))
    left_n = max(0.0, n - sum(of for _, of in found.values()))
    shares = {name: (min(left_k, left_n) / len(hidden), left_n / len(hidden)) for name in hidden}
    return {**found, **shares}


__all__ = ["ALL_MONTHS", "MONTHS", "STATE", "Figures", "YearFigures", "completed", "figures", "state"]
