"""Least and greatest values of many linear expressions over one set of linear constraints (scipy's HiGHS).

Constraints that share no unknown are independent: one program answers a question of each independent block at once,
since the optimum of a sum over blocks is the sum of their optima.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components

_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Bounds:
    low: float
    high: float

    def within(self, other: Bounds) -> Bounds:
        return Bounds(max(self.low, other.low), min(self.high, other.high))

    def whole(self) -> Bounds:
        return Bounds(math.ceil(self.low - _TOLERANCE), math.floor(self.high + _TOLERANCE))


@dataclass(frozen=True, slots=True)
class Row:
    """low <= sum of terms <= high; None: no limit on that side."""

    terms: Mapping[Any, float]
    low: float | None
    high: float


@dataclass(frozen=True, slots=True)
class Span:
    """Whole numbers; `rows`: the constraints that hold the expression there, by their place."""

    least: int
    greatest: int
    rows: tuple[int, ...]


class Polytope:
    """Unknowns with bounds, and rows over them. Raises ValueError where nothing fulfils them all."""

    def __init__(self, bounds: Mapping[Any, Bounds], rows: Sequence[Row]) -> None:
        names = list(bounds)
        self._place = {name: place for place, name in enumerate(names)}
        self._low = np.array([bounds[name].low for name in names])
        self._high = np.array([bounds[name].high for name in names])
        if (empty := np.flatnonzero(self._low > self._high + _TOLERANCE)).size:
            raise ValueError(f"{names[empty[0]]} is told to be two things at once")
        matrix, self._floor, self._top = self._rows(rows)
        kept = self._telling(matrix)
        free = self._high - self._low > _TOLERANCE
        # What is known goes to the other side, so that it ties nothing together.
        known = matrix @ np.where(free, 0.0, self._low)
        self._floor, self._top = self._floor - known, self._top - known
        self._matrix = (sparse.diags(kept.astype(float)) @ matrix @ sparse.diags(free.astype(float))).tocsr()
        self._matrix.eliminate_zeros()
        self._block, self._block_of_row = self._blocks()
        # A sum of which nothing is open must hold.
        closed = kept & (np.diff(self._matrix.indptr) == 0)
        if (closed & ((self._floor > _TOLERANCE) | (self._top < -_TOLERANCE))).any():
            raise ValueError("the figures that are shown do not add up")

    def spans(self, expressions: Sequence[Mapping[Any, float]]) -> list[Span]:
        """The span of each expression; its unknowns have to be in one block, or known."""
        queues: dict[int, list[int]] = defaultdict(list)
        for number, expression in enumerate(expressions):
            queues[self._home(expression)].append(number)
        found: dict[int, Span] = {}
        # In each round one question of each block that has any left, all in one program.
        while queues:
            asked = {block: queue.pop() for block, queue in queues.items()}
            found.update(self._ask(asked, expressions))
            queues = {block: queue for block, queue in queues.items() if queue}
        return [found[number] for number in range(len(expressions))]

    def _home(self, expression: Mapping[Any, float]) -> int:
        """The block of the expression's open unknowns, or of a known one where none is open."""
        places = sorted(
            (self._place[name] for name in expression), key=lambda at: self._low[at] - self._high[at]
        )
        return int(self._block[places[0]])

    def _ask(self, asked: Mapping[int, int], expressions: Sequence[Mapping[Any, float]]) -> dict[int, Span]:
        blocks = list(asked)
        columns, rows = (np.flatnonzero(np.isin(of, blocks)) for of in (self._block, self._block_of_row))
        local = {int(column): at for at, column in enumerate(columns)}
        cost = np.zeros(columns.size)
        for number in asked.values():
            for name, factor in expressions[number].items():
                if (at := local.get(self._place[name])) is not None:
                    cost[at] += factor
        least, least_worth = self._solve(cost, rows, columns)
        greatest, greatest_worth = self._solve(-cost, rows, columns)
        tells = (np.abs(least_worth) > _TOLERANCE) | (np.abs(greatest_worth) > _TOLERANCE)
        spans = {}
        for block, number in asked.items():
            low = high = 0.0
            for name, factor in expressions[number].items():
                place = self._place[name]
                known = self._low[place]
                low += factor * (least[local[place]] if place in local else known)
                high += factor * (greatest[local[place]] if place in local else known)
            by = rows[tells & (self._block_of_row[rows] == block)]
            spans[number] = Span(math.ceil(low - 1e-4), math.floor(high + 1e-4), tuple(map(int, by)))
        return spans

    def _solve(self, cost: Any, rows: Any, columns: Any) -> tuple[Any, Any]:
        """(the unknowns at the optimum, what each row is worth there)"""
        part, floor, top = self._matrix[rows][:, columns], self._floor[rows], self._top[rows]
        equal = floor == top
        above, below = ~equal & np.isfinite(top), ~equal & np.isfinite(floor)
        unequal = bool((above | below).any())
        solution = linprog(
            cost,
            A_eq=part[equal] if equal.any() else None,
            b_eq=top[equal] if equal.any() else None,
            A_ub=sparse.vstack([part[above], -part[below]]) if unequal else None,
            b_ub=np.concatenate([top[above], -floor[below]]) if unequal else None,
            bounds=np.column_stack([self._low[columns], self._high[columns]]),
            method="highs",
        )
        if solution.status != 0:
            raise ValueError(f"the figures do not add up: {solution.message}")
        worth = np.zeros(rows.size)
        if equal.any():
            worth[equal] = solution.eqlin.marginals
        return solution.x, worth

    def _rows(self, rows: Sequence[Row]) -> tuple[Any, Any, Any]:
        entries = [
            (number, self._place[name], factor)
            for number, row in enumerate(rows)
            for name, factor in row.terms.items()
        ]
        at, columns, factors = zip(*entries, strict=True) if entries else ((), (), ())
        matrix = sparse.csr_matrix((factors, (at, columns)), shape=(len(rows), len(self._place)), dtype=float)
        floor = np.array([-np.inf if row.low is None else row.low for row in rows], dtype=float)
        return matrix, floor, np.array([row.high for row in rows], dtype=float)

    def _telling(self, matrix: Any) -> Any:
        """Rows that say more than the bounds of their unknowns do; the others bind nothing and tie nothing together."""
        positive, negative = matrix.maximum(0), matrix.minimum(0)
        least = positive @ self._low + negative @ self._high
        greatest = positive @ self._high + negative @ self._low
        return (least < self._floor - _TOLERANCE) | (greatest > self._top + _TOLERANCE)

    def _blocks(self) -> tuple[Any, Any]:
        """The number of the block of each unknown and of each row; a row without open unknowns is in none, -1."""
        rows, columns = self._matrix.shape
        graph = sparse.bmat(
            [
                [sparse.csr_matrix((rows, rows)), abs(self._matrix)],
                [abs(self._matrix).T, sparse.csr_matrix((columns, columns))],
            ],
            format="csr",
        )
        labels = connected_components(graph, directed=False)[1]
        return labels[rows:], np.where(np.diff(self._matrix.indptr) > 0, labels[:rows], -1)
