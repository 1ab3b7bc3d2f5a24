"""Whole coordinators for districts by population and need (37-3-63(c)), by the methods that apportion seats."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .inputs import BadInput, refuse, vector

Seats = npt.NDArray[np.int64]


def huntington_hill(weights: Any, seats: int, floor: int = 1) -> Seats:
    """Seats by equal proportions: after the floor, each goes to the highest weight / sqrt(s (s + 1)).

    weights: a number per unit, such as students weighted by need; a weight of 0 gets the floor. With a floor of 0 the
    first seats go to the heaviest. Ties: the heavier unit, then the earlier. Errors: BadInput, also where the seats
    do not reach for the floors. Source: 2 U.S.C. 2a; Balinski and Young (2001), Fair Representation.
    """
    return _apportion(weights, seats, floor, lambda held: np.sqrt(held * (held + 1.0)))


def webster(weights: Any, seats: int, floor: int = 1) -> Seats:
    """Seats by major fractions: each goes to the highest weight / (s + 1/2). Otherwise as `huntington_hill`."""
    return _apportion(weights, seats, floor, lambda held: held + 0.5)


def _apportion(weights: Any, seats: int, floor: int, divisor: Callable[[int], float]) -> Seats:
    (shares,) = vector(weights=weights)
    refuse(shares < 0, "weights", shares, "is negative")
    for name, number in (("seats", seats), ("floor", floor)):
        if not (np.isfinite(number) and number >= 0 and int(number) == number):
            raise BadInput(f"{name} = {number!r} is no whole number from 0")
    left = int(seats) - int(floor) * shares.size
    if left < 0:
        raise BadInput(
            f"seats = {seats} do not reach for a floor of {floor} in each of {shares.size} units: "
            f"at least {floor * shares.size} are needed"
        )
    if left and not shares.any():
        raise BadInput("weights are 0 for every unit: the seats above the floor cannot be apportioned")
    held = np.full(shares.size, int(floor), dtype=np.int64)

    def turn(unit: int) -> tuple[float, float, int]:
        below = float(divisor(int(held[unit])))
        return (-(shares[unit] / below) if below else -np.inf, -shares[unit], unit)

    queue = [turn(unit) for unit in map(int, np.flatnonzero(shares))]
    heapq.heapify(queue)
    for _ in range(left):
        unit = queue[0][2]
        held[unit] += 1
        heapq.heapreplace(queue, turn(unit))
    return held
