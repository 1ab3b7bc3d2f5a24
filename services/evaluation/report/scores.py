"""Progress on test scores (37-3-69): what the state published of each district, and how it differs from earlier years.

The state's workbook has one figure for each test and district, and none of a district as a whole; the tests of a
subject are added up here. A test whose figure the state hid (fewer than 10 students) or gave as a range is left out of
the sum and named; its students are never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..methods import funnel, intervals, shrinkage
from ..methods.disclosure import Contradiction
from ..methods.release import STATE_RULES, Cell, Figure, Key, Release, Rules, Shown, Sum
from ..methods.release import Table as Margin
from ..methods.suppression import audit, primary, show, suppress
from ..publication import STATE as STATE
from .snapshot import Results as Results

SUBJECTS: Mapping[str, str] = {"ela": "English language arts", "mathematics": "mathematics"}
ALL_TESTS = "all tests"
NO_EARLIER_YEAR = "there is no earlier year"

#: A share's range behind a percentage with one decimal place, with room for floating point.
_TENTH = 0.001 + 1e-9

_NOT_SHOWN = "not shown, to protect small groups"
_HIDDEN_AT_SOURCE = "hidden at the source"
STATED = {
    "shown": "shown",
    "rate only": "few students: the rate only, in steps of five points",
    "bound": "nearly all or nearly none: a bound only",
    "hidden": _NOT_SHOWN,
}


@dataclass(frozen=True, slots=True)
class Score:
    """The proportion proficient (levels 4 and 5) over `tests`, without those `left_out` because their figures are not
    known exactly. `stated` says why there is no figure where there is none.

    `low` and `high`: Wilson, 95 %. The estimate is shrunken, with its own limits. Proportions 0 to 1.
    """

    shown: Shown
    stated: str
    tests: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    verdict: str | None = None
    estimate: float | None = None
    estimate_low: float | None = None
    estimate_high: float | None = None
    reliability: float | None = None

    @property
    def counted(self) -> tuple[float, float]:
        """(k, n) as a reader has them: the rounded rate of n; (0, 0) where they are not shown in full."""
        if self.shown.status != "shown" or not self.shown.n or self.shown.rate is None:
            return 0.0, 0.0
        return self.shown.rate / 100 * self.shown.n, float(self.shown.n)


@dataclass(frozen=True, slots=True)
class Source:
    """The state's figure as it was published: `n` tests, `missing` of them in no district's figure, and the rate in
    per cent. All None, and `stated` says why, where printing it would tell what is hidden."""

    stated: str
    n: int | None = None
    rate: float | None = None
    missing: int | None = None


@dataclass(frozen=True, slots=True)
class Proficiency:
    """One subject in one school year. `state` is the sum of districts that have figures, `source` the state's own."""

    school_year: str
    subject: str
    state: Score
    districts: Mapping[str, Score]
    source: Source


@dataclass(frozen=True, slots=True)
class _Sum:
    n: int
    k: int
    tests: tuple[str, ...]
    left_out: tuple[str, ...]


def proficiency(results: Results, rules: Rules = STATE_RULES) -> dict[tuple[str, str], Proficiency]:
    """{(school year, subject): what may be shown}, in that order. A district of any year is in every one.

    Guarantee: what is shown passes `audit`; verdicts, estimates and limits are functions of what is shown and of
    nothing else. Verdicts allow for all districts and subjects of the year at once.
    """
    published = by_year(results)
    asked = sorted(published)
    districts = sorted({district for of in published.values() for district in of} - {STATE})
    found = {key: _one(*key, published[key], districts, rules) for key in asked}
    for year in sorted({year for year, _ in asked}):
        subjects = [subject for of, subject in asked if of == year]
        counted = np.array(
            [[found[year, subject].districts[each].counted for subject in subjects] for each in districts]
        ).reshape(len(districts), len(subjects), 2)
        k, n = counted[..., 0], counted[..., 1]
        words = funnel.verdicts(k, n, least=rules.least).words if districts else None
        for column, subject in enumerate(subjects):
            compared = dict(found[year, subject].districts)
            told = np.flatnonzero(n[:, column])
            if words is None or not told.size:
                continue
            fitted = shrinkage.beta_binomial(k[told, column], n[told, column])
            for place, row in enumerate(told):
                compared[districts[row]] = replace(
                    compared[districts[row]],
                    verdict=str(words[row, column]),
                    estimate=float(fitted.estimates[place]),
                    estimate_low=float(fitted.low[place]),
                    estimate_high=float(fitted.high[place]),
                    reliability=float(fitted.reliability[place]),
                )
            found[year, subject] = replace(found[year, subject], districts=compared)
    return found


def by_year(results: Results) -> dict[tuple[str, str], dict[str, dict[str, Sequence[Mapping[str, Any]]]]]:
    """{(school year, subject): {district: {test: its figures}}}"""
    found: dict[tuple[str, str], dict[str, dict[str, Sequence[Mapping[str, Any]]]]] = {}
    for (district, year, subject, grade), figures in results.items():
        if subject in SUBJECTS:
            found.setdefault((year, subject), {}).setdefault(district, {})[grade] = figures
    return found


def _one(
    year: str,
    subject: str,
    published: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
    districts: Sequence[str],
    rules: Rules,
) -> Proficiency:
    sums = {each: _sum(published.get(each, {})) for each in districts}
    known = [of for of in sums.values() if of.n]
    whole = _Sum(
        sum(of.n for of in known),
        sum(of.k for of in known),
        ordered(test for of in known for test in of.tests),
        (),
    )
    name = f"{subject} {year}"
    # The total is that of the districts that have figures, and what the source hid has no part in it: no subtraction
    # leads from what is printed here to a figure that the source did not print.
    cells: dict[Key, Cell] = {(each,): Cell(of.n, of.k) for each, of in sums.items() if of.n}
    if cells:
        cells[STATE,] = Cell(whole.n, whole.k)
    margin = Margin(name, ("unit",), cells, {"unit": dict.fromkeys(districts, STATE)})
    release = suppress([margin], rules, name=name)
    return Proficiency(
        year,
        subject,
        _score(STATE, whole, release, "no district has figures that are known"),
        {each: _score(each, sums[each], release) for each in districts},
        _source(published.get(STATE, {}), release, sums, whole),
    )


def _sum(tests: Mapping[str, Sequence[Mapping[str, Any]]]) -> _Sum:
    """The figure of all tests where there is one, else the sum of those that are known."""
    of = {test: _known(figures) for test, figures in tests.items()}
    if (whole := of.pop("", None)) is not None:
        return _Sum(*whole, (ALL_TESTS,), ())
    known = {test: each for test, each in of.items() if each is not None}
    return _Sum(
        sum(n for n, _ in known.values()),
        sum(k for _, k in known.values()),
        ordered(known),
        ordered(set(tests) - set(known)),
    )


def _known(figures: Sequence[Mapping[str, Any]]) -> tuple[int, int] | None:
    """(n, k) of the district itself at levels 4 and 5; None where either is hidden or only a range."""
    own = {each["measure"]: each for each in figures if each["school"] is None and each["group"] == "all"}
    for measures in (("proficient",), ("level 4", "level 5")):
        parts = [own[measure] for measure in measures if measure in own]
        n = parts[0]["n"] if parts else None
        if n is None or len(parts) < len(measures) or any(each["n"] != n for each in parts):
            continue
        least, most = (sum(each[end] for each in parts) * n for end in ("low", "high"))
        # One whole number of students, or a percentage that was published to the tenth that is printed here too.
        if most - least < max(0.5, _TENTH * n):
            return n, min(round((least + most) / 2), n)
    return None


def _score(unit: str, of: _Sum, release: Release, otherwise: str = "no figures in this school year") -> Score:
    shown = release.shown.get((release.name, (unit,)))
    if shown is None:
        stated = _HIDDEN_AT_SOURCE if of.left_out else "nobody was tested" if of.tests else otherwise
        return Score(Shown("hidden"), stated, of.tests, of.left_out)
    score = Score(shown, STATED[shown.status], of.tests, of.left_out)
    k, n = score.counted
    if not n:
        return score
    low, high = intervals.wilson(k, n)
    return replace(score, low=low, high=high)


def _source(
    tests: Mapping[str, Sequence[Mapping[str, Any]]], release: Release, sums: Mapping[str, _Sum], whole: _Sum
) -> Source:
    """The source counts those that it hides, so its figure less the districts' is what the hidden ones have together.

    It is printed only if the auditor, who knows the difference, can tell none of them: one hidden test alone would be
    told exactly. Without hidden tests, a difference is that of districts that are not here.
    """
    of = _sum(tests)
    if not of.n or of.left_out:
        return Source("the state's own figure was not published")
    missing = of.n - whole.n
    if missing < 0:
        return Source("not shown: the state's own figure is smaller than the sum of its districts")
    hidden: list[Key] = [
        (district, test) for district, each in sorted(sums.items()) for test in each.left_out
    ]
    if not hidden:
        return _without_hidden(of, missing, release)
    if not whole.n or primary(Cell(of.n, of.k), release.rules) != "shown":
        return Source(f"the state's own figure is {_NOT_SHOWN}")
    parts: list[Figure] = [(release.name, each) for each in hidden]
    total, own = (release.name, (STATE,)), (release.name, ("source",))
    printed = show(Cell(of.n, of.k), "shown", release.rules)
    beside = Release(
        f"{release.name} with the state's own figure",
        {**release.shown, **{part: Shown("hidden") for part in parts}, own: printed},
        (*release.sums, Sum(own, (total, *parts))),
        release.rated,
        release.rules,
    )
    try:
        passed = audit(beside).passed
    except Contradiction:
        return Source("not shown: the state's own figure does not agree with its districts")
    if not passed:
        return Source(f"the state's own figure is {_NOT_SHOWN}")
    return Source("shown", of.n, printed.rate, missing)


def _without_hidden(of: _Sum, missing: int, release: Release) -> Source:
    """The state's own figure where the source hid none of its districts: only that of the very same tests."""
    if missing:
        return Source("not shown: the state's own figure counts districts that have none here")
    told = release.shown[release.name, (STATE,)]
    if told.status != "shown":
        return Source(f"the state's own figure is {_NOT_SHOWN}")
    if told.rate != round(100 * of.k / of.n, 1):
        return Source("not shown: the state's own figure does not agree with its districts")
    return Source("the sum of its districts", told.n, told.rate, 0)


def ordered(tests: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(tests), key=order))


def order(test: str) -> tuple[bool, str]:
    """Grades before the courses of the high school."""
    return not test.isdigit(), test
