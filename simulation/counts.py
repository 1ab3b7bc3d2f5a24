"""What the simulator itself did, counted exactly, without the platform: the figures that must come back.

The same definitions as the scorecards', written a second time on purpose: an oracle must not share code with
what it judges.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from simulation.calendar import PERIODS
from simulation.plan import FolderMonth, Item, Pupil
from simulation.truth import SCALES


@dataclass(slots=True)
class Scores:
    """Of one scale: one mean of answered items per family that answered at least half of them."""

    n: int = 0
    total: Fraction = Fraction(0)
    squares: Fraction = Fraction(0)

    def add(self, score: Fraction) -> None:
        self.n += 1
        self.total += score
        self.squares += score * score

    @property
    def mean(self) -> float | None:
        return float(self.total / self.n) if self.n else None

    @property
    def sd(self) -> float | None:
        """The sample's, with n - 1; None below two families."""
        if self.n < 2:
            return None
        return math.sqrt((self.squares - self.total**2 / self.n) / (self.n - 1))


@dataclass(slots=True)
class Counts:
    """Of one district, or of the state when added up. Class-months and school-months are of the ten due
    months.
    """

    enrolled: int = 0
    pledges_signed: int = 0
    class_months: int = 0
    reported: int = 0
    on_time: int = 0
    student_months: int = 0
    returned: int = 0
    school_months: int = 0
    months_met: int = 0
    invited: int = 0
    responded: int = 0
    scores: dict[str, Scores] = field(default_factory=lambda: {scale: Scores() for scale in SCALES})

    def of_roster(self, pupils: Sequence[Pupil]) -> None:
        self.enrolled += len(pupils)
        self.class_months += len({pupil.class_ for pupil in pupils}) * len(PERIODS)
        self.school_months += len({pupil.school for pupil in pupils}) * len(PERIODS)

    def of_month(self, folders: Sequence[FolderMonth], classes_by_school: Mapping[str, int]) -> None:
        """All folders that the district's classes sent for one month."""
        on_time = dict.fromkeys(classes_by_school, 0)
        for folder in folders:
            self.reported += 1
            self.student_months += len(folder.students)
            self.returned += len(folder.returns) - len(folder.voided)
            if folder.on_time:
                self.on_time += 1
                on_time[folder.school] += 1
        self.months_met += sum(on_time[school] == classes for school, classes in classes_by_school.items())

    def of_response(self, answers: Mapping[str, int | None], items: Sequence[Item]) -> None:
        self.responded += 1
        for scale, scores in self.scores.items():
            asked = [item for item in items if item.scale == scale]
            given = [(answers.get(item.item), item.reversed) for item in asked]
            points = [6 - answer if turned else answer for answer, turned in given if answer is not None]
            if points and 2 * len(points) >= len(asked):
                scores.add(Fraction(sum(points), len(points)))

    def add(self, other: Counts) -> None:
        """Adds another district to this one."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for scale, scores in other.scores.items():
            mine = self.scores[scale]
            mine.n, mine.total, mine.squares = (
                mine.n + scores.n,
                mine.total + scores.total,
                mine.squares + scores.squares,
            )

    def to_json(self) -> dict[str, Any]:
        scores = {scale: [of.n, str(of.total), str(of.squares)] for scale, of in self.scores.items()}
        return {**{name: getattr(self, name) for name in _NUMBERS}, "scores": scores}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Counts:
        scores = {
            scale: Scores(n, Fraction(total), Fraction(squares))
            for scale, (n, total, squares) in document["scores"].items()
        }
        return cls(**{name: document[name] for name in _NUMBERS}, scores=scores)

    def indicators(self) -> dict[str, tuple[int, int]]:
        """Numerator and denominator by the scorecard's own names."""
        return {
            "pledges_signed": (self.pledges_signed, self.enrolled),
            "classes_reported": (self.reported, self.class_months),
            "classes_on_time": (self.on_time, self.class_months),
            "folders_returned": (self.returned, self.student_months),
            "months_met": (self.months_met, self.school_months),
            "survey_response": (self.responded, self.invited),
        }


_NUMBERS = (
    "enrolled", "pledges_signed", "class_months", "reported", "on_time", "student_months", "returned",
    "school_months", "months_met", "invited", "responded",
)  # fmt: skip
