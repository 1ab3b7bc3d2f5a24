"""How published test scores differ from an earlier year: of different children, test by test where scores are on a
scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..methods import change, intervals
from ..methods.release import STATE_RULES, Rules
from .scores import ALL_TESTS, NO_EARLIER_YEAR, STATE, SUBJECTS, Proficiency, Results, by_year, order


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
    published = by_year(results)
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
    for test in sorted(scores, key=order):
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
