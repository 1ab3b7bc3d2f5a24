"""Test scores as tables and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..methods import funnel
from .folder import Table, Value
from .score_progress import Progress
from .scores import ALL_TESTS, NO_EARLIER_YEAR, STATE, STATED, SUBJECTS, Proficiency, Score


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
    districts = sum(each.stated in STATED.values() for each in of.districts.values())
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
