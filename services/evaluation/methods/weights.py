"""Weights that make those who answered look like those who were asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .inputs import Array, BadInput


@dataclass(frozen=True, slots=True)
class Raked:
    """Weights of mean 1. `design_effect` is Kish's, n sum w² / (sum w)²: answers are worth n / design_effect of a
    simple sample. `difference` is the greatest distance of a weighted share from its margin; `converged` says that it
    is within the tolerance, which trimming can prevent."""

    weights: Array
    iterations: int
    converged: bool
    design_effect: float
    effective_n: float
    difference: float


def rake(
    sample: Mapping[str, Sequence[Any]],
    margins: Mapping[str, Mapping[Any, float]],
    limits: tuple[float, float] | None = None,
    tolerance: float = 1e-8,
    iterations: int = 1000,
) -> Raked:
    """Iterative proportional fitting of weights to margins, trimmed to `limits` (least, greatest) after each round.

    sample: {variable: a category per respondent}; margins: {variable: {category: share, or total}}. Errors: BadInput,
    also where a category of a margin has no respondent, or a respondent's category no margin. Source: Deming and
    Stephan (1940), Ann. Math. Statist. 11, 427-444; Kish (1992), J. Official Statistics 8, 183-200.
    """
    members, shares = _shares(sample, margins)
    size = members[0].size
    least, greatest = limits if limits is not None else (0.0, np.inf)
    if not 0 <= least < 1 < greatest:
        raise BadInput(f"limits = {limits!r}: weights have mean 1, so the limits must lie on both sides of 1")
    weights = np.ones(size)
    done = 0
    difference = _difference(weights, members, shares)
    while difference > tolerance and done < iterations:
        before = weights
        for member, share in zip(members, shares, strict=True):
            weights = weights * (share * size / np.bincount(member, weights, share.size))[member]
        if limits is not None:
            weights = _trimmed(weights, least, greatest)
        done += 1
        difference = _difference(weights, members, shares)
        # Trimmed weights settle at a distance from the margins, which no further round makes smaller.
        if np.abs(weights - before).max() < tolerance / 10:
            break
    effect = float(size * (weights**2).sum() / weights.sum() ** 2)
    return Raked(weights, done, difference <= tolerance, effect, size / effect, difference)


def _shares(
    sample: Mapping[str, Sequence[Any]], margins: Mapping[str, Mapping[Any, float]]
) -> tuple[list[Any], list[Array]]:
    if not margins:
        raise BadInput("margins name no variable")
    if missing := sorted(set(margins) - set(sample)):
        raise BadInput(f"the sample has no variable {missing[0]!r}, which margins name")
    sizes = {variable: len(sample[variable]) for variable in margins}
    if len(set(sizes.values())) > 1 or not min(sizes.values()):
        raise BadInput(f"each variable needs the category of each respondent; their numbers are {sizes}")
    members, shares = [], []
    for variable, margin in margins.items():
        given = list(sample[variable])
        places = {category: place for place, category in enumerate(margin)}
        if strange := [category for category in given if category not in places]:
            raise BadInput(f"margins[{variable!r}] lacks {strange[0]!r}, which a respondent has")
        member = np.array([places[category] for category in given])
        totals = np.array(list(margin.values()), dtype=np.float64)
        if not np.isfinite(totals).all() or (totals < 0).any() or not totals.sum():
            raise BadInput(f"margins[{variable!r}] are no shares: {dict(margin)}")
        people = np.bincount(member, minlength=totals.size)
        for category, place in places.items():
            if totals[place] > 0 and not people[place]:
                raise BadInput(
                    f"nobody in the sample has {variable} = {category!r}; join it to another category"
                )
            if people[place] and not totals[place]:
                raise BadInput(f"margins[{variable!r}][{category!r}] is 0, but respondents have it")
        members.append(member)
        shares.append(totals / totals.sum())
    return members, shares


def _trimmed(weights: Array, least: float, greatest: float) -> Array:
    """Within the limits and of mean 1: what trimming takes is given, or taken from, the weights that have room."""
    trimmed = np.clip(weights, least, greatest)
    for _ in range(100):
        missing = weights.size - trimmed.sum()
        room = trimmed < greatest if missing > 0 else trimmed > least
        if abs(missing) < 1e-12 * weights.size or not room.any():
            break
        factor = 1 + missing / trimmed[room].sum()
        trimmed[room] = np.clip(trimmed[room] * factor, least, greatest)
    return trimmed


def _difference(weights: Array, members: list[Any], shares: list[Array]) -> float:
    return max(
        float(np.abs(np.bincount(member, weights, share.size) / weights.sum() - share).max())
        for member, share in zip(members, shares, strict=True)
    )
