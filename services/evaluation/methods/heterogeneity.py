"""How much units truly differ beyond what chance makes of them: the variance between, by three estimators."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from .inputs import Array, BadInput


def between_variance(y: Array, v: Array, method: str) -> float:
    """tau2 of y_i ~ Normal(mean, v_i + tau2), not below 0; 0 for one unit.

    reml: maximum of the restricted likelihood; dl: DerSimonian-Laird's moments; pm: Paule-Mandel's root of
    sum w (y - mean)² = k - 1. Errors: BadInput for another method.
    """
    estimators = {"reml": _reml, "dl": _dersimonian_laird, "pm": _paule_mandel}
    if method not in estimators:
        raise BadInput(f"method = {method!r} is none of {', '.join(estimators)}")
    return estimators[method](y, v) if y.size > 1 else 0.0


def _squares(tau2: float, y: Array, v: Array) -> tuple[Array, float]:
    """(weights, sum of weighted squares about the weighted mean)"""
    weights = 1 / (v + tau2)
    mean = weights @ y / weights.sum()
    return weights, float(weights @ (y - mean) ** 2)


def _dersimonian_laird(y: Array, v: Array) -> float:
    weights, squares = _squares(0.0, y, v)
    freedom = y.size - 1
    return max(0.0, float((squares - freedom) / (weights.sum() - (weights**2).sum() / weights.sum())))


def _paule_mandel(y: Array, v: Array) -> float:
    def excess(tau2: float) -> float:
        return _squares(tau2, y, v)[1] - (y.size - 1)

    if excess(0.0) <= 0:
        return 0.0
    above = float(np.var(y, ddof=1)) + float(v.max())
    while excess(above) > 0:
        above *= 2
    return float(optimize.brentq(excess, 0.0, above, xtol=1e-14, rtol=1e-12))


def _reml(y: Array, v: Array) -> float:
    def loss(tau2: float) -> float:
        weights, squares = _squares(tau2, y, v)
        return float(-np.log(weights).sum() + np.log(weights.sum()) + squares) / 2

    def slope(tau2: float) -> float:
        weights = 1 / (v + tau2)
        mean = weights @ y / weights.sum()
        return float(weights.sum() - (weights**2).sum() / weights.sum() - weights**2 @ (y - mean) ** 2)

    # The restricted likelihood can have more than one top: look along the whole range, then climb the highest.
    top = 10 * (float(np.var(y)) + float(v.max()))
    grid = np.concatenate([[0.0], np.geomspace(top * 1e-9, top, 200)])
    best = int(np.argmin([loss(tau2) for tau2 in grid]))
    if best == 0 and slope(0.0) >= 0:
        return 0.0
    low, high = grid[max(0, best - 1)], grid[min(grid.size - 1, best + 1)]
    if slope(low) < 0 < slope(high):
        return float(optimize.brentq(slope, low, high, xtol=1e-15, rtol=1e-12))
    return float(grid[best])
