"""Intervals of proportions, differences and counts against published tables and independent programs."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from services.evaluation.methods import intervals

Limits = Callable[..., tuple[Any, Any]]
PROPORTIONS = [intervals.wilson, intervals.clopper_pearson]
COUNTS = [intervals.poisson, intervals.byar]
LEVELS = st.floats(0.5, 0.999)
COUNTED = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))

# Newcombe 1998, Statistics in Medicine 17:857-872, table I: Wilson's score method, and Clopper and Pearson's.
ONE = [
    ((81, 263), (0.2553, 0.3662), (0.2527, 0.3676)),
    ((15, 148), (0.0624, 0.1605), (0.0578, 0.1617)),
    ((0, 20), (0.0, 0.1611), (0.0, 0.1684)),
    ((1, 29), (0.0061, 0.1718), (0.0009, 0.1776)),
]
# Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10.
TWO = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0)),
    ((10, 10, 0, 10), (0.6075, 1.0)),
]


def sheet(data: Path, file: str, name: str) -> list[dict[str, Any]]:
    book = CalamineWorkbook.from_path(data / "phe-indicator-tests" / file)
    head, *rows = book.get_sheet_by_name(name).to_python()
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def within(limits: tuple[Any, Any], expected: tuple[float, float], digits: float = 5e-5) -> None:
    assert np.asarray(limits, dtype=float) == pytest.approx(np.asarray(expected), abs=digits)


@pytest.mark.parametrize(("counted", "wilson", "exact"), ONE)
def test_proportions_have_the_limits_that_newcombe_printed(
    counted: tuple[int, int], wilson: tuple[float, float], exact: tuple[float, float]
) -> None:
    within(intervals.wilson(*counted), wilson)
    within(intervals.clopper_pearson(*counted), exact)


@pytest.mark.parametrize(("counted", "limits"), TWO)
def test_differences_have_the_hybrid_score_limits_that_newcombe_printed(
    counted: tuple[int, int, int, int], limits: tuple[float, float]
) -> None:
    k1, n1, k2, n2 = counted
    difference, low, high = intervals.newcombe(*counted)
    assert difference == pytest.approx(k1 / n1 - k2 / n2, abs=1e-12)
    within((low, high), limits)


def test_every_wilson_and_byar_row_of_public_health_england_comes_out(data: Path) -> None:
    rows = sheet(data, "testdata_Byars_Wilson.xlsx", "testdata_B_W")
    assert len(rows) == 13
    for row in rows:
        level = float(row["confidence"].rstrip("%")) / 100
        wilson = row["method"] == "Wilson"
        low, high = (
            intervals.wilson(row["x"], row["n"], level) if wilson else intervals.byar(row["x"], level=level)
        )
        assert high == pytest.approx(row["uppercl"], rel=1e-9)
        if row["lowercl"] == "":  # Byar's formula is negative there, and nothing is printed.
            assert 0 <= low <= row["x"]
        else:
            assert low == pytest.approx(row["lowercl"], rel=1e-9)


def test_every_proportion_of_public_health_england_has_its_printed_limits(data: Path) -> None:
    rows = [row for row in sheet(data, "testdata_Proportion.xlsx", "testdata_Prop") if row["value"] != ""]
    grouped = sheet(data, "testdata_Proportion.xlsx", "testdata_Prop_g")
    grouped = [row for row in grouped if row["value"] != ""]
    assert (len(rows), len(grouped)) == (16, 8)
    for level, low, high, part in (
        (0.95, "lower95_0cl", "upper95_0cl", rows),
        (0.998, "lower99_8cl", "upper99_8cl", rows),
        (0.95, "lowercl", "uppercl", grouped),
    ):
        k, n, times = (
            np.array([row[name] for row in part]) for name in ("Numerator", "Denominator", "multiplier")
        )
        ours = intervals.wilson(k, n, level)
        assert ours[0] * times == pytest.approx(np.array([row[low] for row in part]), rel=1e-8)
        assert ours[1] * times == pytest.approx(np.array([row[high] for row in part]), rel=1e-8)


def test_the_printed_funnel_of_public_health_england_is_where_wilson_limits_meet_the_state(
    data: Path,
) -> None:
    # Its limits are the proportions one of whose Wilson limits is the baseline; 0 and 100 are cut off.
    path = data / "phe-indicator-tests" / "testdata_funnel_prop_outputs.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 100
    for column, level, end in (
        ("Lower2s0025limit", 0.95, 1),
        ("Upper2s0025limit", 0.95, 0),
        ("Lower3s0001limit", 0.998, 1),
        ("Upper3s0001limit", 0.998, 0),
    ):
        n = np.array([float(row["Population"]) for row in rows if 0 < float(row[column]) < 100])
        p = np.array([float(row[column]) / 100 for row in rows if 0 < float(row[column]) < 100])
        assert len(n) >= 77
        assert intervals.wilson(p * n, n, level)[end] == pytest.approx(0.80642448, abs=2e-8)


def test_published_posteriors_of_hospital_deaths_lie_within_the_exact_intervals(data: Path) -> None:
    # With a uniform prior the posterior quantiles lie between the limits of Clopper and Pearson; four errors of
    # 10,000 draws are at most .005 in a quantile and .04 of the s.d. in a mean.
    deaths = [(0, 47), (18, 148), (8, 119), (46, 810), (8, 211), (13, 196), (9, 148), (31, 215), (14, 207)]
    with (data / "bugs-surgical" / "published_fixed_effects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for (k, n), row in zip(deaths, rows[:9], strict=True):
        low, high = intervals.clopper_pearson(k, n)
        assert float(row["mean"]) == pytest.approx((k + 1) / (n + 2), abs=4 * float(row["sd"]) / 100)
        assert low - 0.005 < float(row["q2.5"]) < float(row["q97.5"]) < high + 0.005


@given(COUNTED, LEVELS)
def test_statsmodels_has_the_same_limits_of_a_proportion(counted: tuple[int, int], level: float) -> None:
    for ours, theirs in ((intervals.wilson, "wilson"), (intervals.clopper_pearson, "beta")):
        within(ours(*counted, level), proportion_confint(*counted, alpha=1 - level, method=theirs), 1e-9)


@given(COUNTED, COUNTED, LEVELS)
def test_statsmodels_has_the_same_limits_of_a_difference(
    one: tuple[int, int], two: tuple[int, int], level: float
) -> None:
    theirs = confint_proportions_2indep(*one, *two, method="newcomb", compare="diff", alpha=1 - level)
    within(intervals.newcombe(*one, *two, level)[1:], theirs, 1e-8)


@given(st.integers(0, 2000), LEVELS)
def test_exact_limits_of_a_count_leave_the_same_chance_in_each_tail(k: int, level: float) -> None:
    low, high = intervals.poisson(k, level=level)
    tail = (1 - level) / 2
    assert stats.poisson.cdf(k, high) == pytest.approx(tail, abs=1e-8)
    assert low == 0 if k == 0 else stats.poisson.sf(k - 1, low) == pytest.approx(tail, abs=1e-8)


def test_counts_have_the_exact_limits_that_garwood_printed() -> None:
    # Garwood 1936, Biometrika 28:437-442: 95 % limits of a Poisson count.
    within(intervals.poisson(0), (0, 3.69), 5e-3)
    within(intervals.poisson(10), (4.80, 18.39), 5e-3)


@given(st.integers(0, 2000), st.floats(0.1, 1e6), LEVELS)
def test_a_rate_has_the_limits_of_its_count_over_the_exposure(k: int, n: float, level: float) -> None:
    for method in COUNTS:
        of_count = np.array(method(k, level=level))
        assert np.array(method(k, n, level)) == pytest.approx(of_count / n, rel=1e-9, abs=1e-15)
        assert 0 <= of_count[0] <= k <= of_count[1]


@given(COUNTED, LEVELS, LEVELS)
def test_proportions_lie_in_their_intervals_which_widen_with_the_level(
    counted: tuple[int, int], one: float, two: float
) -> None:
    k, n = counted
    for method in PROPORTIONS:
        narrow, wide = method(k, n, min(one, two)), method(k, n, max(one, two))
        assert 0 <= wide[0] <= narrow[0] + 1e-12
        assert narrow[1] - 1e-12 <= wide[1] <= 1
        assert narrow[0] - 1e-12 <= k / n <= narrow[1] + 1e-12


@given(COUNTED, LEVELS)
def test_whoever_counts_the_others_gets_the_mirrored_interval(counted: tuple[int, int], level: float) -> None:
    k, n = counted
    for method in PROPORTIONS:
        low, high = method(k, n, level)
        within(method(n - k, n, level), (1 - high, 1 - low), 1e-9)


@given(COUNTED, COUNTED)
def test_the_difference_lies_in_its_interval_and_turns_with_its_sides(
    one: tuple[int, int], two: tuple[int, int]
) -> None:
    difference, low, high = intervals.newcombe(*one, *two)
    assert -1 <= low <= difference + 1e-12
    assert difference - 1e-12 <= high <= 1
    assert intervals.newcombe(*two, *one) == pytest.approx((-difference, -high, -low), abs=1e-12)


@pytest.mark.parametrize("method", [*PROPORTIONS, *COUNTS])
def test_many_districts_at_once_get_what_each_gets_alone(method: Limits) -> None:
    k, n = [0, 3, 7, 10, 250], [4, 3, 9, 10, 1000]
    low, high = method(k, n)
    assert low.dtype == high.dtype == np.float64
    alone = [method(a, b) for a, b in zip(k, n, strict=True)]
    assert all(isinstance(limit, float) for pair in alone for limit in pair)
    assert np.column_stack([low, high]) == pytest.approx(np.array(alone), rel=1e-12)
    table = method(np.array(k)[:, None], np.array([1000, 2000]))
    assert table[0].shape == (5, 2)
    within((table[0][2, 1], table[1][2, 1]), method(7, 2000), 1e-12)


@pytest.mark.parametrize("method", PROPORTIONS)
def test_nothing_is_known_of_a_district_without_anybody(method: Limits) -> None:
    assert method(0, 0) == (0, 1)
    low, high = method([0, 5], [0, 10])
    assert (low[0], high[0]) == (0, 1)
    assert 0 < low[1] < high[1] < 1


@pytest.mark.parametrize("method", [*PROPORTIONS, *COUNTS])
def test_no_districts_give_no_intervals(method: Limits) -> None:
    assert [limit.shape for limit in method([], [])] == [(0,), (0,)]


@pytest.mark.parametrize("method", [*PROPORTIONS, *COUNTS])
@pytest.mark.parametrize(
    ("k", "n", "named"),
    [
        ([1, 2, -1], [9, 9, 9], r"k\[2\]"),
        ([1, math.nan], [9, 9], r"k\[1\]"),
        ([1, math.inf], [9, 9], r"k\[1\]"),
        ([1, 2], [9, math.nan], r"n\[1\]"),
        ([1, 2], [math.inf, 9], r"n\[0\]"),
        ([0, 0], [9, -9], r"n\[1\]"),
        ([1, 2, 3], [9, 9], r"\b[kn]\b"),
    ],
)
def test_what_is_no_count_is_named_with_its_place(method: Limits, k: Any, n: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        method(k, n)


@pytest.mark.parametrize("method", PROPORTIONS)
def test_a_numerator_above_its_denominator_is_named_with_its_place(method: Limits) -> None:
    with pytest.raises(ValueError, match=r"k\[3\].*n\[3\]"):
        method([1, 2, 3, 12], [10, 10, 10, 10])


@pytest.mark.parametrize("method", [*PROPORTIONS, *COUNTS])
@pytest.mark.parametrize(
    ("k", "n", "named"), [(-1, 9, "k"), (math.nan, 9, "k"), (1, -9, "n"), (1, math.nan, "n")]
)
def test_one_number_alone_is_checked_like_one_among_many(
    method: Limits, k: float, n: float, named: str
) -> None:
    with pytest.raises(ValueError, match=rf"\b{named}\b"):
        method(k, n)


@pytest.mark.parametrize("method", PROPORTIONS)
def test_one_numerator_alone_is_checked_against_its_denominator(method: Limits) -> None:
    with pytest.raises(ValueError, match=r"\bk\b"):
        method(12, 10)
    with pytest.raises(ValueError, match="k1"):
        intervals.newcombe(12, 10, 1, 3)


@pytest.mark.parametrize("method", COUNTS)
def test_a_rate_without_exposure_is_refused(method: Limits) -> None:
    with pytest.raises(ValueError, match=r"n\[1\]"):
        method([3, 0], [10, 0])


@pytest.mark.parametrize(
    ("counted", "named"),
    [
        (([1, 0], [2, 0], [1, 1], [2, 2]), r"n1\[1\]"),
        (([1, 1], [2, 2], [0, 1], [0, 2]), r"n2\[0\]"),
        (([1, 3], [2, 2], [1, 1], [2, 2]), r"k1\[1\]"),
        (([1, 1], [2, 2], [1, -1], [2, 2]), r"k2\[1\]"),
        (([1, 1], [2, 2], [math.nan, 1], [2, 2]), r"k2\[0\]"),
    ],
)
def test_a_difference_names_which_side_is_no_proportion(counted: tuple[Any, ...], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        intervals.newcombe(*counted)


@pytest.mark.parametrize("method", [*PROPORTIONS, *COUNTS])
@pytest.mark.parametrize("level", [0, 1, -0.5, 95, math.nan])
def test_a_level_that_is_no_chance_is_refused(method: Limits, level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        method(1, 2, level)
