"""How well the items of a scale measure one thing: Cronbach's alpha, McDonald's omega, and what each item adds.

items: respondents x items, NaN where there is no answer ("not sure" is none). For scales only: an inventory, such as
which activities a family did, counts different things and is never summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import optimize, stats

from .inputs import Array, BadInput, between

Missing = Literal["pairwise", "listwise"]


@dataclass(frozen=True, slots=True)
class Alpha:
    """`low` and `high` are Feldt's. Arrays have one number per item, in the items' order.

    `n` respondents count: all who answered anything (pairwise), or everything (listwise). `item_rest` is the
    correlation of an item with the mean of the others. `warnings` are sentences for the reader.
    """

    alpha: float
    standardised: float
    mean_r: float
    low: float
    high: float
    n: int
    item_n: Any
    item_rest: Array
    alpha_if_dropped: Array
    standardised_if_dropped: Array
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Omega:
    """`loadings` and `uniquenesses` of the one factor, in the items' units."""

    omega: float
    loadings: Array
    uniquenesses: Array


def alpha(
    items: Any,
    missing: Missing = "pairwise",
    reversed: Sequence[int | str] = (),
    scale: tuple[float, float] | None = None,
    names: Sequence[str] | None = None,
    level: float = 0.95,
) -> Alpha:
    """k / (k - 1) (1 - trace(C) / sum(C)), C the items' covariances: of all pairs of answers, or of whole sheets.

    `reversed` items, by number or name, are recoded low + high - x with `scale` = (low, high). Errors: BadInput, also
    where two items share fewer than two answers or an item is the same for all.
    Sources: Cronbach (1951), Psychometrika 16, 297-334; Feldt (1965), Psychometrika 30, 357-370.
    """
    answers, labels = _answers(items, missing, reversed, scale, names)
    covariances, correlations = _moments(answers, labels)
    k, n = covariances.shape[0], int((~np.isnan(answers)).any(axis=1).sum())
    found = _alpha(covariances)
    tail = (1 - between("level", level, 0, 1)) / 2
    freedom = (n - 1, (n - 1) * (k - 1))
    item_rest = _item_rest(covariances)
    others = [np.delete(np.arange(k), item) for item in range(k)]
    dropped = np.array([_alpha(covariances[np.ix_(rest, rest)]) for rest in others]) if k > 2 else np.zeros(0)
    plain = np.array([_alpha(correlations[np.ix_(rest, rest)]) for rest in others]) if k > 2 else np.zeros(0)
    return Alpha(
        alpha=found,
        standardised=_alpha(correlations),
        mean_r=float(correlations[np.triu_indices(k, 1)].mean()),
        low=float(1 - (1 - found) * stats.f.ppf(1 - tail, *freedom)),
        high=float(1 - (1 - found) * stats.f.ppf(tail, *freedom)),
        n=n,
        item_n=(~np.isnan(answers)).sum(axis=0),
        item_rest=item_rest,
        alpha_if_dropped=dropped,
        standardised_if_dropped=plain,
        warnings=tuple(
            f"{labels[item]} goes against the other items (r = {item_rest[item]:.2f}): is it worded the other way "
            "round and not reversed?"
            for item in np.flatnonzero(item_rest < 0)
        ),
    )


def omega(
    items: Any,
    missing: Missing = "listwise",
    reversed: Sequence[int | str] = (),
    scale: tuple[float, float] | None = None,
    names: Sequence[str] | None = None,
) -> Omega:
    """(sum l)² / ((sum l)² + sum u) of one factor with loadings l and uniquenesses u, by maximum likelihood.

    At least three items. Errors: BadInput, as `alpha`. Source: McDonald (1999), Test Theory, chapter 6; Jöreskog
    (1967), Psychometrika 32, 443-482.
    """
    answers, labels = _answers(items, missing, reversed, scale, names)
    covariances, correlations = _moments(answers, labels)
    if covariances.shape[0] < 3:
        raise BadInput(f"items has {covariances.shape[0]} columns: a factor needs at least three")
    deviations = np.sqrt(np.diag(covariances))
    loadings, uniquenesses = _one_factor(correlations)
    loadings, uniquenesses = loadings * deviations, uniquenesses * deviations**2
    common = float(loadings.sum() ** 2)
    return Omega(common / (common + float(uniquenesses.sum())), loadings, uniquenesses)


def _answers(
    items: Any,
    missing: str,
    reversed_: Sequence[int | str],
    scale: tuple[float, float] | None,
    names: Sequence[str] | None,
) -> tuple[Array, list[str]]:
    try:
        answers = np.array(items, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadInput("items holds something that is no number") from None
    if answers.ndim != 2 or answers.shape[1] < 2:
        raise BadInput(f"items has shape {answers.shape}: respondents x at least two items are wanted")
    if np.isinf(answers).any():
        where = np.argwhere(np.isinf(answers))[0]
        raise BadInput(f"items[{where[0]}, {where[1]}] is not a finite number")
    labels = list(names or (f"item {number}" for number in range(answers.shape[1])))
    if len(labels) != answers.shape[1]:
        raise BadInput(f"{len(labels)} names for {answers.shape[1]} items")
    if missing not in ("pairwise", "listwise"):
        raise BadInput(f"missing = {missing!r} is neither pairwise nor listwise")
    if reversed_ and scale is None:
        raise BadInput("reversed items need the scale's lowest and highest answer: scale=(1, 5)")
    for which in reversed_:
        column = labels.index(which) if which in labels else which
        if not isinstance(column, int) or not 0 <= column < len(labels):
            raise BadInput(f"reversed: {which!r} is no item")
        assert scale is not None
        outside = (answers[:, column] < scale[0]) | (answers[:, column] > scale[1])
        if outside.any():
            row = int(np.flatnonzero(outside)[0])
            raise BadInput(
                f"items[{row}, {column}] = {answers[row, column]:g} is not on the scale of {scale}"
            )
        answers[:, column] = scale[0] + scale[1] - answers[:, column]
    if missing == "listwise":
        answers = answers[~np.isnan(answers).any(axis=1)]
    return answers[~np.isnan(answers).all(axis=1)], labels


def _moments(answers: Array, labels: Sequence[str]) -> tuple[Array, Array]:
    """(covariances, correlations) of each pair of items, over the respondents who answered both."""
    there = ~np.isnan(answers)
    both = there.T.astype(np.float64) @ there
    if (both < 2).any():
        first, second = np.argwhere(both < 2)[0]
        raise BadInput(
            f"items: fewer than two respondents answered both {labels[first]} and {labels[second]}"
        )
    filled = np.where(there, answers - np.nanmean(answers, axis=0), 0.0)
    # Means and squares are those of the pair's respondents, not of all who answered the item.
    sums, squares = filled.T @ there, (filled**2).T @ there
    covariances: Array = (filled.T @ filled - sums * sums.T / both) / (both - 1)
    variances = (squares - sums**2 / both) / (both - 1)
    flat = np.argwhere(variances <= 1e-12 * np.maximum(1.0, np.nanmax(np.abs(answers), axis=0)[:, None] ** 2))
    if len(flat):
        raise BadInput(f"items: {labels[flat[0][0]]} has the same answer from everybody: leave it out")
    if covariances.sum() <= 0:
        raise BadInput("items go against each other, their sum hardly varies: which of them are reversed?")
    correlations: Array = covariances / np.sqrt(variances * variances.T)
    return covariances, correlations


def _alpha(covariances: Array) -> float:
    k, whole = covariances.shape[0], covariances.sum()
    return float(k / (k - 1) * (1 - np.trace(covariances) / whole)) if whole > 0 else 0.0


def _item_rest(covariances: Array) -> Array:
    variance = np.diag(covariances)
    with_rest = covariances.sum(axis=1) - variance
    rest: Array = covariances.sum() - 2 * covariances.sum(axis=1) + variance
    spread = np.sqrt(variance * np.maximum(rest, 0))
    found: Array = np.divide(with_rest, spread, out=np.zeros_like(with_rest), where=rest > 0)
    return found


def _one_factor(correlations: Array) -> tuple[Array, Array]:
    """Minimise log|S| + tr(R S⁻¹), S = l l' + diag(u); u not below 0.005, where a Heywood case ends."""
    k = correlations.shape[0]

    def loss(at: Array) -> tuple[float, Array]:
        loadings, unique = at[:k], at[k:]
        ratio = loadings / unique
        inner = 1 + loadings @ ratio
        inverse = np.diag(1 / unique) - np.outer(ratio, ratio) / inner
        weighted = inverse @ correlations @ inverse
        gradient = inverse - weighted
        value = np.log(unique).sum() + np.log(inner) + (inverse * correlations).sum()
        return float(value), np.concatenate([2 * gradient @ loadings, np.diag(gradient)])

    values, vectors = np.linalg.eigh(correlations)
    first = vectors[:, -1] * np.sqrt(max(values[-1] - 0.5, 0.1))
    first = first if first.sum() >= 0 else -first
    start = np.concatenate([first, np.clip(1 - first**2, 0.1, 1.0)])
    bounds = [(None, None)] * k + [(0.005, None)] * k
    found = optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds,
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000, "maxfun": 20_000},
    )  # fmt: skip
    at: Array = found.x
    return at[:k], at[k:]
