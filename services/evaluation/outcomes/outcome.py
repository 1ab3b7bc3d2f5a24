"""One published figure of the state, a district or a school, and what is wrong with the file it came from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

Level = Literal["state", "district", "school"]

LEVELS: tuple[Level, ...] = get_args(Level)
TEST_LEVELS = ("level 1", "level 2", "level 3", "level 4", "level 5")
#: "proficient" is levels 4 and 5, "passing" level 3 and above.
MEASURES = ("proficient", "passing", *TEST_LEVELS, "graduated")
#: Graduation has no subject.
SUBJECTS = ("ela", "mathematics", "")

#: What floating-point arithmetic may do to a count: below half a student by far.
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Outcome:
    """The proportion of students with this measure lies in [low, high].

    `low` equals `high` where the figure is exact, and the range is 0 to 1 where it is hidden. `n` counts the students
    the proportion is of; None where it is hidden or not published. `district` and `school` are the names as published,
    None above their level; `lea` and `ncessch` the federal ids where the file has them. `grade` is "3" to "8",
    "English II", "Algebra I", or empty for all together; `group` is "all" or the file's code of a subgroup.
    Errors: ValueError for a range outside 0 to 1 or a negative n, so that no figure is ever NaN.
    """

    level: Level
    district: str | None
    school: str | None
    school_year: str
    measure: str
    subject: str
    grade: str
    group: str
    n: int | None
    low: float
    high: float
    mean_score: float | None = None
    lea: str | None = None
    ncessch: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 1:
            raise ValueError(f"{self.low!r} to {self.high!r} is no range of a proportion")
        if self.n is not None and self.n < 0:
            raise ValueError(f"n = {self.n} is negative")
        if self.mean_score is not None and not math.isfinite(self.mean_score):
            raise ValueError(f"mean_score = {self.mean_score!r} is no score")

    @property
    def key(self) -> tuple[str | None, ...]:
        """What the figure is about: a file states it once."""
        about = (self.district, self.lea, self.school, self.ncessch)
        return (self.level, *about, self.school_year, self.measure, self.subject, self.grade, self.group)


@dataclass(frozen=True, slots=True)
class Problem:
    """`place` is "sheet 'G3 ELA', row 317" or "rates.csv, line 5, column RATE"; `text` says what is wrong there, and
    what was done or what to do."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Read:
    """What could be read of a file, in its order, and all that was wrong with it."""

    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...]


def whole(low: float, high: float, n: int | None) -> tuple[float, float] | None:
    """The least and the greatest k / n in [low, high]: students are counted whole.

    The range as it is where n is None; None where no whole k fits, or n is 0.
    """
    if n is None:
        return low, high
    least, most = math.ceil(low * n - _SLACK), math.floor(high * n + _SLACK)
    least, most = max(least, 0), min(most, n)
    return (least / n, most / n) if n and least <= most else None
