"""What a played year left behind: each district's truth and exact counts, the positions, the time it took."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from simulation.counts import Counts
from simulation.truth import Propensities


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the year. `events` are those that it added to the platform's logs."""

    name: str
    commands: int
    events: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PlayedDistrict:
    district: str
    name: str
    truth: Propensities
    counts: Counts


@dataclass(frozen=True, slots=True)
class Played:
    seed: int
    school_year: str
    districts: tuple[PlayedDistrict, ...]
    positions: Mapping[str, int]
    """The furthest position of each source that a command was answered with."""
    stages: tuple[Stage, ...]
    notes: tuple[str, ...] = ()

    def state(self) -> Counts:
        total = Counts()
        for district in self.districts:
            total.add(district.counts)
        return total


def save(played: Played, path: Path) -> None:
    document = {
        **asdict(played),
        "districts": [
            {**asdict(district), "counts": district.counts.to_json()} for district in played.districts
        ],
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Played:
    document = json.loads(path.read_text(encoding="utf-8"))
    return Played(
        seed=document["seed"],
        school_year=document["school_year"],
        districts=tuple(
            PlayedDistrict(
                each["district"],
                each["name"],
                Propensities(**each["truth"]),
                Counts.from_json(each["counts"]),
            )
            for each in document["districts"]
        ),
        positions=document["positions"],
        stages=tuple(Stage(**each) for each in document["stages"]),
        notes=tuple(document["notes"]),
    )
