"""The figures a scorecard is made of, and the arithmetic behind them. Definitions for readers:
`docs/decisions/indicator-definitions.md`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

#: Scale scores are kept in sixtieths of a point: a mean of one to six items is then a whole number,
#: and sums over any number of families are exact whatever the order of adding.
UNITS = 60

#: The home survey's three scales, in the words of 37-3-67(g). A scorecard always shows all three.
SCALES = ("communication", "school_programmes", "home_learning")


@dataclass(frozen=True, slots=True)
class Definition:
    """What an indicator counts, of what, and the clause of 37-3-67 that asks for it."""

    clause: str
    numerator: str
    denominator: str
    of_persons: bool
    """Whether it counts persons, or months of persons: of few of them it is not shown."""


_CLASS_MONTHS = "class-months expected and due"
DEFINITIONS: Mapping[str, Definition] = {
    "pledges_signed": Definition(
        "37-3-67(a)", "enrolled students for whom a signed pledge stands", "enrolled students", True
    ),
    "classes_reported": Definition(
        "37-3-67(b)", "class-months with a folder sent to at least one child", _CLASS_MONTHS, False
    ),
    "classes_on_time": Definition(
        "37-3-67(b)", "class-months whose folder first went home within the month", _CLASS_MONTHS, False
    ),
    "folders_returned": Definition(
        "37-3-67(b)", "student-months with a signed folder back", "student-months with a folder sent", True
    ),
    "months_met": Definition(
        "37-3-67(b)",
        "school-months in which every expected class was on time",
        "school-months in which any class was expected",
        False,
    ),
    "survey_response": Definition("37-3-67(g)", "responses", "invitations", True),
}

#: The indicators of a scorecard, in the order in which they are shown.
INDICATORS = tuple(DEFINITIONS)


@dataclass(frozen=True, slots=True)
class Ratio:
    """So many out of so many. The rate of nothing out of nothing is unknown (None), never 0 or 1."""

    numerator: int = 0
    denominator: int = 0

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(self.numerator + other.numerator, self.denominator + other.denominator)

    def to_json(self) -> dict[str, Any]:
        rate = self.numerator / self.denominator if self.denominator else None
        return {"numerator": self.numerator, "denominator": self.denominator, "rate": rate}


@dataclass(frozen=True, slots=True)
class Spread:
    """Scores of n families: their sum in sixtieths of a point and the sum of the squares of these."""

    n: int = 0
    total: int = 0
    squares: int = 0

    def __add__(self, other: Spread) -> Spread:
        return Spread(self.n + other.n, self.total + other.total, self.squares + other.squares)

    def to_json(self) -> dict[str, Any]:
        """mean and sd in points; sd is the sample's (n - 1), None below two families."""
        mean = self.total / (self.n * UNITS) if self.n else None
        sd = None
        if self.n >= 2:
            # Whole numbers up to the last division: no cancellation however many families.
            sd = sqrt((self.n * self.squares - self.total**2) / (self.n * (self.n - 1))) / UNITS
        return {"n": self.n, "mean": mean, "sd": sd}


def scale_score(
    items: Iterable[tuple[str, bool]], answers: Mapping[str, int | None], points: int
) -> int | None:
    """One family's score on one scale, in sixtieths of a point: the mean of the items answered, reversed
    items turned round. None when fewer than half of the scale's items were answered ("not sure" is None in
    `answers` and is no answer). Exact for scales of up to six items, beyond that to the nearest sixtieth."""
    asked = answered = total = 0
    for item, turned in items:
        asked += 1
        answer = answers.get(item)
        if answer is not None:
            answered += 1
            total += points + 1 - answer if turned else answer
    if answered == 0 or 2 * answered < asked:
        return None
    return (UNITS * total + answered // 2) // answered
