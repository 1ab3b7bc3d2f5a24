"""The families of one district: households, children with a grade and a school, guardians.

Children of one household share guardians and live in one zone, so that siblings in the same grades go to the
same school. About a third of the households have one guardian; now and then a younger child is linked to only
one of two, and is still of the same household by the other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import TypeVar

from simulation.names import FAMILY, GIVEN

Choice = TypeVar("Choice")

#: From kindergarten to the twelfth grade, as OneRoster writes them (CEDS).
GRADES: tuple[str, ...] = ("KG", *(f"{grade:02d}" for grade in range(1, 13)))

#: How many children of a household are at school, in per cent of the households.
_CHILDREN = ((1, 45), (2, 35), (3, 15), (4, 5))
_SINGLE_GUARDIAN = 0.35
_LINKED_TO_ONE_ONLY = 0.05
_OTHER_NAME = 0.3
_RELATIONSHIPS = (("parent", 92), ("guardian", 5), ("relative", 3))


@dataclass(frozen=True, slots=True)
class School:
    sourced_id: str
    name: str
    identifier: str
    first: int
    last: int
    """First and last grade served, as indices of GRADES."""


@dataclass(frozen=True, slots=True)
class Guardian:
    sourced_id: str
    given: str
    family: str
    role: str


@dataclass(frozen=True, slots=True)
class Child:
    sourced_id: str
    given: str
    family: str
    school: int
    """Which of the district's schools, as an index."""
    grade: int
    guardians: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Household:
    guardians: tuple[Guardian, ...]
    children: tuple[Child, ...]


def spans(count: int, high_only: bool = False) -> list[tuple[int, int]]:
    """First and last grade of each of `count` schools of a district, so that every grade has a school.

    One school takes all grades and two share them; from three on there are elementary (KG-05), middle (06-08)
    and high schools (09-12), in the proportion of their grades.
    """
    if high_only:
        return [(9, 12)] * count
    match count:
        case 1:
            return [(0, 12)]
        case 2:
            return [(0, 6), (7, 12)]
        case _:
            middle = max(1, round(count * 3 / 13))
            high = max(1, round(count * 4 / 13))
            return [(0, 5)] * (count - middle - high) + [(6, 8)] * middle + [(9, 12)] * high


class Families:
    """Makes households until `pupils` children have a school; every school gets at least one.

    Raises ValueError for fewer pupils than schools.
    """

    def __init__(self, code: str, schools: Sequence[School], pupils: int, draw: Random) -> None:
        if pupils < len(schools):
            raise ValueError(f"{pupils} pupils for {len(schools)} schools: at least one each is needed")
        self._code, self._schools, self._pupils, self._draw = code, schools, pupils, draw
        sizes = [draw.lognormvariate(0.0, 0.35) for _ in schools]
        self._grades = sorted({grade for school in schools for grade in range(school.first, school.last + 1)})
        self._serving = [
            [i for i, school in enumerate(schools) if school.first <= grade <= school.last]
            for grade in range(len(GRADES))
        ]
        self._zones = [list(accumulate(sizes[i] for i in serving)) for serving in self._serving]

    def households(self) -> Iterator[Household]:
        made = number = 0
        while made < self._pupils:
            # The first households fill one place in every school, so that none stays empty at a small scale.
            first_in = number if number < len(self._schools) else None
            wanted = 1 if first_in is not None else self._weighted(_CHILDREN)
            household = self._household(number, made, min(wanted, self._pupils - made), first_in)
            yield household
            made += len(household.children)
            number += 1

    def _household(self, number: int, made: int, size: int, first_in: int | None) -> Household:
        draw = self._draw
        family = draw.choice(FAMILY)
        guardians = tuple(
            Guardian(
                f"g-{self._code}-{number:06d}-{n}",
                draw.choice(GIVEN),
                draw.choice(FAMILY) if draw.random() < _OTHER_NAME else family,
                self._weighted(_RELATIONSHIPS),
            )
            for n in range(1 if draw.random() < _SINGLE_GUARDIAN else 2)
        )
        zone = draw.random()
        places = [(first_in, self._grade_of(first_in))] if first_in is not None else self._places(size, zone)
        children = tuple(
            Child(
                f"p-{self._code}-{made + n:06d}",
                draw.choice(GIVEN),
                family,
                school,
                grade,
                self._links(guardians, n),
            )
            for n, (school, grade) in enumerate(places)
        )
        return Household(guardians, children)

    def _places(self, size: int, zone: float) -> list[tuple[int, int]]:
        grade = self._draw.choice(self._grades)
        places = []
        for _ in range(size):
            serving, bounds = self._serving[grade], self._zones[grade]
            places.append((serving[bisect_right(bounds, zone * bounds[-1])], grade))
            # The next child is up to five grades away; now and then the same one: twins.
            grade = self._grades[(self._grades.index(grade) + self._draw.randint(0, 5)) % len(self._grades)]
        return places

    def _grade_of(self, school: int) -> int:
        return self._draw.randint(self._schools[school].first, self._schools[school].last)

    def _links(self, guardians: tuple[Guardian, ...], child: int) -> tuple[str, ...]:
        if child and len(guardians) == 2 and self._draw.random() < _LINKED_TO_ONE_ONLY:
            return (guardians[0].sourced_id,)
        return tuple(guardian.sourced_id for guardian in guardians)

    def _weighted(self, choices: Sequence[tuple[Choice, int]]) -> Choice:
        at = self._draw.random() * 100
        for choice, percent in choices:
            at -= percent
            if at < 0:
                return choice
        return choices[-1][0]
