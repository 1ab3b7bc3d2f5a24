"""Estimates that borrow strength: small districts are drawn towards the state, as far as their data are uncertain.

estimate = mean + reliability (own figure - mean), the reliability of each between 0 (its own data say nothing) and 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import optimize, stats
from scipy.special import betaln, expit, logit, psi

from .heterogeneity import between_variance
from .inputs import Array, BadInput, between, normal_quantile, numbers, parts, refuse, vector
from .intervals import wilson
from .levels import ThreeLevel, three_level

__all__ = [
    "BetaBinomial",
    "JamesStein",
    "Normal",
    "ThreeLevel",
    "beta_binomial",
    "james_stein",
    "normal",
    "ranks",
    "three_level",
]

#: alpha + beta above which proportions count as all equal: shrinkage is then complete to seven digits.
_ALL_EQUAL = 1e7


@dataclass(frozen=True, slots=True)
class BetaBinomial:
    """Proportions. `alpha` and `beta` are infinite where the districts differ no more than chance makes them."""

    mean: float
    alpha: float
    beta: float
    estimates: Array
    reliability: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True)
class Normal:
    """Figures with known variances. `se` is the standard error of `mean`, in the figures' unit."""

    mean: float
    tau2: float
    se: float
    estimates: Array
    reliability: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True)
class JamesStein:
    """`factor` is what is left of each distance from the mean."""

    mean: float
    factor: float
    estimates: Array


def beta_binomial(k: Any, n: Any, level: float = 0.95) -> BetaBinomial:
    """Maximum likelihood for k_i ~ Binomial(n_i, p_i), p_i ~ Beta(alpha, beta).

    estimate = (alpha + k) / (alpha + beta + n), reliability = n / (n + alpha + beta), limits: quantiles of
    Beta(alpha + k, beta + n - k). Where all are equal up to chance, each gets the pooled proportion and its Wilson
    interval. k, n: one number per unit. A unit with n = 0 gets the mean, with reliability 0.
    Errors: BadInput, also where no unit has n > 0. Source: Griffiths (1973), Biometrics 29, 637-648.
    """
    some, all_ = vector(k=k, n=n)
    parts(some, all_)
    between("level", level, 0, 1)
    if not all_.any():
        raise BadInput("n is 0 for every unit: there is nothing to estimate from")
    pooled = float(some.sum() / all_.sum())
    fitted = _fit_beta_binomial(some, all_, pooled)
    if fitted is None:
        low, high = wilson(some.sum(), all_.sum(), level)
        same = np.full_like(all_, pooled)
        return BetaBinomial(
            pooled,
            np.inf,
            np.inf,
            same,
            np.zeros_like(all_),
            np.full_like(all_, low),
            np.full_like(all_, high),
        )
    alpha, beta = fitted
    tail = (1 - level) / 2
    above, below = alpha + some, beta + all_ - some
    return BetaBinomial(
        mean=alpha / (alpha + beta),
        alpha=alpha,
        beta=beta,
        estimates=above / (above + below),
        reliability=all_ / (all_ + alpha + beta),
        low=stats.beta.ppf(tail, above, below),
        high=stats.beta.ppf(1 - tail, above, below),
    )


def normal(y: Any, v: Any, method: Literal["reml", "dl", "pm"] = "reml", level: float = 0.95) -> Normal:
    """y_i ~ Normal(theta_i, v_i), theta_i ~ Normal(mean, tau2), tau2 by REML, DerSimonian-Laird or Paule-Mandel.

    mean = sum(w y) / sum(w), w = 1 / (v + tau2); reliability = tau2 / (tau2 + v). The limits hold the uncertainty of
    the mean, not that of tau2. y: one figure per unit; v: their variances, above 0, in squared units of y.
    Errors: BadInput. Sources: Viechtbauer (2005), J. Educ. Behav. Stat. 30, 261-293; Morris (1983), JASA 78, 47-55.
    """
    figures, variances = vector(y=y, v=v)
    refuse(variances <= 0, "v", variances, "is no variance: it has to be above 0")
    z = normal_quantile(level)
    tau2 = between_variance(figures, variances, method)
    weights = 1 / (variances + tau2)
    mean = float(weights @ figures / weights.sum())
    reliability = tau2 / (tau2 + variances)
    estimates = mean + reliability * (figures - mean)
    spread = z * np.sqrt(reliability * variances + (1 - reliability) ** 2 / weights.sum())
    return Normal(
        mean=mean,
        tau2=tau2,
        se=float(weights.sum() ** -0.5),
        estimates=estimates,
        reliability=reliability,
        low=estimates - spread,
        high=estimates + spread,
    )


def james_stein(y: Any, v: float) -> JamesStein:
    """The estimator of Efron and Morris for units of one variance v: c = 1 - (k - 3) v / sum (y - mean)², not below 0.

    Unlike `normal` it allows for tau2 being an estimate, which matters with few units. At least 4 of them.
    Errors: BadInput. Source: Efron and Morris (1975), JASA 70, 311-319.
    """
    (figures,) = vector(4, y=y)
    (variance,) = numbers(v=v)
    if variance.ndim or variance <= 0:
        raise BadInput(f"v = {v!r}: one variance above 0 is wanted")
    mean = float(figures.mean())
    squares = float(((figures - mean) ** 2).sum())
    factor = max(0.0, 1 - (figures.size - 3) * float(variance) / squares) if squares else 0.0
    return JamesStein(mean, factor, mean + factor * (figures - mean))


def ranks(
    estimates: Any, variances: Any, draws: int = 10_000, seed: int = 0, level: float = 0.95
) -> tuple[Any, Any]:
    """The interval of each unit's rank, 1 for the highest: (low, high), whole numbers.

    Quantiles of the ranks in `draws` draws from Normal(estimate, variance); the same seed gives the same ranks.
    Errors: BadInput. Source: Goldstein and Spiegelhalter (1996), J. R. Statist. Soc. A 159, 385-443.
    """
    figures, spreads = vector(estimates=estimates, variances=variances)
    refuse(spreads < 0, "variances", spreads, "is negative")
    tail = (1 - between("level", level, 0, 1)) / 2
    if draws < 1:
        raise BadInput(f"draws = {draws}: at least one is needed")
    drawn = np.random.default_rng(seed).normal(figures, np.sqrt(spreads), (draws, figures.size))
    order = np.argsort(np.argsort(-drawn, axis=1), axis=1) + 1
    low = np.quantile(order, tail, axis=0, method="inverted_cdf")
    high = np.quantile(order, 1 - tail, axis=0, method="inverted_cdf")
    return low.astype(np.int64), high.astype(np.int64)


def _fit_beta_binomial(some: Array, all_: Array, pooled: float) -> tuple[float, float] | None:
    """(alpha, beta), or None where the likelihood has its maximum at no variation between units."""
    if pooled in (0.0, 1.0):
        return None
    rest = all_ - some

    def loss(at: Array) -> tuple[float, Array]:
        mean, size = expit(at[0]), np.exp(at[1])
        alpha, beta = mean * size, (1 - mean) * size
        value = (betaln(some + alpha, rest + beta) - betaln(alpha, beta)).sum()
        common = psi(size) - psi(all_ + size)
        by_alpha = (psi(some + alpha) - psi(alpha) + common).sum()
        by_beta = (psi(rest + beta) - psi(beta) + common).sum()
        return -value, -np.array(
            [size * mean * (1 - mean) * (by_alpha - by_beta), alpha * by_alpha + beta * by_beta]
        )

    binomial = some.sum() * np.log(pooled) + rest.sum() * np.log1p(-pooled)
    bounds = [(-30.0, 30.0), (np.log(1e-3), np.log(_ALL_EQUAL))]
    # From three sides: the likelihood is flat where alpha + beta is large.
    tries = [
        optimize.minimize(
            loss, np.array([logit(pooled), start]), jac=True, method="L-BFGS-B", bounds=bounds,
            options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1000},
        )
        for start in (np.log(2.0), np.log(50.0), np.log(2000.0))
    ]  # fmt: skip
    best = min(tries, key=lambda each: each.fun)
    # Half a unit of likelihood in ten million is rounding, not variation.
    if -best.fun - binomial < 1e-6 or best.x[1] > np.log(_ALL_EQUAL) - 1e-3:
        return None
    mean, size = float(expit(best.x[0])), float(np.exp(best.x[1]))
    return mean * size, (1 - mean) * size
