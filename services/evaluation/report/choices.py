"""Everything about a report that somebody chose: all of it is pinned, and printed in the report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..methods.release import STATE_RULES, Rules
from .exemplary import WRITTEN_RULE, Criteria
from .funding import Plan


@dataclass(frozen=True, slots=True)
class File:
    """An input that is no event: shapes for the map, covariates, answers of a survey run elsewhere."""

    name: str
    content: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Budget:
    """Amounts in cents, as somebody stated them; `coordinators` None is one for each district."""

    budget: int
    floor: int = 0
    coordinators: int | None = None
    coordinator_cost: int = 0

    def plan(self, districts: int) -> Plan:
        seats = districts if self.coordinators is None else self.coordinators
        return Plan(self.budget, self.floor, seats, self.coordinator_cost)


@dataclass(frozen=True, slots=True)
class Choices:
    """`budget` is None where none was stated. `files` {role: file}: "shapes", "covariates", "survey" with
    "survey-mapping"."""

    rules: Rules = STATE_RULES
    criteria: Criteria = WRITTEN_RULE
    budget: Budget | None = None
    seed: int = 0
    files: Mapping[str, File] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "rules": asdict(self.rules),
            "criteria": asdict(self.criteria),
            "budget": None if self.budget is None else asdict(self.budget),
            "seed": self.seed,
            "files": {
                role: {"name": file.name, "sha256": file.digest} for role, file in sorted(self.files.items())
            },
        }


def example_plan(districts: int, students: int) -> Plan:
    """Amounts to show the method with where no budget was stated: 20 dollars a student, a tenth of it as floors, a
    coordinator for each district and a quarter more, who take half."""
    budget = max(20_00 * students, 10_000_00 * districts)
    coordinators = districts + -(-districts // 4)
    return Plan(budget, budget // 10 // districts, coordinators, budget // 2 // coordinators)
