"""Schools in districts: shrinkage with a variance at each of two levels above the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize

from .inputs import Array, BadInput, normal_quantile, refuse, vector


@dataclass(frozen=True, slots=True)
class ThreeLevel:
    """`tau2`: variance between groups; `sigma2`: between units of one group. `groups` are in sorted order."""

    mean: float
    tau2: float
    sigma2: float
    estimates: Array
    reliability: Array
    low: Array
    high: Array
    groups: tuple[Any, ...]
    group_estimates: Array
    group_reliability: Array
    group_low: Array
    group_high: Array


@dataclass(frozen=True, slots=True)
class _Sums:
    """Per group: S = sum w, T = sum w y, with w = 1 / (v + sigma2); and what the likelihood needs of them."""

    weights: Array
    total: Array
    weighted: Array
    mean: float
    information: float
    loss: float


def three_level(y: Any, v: Any, group: Any, level: float = 0.95) -> ThreeLevel:
    """y_ij ~ Normal(theta_ij, v_ij), theta_ij ~ Normal(mu_j, sigma2), mu_j ~ Normal(mean, tau2), by REML.

    Estimates are the best linear unbiased predictions; the limits hold the uncertainty of the mean, not that of the
    variances. reliability = 1 - prediction variance / (tau2 + sigma2), 0 where nothing varies. y, v: one number per
    unit, v above 0; group: a label per unit. Errors: BadInput.
    Source: Konstantopoulos (2011), Research Synthesis Methods 2, 61-76; Harville (1977), JASA 72, 320-338.
    """
    figures, variances = vector(y=y, v=v)
    refuse(variances <= 0, "v", variances, "is no variance: it has to be above 0")
    labels = list(group)
    if len(labels) != figures.size:
        raise BadInput(f"group has {len(labels)} labels for {figures.size} units")
    names, member = np.unique(np.asarray(labels), return_inverse=True)
    z = normal_quantile(level)
    tau2, sigma2 = _reml(figures, variances, member, names.size)
    sums = _sums(figures, variances, member, names.size, tau2, sigma2)

    group_reliability = tau2 * sums.total / (1 + tau2 * sums.total)
    mean_of_group = np.divide(sums.weighted, sums.total)
    group_estimates = sums.mean + group_reliability * (mean_of_group - sums.mean)
    group_variance = tau2 * (1 - group_reliability)
    group_spread = z * np.sqrt(group_variance + (1 - group_reliability) ** 2 / sums.information)

    own = sigma2 * sums.weights
    estimates = group_estimates[member] + own * (figures - group_estimates[member])
    variance = own * variances + (1 - own) ** 2 * group_variance[member]
    pull = (1 - own) * (1 - group_reliability[member])
    spread = z * np.sqrt(variance + pull**2 / sums.information)
    whole = tau2 + sigma2
    return ThreeLevel(
        mean=sums.mean,
        tau2=tau2,
        sigma2=sigma2,
        estimates=estimates,
        reliability=1 - variance / whole if whole else np.zeros_like(figures),
        low=estimates - spread,
        high=estimates + spread,
        groups=tuple(names.tolist()),
        group_estimates=group_estimates,
        group_reliability=group_reliability,
        group_low=group_estimates - group_spread,
        group_high=group_estimates + group_spread,
    )


def _sums(y: Array, v: Array, member: Any, groups: int, tau2: float, sigma2: float) -> _Sums:
    """V of a group is diag(v + sigma2) + tau2 11', inverted by Sherman and Morrison's formula."""
    weights = 1 / (v + sigma2)
    total: Array = np.bincount(member, weights, groups).astype(np.float64)
    weighted: Array = np.bincount(member, weights * y, groups).astype(np.float64)
    inner = 1 + tau2 * total
    information = float((total / inner).sum())
    mean = float((weighted / inner).sum() / information)
    rest = y - mean
    squares = weights @ rest**2 - (tau2 * np.bincount(member, weights * rest, groups) ** 2 / inner).sum()
    determinant = -np.log(weights).sum() + np.log(inner).sum() + np.log(information)
    return _Sums(weights, total, weighted, mean, information, float(determinant + squares) / 2)


def _reml(y: Array, v: Array, member: Any, groups: int) -> tuple[float, float]:
    """The variances of the highest restricted likelihood, sought from several sides, on a scale of the data."""
    if y.size == 1:
        return 0.0, 0.0
    scale = float(np.var(y)) or float(v.mean())

    def loss(at: Array) -> float:
        return _sums(y, v, member, groups, at[0] * scale, at[1] * scale).loss

    # A group of its own for each unit, or one group for all, leaves one of the variances undetermined: it is 0.
    largest = 1e4
    bounds = [(0.0, largest if groups > 1 else 0.0), (0.0, largest if groups < y.size else 0.0)]
    starts = [(a, b) for a in (0.0, 0.1, 1.0) for b in (0.0, 0.1, 1.0)]
    tries = [
        optimize.minimize(
            loss, np.array([min(a, bounds[0][1]), min(b, bounds[1][1])]), method="L-BFGS-B", bounds=bounds,
            options={"ftol": 1e-15, "gtol": 1e-9},
        )
        for a, b in starts
    ]  # fmt: skip
    best = min(tries, key=lambda each: each.fun)
    polished = optimize.minimize(
        loss, best.x, method="Nelder-Mead", bounds=bounds,
        options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 2000},
    )  # fmt: skip
    found = polished.x if polished.fun < best.fun else best.x
    return float(found[0] * scale), float(found[1] * scale)
