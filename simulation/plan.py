"""What happens in one district in the school year: every command, from its pupils, its truth and a seed
alone.

Pure: no I/O, no clock, and the same answer in whatever order it is asked, so a year that was interrupted goes
on with the very same commands. Draws hang on the roster's own ids (sourced_id), not on the deployment's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulation.calendar import (
    LAST_PERIOD,
    PERIODS,
    PLEDGES_FROM,
    PLEDGES_UNTIL,
    SCHOOL_YEAR,
    day_between,
    sending_day,
    signing_day,
)
from simulation.chance import chance, chances, pick
from simulation.truth import (
    CERTIFYING,
    FOLDER_MODES,
    LEFT_OUT,
    MODES,
    NOT_SURE,
    SPANISH,
    VOIDED,
    Propensities,
)

#: The pledge's text that is signed, as the platform names it.
STATEMENT = "2026-1"

#: How far families of one district lie apart on a scale: 0 not at all, 1 up to the end of it.
_UNLIKENESS = 0.7


@dataclass(frozen=True, slots=True)
class Pupil:
    """A student enrolled for the whole year. All ids are the platform's, but for the `sourced_id` of the
    roster.
    """

    student: str
    household: str
    guardians: tuple[str, ...]
    class_: str
    school: str
    sourced_id: str


@dataclass(frozen=True, slots=True)
class Item:
    item: str
    scale: str
    reversed: bool


@dataclass(frozen=True, slots=True)
class FolderMonth:
    """One class in one month in which it sent its folder."""

    class_: str
    school: str
    period: str
    on_time: bool
    sent_on: str
    students: tuple[str, ...]
    returns: tuple[dict[str, Any], ...]
    voided: tuple[str, ...]
    """Students whose return was entered in error."""


@dataclass(frozen=True, slots=True)
class DistrictPlan:
    """Everything that will happen in one district."""

    pupils: Sequence[Pupil]
    truth: Propensities
    seed: int

    def pledges(self) -> Iterator[dict[str, Any]]:
        """The pledges that are signed, as the API takes them."""
        for pupil in self.pupils:
            signs, when, how, who, tongue = chances(self.seed, 5, "pledge", pupil.sourced_id)
            if signs >= self.truth.pledge:
                continue
            yield {
                "student": pupil.student,
                "guardian": sorted(pupil.guardians)[int(who * len(pupil.guardians))]
                if pupil.guardians
                else None,
                "school_year": SCHOOL_YEAR,
                "signed_on": day_between(PLEDGES_FROM, PLEDGES_UNTIL, when).isoformat(),
                "mode": pick(how, MODES) if pupil.guardians else "paper",
                "language": "es" if tongue < SPANISH else "en",
                "statement": STATEMENT,
            }

    def classes(self) -> dict[tuple[str, str], list[Pupil]]:
        """The pupils of each (school, class), in the roster's own order."""
        found: dict[tuple[str, str], list[Pupil]] = {}
        for pupil in self.pupils:
            found.setdefault((pupil.school, pupil.class_), []).append(pupil)
        return {place: sorted(members, key=lambda each: each.sourced_id) for place, members in found.items()}

    def folder(self, school: str, class_: str, members: Sequence[Pupil], period: str) -> FolderMonth | None:
        """The class's folder of a month; None when it misses the month."""
        sends, lateness, day = chances(self.seed, 3, "folder", members[0].sourced_id, period)
        if sends >= self.truth.sending:
            return None
        late = period != LAST_PERIOD and lateness < self.truth.lateness
        sent_on = sending_day(period, late, day)
        returns, voided = [], []
        for pupil in members:
            comes, when, how, void = chances(self.seed, 4, "return", pupil.sourced_id, period)
            if comes >= self.truth.returning:
                continue
            signed_on = signing_day(sent_on, when).isoformat()
            returns.append(
                {"student": pupil.student, "signed_on": signed_on, "mode": pick(how, FOLDER_MODES)}
            )
            if void < VOIDED:
                voided.append(pupil.student)
        students = tuple(pupil.student for pupil in members)
        return FolderMonth(
            class_, school, period, not late, sent_on.isoformat(), students, tuple(returns), tuple(voided)
        )

    def certified(self) -> tuple[str, ...]:
        """The months that the coordinator certifies: all of them in most districts, the first ones in the others."""
        diligent, left = chances(self.seed, 2, "certified", min(pupil.sourced_id for pupil in self.pupils))
        return PERIODS if diligent < CERTIFYING else PERIODS[: int(left * len(PERIODS))]

    def households(self) -> dict[str, str]:
        """The draw's key of each household: the lowest sourced_id of its children."""
        keys: dict[str, str] = {}
        for pupil in self.pupils:
            known = keys.get(pupil.household)
            if known is None or pupil.sourced_id < known:
                keys[pupil.household] = pupil.sourced_id
        return keys

    def response(self, household_key: str, items: Sequence[Item]) -> dict[str, Any] | None:
        """The household's response without its token; None when it does not answer."""
        answers_it, how, tongue = chances(self.seed, 3, "response", household_key)
        if answers_it >= self.truth.responding:
            return None
        answers: dict[str, int | None] = {}
        leanings: dict[str, float] = {}
        for item in items:
            if item.scale not in leanings:
                leanings[item.scale] = self._leaning(household_key, item.scale)
            gap, *points = chances(self.seed, 5, "answer", household_key, item.item)
            if gap < LEFT_OUT:
                continue
            # One point and four even chances of another: the mean over families is 1 + 4 x leaning.
            score = 1 + sum(point < leanings[item.scale] for point in points)
            answers[item.item] = None if gap < LEFT_OUT + NOT_SURE else 6 - score if item.reversed else score
        if not answers:
            answers[items[0].item] = None
        return {"language": "es" if tongue < SPANISH else "en", "mode": pick(how, MODES), "answers": answers}

    def _leaning(self, household_key: str, scale: str) -> float:
        """A family's own chance of each further point: families differ, evenly about the district's mean."""
        mean = (self.truth.scale_means[scale] - 1) / 4
        away = chance(self.seed, "leaning", household_key, scale) * 2 - 1
        return mean + away * _UNLIKENESS * min(mean, 1 - mean)
