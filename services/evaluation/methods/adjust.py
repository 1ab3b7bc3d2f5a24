"""What a district's figure would be expected to be, given the families that it serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .inputs import Array, BadInput, numbers, refuse, vector


@dataclass(frozen=True, slots=True)
class Adjusted:
    """`ratio` is observed / expected. `coefficients` and `robust_se` belong to `names`, the intercept first.

    Diagnostics: `r_squared` (weighted), `leverage` of each unit, and the `condition` number of the weighted, scaled
    covariates: above 30, they say so much the same that single coefficients mean little.
    """

    expected: Array
    ratio: Array
    names: tuple[str, ...]
    coefficients: Array
    robust_se: Array
    r_squared: float
    residuals: Array
    leverage: Array
    condition: float


def expected(y: Any, covariates: Any, weights: Any = None, names: Sequence[str] | None = None) -> Adjusted:
    """Weighted least squares of y on covariates such as enrolment, poverty, English learners' share and grade span.

    y: a figure above 0 per unit; covariates: units x columns; weights: above 0, such as n. Errors are robust (HC3:
    (X'WX)⁻¹ X'W diag(e² / (1 - h)²) WX (X'WX)⁻¹), since districts differ in size. Errors: BadInput, also where a
    column says nothing that the others do not, or there are not more units than columns. Source: MacKinnon and White
    (1985), J. Econometrics 29, 305-325; Long and Ervin (2000), Am. Statistician 54, 217-224.
    """
    (figures,) = vector(y=y)
    (columns,) = numbers(covariates=covariates)
    columns = columns[:, None] if columns.ndim == 1 else columns
    if columns.ndim != 2 or columns.shape[0] != figures.size:
        raise BadInput(f"covariates have shape {columns.shape}: {figures.size} units x columns are wanted")
    (weight,) = vector(weights=np.ones_like(figures) if weights is None else weights)
    if weight.size != figures.size:
        raise BadInput(f"weights has {weight.size} numbers for {figures.size} units")
    refuse(weight <= 0, "weights", weight, "is no weight: it has to be above 0")
    labels = ("intercept", *(names or [f"covariates[:, {column}]" for column in range(columns.shape[1])]))
    if len(labels) != columns.shape[1] + 1:
        raise BadInput(f"{len(labels) - 1} names for {columns.shape[1]} covariates")
    if figures.size <= len(labels):
        raise BadInput(f"{figures.size} units cannot show the influence of {len(labels) - 1} covariates")

    design = np.column_stack([np.ones_like(figures), columns])
    root = np.sqrt(weight / weight.mean())[:, None]
    # Columns of one length, so that "says nothing new" does not depend on their units.
    scale = np.linalg.norm(design * root, axis=0)
    scaled = design * root / np.where(scale > 0, scale, 1.0)
    _refuse_redundant(scaled, labels)
    q, r = np.linalg.qr(scaled)
    inverse = np.linalg.inv(r)
    target = figures * root[:, 0]
    coefficients = inverse @ (q.T @ target) / scale
    fitted = design @ coefficients
    residuals = figures - fitted
    leverage = np.minimum((q**2).sum(axis=1), 1.0)
    # A unit with a leverage of 1 fits itself: its residual is 0 and says nothing of its error.
    kept = np.where(leverage < 1 - 1e-10, 1 - leverage, np.inf)
    errors = residuals * root[:, 0] / kept
    bread = inverse @ q.T
    robust = np.sqrt(((bread * errors) ** 2).sum(axis=1)) / scale
    total = (weight * (figures - np.average(figures, weights=weight)) ** 2).sum()
    refuse(fitted <= 0, "expected", fitted, "is not above 0: leave a covariate out, or model another scale")
    return Adjusted(
        expected=fitted,
        ratio=figures / fitted,
        names=labels,
        coefficients=coefficients,
        robust_se=robust,
        r_squared=float(1 - (weight * residuals**2).sum() / total) if total > 0 else 0.0,
        residuals=residuals,
        leverage=leverage,
        condition=float(np.linalg.cond(scaled)),
    )


def _refuse_redundant(scaled: Array, labels: Sequence[str]) -> None:
    for column in range(1, scaled.shape[1]):
        before = scaled[:, :column]
        rest = scaled[:, column] - before @ np.linalg.lstsq(before, scaled[:, column], rcond=None)[0]
        if np.linalg.norm(rest) < 1e-9:
            raise BadInput(
                f"{labels[column]} is the same everywhere, or follows from the covariates before it"
            )
