"""How each district stands on the criteria of the written rule, from what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping

from ..effectiveness import told
from ..methods import intervals
from ..scorecards import Month
from .exemplary import RULED, Criteria, Judgement, Standing, judge
from .figures import Figures, YearFigures
from .snapshot import Certified


def standings(figures: Figures, criteria: Criteria) -> tuple[Standing, ...]:
    """Of every district and indicator with an estimate, in order."""
    before = {} if figures.before is None else _standings(figures.before)
    found = []
    for at, standing in _standings(figures.now).items():
        change = None if figures.before is None else improvement(figures.now, figures.before, *at)
        earlier = before.get(at)
        met = None if earlier is None else judge(earlier, criteria).named
        found.append(
            Standing(
                **{name: getattr(standing, name) for name in _PLAIN},
                improvement=None if change is None else change[1:],
                gap=_gaps(figures, *at),
                before=met,
            )
        )
    return tuple(found)


_PLAIN = ("district", "indicator", "certified", "estimate", "limit", "state", "q")


def improvement(
    now: YearFigures, before: YearFigures, district: str, indicator: str
) -> tuple[float, float, float] | None:
    """(change, low, high) of a district's rate since the year before, as two samples; None where one is not shown."""
    pair = []
    for figures in (before, now):
        each = figures.comparisons[indicator].districts.get(district)
        k, n = told(each.shown) if each is not None else (0.0, 0.0)
        if not n:
            return None
        pair.append((k, n))
    (k1, n1), (k2, n2) = pair
    difference, low, high = intervals.newcombe(k2, n2, k1, n1)
    return float(difference), float(low), float(high)


def certified_share(months: Mapping[str, Certified], due: tuple[Month, ...]) -> float:
    """Of the class-months due, those certified as reported; months that nobody certified count as none."""
    expected = reported = 0
    for month in due:
        classes = month.indicators["classes_reported"].denominator
        expected += classes
        if (said := months.get(month.period)) is not None:
            reported += max(0, classes - said.missing)
    return reported / expected if expected else 0.0


def judgements(found: tuple[Standing, ...], criteria: Criteria) -> tuple[Judgement, ...]:
    return tuple(judge(standing, criteria) for standing in found)


def _standings(figures: YearFigures) -> dict[tuple[str, str], Standing]:
    found = {}
    for indicator in RULED:
        comparison = figures.comparisons[indicator]
        for district, each in comparison.districts.items():
            if each.estimate is None or each.limits is None or each.q is None or comparison.p0 is None:
                continue
            due = tuple(month for month in figures.year.cards[district].months if month.due)
            share = certified_share(figures.year.certified.get(district, {}), due)
            found[district, indicator] = Standing(
                district, indicator, share, each.estimate, each.limits[1], comparison.p0, each.q
            )
    return found


def _gaps(figures: Figures, district: str, indicator: str) -> tuple[float, float] | None:
    """(this year, last year); None unless two schools or more are shown in both."""
    if figures.before is None:
        return None
    now, before = (
        list(year.schools.get(indicator, {}).get(district, {}).values())
        for year in (figures.now, figures.before)
    )
    if min(len(now), len(before)) < 2:
        return None
    return max(now) - min(now), max(before) - min(before)
