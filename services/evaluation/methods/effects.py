"""The effect that the design of a study lets one estimate: those chosen by lot against those not chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from .inputs import Array, BadInput, between, numbers, refuse, vector


@dataclass(frozen=True, slots=True)
class Effect:
    """In the outcome's unit; `df` are the degrees of freedom of the t that made the interval; `method` says which."""

    difference: float
    low: float
    high: float
    se: float
    df: float
    p: float
    method: str


def difference(
    y: Any, treated: Any, cluster: Any = None, covariates: Any = None, level: float = 0.95
) -> Effect:
    """The mean outcome of the treated minus that of the others, with its interval.

    Without more: Welch's difference in means. With covariates (units x columns): regression-adjusted, errors robust
    (HC2), n - columns - 2 degrees of freedom. With `cluster`, a label per unit where whole groups were assigned:
    errors that allow units of a group to be alike (CR1), t with groups - 1 degrees of freedom. Errors: BadInput, also
    with fewer than two units (or two groups) on either side. Sources: Welch (1947), Biometrika 34, 28-35; Lin (2013),
    Ann. Appl. Statist. 7, 295-318; Liang and Zeger (1986), Biometrika 73, 13-22; Cameron and Miller (2015), J. Human
    Resources 50, 317-372.
    """
    (outcomes,) = vector(4, y=y)
    side = _sides(treated, outcomes.size)
    between("level", level, 0, 1)
    columns = np.zeros((outcomes.size, 0)) if covariates is None else _columns(covariates, outcomes.size)
    if cluster is None and not columns.shape[1]:
        return _welch(outcomes[side], outcomes[~side], level)
    design = np.column_stack([np.ones(outcomes.size), side, columns])
    if outcomes.size <= design.shape[1]:
        raise BadInput(f"covariates: {outcomes.size} units are too few for {columns.shape[1]} covariates")
    if np.linalg.matrix_rank(design / np.maximum(np.linalg.norm(design, axis=0), 1e-300)) < design.shape[1]:
        raise BadInput("covariates: one is the same everywhere, or follows from the treatment and the others")
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ outcomes
    residuals = outcomes - design @ coefficients
    adjusted = ", regression-adjusted" if columns.shape[1] else ""
    if cluster is not None:
        variance, freedom = _clustered(design, residuals, inverse, list(cluster), side)
        return _effect(float(coefficients[1]), variance, freedom, level, f"cluster-robust (CR1){adjusted}")
    kept = 1 - np.minimum((design @ inverse * design).sum(axis=1), 1 - 1e-12)
    scores = (design @ inverse)[:, 1] * residuals / np.sqrt(kept)
    freedom = float(outcomes.size - design.shape[1])
    return _effect(float(coefficients[1]), float(scores @ scores), freedom, level, f"robust (HC2){adjusted}")


def _sides(treated: Any, units: int) -> Any:
    (given,) = vector(treated=treated)
    if given.size != units:
        raise BadInput(f"treated has {given.size} values for {units} units")
    refuse((given != 0) & (given != 1), "treated", given, "is neither true nor false")
    side = given.astype(bool)
    if side.sum() < 2 or (~side).sum() < 2:
        raise BadInput(
            f"treated: {int(side.sum())} treated and {int((~side).sum())} others: two of each are needed"
        )
    return side


def _columns(covariates: Any, units: int) -> Array:
    (columns,) = numbers(covariates=covariates)
    columns = columns[:, None] if columns.ndim == 1 else columns
    if columns.ndim != 2 or columns.shape[0] != units:
        raise BadInput(f"covariates have shape {columns.shape}: {units} units x columns are wanted")
    return columns


def _welch(treated: Array, others: Array, level: float) -> Effect:
    found = float(treated.mean() - others.mean())
    parts = treated.var(ddof=1) / treated.size, others.var(ddof=1) / others.size
    variance = float(sum(parts))
    if variance == 0:
        return _effect(
            found, 0.0, float(treated.size + others.size - 2), level, "difference in means (Welch)"
        )
    freedom = variance**2 / (parts[0] ** 2 / (treated.size - 1) + parts[1] ** 2 / (others.size - 1))
    return _effect(found, variance, float(freedom), level, "difference in means (Welch)")


def _clustered(
    design: Array, residuals: Array, inverse: Array, labels: list[Any], side: Any
) -> tuple[float, float]:
    if len(labels) != residuals.size:
        raise BadInput(f"cluster has {len(labels)} labels for {residuals.size} units")
    names, member = np.unique(np.asarray(labels), return_inverse=True)
    on_each = [np.unique(member[where]).size for where in (side, ~side)]
    if min(on_each) < 2:
        raise BadInput(
            f"cluster: {on_each[0]} groups with treated and {on_each[1]} with others: two of each are needed, "
            "since one group cannot show how groups differ"
        )
    groups, (n, k) = names.size, design.shape
    scores = np.zeros((groups, k))
    np.add.at(scores, member, design * residuals[:, None])
    correction = groups / (groups - 1) * (n - 1) / (n - k)
    covariance = correction * inverse @ scores.T @ scores @ inverse
    return float(covariance[1, 1]), float(groups - 1)


def _effect(found: float, variance: float, freedom: float, level: float, method: str) -> Effect:
    se = float(np.sqrt(variance))
    if se == 0:
        # No unit differs from its side: the estimate is what it is, and nothing can be tested.
        return Effect(found, found, found, 0.0, freedom, 1.0 if found == 0 else 0.0, method)
    t = float(stats.t.ppf((1 + level) / 2, freedom))
    p = float(2 * stats.t.sf(abs(found) / se, freedom))
    return Effect(found, found - t * se, found + t * se, se, freedom, p, method)
