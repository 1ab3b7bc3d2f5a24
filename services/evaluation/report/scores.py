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

from ..methods import change, funnel, intervals, shrinkage
from ..methods.disclosure import Contradiction
from ..methods.release import STATE_RULES, Cell, Figure, Key, Release, Rules, Shown, Sum
from ..methods.release import Table as Margin
from ..methods.suppression import audit, primary, show, suppress
from .folder import Table, Value

#: {(district, school year, subject, grade): its published figures}; a grade of "" is all tests together.
Results = Mapping[tuple[str, str, str, str], Sequence[Mapping[str, Any]]]

#: The district under which the state's own figures stand.
STATE = "state"
SUBJECTS: Mapping[str, str] = {"ela": "English language arts", "mathematics": "mathematics"}
ALL_TESTS = "all tests"
NO_EARLIER_YEAR = "there is no earlier year"

#: A share's range behind a percentage with one decimal place, with room for floating point.
_TENTH = 0.001 + 1e-9

_NOT_SHOWN = "not shown, to protect small groups"
_HIDDEN_AT_SOURCE = "hidden at the source"
_STATED = {
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
class Progress:
    """One district, or the state, from the year `before` to `after`: children of two years, not the same children.

    Of all tests: `difference` of the proportions (Newcombe, 95 %, two samples). Of one test with mean scores on a
    scale: `percentile` among the districts, and points per year over `years`, where they are three or more.
    """

    district: str
    subject: str
    test: str
    before: str | None
    after: str
    stated: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    percentile_before: float | None = None
    percentile: float | None = None
    slope: float | None = None
    slope_low: float | None = None
    slope_high: float | None = None
    years: int | None = None


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
    published = _published(results)
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


def progress(
    results: Results,
    found: Mapping[tuple[str, str], Proficiency],
    school_year: str | None = None,
    rules: Rules = STATE_RULES,
) -> tuple[Progress, ...]:
    """Every subject from the last year with results before `school_year` (None: the latest there is) to that one.

    `found` is what `proficiency` made of the same results. All tests of a subject come first, then test by test what
    rests on mean scores; a subject without results in `school_year` has no rows.
    """
    published = _published(results)
    rows: list[Progress] = []
    for subject in SUBJECTS:
        years = sorted(year for year, of in found if of == subject)
        after = school_year or max(years, default="")
        if after not in years:
            continue
        years = [year for year in years if year <= after]
        before = years[-2] if len(years) > 1 else None
        now, then = found[after, subject], found[before, subject] if before else None
        for district in (STATE, *now.districts):
            rows.append(_difference(district, now, then))
        rows += _on_scale(published, found, subject, years, rules)
    return tuple(rows)


def _published(results: Results) -> dict[tuple[str, str], dict[str, dict[str, Sequence[Mapping[str, Any]]]]]:
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
        _ordered(test for of in known for test in of.tests),
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
        _ordered(known),
        _ordered(set(tests) - set(known)),
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
    score = Score(shown, _STATED[shown.status], of.tests, of.left_out)
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


def _difference(district: str, now: Proficiency, then: Proficiency | None) -> Progress:
    row = Progress(
        district, now.subject, ALL_TESTS, then.school_year if then else None, now.school_year, NO_EARLIER_YEAR
    )
    if then is None:
        return row
    scores = [of.state if district == STATE else of.districts[district] for of in (then, now)]
    (k1, n1), (k2, n2) = (of.counted for of in scores)
    if not n1 or not n2:
        year, of = (then.school_year, scores[0]) if not n1 else (now.school_year, scores[1])
        return replace(row, stated=f"cannot be told: {year}: {of.stated}")
    if scores[0].tests != scores[1].tests:
        # Tests differ by twenty points and more: another mix of them is no change of the children.
        return replace(row, stated="cannot be told: the figures are not of the same tests")
    found, low, high = intervals.newcombe(k2, n2, k1, n1)
    stated = "higher" if low > 0 else "lower" if high < 0 else "no more than chance"
    return replace(row, stated=stated, difference=found, low=low, high=high)


def _on_scale(
    published: Mapping[tuple[str, str], Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]],
    found: Mapping[tuple[str, str], Proficiency],
    subject: str,
    years: Sequence[str],
    rules: Rules,
) -> list[Progress]:
    """Test by test, districts that have a mean score in the last of the years."""
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for year in years:
        for district, tests in published[year, subject].items():
            if district == STATE or found[year, subject].districts[district].shown.status != "shown":
                continue
            for test, figures in tests.items():
                if (mean := _mean(figures, rules)) is not None:
                    scores.setdefault(test, {}).setdefault(year, {})[district] = mean
    before, after = years[-2] if len(years) > 1 else None, years[-1]
    rows = []
    for test in sorted(scores, key=_order):
        of = scores[test]
        stands = {year: _percentiles(of.get(year, {})) for year in years[-2:]}
        for district in sorted(of.get(after, {})):
            told = {year: of[year][district] for year in years if district in of.get(year, {})}
            row = Progress(
                district, subject, test or f"{ALL_TESTS}, mean score", before, after,
                f"{len(told)} of the three school years that a slope needs",
                percentile=stands[after][district],
                percentile_before=stands[before].get(district) if before else None,
                years=len(told),
            )  # fmt: skip
            if len(told) > 2:
                line = change.slope([int(year[:4]) for year in told], list(told.values()))
                stated = "rises" if line.low > 0 else "falls" if line.high < 0 else "no more than chance"
                row = replace(row, stated=stated, slope=line.slope, slope_low=line.low, slope_high=line.high)
            rows.append(row)
    return rows


def _percentiles(scores: Mapping[str, float]) -> dict[str, float]:
    if not scores:
        return {}
    among = list(scores.values())
    return dict(zip(scores, change.percentile(among, among).tolist(), strict=True))


def _mean(figures: Sequence[Mapping[str, Any]], rules: Rules) -> float | None:
    """The district's mean score where more students are behind it than those whose number is not shown."""
    for each in figures:
        if each["school"] is None and each["group"] == "all" and each["mean_score"] is not None:
            return float(each["mean_score"]) if (each["n"] or 0) > rules.rate_only else None
    return None


def _ordered(tests: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(tests), key=_order))


def _order(test: str) -> tuple[bool, str]:
    """Grades before the courses of the high school."""
    return not test.isdigit(), test


def tables(
    found: Mapping[tuple[str, str], Proficiency], changes: Sequence[Progress], names: Mapping[str, str]
) -> tuple[Table, Table]:
    """`test-scores` and `test-score-progress`: the state first, districts by name, never by rank."""
    return _scores_table(found, names), _progress_table(changes, names)


def paragraphs(found: Mapping[tuple[str, str], Proficiency], changes: Sequence[Progress]) -> tuple[str, ...]:
    """The latest school year of each subject, and what changed until then, for a reader who knows no statistics."""
    if not found:
        return (
            "No test results have been imported, so nothing can be said here of progress on test scores (37-3-69).",
        )
    said = []
    for subject, title in SUBJECTS.items():
        years = [year for year, of in found if of == subject]
        if not years:
            said.append(f"No results in {title} have been imported.")
            continue
        of = found[max(years), subject]
        said.append(" ".join([*_state_said(of, title), *_source_said(of), *_districts_said(of)]))
        if rows := [each for each in changes if each.subject == subject and each.test == ALL_TESTS]:
            said.append(_progress_said(rows, title))
    said.append(
        "Test scores are of everyone who was tested. Nothing here says that the programme made a district's scores "
        "what they are, and a difference between two years is one between different children."
    )
    return tuple(said)


def _state_said(of: Proficiency, title: str) -> list[str]:
    shown = of.state.shown
    if not of.state.counted[1] or of.state.low is None or of.state.high is None:
        return [f"In {of.school_year}, the state's figure in {title} cannot be given: {of.state.stated}."]
    districts = sum(each.stated in _STATED.values() for each in of.districts.values())
    return [
        f"In {of.school_year}, {shown.rate:.1f} % of {shown.n:,} tests in {title} were proficient (levels 4 and 5; "
        f"95 % interval {100 * of.state.low:.1f} to {100 * of.state.high:.1f} %). Districts that have figures: "
        f"{districts}."
    ]


def _source_said(of: Proficiency) -> list[str]:
    hidden = sum(len(each.left_out) for each in of.districts.values())
    said = []
    if hidden:
        said.append(
            f"Results of a district in one test that were hidden at the source, and are in no figure here: {hidden}."
        )
    if of.source.n is not None and of.source.missing:
        said.append(
            f"The state itself published {of.source.rate:.1f} % of {of.source.n:,} tests; "
            f"{of.source.missing:,} of them are in no district's figure here."
        )
    elif of.source.n is None:
        said.append(f"For the total that the state itself published: {of.source.stated}.")
    return said


def _districts_said(of: Proficiency) -> list[str]:
    words = [each.verdict for each in of.districts.values() if each.verdict]
    if not words:
        return []
    return [
        "Districts above the state by more than chance and the usual differences between districts allow: "
        f"{words.count(funnel.ABOVE)}; below it: {words.count(funnel.BELOW)}; consistent with the state: "
        f"{words.count(funnel.CONSISTENT)}."
    ]


def _progress_said(rows: Sequence[Progress], title: str) -> str:
    state = next(each for each in rows if each.district == STATE)
    if state.before is None:
        return f"Progress in {title} cannot be told yet: {NO_EARLIER_YEAR} than {state.after}."
    if state.difference is None or state.low is None or state.high is None:
        said = f"From {state.before} to {state.after}, the state's change in {title}: {state.stated}."
    else:
        said = (
            f"From {state.before} to {state.after}, the proportion proficient in {title} changed by "
            f"{100 * state.difference:+.1f} points (95 % interval {100 * state.low:+.1f} to {100 * state.high:+.1f})."
        )
    words = [each.stated for each in rows if each.district != STATE]
    told = [words.count(word) for word in ("higher", "lower", "no more than chance")]
    return (
        f"{said} Districts that are higher: {told[0]}; lower: {told[1]}; different by no more than chance: {told[2]}; "
        f"of which it cannot be told: {len(words) - sum(told)}. Of so many comparisons about one in twenty looks "
        "like a change by chance alone."
    )


def _scores_table(found: Mapping[tuple[str, str], Proficiency], names: Mapping[str, str]) -> Table:
    columns = {
        "district": "District", "name": "Name", "subject": "Subject", "school_year": "School year",
        "stated": "Shown as", "n": "Tests", "rate": "Proficient (levels 4 and 5)", "at_least": "At least",
        "at_most": "At most", "low": "95 % from", "high": "95 % to", "verdict": "Verdict", "estimate": "Estimate",
        "estimate_low": "Estimate, 95 % from", "estimate_high": "Estimate, 95 % to", "reliability": "Reliability",
        "tests": "Tests included", "left_out": "Tests left out", "missing": "Tests in no district's figure",
    }  # fmt: skip
    rows: list[list[Value]] = []
    for of in found.values():
        about = (SUBJECTS[of.subject], of.school_year)
        rows.append([STATE, "All districts that have figures", *about, *_figure(of.state), None])
        told, rate = of.source, None if of.source.rate is None else round(of.source.rate / 100, 4)
        rows.append(
            [STATE, "The state's own figure", *about, told.stated, told.n, rate, *[None] * 11, told.missing]
        )
        for district in _by_name(of.districts, names):
            rows.append(
                [district, names.get(district, district), *about, *_figure(of.districts[district]), None]
            )
    shares = ("rate", "at_least", "at_most", "low", "high", "estimate", "estimate_low", "estimate_high")
    return Table(
        "test-scores",
        "Test scores: students at levels 4 and 5",
        columns,
        rows,
        {**dict.fromkeys(shares, "share"), "n": "count", "reliability": "number", "missing": "count"},
        "test-scores",
    )


def _figure(of: Score) -> list[Value]:
    shown = of.shown
    bound = shown.status == "bound"
    return [
        of.stated, shown.n, None if shown.rate is None else round(shown.rate / 100, 4),
        shown.rate_low / 100 if bound and shown.rate_low > 0 else None,
        shown.rate_high / 100 if bound and shown.rate_high < 100 else None,
        of.low, of.high, of.verdict, of.estimate, of.estimate_low, of.estimate_high, of.reliability,
        ", ".join(of.tests), ", ".join(of.left_out),
    ]  # fmt: skip


def _progress_table(changes: Sequence[Progress], names: Mapping[str, str]) -> Table:
    columns = {
        "district": "District", "name": "Name", "subject": "Subject", "test": "Test", "before": "From",
        "after": "To", "stated": "What can be told", "difference": "Change of the proportion proficient",
        "low": "95 % from", "high": "95 % to", "percentile_before": "Percentile among districts before",
        "percentile": "Percentile among districts", "slope": "Points of the scale per year",
        "slope_low": "Points, 95 % from", "slope_high": "Points, 95 % to", "years": "School years with a mean score",
    }  # fmt: skip
    order = {STATE: -1} | {
        district: place
        for place, district in enumerate(_by_name({of.district for of in changes} - {STATE}, names))
    }
    subjects = list(SUBJECTS)
    rows: list[list[Value]] = [
        [
            of.district, "The state" if of.district == STATE else names.get(of.district, of.district),
            SUBJECTS[of.subject], of.test, of.before, of.after, of.stated, of.difference, of.low, of.high,
            of.percentile_before, of.percentile, of.slope, of.slope_low, of.slope_high, of.years,
        ]
        for of in sorted(changes, key=lambda of: (order[of.district], subjects.index(of.subject)))
    ]  # fmt: skip
    numbers = ("percentile_before", "percentile", "slope", "slope_low", "slope_high")
    return Table(
        "test-score-progress",
        "Test scores: from an earlier year",
        columns,
        rows,
        {
            **dict.fromkeys(("difference", "low", "high"), "change"),
            **dict.fromkeys(numbers, "number"),
            "years": "count",
        },
        "change",
    )


def _by_name(districts: Iterable[str], names: Mapping[str, str]) -> list[str]:
    return sorted(districts, key=lambda each: (names.get(each, each), each))
