"""Puts the children of a school into homeroom classes of about 15 to 25, grade by grade.

A grade with fewer than fifteen children shares a class with its neighbours; a school with fewer than fifteen
is one class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from simulation.families import Child

SMALLEST, USUAL, LARGEST = 15, 20, 25


@dataclass(frozen=True, slots=True)
class Homeroom:
    number: int
    grades: tuple[int, ...]
    children: tuple[Child, ...]


def homerooms(children: Sequence[Child]) -> Iterator[Homeroom]:
    """The classes of one school, lowest grades first, numbered from 1."""
    number = 0
    for group in _groups(children):
        rooms = max(1, round(len(group) / USUAL), -(-len(group) // LARGEST))
        for room in range(rooms):
            number += 1
            members = tuple(group[room * len(group) // rooms : (room + 1) * len(group) // rooms])
            yield Homeroom(number, tuple(sorted({child.grade for child in members})), members)


def _groups(children: Sequence[Child]) -> list[list[Child]]:
    """Whole grades, joined upwards until a group has the smallest size; the last joins the one before it."""
    groups: list[list[Child]] = []
    in_order = sorted(children, key=lambda child: child.grade)
    for _, grade in groupby(in_order, key=lambda child: child.grade):
        if groups and len(groups[-1]) < SMALLEST:
            groups[-1].extend(grade)
        else:
            groups.append(list(grade))
    if len(groups) > 1 and len(groups[-1]) < SMALLEST:
        groups[-2].extend(groups.pop())
    return groups
