"""Which rows of a sheet are districts: a district stands above its schools and has as many test-takers as they have.

An explanation cuts the sheet into districts with at least one school each. A hidden row has 1 to 9 test-takers, since
a school without any is not listed; 0 where nothing else fits. The best explanation, found by dynamic programming over
the rows, leaves the fewest rows unexplained; then takes the fewest liberties, which are a district with a school of 0
and a school whose own count, or whose district's, is not known at all; then takes the fewest rows for schools that
have a district's name. A name that is not like a district's says nothing: a charter's may be like a school's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from .matching import says_district, words

#: More test-takers than any row has: the greatest count of a row that says nothing of its own.
UNKNOWN = 10**9

#: No district has more, so that a sheet without sense is read in bounded time.
_SCHOOLS = 100

_Cost = tuple[int, int, int]
#: The row after it, whether it is a district with its schools or one row that stays unexplained, and what it costs.
_Piece = tuple[int, bool, _Cost]


@dataclass(frozen=True, slots=True)
class Row:
    """A name with `least` to `most` test-takers."""

    name: str
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """`district[i]` is the row of the district that row i belongs to, i itself for a district's own row, None where it
    cannot be said. The ranges [first, end) say which rows that is based on something else than their sums alone:
    `by_name` fit the sums in more than one way and the names decided; `ambiguous` still do, and were left out;
    `unexplained` fit in no way and were read by the names alone."""

    district: tuple[int | None, ...]
    by_name: tuple[tuple[int, int], ...]
    ambiguous: tuple[tuple[int, int], ...]
    unexplained: tuple[tuple[int, int], ...]


def certain(rows: Sequence[Row]) -> frozenset[tuple[str, ...]]:
    """The words of the names whose rows are districts in every explanation that the sums allow."""
    owners = _owners(rows)
    # Below a row that nothing explains, schools may add up by chance to the first of them.
    return frozenset(
        words(row.name)
        for place, row in enumerate(rows)
        if owners[place] == {place} and not (place and owners[place - 1] == {None})
    )


def explain(rows: Sequence[Row], known: Set[tuple[str, ...]]) -> Explanation:
    """`known` are the words of districts' names, as `certain` finds them on this and other sheets."""
    named = [says_district(row.name) or words(row.name) in known for row in rows]
    # A district often stands above a school of the same name, written otherwise.
    twins = [words(row.name) == words(below.name) for row, below in pairwise(rows)]
    speaks = [a or b for a, b in zip(named, [*twins, False], strict=False)]
    by_sums = _owners(rows)
    owners = _owners(rows, speaks)
    district = [next(iter(owner)) if len(owner) == 1 else None for owner in owners]
    ambiguous = [len(owner) > 1 for owner in owners]
    lost = [owner == {None} for owner in owners]
    for place in range(1, len(rows)):
        # As in `certain`: this may be chance.
        if lost[place - 1] and district[place] == place and not named[place]:
            lost[place:] = [
                a or owner == place for a, owner in zip(lost[place:], district[place:], strict=True)
            ]
    for first, end in _runs(lost):
        owner = None
        for place in range(first, end):
            owner = place if named[place] else owner
            district[place] = owner
    settled = [len(sums) > 1 and not (a or b) for sums, a, b in zip(by_sums, ambiguous, lost, strict=True)]
    return Explanation(tuple(district), _runs(settled), _runs(ambiguous), _runs(lost))


def _owners(rows: Sequence[Row], speaks: Sequence[bool] = ()) -> list[set[int | None]]:
    """For each row the districts it belongs to in the cheapest explanations, itself for a district; None for a row
    that stays unexplained. `speaks` marks rows whose names are like a district's; without it no name counts."""
    after: list[_Cost] = [(0, 0, 0)] * (len(rows) + 1)
    for first in reversed(range(len(rows))):
        after[first] = min(_sum(cost, after[end]) for end, _, cost in _pieces(rows, speaks, first))
    owners: list[set[int | None]] = [set() for _ in rows]
    reached = {0}
    for first in range(len(rows)):
        if first not in reached:
            continue
        for end, explained, cost in _pieces(rows, speaks, first):
            # From a place on a cheapest way, a piece is on one when it costs what that place costs.
            if _sum(cost, after[end]) == after[first]:
                reached.add(end)
                for place in range(first, end):
                    owners[place].add(first if explained else None)
    return owners


def _pieces(rows: Sequence[Row], speaks: Sequence[bool], first: int) -> Iterator[_Piece]:
    """The row by itself, and as a district with each number of schools that the sums allow."""
    yield first + 1, False, (1, 0, 0)
    row = rows[first]
    least = zero = most = against = unknown = 0
    for place in range(first + 1, min(first + 1 + _SCHOOLS, len(rows))):
        school = rows[place]
        least, most = least + school.least, most + school.most
        # What a hidden row adds when it may have nobody.
        zero += 0 if school.least < school.most else school.least
        unknown += max(row.most, school.most) >= UNKNOWN
        against += bool(speaks) and speaks[place]
        if zero > row.most:
            return
        if most >= row.least:
            yield place + 1, True, (0, unknown + (least > row.most), against)


def _sum(one: _Cost, other: _Cost) -> _Cost:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _runs(marks: Sequence[bool]) -> tuple[tuple[int, int], ...]:
    """The ranges [first, end) that are marked."""
    padded = [False, *marks, False]
    edges = [place for place in range(len(padded) - 1) if padded[place] != padded[place + 1]]
    return tuple(zip(edges[::2], edges[1::2], strict=True))
