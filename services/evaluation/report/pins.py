"""What a report is made of: the same pins give the same report, byte by byte."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Pins:
    """`journal`: the position up to which the journal is counted in; `positions`: what that is in each source.

    `version` is the program's; `settings` everything that was chosen: rules of suppression, seeds, the budget.
    """

    school_year: str
    journal: int
    positions: Mapping[str, int]
    version: str
    settings: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "school_year": self.school_year,
            "journal": self.journal,
            "positions": dict(self.positions),
            "version": self.version,
            "settings": dict(self.settings),
        }

    @property
    def report(self) -> str:
        """The report's id: the first 16 hexadecimal digits of the pins' SHA-256."""
        return hashlib.sha256(canonical(self.to_json())).hexdigest()[:16]


def canonical(value: Any) -> bytes:
    """JSON that is the same text for the same value: keys in order, no spaces. Raises TypeError for what is no JSON."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
