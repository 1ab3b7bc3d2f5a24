"""What a polytope is told and asked: bounds, rows, questions, spans."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TOLERANCE = 1e-6


class Infeasible(ValueError):
    """Nothing fulfils these `rows` together, by their place; none are named where one unknown is told to be two."""

    def __init__(self, why: str, rows: Iterable[int] = ()) -> None:
        super().__init__(why)
        self.rows = tuple(map(int, rows))


@dataclass(frozen=True, slots=True)
class Bounds:
    low: float
    high: float

    def within(self, other: Bounds) -> Bounds:
        return Bounds(max(self.low, other.low), min(self.high, other.high))

    def whole(self) -> Bounds:
        return Bounds(math.ceil(self.low - TOLERANCE), math.floor(self.high + TOLERANCE))

    def empty(self) -> bool:
        return self.low > self.high + TOLERANCE


@dataclass(frozen=True, slots=True)
class Row:
    """low <= sum of terms <= high; None: no limit on that side."""

    terms: Mapping[Any, float]
    low: float | None
    high: float


@dataclass(frozen=True, slots=True)
class Question:
    """Over how many values does this sum of terms range: at least `width` more than one?"""

    terms: Mapping[Any, float]
    width: int


@dataclass(frozen=True, slots=True)
class Span:
    """Whole numbers; `rows`: the constraints that hold the expression there, by their place."""

    least: int
    greatest: int
    rows: tuple[int, ...]
