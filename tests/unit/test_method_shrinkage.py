"""Shrunken estimates against published analyses, and against likelihoods written down a second time here."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.proportion import proportion_confint

from services.evaluation.methods import shrinkage

# Raudenbush 1985, as printed in Raudenbush and Bryk 1985: effects and their sampling variances.
RAUDENBUSH_Y = [0.03, 0.12, -0.14, 1.18, 0.26, -0.06, -0.02, -0.32, 0.27, 0.80]
RAUDENBUSH_Y += [0.54, 0.18, -0.02, 0.23, -0.18, -0.06, 0.30, 0.07, -0.07]
RAUDENBUSH_V = [0.0156, 0.0216, 0.0279, 0.1391, 0.1362, 0.0106, 0.0106, 0.0484, 0.0269, 0.0630]
RAUDENBUSH_V += [0.0912, 0.0497, 0.0835, 0.0841, 0.0253, 0.0279, 0.0193, 0.0088, 0.0303]

# Konstantopoulos 2011, Research Synthesis Methods 2:61-76: district: effects of its schools; their variances.
SCHOOLS = {
    11: ([-0.18, -0.22, 0.23, -0.30], [0.118, 0.118, 0.144, 0.144]),
    12: ([0.13, -0.26, 0.19, 0.32], [0.014, 0.014, 0.015, 0.024]),
    18: ([0.45, 0.38, 0.29], [0.023, 0.043, 0.012]),
    27: ([0.16, 0.65, 0.36, 0.60], [0.020, 0.004, 0.004, 0.007]),
    56: ([0.08, 0.04, 0.19, -0.06], [0.019, 0.007, 0.005, 0.004]),
    58: (
        [-0.18, 0.00, 0.00, -0.28, -0.04, -0.30, 0.07, 0.00, 0.05, -0.08, -0.09],
        [0.020, 0.018, 0.019, 0.022, 0.020, 0.021, 0.006, 0.007, 0.007, 0.007, 0.007],
    ),
    71: ([0.30, 0.98, 1.19], [0.015, 0.011, 0.010]),
    86: ([-0.07, -0.05, -0.01, 0.02, -0.03, 0.00, 0.01, -0.10], [0.001] * 8),
    91: ([0.50, 0.66, 0.20, 0.00, 0.05, 0.07], [0.010, 0.011, 0.010, 0.009, 0.013, 0.013]),
    108: ([-0.52, 0.70, -0.03, 0.27, -0.34], [0.031, 0.031, 0.030, 0.030, 0.030]),
    644: ([0.12, 0.61, 0.04, -0.05], [0.087, 0.082, 0.067, 0.067]),
}
SCHOOL_Y = np.array([y for effects, _ in SCHOOLS.values() for y in effects])
SCHOOL_V = np.array([v for _, variances in SCHOOLS.values() for v in variances])
SCHOOL_DISTRICT = np.array([district for district, (effects, _) in SCHOOLS.items() for _ in effects])

COUNTED = st.lists(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=30
)
MEASURED = st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 4)), min_size=2, max_size=30)


def surgery(data: Path) -> tuple[np.ndarray, np.ndarray]:
    hospitals = json.loads((data / "bugs-surgical" / "surgical.data.json").read_text())
    return np.array(hospitals["r"]), np.array(hospitals["n"])


def between(low: Any, middle: Any, high: Any, slack: float = 1e-9) -> None:
    assert np.all(np.asarray(low) <= np.asarray(middle) + slack)
    assert np.all(np.asarray(middle) <= np.asarray(high) + slack)


def numbers_only(result: Any) -> None:
    for name in type(result).__dataclass_fields__:
        value = np.asarray(getattr(result, name))
        if value.dtype.kind == "f":
            assert not np.isnan(value).any(), name


def restricted(tau2: float, y: np.ndarray, v: np.ndarray) -> float:
    """Minus the restricted log likelihood of effects with variances v + tau2 about an unknown mean."""
    w = 1 / (v + tau2)
    mean = (w * y).sum() / w.sum()
    return 0.5 * float(np.log(v + tau2).sum() + np.log(w.sum()) + (w * (y - mean) ** 2).sum())


def three_level_parts(
    tau2: float, sigma2: float, y: np.ndarray, v: np.ndarray, group: np.ndarray
) -> tuple[float, float, np.ndarray, np.ndarray]:
    """Minus the restricted log likelihood, the mean and both kinds of BLUP, by matrices as large as the data."""
    z = (group[:, None] == np.unique(group)).astype(float)
    inverse = np.linalg.inv(np.diag(v + sigma2) + tau2 * z @ z.T)
    mean = (inverse.sum(0) @ y) / inverse.sum()
    pull = inverse @ (y - mean)
    minus = -np.linalg.slogdet(inverse)[1] + np.log(inverse.sum()) + (y - mean) @ pull
    groups = tau2 * z.T @ pull
    return 0.5 * float(minus), float(mean), mean + z @ groups + sigma2 * pull, mean + groups


def test_hospital_deaths_shrink_to_where_the_published_random_effects_are(data: Path) -> None:
    # OpenBUGS Examples, "Surgical". Its prior is normal on the logit and averages over tau; a beta prior at its
    # most likely place differs by at most .0018, at the extreme hospital; a posterior s.d. there is .018.
    published = [0.05308, 0.1031, 0.07078, 0.05926, 0.05159, 0.06916]
    published += [0.06676, 0.1234, 0.06989, 0.07834, 0.1021, 0.06847]
    k, n = surgery(data)
    shrunk = shrinkage.beta_binomial(k, n)
    assert shrunk.estimates == pytest.approx(np.array(published), abs=0.0025)
    assert np.argsort(shrunk.estimates).tolist() == np.argsort(published).tolist()
    assert shrunk.estimates[0] > shrunk.estimates.min(), "no death in 47 does not make the best hospital"
    fixed = (k + 1) / (n + 2)
    assert np.ptp(shrunk.estimates) < np.ptp(fixed)
    assert np.argmin(fixed) == 0
    between(shrunk.low, published, shrunk.high)


def test_the_beta_binomial_is_at_the_top_of_its_likelihood(data: Path) -> None:
    k, n = surgery(data)

    def minus(logs: np.ndarray) -> float:
        return -float(stats.betabinom.logpmf(k, n, *np.exp(logs)).sum())

    best = optimize.minimize(minus, [1.0, 4.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    alpha, beta = np.exp(best.x)
    shrunk = shrinkage.beta_binomial(k, n, level=0.9)
    assert minus(np.log([shrunk.alpha, shrunk.beta])) == pytest.approx(best.fun, abs=1e-6)
    assert (shrunk.alpha, shrunk.beta) == pytest.approx((alpha, beta), rel=1e-3)
    assert shrunk.mean == pytest.approx(alpha / (alpha + beta), rel=1e-4)
    assert shrunk.estimates == pytest.approx((k + alpha) / (n + alpha + beta), rel=1e-4)
    assert shrunk.reliability == pytest.approx(n / (n + alpha + beta), rel=1e-3)
    posterior = stats.beta(k + alpha, n - k + beta)
    assert shrunk.low == pytest.approx(posterior.ppf(0.05), rel=1e-3)
    assert shrunk.high == pytest.approx(posterior.ppf(0.95), rel=1e-3)


def test_batters_shrink_as_efron_and_morris_printed(data: Path) -> None:
    with (data / "eb-baseball" / "efron-morris-75-data.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    y = np.array([int(row["Hits"]) / 45 for row in rows])
    later = np.array([float(row["RemainingAverage"]) for row in rows])
    shrunk = shrinkage.james_stein(y, y.mean() * (1 - y.mean()) / 45)
    assert round(shrunk.mean, 3) == 0.265
    assert round(shrunk.factor, 3) == 0.212
    by_name = {row["LastName"]: round(e, 3) for row, e in zip(rows, shrunk.estimates, strict=True)}
    assert (by_name["Clemente"], by_name["Alvis"]) == (0.294, 0.242)
    assert round(((y - later) ** 2).sum(), 4) == 0.0857
    assert round(((shrunk.estimates - later) ** 2).sum(), 4) == 0.0268


def test_raudenbush_has_the_printed_variance_between_studies() -> None:
    shrunk = shrinkage.normal(RAUDENBUSH_Y, RAUDENBUSH_V)
    assert (round(shrunk.tau2, 4), round(shrunk.mean, 4)) == (0.0188, 0.0837)
    assert round(shrunk.se, 4) == 0.0516  # the same analysis in the manual of metafor (Viechtbauer 2010)


@given(MEASURED)
@settings(max_examples=50)
def test_reml_is_at_the_top_of_the_restricted_likelihood(measured: list[tuple[float, float]]) -> None:
    y, v = np.array(measured).T
    shrunk = shrinkage.normal(y, v, method="reml")
    tried = np.concatenate([[0], np.geomspace(1e-6, 200, 400)])
    assert shrunk.tau2 >= 0
    assert restricted(shrunk.tau2, y, v) <= min(restricted(t, y, v) for t in tried) + 1e-6


@pytest.mark.parametrize("method", ["dl", "pm"])
@given(measured=MEASURED)
@settings(max_examples=50)
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning:statsmodels")
def test_statsmodels_has_the_same_moment_estimates(method: str, measured: list[tuple[float, float]]) -> None:
    y, v = np.array(measured).T
    theirs = combine_effects(y, v, method_re=method)
    shrunk = shrinkage.normal(y, v, method=method)
    # Statsmodels leaves a negative variance of DerSimonian and Laird as it is; the method cuts it off at zero.
    mean = theirs.mean_effect_re if theirs.tau2 > 0 else theirs.mean_effect_fe
    assert shrunk.tau2 == pytest.approx(max(0, theirs.tau2), rel=1e-4, abs=1e-4)
    assert shrunk.mean == pytest.approx(mean, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("method", ["reml", "dl", "pm"])
@given(measured=MEASURED, order=st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_normal_estimates_lie_between_the_raw_value_and_the_mean(
    method: str, measured: list[tuple[float, float]], order: Any
) -> None:
    y, v = np.array(measured).T
    shrunk = shrinkage.normal(y, v, method=method)
    w = 1 / (v + shrunk.tau2)
    assert shrunk.mean == pytest.approx((w * y).sum() / w.sum(), abs=1e-9)
    assert shrunk.se == pytest.approx(w.sum() ** -0.5, rel=1e-9)
    assert shrunk.reliability == pytest.approx(shrunk.tau2 * w, abs=1e-9)
    assert shrunk.estimates == pytest.approx(shrunk.mean + shrunk.reliability * (y - shrunk.mean), abs=1e-9)
    between(np.minimum(y, shrunk.mean), shrunk.estimates, np.maximum(y, shrunk.mean))
    between(shrunk.low, shrunk.estimates, shrunk.high)
    # The half width: at least what the plug-in posterior has, at most what the district has by itself.
    half = stats.norm.ppf(0.975) * np.sqrt(v)
    between(half * np.sqrt(shrunk.reliability), (shrunk.high - shrunk.low) / 2, half, 1e-6)
    numbers_only(shrunk)
    turned = order.sample(range(len(y)), len(y))
    again = shrinkage.normal(y[turned], v[turned], method=method)
    assert again.estimates == pytest.approx(shrunk.estimates[turned], abs=1e-5)


@given(COUNTED, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_beta_binomial_estimates_lie_between_the_raw_rate_and_the_mean(
    counted: list[tuple[int, int]], order: Any
) -> None:
    k, n = np.array(counted).T
    shrunk = shrinkage.beta_binomial(k, n)
    between(np.minimum(k / n, shrunk.mean), shrunk.estimates, np.maximum(k / n, shrunk.mean))
    between(0, shrunk.low, shrunk.high)
    between(shrunk.low, shrunk.high, 1)
    between(0, shrunk.reliability, 1)
    numbers_only(shrunk)
    if math.isinf(shrunk.alpha):
        assert set(shrunk.reliability) == {0}
        assert shrunk.estimates == pytest.approx(np.full(len(n), k.sum() / n.sum()), abs=1e-9)
    turned = order.sample(range(len(k)), len(k))
    again = shrinkage.beta_binomial(k[turned], n[turned])
    assert again.estimates == pytest.approx(shrunk.estimates[turned], abs=1e-3)


def test_schools_in_districts_have_the_printed_variances_of_both_levels() -> None:
    shrunk = shrinkage.three_level(SCHOOL_Y, SCHOOL_V, SCHOOL_DISTRICT)
    assert round(shrunk.mean, 4) == 0.1847
    assert (round(shrunk.tau2, 4), round(shrunk.sigma2, 4)) == (0.0651, 0.0327)


def test_schools_in_districts_are_shrunken_as_the_dense_formulas_say() -> None:
    shrunk = shrinkage.three_level(SCHOOL_Y, SCHOOL_V, SCHOOL_DISTRICT)
    parts = (SCHOOL_Y, SCHOOL_V, SCHOOL_DISTRICT)
    best = optimize.minimize(
        lambda logs: three_level_parts(*np.exp(logs), *parts)[0],
        [-3.0, -3.0],
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-11},
    )
    assert (shrunk.tau2, shrunk.sigma2) == pytest.approx(tuple(np.exp(best.x)), rel=1e-3)
    _, mean, schools, districts = three_level_parts(*np.exp(best.x), *parts)
    assert shrunk.mean == pytest.approx(mean, abs=1e-5)
    assert shrunk.estimates == pytest.approx(schools, abs=1e-4)
    assert list(shrunk.groups) == sorted(SCHOOLS)
    assert shrunk.group_estimates == pytest.approx(districts, abs=1e-4)
    between(shrunk.low, shrunk.estimates, shrunk.high)
    between(shrunk.group_low, shrunk.group_estimates, shrunk.group_high)
    for share in (shrunk.reliability, shrunk.group_reliability):
        between(0, share, 1)


def test_the_order_of_schools_does_not_matter_and_labels_may_be_words() -> None:
    turned = np.random.default_rng(7).permutation(len(SCHOOL_Y))
    words = np.array([f"District {label:03}" for label in SCHOOL_DISTRICT])
    shrunk = shrinkage.three_level(SCHOOL_Y, SCHOOL_V, SCHOOL_DISTRICT)
    again = shrinkage.three_level(SCHOOL_Y[turned], SCHOOL_V[turned], words[turned])
    assert again.estimates == pytest.approx(shrunk.estimates[turned], abs=1e-5)
    assert list(again.groups) == sorted(set(words))
    assert again.group_estimates == pytest.approx(shrunk.group_estimates, abs=1e-5)


def test_houses_in_counties_have_the_textbook_spread(data: Path) -> None:
    # Gelman and Hill 2007, 12.4: log radon with only a constant: 1.31; s.d. .31 of counties, .80 of houses.
    with (data / "radon" / "HLMdiag_radon.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    y = np.array([float(row["log.radon"]) for row in rows])
    shrunk = shrinkage.three_level(y, np.full(len(y), 0.1), [row["county.name"] for row in rows])
    assert (len(y), len(shrunk.groups)) == (919, 85)
    assert round(shrunk.mean, 2) == 1.31
    assert round(math.sqrt(shrunk.tau2), 2) == 0.31
    assert round(math.sqrt(shrunk.sigma2 + 0.1), 2) == 0.80


def test_ranks_far_apart_are_certain_and_equal_ones_are_open() -> None:
    low, high = shrinkage.ranks([0.2, 0.9, 0.5], [1e-8] * 3)
    assert low.tolist() == high.tolist() == [3, 1, 2]
    assert low.dtype.kind == high.dtype.kind == "i"
    low, high = shrinkage.ranks(np.zeros(20), np.ones(20))
    assert low.max() <= 2
    assert high.min() >= 19


def test_ranks_are_the_same_with_the_same_seed_and_widen_with_the_level() -> None:
    estimates, variances = np.linspace(0, 1, 30), np.full(30, 0.04)
    low, high = shrinkage.ranks(estimates, variances, draws=4000, seed=11)
    again = shrinkage.ranks(estimates, variances, draws=4000, seed=11)
    assert (low.tolist(), high.tolist()) == (again[0].tolist(), again[1].tolist())
    narrow = shrinkage.ranks(estimates, variances, draws=4000, seed=11, level=0.5)
    between(low, narrow[0], narrow[1])
    between(narrow[0], narrow[1], high)
    between(1, low, high)
    between(low, high, 30)


def test_districts_without_overdispersion_are_all_at_the_mean() -> None:
    shrunk = shrinkage.beta_binomial([5, 50, 10], [10, 100, 20])
    assert (shrunk.alpha, shrunk.beta) == (math.inf, math.inf)
    assert shrunk.mean == pytest.approx(0.5)
    assert shrunk.estimates.tolist() == [shrunk.mean] * 3
    # They share one proportion, which is as uncertain as 65 of 130 leave it.
    low, high = proportion_confint(65, 130, method="wilson")
    assert shrunk.low.tolist() == pytest.approx([low] * 3)
    assert shrunk.high.tolist() == pytest.approx([high] * 3)
    assert shrunk.reliability.tolist() == [0, 0, 0]


def test_a_district_without_anybody_gets_the_mean(data: Path) -> None:
    k, n = surgery(data)
    with_empty = shrinkage.beta_binomial([*k, 0], [*n, 0])
    without = shrinkage.beta_binomial(k, n)
    assert with_empty.mean == pytest.approx(without.mean, rel=1e-6)
    assert with_empty.estimates[-1] == pytest.approx(with_empty.mean)
    assert with_empty.reliability[-1] == 0
    assert with_empty.estimates[:-1] == pytest.approx(without.estimates, rel=1e-4)
    numbers_only(with_empty)


@pytest.mark.parametrize(("k", "n"), [([0], [9]), ([9], [9]), ([0, 0], [5, 9]), ([5, 9], [5, 9]), ([3], [9])])
def test_one_district_or_only_noes_or_only_yeses_give_numbers(k: list[int], n: list[int]) -> None:
    shrunk = shrinkage.beta_binomial(k, n)
    numbers_only(shrunk)
    assert shrunk.estimates == pytest.approx(np.full(len(k), sum(k) / sum(n)), abs=1e-6)


@pytest.mark.parametrize("method", ["reml", "dl", "pm"])
def test_one_district_or_equal_districts_have_no_variance_between(method: str) -> None:
    for y, v in (([0.4], [0.1]), ([0.4, 0.4, 0.4], [0.1, 0.2, 0.3])):
        shrunk = shrinkage.normal(y, v, method=method)
        assert shrunk.tau2 == pytest.approx(0, abs=1e-9)
        assert shrunk.estimates == pytest.approx(np.full(len(y), 0.4))
        numbers_only(shrunk)
    equal = shrinkage.james_stein([0.3] * 5, 0.01)
    assert equal.factor == 0
    assert equal.estimates == pytest.approx(np.full(5, 0.3))


@pytest.mark.parametrize("group", [["a", "a", "a"], ["a", "b", "c"], ["a", "a", "b"]])
def test_one_group_or_groups_of_one_give_numbers(group: list[str]) -> None:
    for y in ([0.1, 0.4, 0.2], [0.4, 0.4, 0.4]):
        shrunk = shrinkage.three_level(y, [0.01, 0.02, 0.01], group)
        numbers_only(shrunk)
        between(min(y), shrunk.estimates, max(y))


@pytest.mark.parametrize(
    ("k", "n", "named"),
    [
        ([], [], r"\b[kn]\b"),
        ([0, 0], [0, 0], r"\bn\b"),
        ([1, 11], [10, 10], r"k\[1\].*n\[1\]"),
        ([1, -1], [10, 10], r"k\[1\]"),
        ([1, math.nan], [10, 10], r"k\[1\]"),
        ([1, 1], [10, math.inf], r"n\[1\]"),
        ([1, 1, 1], [10, 10], r"\b[kn]\b"),
    ],
)
def test_counts_that_cannot_be_shrunken_are_named(k: Any, n: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        shrinkage.beta_binomial(k, n)


@pytest.mark.parametrize(
    ("y", "v", "named"),
    [
        ([], [], r"\b[yv]\b"),
        ([1, 2], [0.1, 0], r"v\[1\]"),
        ([1, 2], [-0.1, 0.1], r"v\[0\]"),
        ([1, math.nan], [0.1, 0.1], r"y\[1\]"),
        ([1, math.inf], [0.1, 0.1], r"y\[1\]"),
        ([1, 2], [0.1, math.nan], r"v\[1\]"),
        ([1, 2, 3], [0.1, 0.1], r"\b[yv]\b"),
    ],
)
def test_measures_that_cannot_be_shrunken_are_named(y: Any, v: Any, named: str) -> None:
    for method in ("reml", "dl", "pm"):
        with pytest.raises(ValueError, match=named):
            shrinkage.normal(y, v, method=method)
    with pytest.raises(ValueError, match=named):
        shrinkage.three_level(y, v, ["a"] * len(y))


def test_other_arguments_that_make_no_sense_are_named() -> None:
    with pytest.raises(ValueError, match="method"):
        shrinkage.normal([1, 2], [1, 1], method="guess")
    with pytest.raises(ValueError, match="group"):
        shrinkage.three_level([1, 2, 3], [1, 1, 1], ["a", "b"])
    with pytest.raises(ValueError, match=r"\by\b|4|four"):
        shrinkage.james_stein([0.1, 0.2, 0.3], 0.01)
    with pytest.raises(ValueError, match=r"\bv\b"):
        shrinkage.james_stein([0.1, 0.2, 0.3, 0.4], 0)
    with pytest.raises(ValueError, match=r"variances\[1\]"):
        shrinkage.ranks([1, 2], [1, -1])
    with pytest.raises(ValueError, match="level"):
        shrinkage.beta_binomial([1, 2], [3, 4], level=95)
