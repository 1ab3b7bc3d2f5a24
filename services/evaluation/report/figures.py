"""The report's figures of the programme, this year's and the year's before, after suppression: one release of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .. import publication
from ..effectiveness import Comparison, compare, told
from ..indicators import Ratio
from ..methods import shrinkage
from ..methods.release import Cell, Release, Rules, Shown
from ..methods.suppression import primary, show, suppress
from ..publication import MONTHLY, STATE, Publication, school_unit
from ..scorecards import Scorecard
from .snapshot import Snapshot, Year


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
        table
        for year in years
        for table in publication.tables(year.cards, year.schools, year.school_year, rules)
    ]
    name = f"{snapshot.year.school_year} as of {snapshot.journal}"
    release = suppress(tables, rules, earlier, name)
    now, *before = (_year(year, release, seed) for year in years)
    return Figures(release, now, before[0] if before else None, _months(now, rules))


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


def _months(now: YearFigures, rules: Rules) -> Mapping[str, Shown]:
    """The state's months as far as they may be seen: all of them, where each and the year can be shown in full, or
    none: they add up to the year's figure, which is another one's total."""
    ratios: dict[str, Ratio] = {}
    for card in now.year.cards.values():
        for month in card.months:
            if month.due:
                ratios[month.period] = ratios.get(month.period, Ratio()) + month.indicators[MONTHLY]
    cells = {period: Cell(of.denominator, of.numerator) for period, of in sorted(ratios.items())}
    told_all = now.comparisons[MONTHLY].state.shown.status == "shown" and all(
        primary(cell, rules) == "shown" for cell in cells.values() if cell.n
    )
    return {
        period: show(cell, "shown" if told_all or not cell.n else "hidden", rules)
        for period, cell in cells.items()
    }


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


__all__ = ["STATE", "Figures", "YearFigures", "completed", "figures", "state"]
