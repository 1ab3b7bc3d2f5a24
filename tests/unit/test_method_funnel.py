"""Funnel limits, over-dispersion and false discovery rates against published limits, flags and formulas."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from services.evaluation.methods import funnel

SHARES = st.floats(0.001, 0.999)
CHANCES = st.lists(st.floats(0, 1), min_size=1, max_size=60)
COUNTED = st.lists(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=30
).filter(lambda counted: 0 < sum(k for k, _ in counted) < sum(n for _, n in counted))


def interpolated(p0: float, n: int, chance: float) -> float:
    """Spiegelhalter 2005, Statistics in Medicine 24:1185-1202, A.1.1: the exact limit between two counts."""
    below = np.concatenate([[0.0], stats.binom.cdf(np.arange(n + 1), n, p0)])
    r = int(np.searchsorted(below[1:], chance))
    return (r - (below[r + 1] - chance) / (below[r + 1] - below[r])) / n


def school_funnel(data: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    path = data / "phe-indicator-tests" / "testdata_funnel_prop_inputs.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    k = np.array([float(row["numerator"]) for row in rows])
    n = np.array([float(row["denominator"]) for row in rows])
    return k, n, [row["significance"] for row in rows]


def test_binomial_limits_are_the_printed_ones() -> None:
    low, high = funnel.binomial(0.8, 100, level=0.95)
    assert (round(low, 6), round(high, 6)) == (0.713524, 0.870258)
    low, high = funnel.binomial(0.8, 100, level=0.998)
    assert (round(low, 6), round(high, 6)) == (0.663234, 0.909022)


def test_poisson_limits_are_the_printed_ones() -> None:
    low, high = funnel.poisson([15, 20, 30])
    assert low == pytest.approx([0.5596924, 0.6108260, 0.6746958], abs=1e-7)
    assert high == pytest.approx([1.649348, 1.544419, 1.427562], abs=1e-6)
    low, high = funnel.poisson([15, 20, 30], level=0.998)
    assert low == pytest.approx([0.3862650, 0.4479107, 0.5289724], abs=1e-7)
    assert high == pytest.approx([2.082907, 1.902094, 1.702771], abs=1e-6)


def test_exact_limits_give_every_area_the_flag_that_was_published(data: Path) -> None:
    # The published flags came from score limits; at 16,386 people and more the exact ones flag the same areas.
    k, n, published = school_funnel(data)
    p0 = k.sum() / n.sum()
    assert round(100 * p0, 7) == 80.6424479
    warn, alarm = funnel.binomial(p0, n, level=0.95), funnel.binomial(p0, n, level=0.998)
    flags = []
    for p, low, high, lowest, highest in zip(k / n, *warn, *alarm, strict=True):
        side = "Low" if p < low else "High" if p > high else "Not significant"
        chance = "" if side == "Not significant" else " (0.001)" if not lowest <= p <= highest else " (0.025)"
        flags.append(side + chance)
    assert flags == published
    assert Counter(flags) == {
        "High (0.001)": 168,
        "Low (0.001)": 92,
        "High (0.025)": 10,
        "Low (0.025)": 1,
        "Not significant": 32,
    }


def test_exact_limits_are_within_two_people_of_the_published_score_limits(data: Path) -> None:
    path = data / "phe-indicator-tests" / "testdata_funnel_prop_outputs.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if int(row["Population"]) >= 100]
    n = np.array([float(row["Population"]) for row in rows])
    for level, names in (
        (0.95, ("Lower2s0025limit", "Upper2s0025limit")),
        (0.998, ("Lower3s0001limit", "Upper3s0001limit")),
    ):
        for ours, name in zip(funnel.binomial(0.80642448, n, level), names, strict=True):
            published = np.array([float(row[name]) / 100 for row in rows])
            assert np.abs((ours - published) * n).max() < 2


@given(SHARES, st.integers(1, 400), st.sampled_from([0.8, 0.95, 0.998]))
@settings(max_examples=60)
def test_binomial_limits_are_interpolated_between_exact_chances(p0: float, n: int, level: float) -> None:
    low, high = funnel.binomial(p0, n, level)
    assert low == pytest.approx(max(0, interpolated(p0, n, (1 - level) / 2)), abs=1e-7)
    assert high == pytest.approx(max(0, interpolated(p0, n, (1 + level) / 2)), abs=1e-7)
    assert 0 <= low <= high <= 1


@given(st.floats(0.05, 5000), st.floats(0.5, 0.999), st.floats(0.5, 0.999))
def test_poisson_limits_leave_the_stated_chance_and_widen_with_the_level(
    e: float, a: float, b: float
) -> None:
    low, high = funnel.poisson(e, level=min(a, b))
    tail = (1 - min(a, b)) / 2
    assert low == pytest.approx(stats.chi2.ppf(tail, 2 * e) / 2 / e, rel=1e-9, abs=1e-12)
    assert high == pytest.approx(stats.chi2.isf(tail, 2 * e + 2) / 2 / e, rel=1e-9)
    wider = funnel.poisson(e, level=max(a, b))
    assert wider[0] <= low <= high <= wider[1]


@given(SHARES, st.integers(1, 2000), st.floats(0.5, 0.999), st.floats(0.5, 0.999))
def test_binomial_limits_widen_with_the_level(p0: float, n: int, one: float, two: float) -> None:
    narrow = funnel.binomial(p0, n, min(one, two))
    wide = funnel.binomial(p0, n, max(one, two))
    assert wide[0] <= narrow[0] + 1e-9
    assert narrow[1] <= wide[1] + 1e-9


def test_many_sizes_at_once_get_what_each_gets_alone() -> None:
    sizes = [1, 7, 100, 5000]
    for method, arguments in (
        (funnel.binomial, [(0.3, n) for n in sizes]),
        (funnel.poisson, [(n,) for n in sizes]),
    ):
        together = method(*arguments[0][:-1], sizes)
        alone = [method(*one) for one in arguments]
        assert all(isinstance(limit, float) for pair in alone for limit in pair)
        assert np.column_stack(together) == pytest.approx(np.array(alone), rel=1e-12)
    low, high = funnel.binomial([0.2, 0.5], [10, 10])
    assert (low[1], high[1]) == pytest.approx(funnel.binomial(0.5, 10))


@given(COUNTED)
@settings(max_examples=60)
def test_overdispersion_is_what_its_formulas_say(counted: list[tuple[int, int]]) -> None:
    k, n = np.array(counted, dtype=float).T
    found = funnel.overdispersion(k, n, winsorise=0)
    p0 = k.sum() / n.sum()
    w = n / (p0 * (1 - p0))
    z = (k / n - p0) * np.sqrt(w)
    phi = (z**2).mean()
    tau2 = max(0.0, (len(k) * phi - (len(k) - 1)) / (w.sum() - (w**2).sum() / w.sum()))
    assert found.p0 == pytest.approx(p0)
    assert found.z == pytest.approx(z, abs=1e-9)
    assert found.phi == pytest.approx(phi, abs=1e-9)
    assert found.tau2 == pytest.approx(tau2, abs=1e-9)


def test_the_most_extreme_tenth_of_both_sides_is_drawn_in() -> None:
    # With 21 units a tenth is two on each side by every usual definition of a quantile.
    n = np.full(21, 100.0)
    k = np.array([0, 20, *range(41, 58), 80, 100.0])
    found = funnel.overdispersion(k, n, p0=0.5)
    drawn = np.clip(found.z, found.z[2], found.z[-3])
    assert found.z == pytest.approx((k / n - 0.5) / 0.05)
    assert found.phi == pytest.approx((drawn**2).mean())
    assert found.phi < funnel.overdispersion(k, n, p0=0.5, winsorise=0).phi


def test_chance_alone_has_a_dispersion_of_about_one_and_real_differences_are_found() -> None:
    rng = np.random.default_rng(3)
    n = rng.integers(200, 900, size=2000)
    alone = funnel.overdispersion(rng.binomial(n, 0.6), n, winsorise=0)
    assert alone.phi == pytest.approx(1, abs=0.13)  # four standard errors: z squared has a variance of 2
    spread = np.clip(rng.normal(0.6, 0.05, size=2000), 0, 1)
    real = funnel.overdispersion(rng.binomial(n, spread), n, winsorise=0)
    assert math.sqrt(real.tau2) == pytest.approx(0.05, rel=0.1)


@given(CHANCES, st.randoms(use_true_random=False))
def test_statsmodels_has_the_same_q_values_in_any_order(chances: list[float], order: Any) -> None:
    p = np.array(chances)
    q = funnel.benjamini_hochberg(p)
    assert q == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)
    assert np.all((p <= q + 1e-12) & (q <= 1))
    turned = order.sample(range(len(p)), len(p))
    assert funnel.benjamini_hochberg(p[turned]) == pytest.approx(q[turned], abs=1e-12)


def test_q_values_of_districts_by_indicators_are_over_all_of_them() -> None:
    # Benjamini and Hochberg 1995, section 3.2: fifteen p-values, four rejected at .05.
    p = np.array([0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344])
    p = np.concatenate([p, [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]]).reshape(5, 3)
    q = funnel.benjamini_hochberg(p)
    assert q.shape == (5, 3)
    assert int((q <= 0.05).sum()) == 4
    assert q[0] == pytest.approx([0.0015, 0.003, 0.0095])


@pytest.mark.parametrize(("k", "n"), [([3], [10]), ([5, 10], [10, 20])])
def test_one_district_or_equal_districts_show_no_overdispersion(k: list[int], n: list[int]) -> None:
    found = funnel.overdispersion(k, n)
    assert found.tau2 == 0
    assert found.phi == pytest.approx(0, abs=1e-9)
    assert found.z == pytest.approx(np.zeros(len(k)), abs=1e-9)


@pytest.mark.parametrize(("k", "n"), [([0, 0], [5, 9]), ([5, 9], [5, 9]), ([0, 3], [0, 9]), ([0], [0])])
def test_districts_without_variance_or_anybody_give_numbers_or_are_refused(
    k: list[int], n: list[int]
) -> None:
    try:
        found = funnel.overdispersion(k, n)
    except ValueError:
        return
    assert np.isfinite([found.p0, found.phi, found.tau2, *found.z]).all()


def test_a_state_where_nobody_or_everybody_counts_has_no_funnel_to_leave() -> None:
    for p0 in (0.0, 1.0):
        low, high = funnel.binomial(p0, [1, 50])
        assert np.all((low >= 0) & (low <= high) & (high <= 1))


@pytest.mark.parametrize(
    ("k", "n", "named"),
    [
        ([], [], r"\b[kn]\b"),
        ([1, 11], [10, 10], r"k\[1\].*n\[1\]"),
        ([-1, 1], [10, 10], r"k\[0\]"),
        ([1, math.nan], [10, 10], r"k\[1\]"),
        ([1, 1], [math.inf, 10], r"n\[0\]"),
        ([1, 1, 1], [10, 10], r"\b[kn]\b"),
    ],
)
def test_counts_without_a_funnel_are_named(k: Any, n: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        funnel.overdispersion(k, n)


@pytest.mark.parametrize(("p0", "n", "named"), [(1.2, 10, "p0"), (-0.1, 10, "p0"), (math.nan, 10, "p0")])
def test_a_centre_that_is_no_share_is_refused(p0: float, n: int, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        funnel.binomial(p0, n)
    with pytest.raises(ValueError, match=named):
        funnel.binomial([p0], [n])
    with pytest.raises(ValueError, match=named):
        funnel.overdispersion([1], [n], p0=p0)


def test_sizes_and_chances_that_are_none_are_named_with_their_place() -> None:
    with pytest.raises(ValueError, match=r"n\[1\]"):
        funnel.binomial(0.5, [10, -3])
    with pytest.raises(ValueError, match=r"n\[0\]"):
        funnel.binomial(0.5, [math.nan, 3])
    with pytest.raises(ValueError, match="expected"):
        funnel.poisson(-1)
    with pytest.raises(ValueError, match=r"\bn\b"):
        funnel.binomial(0.5, math.nan)
    for bad in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match=r"expected\[2\]"):
            funnel.poisson([3, 4, bad])
    for bad in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=r"p\[1\]"):
            funnel.benjamini_hochberg([0.1, bad])
    with pytest.raises(ValueError, match="level"):
        funnel.binomial(0.5, 10, level=1.0)
    with pytest.raises(ValueError, match="winsorise"):
        funnel.overdispersion([1, 2], [3, 4], winsorise=0.6)
