"""One row of the benchmark: our figure beside a peer's and a limit's, and whether the floor is met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """`peer` is what a comparable system reaches, `limit` what the bare driver or server does on the same tables.

    The floors, each None where the row has none: `least_ratio` and `most_ratio` bound ours / peer, `least_limit_ratio`
    ours / limit, `most` ours itself. With `either` one that holds is enough. A row without any is only reported.
    """

    name: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    limit: float | None = None
    limit_name: str = ""
    least_ratio: float | None = None
    most_ratio: float | None = None
    least_limit_ratio: float | None = None
    most: float | None = None
    either: bool = False
    #: What else was seen: single rounds, settings that won, sums.
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer if self.peer else None

    @property
    def limit_ratio(self) -> float | None:
        return self.ours / self.limit if self.limit else None

    @property
    def met(self) -> bool | None:
        """None where the row has no floor."""
        held = [
            value is not None and (value >= bound if least else value <= bound)
            for value, bound, least in (
                (self.ratio, self.least_ratio, True),
                (self.ratio, self.most_ratio, False),
                (self.limit_ratio, self.least_limit_ratio, True),
                (self.ours, self.most, False),
            )
            if bound is not None
        ]
        if not held:
            return None
        return any(held) if self.either else all(held)

    @property
    def floor(self) -> str:
        """The floors in words."""
        said = [
            words
            for bound, words in (
                (self.least_ratio, f"at least {self.least_ratio} x {self.peer_name}"),
                (self.most_ratio, f"at most {self.most_ratio} x {self.peer_name}"),
                (self.least_limit_ratio, f"at least {self.least_limit_ratio} of {self.limit_name}"),
                (self.most, f"at most {self.most:g} {self.unit}" if self.most is not None else ""),
            )
            if bound is not None
        ]
        return (" or " if self.either else ", ").join(said) or "reported"

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ours": self.ours,
            "peer": self.peer,
            "peer_name": self.peer_name,
            "ratio": self.ratio,
            "limit": self.limit,
            "limit_name": self.limit_name,
            "limit_ratio": self.limit_ratio,
            "unit": self.unit,
            "floor": self.floor,
            "met": self.met,
            "notes": dict(self.notes),
        }
