"""Effects of a design and expected values, against scipy, statsmodels and known truths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.evaluation.methods import adjust, effects

SEEDS = st.integers(0, 2**32 - 1)
LEVELS = st.floats(0.5, 0.999)


def trial(seed: int, n: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Outcome, treatment, two covariates and ten clusters of a made-up trial, with unequal spread."""
    rng = np.random.default_rng(seed)
    treated = np.array([0, 1] * (n // 2))
    cluster = np.arange(n) // 2 % 10
    covariates = rng.normal(size=(n, 2))
    y = (
        3
        + treated
        + covariates @ [0.5, -1]
        + rng.normal(size=10)[cluster]
        + rng.normal(size=n) * (1 + treated)
    )
    return y, treated, covariates, cluster


def same(found: Any, difference: float, se: float, df: float, level: float = 0.95) -> None:
    """One effect in all its parts: the interval and the p-value follow from t."""
    half = stats.t.ppf((1 + level) / 2, df) * se
    assert found.difference == pytest.approx(difference, abs=1e-9)
    assert found.se == pytest.approx(se, rel=1e-7)
    assert found.df == pytest.approx(df, rel=1e-7)
    assert (found.low, found.high) == pytest.approx(
        (difference - half, difference + half), rel=1e-6, abs=1e-9
    )
    assert found.p == pytest.approx(2 * stats.t.sf(abs(difference) / se, df), rel=1e-6, abs=1e-12)


@given(SEEDS, LEVELS)
@settings(max_examples=40)
def test_a_plain_difference_is_welchs(seed: int, level: float) -> None:
    y, treated, _, _ = trial(seed)
    y, treated = y[5:], treated[5:]
    theirs = stats.ttest_ind(y[treated == 1], y[treated == 0], equal_var=False)
    limits = theirs.confidence_interval(level)
    found = effects.difference(y, treated, level=level)
    assert found.difference == pytest.approx(y[treated == 1].mean() - y[treated == 0].mean())
    assert (found.low, found.high) == pytest.approx((limits.low, limits.high))
    assert found.df == pytest.approx(theirs.df)
    assert found.p == pytest.approx(theirs.pvalue)
    assert found.se == pytest.approx(found.difference / theirs.statistic)


def test_sleep_after_two_drugs_differs_as_student_and_welch_have_it() -> None:
    # Student 1908; the Welch test that R prints for its data set "sleep": t = -1.8608, df = 17.776, p = .07939.
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = effects.difference(second + first, [1] * 10 + [0] * 10)
    assert found.difference == pytest.approx(1.58)
    assert round(found.difference / found.se, 4) == 1.8608
    assert round(found.df, 3) == 17.776
    assert round(found.p, 5) == 0.07939
    assert (found.low, found.high) == pytest.approx((-0.2054832, 3.3654832), abs=5e-8)


@given(SEEDS, LEVELS)
@settings(max_examples=30)
def test_an_adjusted_difference_has_the_hc2_errors_of_statsmodels(seed: int, level: float) -> None:
    y, treated, covariates, _ = trial(seed)
    fit = sm.OLS(y, np.column_stack([np.ones(len(y)), treated, covariates])).fit(cov_type="HC2")
    found = effects.difference(y, treated, covariates=covariates, level=level)
    same(found, fit.params[1], fit.bse[1], fit.df_resid, level)


@given(SEEDS, LEVELS, st.booleans())
@settings(max_examples=30)
def test_a_clustered_difference_has_the_robust_errors_of_statsmodels(
    seed: int, level: float, adjusted: bool
) -> None:
    y, treated, covariates, cluster = trial(seed)
    design = np.column_stack([np.ones(len(y)), treated, *(covariates.T if adjusted else [])])
    fit = sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": cluster}, use_t=True)
    found = effects.difference(y, treated, cluster, covariates if adjusted else None, level)
    same(found, fit.params[1], fit.bse[1], 9, level)


def test_an_effect_without_noise_is_found_exactly() -> None:
    _, treated, covariates, cluster = trial(5)
    y = 2 + 3 * treated + covariates @ [1.5, -0.5]
    found = effects.difference(y, treated, covariates=covariates)
    assert found.difference == pytest.approx(3)
    assert found.low == pytest.approx(3, abs=1e-6)
    words = np.array([f"district {c}" for c in cluster])
    assert effects.difference(y, treated, words, covariates).difference == pytest.approx(3)


@given(SEEDS, st.randoms(use_true_random=False), st.floats(-50, 50), st.floats(0.1, 50))
@settings(max_examples=30)
def test_effects_do_not_depend_on_order_or_origin_and_go_with_the_unit(
    seed: int, order: Any, shift: float, scale: float
) -> None:
    y, treated, covariates, cluster = trial(seed)
    turned = order.sample(range(len(y)), len(y))
    for c, x in ((None, None), (None, covariates), (cluster, None), (cluster, covariates)):
        one = effects.difference(y, treated, c, x)
        other = effects.difference(
            shift + scale * y[turned],
            treated[turned],
            None if c is None else c[turned],
            None if x is None else x[turned],
        )
        assert other.difference == pytest.approx(scale * one.difference, rel=1e-6, abs=1e-8)
        assert other.high - other.low == pytest.approx(scale * (one.high - one.low), rel=1e-6)
        assert one.low <= one.difference <= one.high
        assert 0 <= one.p <= 1


def test_units_that_do_not_differ_at_all_give_numbers_or_are_refused() -> None:
    for options in ({}, {"cluster": [1, 1, 2, 2, 3, 3]}, {"covariates": np.arange(6.0)[:, None] ** 2}):
        try:
            found = effects.difference([4.0] * 6, [0, 1, 0, 1, 0, 1], **options)
        except ValueError:
            continue
        assert found.difference == pytest.approx(0, abs=1e-12)
        assert not np.isnan([found.low, found.high, found.se, found.df, found.p]).any()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (([], []), r"\by\b|treated"),
        (([1, 2, 3, 4], [1, 1, 1, 1]), "treated"),
        (([1, 2, 3, 4], [0, 0, 0, 0]), "treated"),
        (([1, 2, 3, 4], [0, 1, 2, 1]), r"treated\[2\]"),
        (([1, 2, 3, 4], [0, 1, math.nan, 1]), r"treated\[2\]"),
        (([1, math.nan, 3, 4], [0, 1, 0, 1]), r"y\[1\]"),
        (([1, 2, 3, math.inf], [0, 1, 0, 1]), r"y\[3\]"),
        (([1, 2, 3], [0, 1]), r"\by\b|treated"),
        (([1, 2, 3, 4], [0, 1, 0, 1], [1, 1]), "cluster"),
        (([1, 2, 3, 4], [0, 1, 0, 1], [1, 1, 1, 1]), "cluster|group"),
        (([1, 2, 3, 4], [0, 1, 0, 1], None, [[1], [2], [math.nan], [4]]), r"covariates\[2"),
        (([1, 2, 3, 4], [0, 1, 0, 1], None, [[1], [2]]), "covariates"),
        (([1, 2, 3, 4, 5], [0, 1, 0, 1, 1], None, [[0], [1], [0], [1], [1]]), "covariate"),
        (([1, 2, 3, 4], [0, 1, 0, 1], None, None, 95), "level"),
    ],
)
def test_a_design_that_cannot_be_estimated_is_refused_by_name(arguments: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        effects.difference(*arguments)


def test_an_arm_of_one_has_no_spread_of_its_own() -> None:
    with pytest.raises(ValueError, match="treated"):
        effects.difference([1.0, 2.0, 4.0, 5.0], [1, 0, 0, 0])


def districts(seed: int, n: int = 50) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes above zero, three covariates and sizes of made-up districts, small ones noisier."""
    rng = np.random.default_rng(seed)
    covariates = np.column_stack([rng.uniform(0, 1, n), rng.uniform(0, 0.3, n), rng.integers(0, 2, n)])
    size = rng.integers(50, 5000, n).astype(float)
    return 60 - covariates @ [20, 10, 3] + rng.normal(size=n) * 100 / np.sqrt(size), covariates, size


@given(SEEDS)
@settings(max_examples=30)
def test_expected_values_are_the_weighted_regression_of_statsmodels(seed: int) -> None:
    y, covariates, size = districts(seed)
    design = sm.add_constant(covariates)
    fit = sm.WLS(y, design, weights=size).fit()
    found = adjust.expected(y, covariates, size, names=["poverty", "learners", "high"])
    assert found.coefficients == pytest.approx(fit.params, rel=1e-8)
    assert found.robust_se == pytest.approx(fit.HC3_se, rel=1e-7)
    assert found.r_squared == pytest.approx(fit.rsquared)
    assert found.expected == pytest.approx(fit.fittedvalues)
    assert found.residuals == pytest.approx(y - fit.fittedvalues, abs=1e-9)
    assert found.ratio == pytest.approx(y / fit.fittedvalues)
    whitened = design * np.sqrt(size)[:, None]
    assert found.leverage == pytest.approx(np.diag(whitened @ np.linalg.pinv(whitened)), abs=1e-9)
    assert found.leverage.sum() == pytest.approx(4)
    assert found.condition >= 1
    assert [name for name in found.names if name in ("poverty", "learners", "high")] == [
        "poverty",
        "learners",
        "high",
    ]


@given(SEEDS, st.randoms(use_true_random=False), st.floats(0.01, 100))
@settings(max_examples=30)
def test_expected_values_go_with_their_district_and_only_the_shares_of_weight_count(
    seed: int, order: Any, times: float
) -> None:
    y, covariates, size = districts(seed)
    turned = order.sample(range(len(y)), len(y))
    one = adjust.expected(y, covariates, size)
    other = adjust.expected(y[turned], covariates[turned], times * size[turned])
    assert other.expected == pytest.approx(one.expected[turned], rel=1e-7)
    assert other.robust_se == pytest.approx(one.robust_se, rel=1e-6)
    assert (size * one.residuals).sum() == pytest.approx(0, abs=1e-4)


def test_equal_districts_are_all_as_expected() -> None:
    _, covariates, size = districts(1)
    found = adjust.expected(np.full(50, 12.0), covariates, size)
    assert found.expected == pytest.approx(np.full(50, 12.0))
    assert found.ratio == pytest.approx(np.ones(50))
    for name in type(found).__dataclass_fields__:
        value = np.asarray(getattr(found, name))
        assert value.dtype.kind != "f" or not np.isnan(value).any(), name


X = [[0.1], [0.4], [0.2], [0.9], [0.5]]


@pytest.mark.parametrize(
    ("y", "covariates", "weights", "named"),
    [
        ([], np.empty((0, 1)), [], r"\by\b|covariates"),
        ([1], [[0.1]], [1], r"\by\b|covariates"),
        ([1, 2, 3, 4, 5], X, [1, 1, -1, 1, 1], r"weights\[2\]"),
        ([1, 2, 3, 4, 5], X, [1, 1, 1, 1, math.nan], r"weights\[4\]"),
        ([1, 2, 3, 4, 5], X, [0, 0, 0, 0, 0], "weights"),
        ([1, 2, math.nan, 4, 5], X, [1] * 5, r"y\[2\]"),
        ([1, 2, 3, 4, math.inf], X, [1] * 5, r"y\[4\]"),
        ([1, 2, 3, 4, 5], [[1], [2], [math.inf], [4], [5]], [1] * 5, r"covariates\[2"),
        ([1, 2, 3, 4, 5], X[:4], [1] * 5, "covariates"),
        ([1, 2, 3, 4, 5], X, [1] * 4, "weights"),
        ([1, 2, 3, 4, 5], [[7]] * 5, [1] * 5, "covariates"),
        ([1, 2, 3, 4, 5], [[x[0], 2 * x[0]] for x in X], [1] * 5, "covariates"),
    ],
)
def test_districts_without_a_model_are_refused_by_name(
    y: Any, covariates: Any, weights: Any, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        adjust.expected(y, covariates, weights)


def test_names_must_fit_the_covariates() -> None:
    y, covariates, size = districts(2)
    with pytest.raises(ValueError, match="names"):
        adjust.expected(y, covariates, size, names=["poverty"])
