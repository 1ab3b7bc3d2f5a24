"""Participation and its change, the law's components, and the measures of 37-3-69: the state's figures in tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..effectiveness import told
from ..methods import change, intervals
from ..methods.release import Status
from ..scorecards import Scorecard, total
from .figures import Figures, YearFigures, state
from .folder import Kind, Table, Value, shares

NOT_YET = "not yet measured"
NO_YEAR_BEFORE = "there is no earlier year"
NOT_IN_BOTH = "not shown in both years"


@dataclass(frozen=True, slots=True)
class Component:
    """What 37-3-67 lists, and the indicators that measure it here; none where nothing does yet."""

    clause: str
    text: str
    indicators: tuple[str, ...] = ()


COMPONENTS = (
    Component("37-3-67(a)", "A signed parent pledge", ("pledges_signed",)),
    Component(
        "37-3-67(b)",
        "A folder sent home at least once a month for a parent's signature",
        ("classes_reported", "classes_on_time", "months_met", "folders_returned"),
    ),
    Component("37-3-67(c)", "Back-to-school night and other family events"),
    Component("37-3-67(d)", "Home reading programmes"),
    Component("37-3-67(e)", "Training of teachers, principals and parents"),
    Component("37-3-67(f)", "Newsletters to parents"),
    Component("37-3-67(g)", "A home survey", ("survey_response",)),
    Component("37-3-67(h)", "Parent/teacher conferences"),
)

#: The indicator that counts of persons are taken from.
_COUNTED = {
    "enrolled": "pledges_signed", "pledges": "pledges_signed", "folders": "folders_returned",
    "answers": "survey_response",
}  # fmt: skip
#: Why a state's figure is not shown in full.
_NOTES: Mapping[Status, str] = {
    "shown": "",
    "rate only": "the rate alone, in steps of five: few persons",
    "bound": "nearly all or nearly none: at least 95 %, or at most 5 %",
    "hidden": "not shown: it would tell of few persons",
}

#: What is counted to say how many take part, each with its words.
_PERSONS: Mapping[str, str] = {
    "districts": "Districts taking part",
    "schools": "Schools taking part",
    "enrolled": "Students enrolled",
    "pledges": "Students for whom a pledge stands",
    "folders": "Student-months with a signed folder back",
    "answers": "Households that answered the survey",
}


def counts(figures: YearFigures) -> dict[str, int]:
    """{what is counted: how many}, those left out that are not shown. To take part is to have recorded anything."""
    found = {
        "districts": sum(map(_takes_part, figures.year.cards.values())),
        "schools": sum(
            _takes_part(card)
            for of_district in figures.year.schools.values()
            for card in of_district.values()
        ),
    }
    for name, indicator in _COUNTED.items():
        k, n = state(figures, indicator)
        if n:
            found[name] = round(n if name == "enrolled" else k)
    return found


def participation(figures: Figures) -> Table:
    """Persons, schools and districts taking part, this year and the year before, with growth and its interval."""
    now = counts(figures.now)
    before = counts(figures.before) if figures.before else {}
    rows: list[list[Value]] = []
    for name, text in _PERSONS.items():
        if name not in now:
            rows.append([text, None, None, None, None, None, _why_not(figures.now, name)])
            continue
        growth = _growth(figures.before is not None, before.get(name), now[name])
        rows.append([text, now[name], before.get(name), *growth])
    columns = {
        "measure": "Who takes part", "now": figures.now.year.school_year,
        "before": figures.before.year.school_year if figures.before else "Year before",
        "growth": "Growth", "low": "95 % from", "high": "95 % to", "note": "Note",
    }  # fmt: skip
    kinds: dict[str, Kind] = {"now": "count", "before": "count", **shares("growth", "low", "high")}
    return Table(
        "participation", "Persons, schools and districts taking part", columns, rows, kinds, "participation"
    )


def components(figures: Figures) -> Table:
    """Each component of 37-3-67 with the state's figure, or that it is not yet measured."""
    rows: list[list[Value]] = []
    for component in COMPONENTS:
        if not component.indicators:
            rows.append([component.clause, component.text, None, None, None, None, None, NOT_YET])
        for indicator in component.indicators:
            now = figures.now.comparisons[indicator].state
            shown = now.to_json()
            note = _NOTES[now.shown.status]
            if shown["n"] == 0:
                note = "nothing was due or recorded"
            figure: list[Value] = [shown["rate"], shown["low"], shown["high"], shown["n"]]
            rows.append([component.clause, component.text, indicator, *figure, note])
    columns = {
        "clause": "Clause", "component": "Component", "indicator": "Indicator", "rate": "State",
        "low": "95 % from", "high": "95 % to", "n": "Of how many", "note": "Note",
    }  # fmt: skip
    kinds: dict[str, Kind] = {**shares("rate", "low", "high"), "n": "count"}
    return Table("components", "The components of the programme", columns, rows, kinds, "components")


def measures(figures: Figures, scores: Sequence[Sequence[Value]] = ()) -> Table:
    """The measures of 37-3-69 with intervals. `scores`: rows on test scores, made where results are known."""
    now = counts(figures.now)
    before = counts(figures.before) if figures.before else {}
    rows: list[list[Value]] = [list(row) for row in scores]
    if not rows:
        rows.append(
            ["Progress on test scores", None, None, None, None, None, "no results have been imported"]
        )
    rows.append(["More participation in school events", None, None, None, None, None, NOT_YET])
    for name, text in (
        ("districts", "More districts taking part"),
        ("pledges", "More persons taking part: pledges"),
    ):
        if name in now:
            growth = [
                each if isinstance(each, str) else _change(each)
                for each in _growth(figures.before is not None, before.get(name), now[name])
            ]
            rows.append([text, _count(now[name]), _count(before.get(name)), *growth])
    for indicator, text in (
        ("pledges_signed", "Other measures: pledges signed, of those enrolled"),
        ("classes_on_time", "Other measures: classes on time"),
        ("folders_returned", "Other measures: folders returned"),
        ("survey_response", "Other measures: surveys answered"),
    ):
        rows.append([text, *_rates(figures, indicator)])
    columns = {
        "measure": "Measure", "now": figures.now.year.school_year,
        "before": figures.before.year.school_year if figures.before else "Year before",
        "change": "Change", "low": "95 % from", "high": "95 % to", "note": "Note",
    }  # fmt: skip
    return Table("measures", "The measures of 37-3-69", columns, rows, {}, "measures")


def months(figures: Figures) -> Table:
    """The state month by month: classes reported and on time, folders returned; due months only."""
    rows: list[list[Value]] = []
    for period, shown in figures.months.items():
        due = [
            month.indicators
            for card in figures.now.year.cards.values()
            for month in card.months
            if month.period == period and month.due
        ]
        reported = total(of["classes_reported"] for of in due)
        on_time = total(of["classes_on_time"] for of in due)
        k, n = told(shown)
        expected = reported.denominator
        rows.append(
            [
                period,
                expected,
                round(reported.numerator / expected, 4) if expected else None,
                round(on_time.numerator / expected, 4) if expected else None,
                shown.n,
                round(k / n, 4) if n else None,
            ]
        )
    columns = {
        "month": "Month", "expected": "Classes expected", "reported": "Reported", "on_time": "On time",
        "sent": "Students with a folder sent", "returned": "Folders returned",
    }  # fmt: skip
    kinds: dict[str, Kind] = {
        "expected": "count",
        "sent": "count",
        **shares("reported", "on_time", "returned"),
    }
    return Table("months", "The folder month by month", columns, rows, kinds, "components")


def _rates(figures: Figures, indicator: str) -> list[Value]:
    """[now, before, change, low, high, note] of the state, as printed."""
    k2, n2 = state(figures.now, indicator)
    k1, n1 = state(figures.before, indicator) if figures.before else (0.0, 0.0)
    rate = _percent(k2 / n2) if n2 else None
    if not n2 or not n1:
        return [
            rate,
            None,
            None,
            None,
            None,
            NO_YEAR_BEFORE if figures.before is None else NOT_IN_BOTH,
        ]
    difference, low, high = intervals.newcombe(k2, n2, k1, n1)
    return [rate, _percent(k1 / n1), _points(difference), _points(low), _points(high), ""]


def _why_not(figures: YearFigures, name: str) -> str:
    """Why a count of persons is not told."""
    shown = figures.comparisons[_COUNTED[name]].state.shown
    return "nothing was due or recorded" if shown.n == 0 else _NOTES[shown.status]


def _growth(known: bool, before: int | None, now: int) -> list[Value]:
    """[growth, low, high, note]; `known` says whether there is an earlier year at all."""
    if before is None:
        return [None, None, None, NOT_IN_BOTH if known else NO_YEAR_BEFORE]
    if before == 0:
        return [None, None, None, "there were none the year before"]
    growth, low, high = (float(each) for each in change.growth(before, now))
    return [growth, low, high if math.isfinite(high) else None, ""]


def _count(number: int | None) -> str | None:
    return None if number is None else f"{number:,}"


def _change(growth: Value) -> str | None:
    return f"{100 * growth:+.1f} %" if isinstance(growth, float) else None


def _takes_part(card: Scorecard) -> bool:
    return any(
        card.indicators[name].numerator for name in ("pledges_signed", "classes_reported", "survey_response")
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f} points"
