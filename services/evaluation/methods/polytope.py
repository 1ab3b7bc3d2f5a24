"""Least and greatest values of many linear expressions over one set of linear constraints (scipy's HiGHS).

Constraints that share no unknown are independent: one program answers a question of each independent block at once,
since the optimum of a sum over blocks is the sum of their optima. Unknowns are whole numbers; that is used where a
linear program's answer is narrow and its block small, else their fractions are let stand: ranges are then too wide.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import optimize, sparse
from scipy.sparse.csgraph import connected_components

from .constraints import TOLERANCE, Bounds, Infeasible, Question, Row, Span
from .proof import NARROW, ROUNDING, Proof

#: Whole numbers are asked of blocks of so many unknowns. The nodes end a solve on every machine alike; the seconds are
#: for one that is stuck within a node, so many that a busy machine comes to no other answer than an idle one.
_SMALL_BLOCK = 60
_NODES = 2_000
_SECONDS = 60.0


class Polytope:
    """Unknowns with bounds, and rows over them. Raises Infeasible where nothing fulfils them all."""

    def __init__(self, bounds: Mapping[Any, Bounds], rows: Sequence[Row]) -> None:
        names = list(bounds)
        self._place = {name: place for place, name in enumerate(names)}
        self._low = np.array([bounds[name].low for name in names])
        self._high = np.array([bounds[name].high for name in names])
        if (empty := np.flatnonzero(self._low > self._high + TOLERANCE)).size:
            raise Infeasible(f"{names[empty[0]]} is told to be two things at once")
        matrix, self._floor, self._top = self._rows(rows)
        kept = self._telling(matrix)
        free = self._high - self._low > TOLERANCE
        # What is known goes to the other side, so that it ties nothing together.
        known = matrix @ np.where(free, 0.0, self._low)
        self._floor, self._top = self._floor - known, self._top - known
        self._matrix = (sparse.diags(kept.astype(float)) @ matrix @ sparse.diags(free.astype(float))).tocsr()
        self._matrix.eliminate_zeros()
        self._block, self._block_of_row = self._blocks()
        self._size = np.bincount(self._block) if names else np.zeros(0, dtype=int)
        # A sum of which nothing is open must hold.
        closed = kept & (np.diff(self._matrix.indptr) == 0)
        if (bad := closed & ((self._floor > TOLERANCE) | (self._top < -TOLERANCE))).any():
            raise Infeasible("the figures that are shown do not add up", np.flatnonzero(bad))

    def check(self) -> None:
        """Raise Infeasible, with the rows of every block that has no solution. Fractions count as solutions."""
        rows, columns = np.flatnonzero(self._block_of_row >= 0), np.arange(self._block.size)
        if rows.size:
            self._solve(np.zeros(columns.size), rows, columns)

    def spans(self, questions: Sequence[Question]) -> list[Span]:
        """The span of each expression; its unknowns have to be in one block, or known."""
        found = self._answer(questions, narrow=False)
        return [found[number] for number in range(len(questions))]

    def narrow(self, questions: Sequence[Question]) -> dict[int, Span]:
        """The spans below their widths, by the number of the question: those of `spans`, at less cost."""
        found = self._answer(questions, narrow=True)
        return {
            number: span
            for number, span in sorted(found.items())
            if span.greatest - span.least < questions[number].width
        }

    def _answer(self, questions: Sequence[Question], narrow: bool) -> dict[int, Span]:
        """With `narrow` questions are left out that two solutions of others already prove to be wide enough."""
        homes = np.array([self._home(question.terms) for question in questions], dtype=int)
        proof = Proof(self._expressions(questions), np.array([question.width for question in questions]))
        queues: dict[int, list[int]] = defaultdict(list)
        for number, home in enumerate(homes):
            queues[home].append(number)
        found: dict[int, Span] = {}
        # In each round one question of each block that has any left, all in one program.
        while queues:
            asked = {block: queue.pop() for block, queue in queues.items()}
            spans, points = self._ask(asked, questions)
            found.update(spans)
            if narrow:
                for point, whole in points:
                    proof.see(point, whole[homes])
                enough = proof.enough(self._size[homes] <= _SMALL_BLOCK)
                queues = {
                    block: [number for number in queue if not enough[number]]
                    for block, queue in queues.items()
                }
            queues = {block: queue for block, queue in queues.items() if queue}
        return found

    def _home(self, expression: Mapping[Any, float]) -> int:
        """The block of the expression's open unknowns, or of a known one where none is open."""
        places = sorted(
            (self._place[name] for name in expression), key=lambda at: self._low[at] - self._high[at]
        )
        return int(self._block[places[0]])

    def _ask(
        self, asked: Mapping[int, int], questions: Sequence[Question]
    ) -> tuple[dict[int, Span], list[tuple[Any, Any]]]:
        """(the spans, the solutions that reach them, each with what `_whole` says of it)"""
        columns, rows = self._parts(list(asked))
        cost = np.zeros(self._block.size)
        for number in asked.values():
            for name, factor in questions[number].terms.items():
                cost[self._place[name]] += factor
        least, least_worth = self._solve(cost[columns], rows, columns)
        greatest, greatest_worth = self._solve(-cost[columns], rows, columns)
        tells = (np.abs(least_worth) > TOLERANCE) | (np.abs(greatest_worth) > TOLERANCE)
        # Not a number: a block that was not asked has no solution here.
        low, high = np.full(self._block.size, np.nan), np.full(self._block.size, np.nan)
        for point, values in ((low, least), (high, greatest)):
            known = self._high - self._low <= TOLERANCE
            point[known] = self._low[known]
            point[columns] = values
        low_whole, high_whole = self._whole(low, columns), self._whole(high, columns)
        spans = {}
        for block, number in asked.items():
            terms = questions[number].terms
            by = rows[tells & (self._block_of_row[rows] == block)]
            span = Span(
                math.ceil(sum(factor * low[self._place[name]] for name, factor in terms.items()) - ROUNDING),
                math.floor(
                    sum(factor * high[self._place[name]] for name, factor in terms.items()) + ROUNDING
                ),
                tuple(map(int, by)),
            )
            narrow = span.greatest - span.least <= NARROW * questions[number].width
            # An optimum in whole numbers is the optimum of the whole numbers.
            if narrow and self._size[block] <= _SMALL_BLOCK and not (low_whole[block] and high_whole[block]):
                span = self._in_whole_numbers(block, terms, span)
            spans[number] = span
        return spans, [(low, low_whole), (high, high_whole)]

    def _in_whole_numbers(self, block: int, terms: Mapping[Any, float], span: Span) -> Span:
        """The span that whole solutions have, never wider than `span`; `span` itself where that takes too long."""
        columns, rows = self._parts([block])
        cost = np.zeros(self._block.size)
        known = 0.0
        for name, factor in terms.items():
            place = self._place[name]
            if self._block[place] == block:
                cost[place] = factor
            else:
                known += factor * self._low[place]
        ends = []
        for sign, end in ((1, span.least), (-1, span.greatest)):
            solution = optimize.milp(
                sign * cost[columns],
                integrality=np.ones(columns.size),
                bounds=optimize.Bounds(self._low[columns], self._high[columns]),
                constraints=optimize.LinearConstraint(
                    self._matrix[rows][:, columns], self._floor[rows], self._top[rows]
                )
                if rows.size
                else None,
                options={"time_limit": _SECONDS, "node_limit": _NODES, "mip_rel_gap": 0.0},
            )
            if solution.status == 2:
                raise Infeasible("no whole numbers of persons fulfil all sums", rows)
            ends.append(round(sign * solution.fun + known) if solution.status == 0 else end)
        return Span(max(span.least, ends[0]), min(span.greatest, ends[1]), span.rows)

    def _solve(self, cost: Any, rows: Any, columns: Any) -> tuple[Any, Any]:
        """(the unknowns at the optimum, what each row is worth there)"""
        part, floor, top = self._matrix[rows][:, columns], self._floor[rows], self._top[rows]
        equal = floor == top
        above, below = ~equal & np.isfinite(top), ~equal & np.isfinite(floor)
        unequal = bool((above | below).any())
        solution = optimize.linprog(
            cost,
            A_eq=part[equal] if equal.any() else None,
            b_eq=top[equal] if equal.any() else None,
            A_ub=sparse.vstack([part[above], -part[below]]) if unequal else None,
            b_ub=np.concatenate([top[above], -floor[below]]) if unequal else None,
            bounds=np.column_stack([self._low[columns], self._high[columns]]),
            method="highs",
        )
        if solution.status != 0:
            raise Infeasible(f"the figures do not add up: {solution.message}", self._torn(rows, columns))
        worth = np.zeros(rows.size)
        if equal.any():
            worth[equal] = solution.eqlin.marginals
        return solution.x, worth

    def _torn(self, rows: Any, columns: Any) -> Any:
        """The rows of the blocks that only hold where a row may miss its limits, by as little as is possible."""
        part, miss = self._matrix[rows][:, columns], sparse.identity(rows.size, format="csr")
        solution = optimize.milp(
            np.concatenate([np.zeros(columns.size), np.ones(2 * rows.size)]),
            bounds=optimize.Bounds(
                np.concatenate([self._low[columns], np.zeros(2 * rows.size)]),
                np.concatenate([self._high[columns], np.full(2 * rows.size, np.inf)]),
            ),
            constraints=optimize.LinearConstraint(
                sparse.hstack([part, miss, -miss], format="csc"), self._floor[rows], self._top[rows]
            ),
        )
        if solution.x is None:
            return rows
        missed = solution.x[columns.size :].reshape(2, rows.size).sum(axis=0) > TOLERANCE
        torn = np.unique(self._block_of_row[rows][missed])
        return rows[np.isin(self._block_of_row[rows], torn)] if torn.size else rows

    def _parts(self, blocks: Sequence[int]) -> tuple[Any, Any]:
        """The unknowns and the rows of the blocks."""
        wanted = np.zeros(self._size.size + 1, dtype=bool)
        wanted[np.asarray(blocks)] = True
        # Rows without a block are in -1, the last place, which is wanted by nobody.
        return np.flatnonzero(wanted[self._block]), np.flatnonzero(wanted[self._block_of_row])

    def _whole(self, point: Any, columns: Any) -> Any:
        """For each block whether all its unknowns among the columns are whole numbers at this point."""
        broken = np.abs(point[columns] - np.round(point[columns])) > TOLERANCE
        return np.bincount(self._block[columns][broken], minlength=self._size.size) == 0

    def _expressions(self, questions: Sequence[Question]) -> Any:
        entries = [
            (number, self._place[name], factor)
            for number, question in enumerate(questions)
            for name, factor in question.terms.items()
        ]
        at, columns, factors = zip(*entries, strict=True) if entries else ((), (), ())
        return sparse.csr_matrix(
            (factors, (at, columns)), shape=(len(questions), self._block.size), dtype=float
        )

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
        return (least < self._floor - TOLERANCE) | (greatest > self._top + TOLERANCE)

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
