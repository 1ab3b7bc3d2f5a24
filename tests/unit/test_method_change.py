"""Change over time, and the lot that decides who begins first."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import WLS

from services.evaluation.methods import assignment, change
from services.evaluation.methods.inputs import BadInput


@pytest.mark.parametrize(
    ("p", "q", "shared"), [(0.5, 0.5, 0.3), (0.6, 0.8, 0.55), (0.3, 0.4, 0.2), (0.5, 0.6, 0.3)]
)
def test_the_interval_of_a_cohorts_change_holds_the_truth_as_often_as_it_says(
    p: float, q: float, shared: float
) -> None:
    """The exact coverage over all tables of 30 persons: Newcombe found a mean of .949 to .96 for his tenth method."""
    n = 30
    chances = [shared, p - shared, q - shared, 1 - p - q + shared]
    tables = [
        (a, b, c, n - a - b - c) for a, b, c in itertools.product(range(n + 1), repeat=3) if a + b + c <= n
    ]
    cells = np.array(tables).T
    difference, low, high = change.paired(*cells)
    weight = stats.multinomial.pmf(cells.T, n, chances)
    assert weight.sum() == pytest.approx(1)
    assert 0.93 < weight[(low <= q - p) & (q - p <= high)].sum() < 0.985
    assert difference == pytest.approx((cells[2] - cells[1]) / n)


def test_a_cohort_that_nobody_is_in_is_refused() -> None:
    with pytest.raises(BadInput, match=r"both \+ lost \+ gained \+ neither = 0 persons make no cohort"):
        change.paired(0, 0, 0, 0)


def test_means_of_the_same_persons_have_the_interval_of_the_paired_t_test() -> None:
    chance = np.random.default_rng(7)
    before = chance.normal(50, 10, 40)
    after = before + chance.normal(2, 4, 40)
    r = float(np.corrcoef(before, after)[0, 1])
    found = change.means(before.mean(), before.std(ddof=1), 40, after.mean(), after.std(ddof=1), 40, r)
    interval = stats.ttest_rel(after, before).confidence_interval(0.95)
    assert found == pytest.approx((float((after - before).mean()), interval.low, interval.high))


@pytest.mark.parametrize(("before", "after"), [(100, 120), (12, 12), (5, 0), (144, 130)])
def test_growth_has_limits_at_which_the_counts_become_just_improbable(before: int, after: int) -> None:
    found, low, high = change.growth(before, after)
    assert found == after / before - 1
    assert stats.binom.cdf(after, before + after, (high + 1) / (high + 2)) == pytest.approx(0.025)
    if after:
        assert stats.binom.sf(after - 1, before + after, (low + 1) / (low + 2)) == pytest.approx(0.025)
    else:
        assert low == -1


def test_growth_from_nothing_is_no_ratio() -> None:
    with pytest.raises(BadInput, match=r"before\[1\] = 0 has nothing to grow from"):
        change.growth([3, 0], [4, 5])


@given(st.lists(st.integers(0, 20), min_size=1, max_size=30), st.integers(-1, 21))
def test_percentiles_are_those_of_scipy(among: list[int], score: int) -> None:
    assert change.percentile(score, among) == pytest.approx(
        stats.percentileofscore(among, score, kind="mean")
    )


def test_a_slope_without_errors_is_that_of_least_squares() -> None:
    years, scores = [2022, 2023, 2024, 2026], [41.0, 43.5, 43.0, 47.0]
    found, line = change.slope(years, scores), stats.linregress(years, scores)
    assert (found.slope, found.se) == pytest.approx((line.slope, line.stderr))
    t = stats.t.ppf(0.975, 2)
    assert (found.low, found.high) == pytest.approx(
        (line.slope - t * line.stderr, line.slope + t * line.stderr)
    )
    assert (found.at, found.score) == pytest.approx((2026, line.intercept + 2026 * line.slope))


def test_a_slope_with_errors_weighs_the_years_by_them() -> None:
    years, scores, se = np.array([2022.0, 2023, 2025]), np.array([41.0, 45, 44]), np.array([1.0, 2, 0.5])
    found = change.slope(years, scores, se)
    design = np.column_stack([np.ones(3), years - 2022])
    fit = WLS(scores, design, weights=1 / se**2).fit(cov_type="fixed scale")
    assert (found.slope, found.se) == pytest.approx((fit.params[1], fit.bse[1]))


@pytest.mark.parametrize(
    ("years", "scores", "se", "message"),
    [
        ([2022, 2022, 2022], [1, 2, 3], None, "years are all the same"),
        ([2022, 2023], [1, 2], None, "2 units are given, at least 3 needed"),
        ([2022, 2023, math.nan], [1, 2, 3], None, r"years\[2\] = nan is not a finite number"),
        ([2022, 2023], [1, 2], [0, 1], r"se\[0\] = 0 is no standard error"),
    ],
)
def test_a_slope_that_cannot_be_is_refused_by_its_place(
    years: Any, scores: Any, se: Any, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        change.slope(years, scores, se)


DISTRICTS = [f"d{number:03}" for number in range(60)]
STRATA = {name: ("delta", "hills", "coast")[number % 7 % 3] for number, name in enumerate(DISTRICTS)}


def test_the_same_seed_draws_the_same_lot_in_whatever_order_the_list_comes() -> None:
    drawn = assignment.phase_in(DISTRICTS, [20, 20], "seed of 2026", STRATA)
    again = assignment.phase_in(DISTRICTS[::-1], [20, 20], "seed of 2026", STRATA)
    assert (drawn.wave, drawn.order, drawn.digest) == (again.wave, again.order, again.digest)
    other = assignment.phase_in(DISTRICTS, [20, 20], "another seed", STRATA)
    assert other.wave != drawn.wave
    assert other.digest != drawn.digest


@given(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=40),
    st.lists(st.integers(0, 12), max_size=3),
    st.text("xyz", min_size=1),
)
def test_each_stratum_has_its_share_of_the_first_wave_to_within_one(
    strata: list[str], waves: list[int], seed: str
) -> None:
    units = [f"u{number}" for number in range(len(strata))]
    of = dict(zip(units, strata, strict=True))
    if sum(waves) > len(units):
        with pytest.raises(BadInput, match="places for"):
            assignment.phase_in(units, waves, seed, of)
        return
    drawn = assignment.phase_in(units, waves, seed, of)
    sizes = Counter(drawn.wave.values())
    assert [sizes[number] for number in range(1, len(waves) + 1)] == waves
    for stratum, (members, chosen) in drawn.strata.items():
        assert members == strata.count(stratum)
        for places in chosen[:1]:
            assert abs(places - waves[0] * members / len(units)) < 1


def test_every_district_has_the_same_chance() -> None:
    draws = 2000
    chosen = Counter(
        name
        for seed in range(draws)
        for name, wave in assignment.lottery(DISTRICTS[:12], 5, f"seed {seed}").wave.items()
        if wave
    )
    observed = [chosen[name] for name in DISTRICTS[:12]]
    # The lots are fixed by their seeds, so this is the same on every run; chi² of 11 degrees is below 31 in 99.9 %.
    expected = draws * 5 / 12
    assert sum((count - expected) ** 2 / expected for count in observed) < 31


@pytest.mark.parametrize(
    ("units", "places", "seed", "strata", "message"),
    [
        (["a", "a"], 1, "s", None, "units names 'a' twice"),
        (["a", "b"], 3, "s", None, "3 places for 2 units"),
        (["a", "b"], -1, "s", None, "no whole numbers"),
        (["a", "b"], 1, "", None, "seed is empty"),
        (["a", "b"], 1, "s", {"a": "x"}, "strata lacks 'b'"),
    ],
)
def test_a_lottery_that_cannot_be_drawn_says_why(
    units: list[str], places: int, seed: str, strata: dict[str, str] | None, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        assignment.lottery(units, places, seed, strata)
