"""Decisions on exemplary programmes (37-3-71): the newest of each district, school year and indicator."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Boolean, Column, MetaData, Table, Text

from alliance.envelope import Event
from alliance.projection import Rows
from alliance.rows import Key

from .cells import encode


class Recognitions:
    """`decisions` (district, school_year, indicator): what was decided, why, when, and on which report."""

    name = "recognitions"
    version = 1
    sources = frozenset({"evaluation"})
    types = frozenset({"RecognitionDecided"})

    def tables(self, metadata: MetaData) -> dict[str, Table]:
        decisions = Table(
            f"{self.name}_decisions_v{self.version}",
            metadata,
            *(Column(name, Text, primary_key=True) for name in ("district", "school_year", "indicator")),
            Column("recognised", Boolean, nullable=False),
            Column("reasons", Text, nullable=False),
            Column("report", Text, nullable=False),
            Column("decided_on", Text, nullable=False),
            info={"write": "replace"},
        )
        return {"decisions": decisions}

    def keys(self, event: Event) -> Iterable[tuple[str, Key]]:
        return ()

    def fold(self, rows: Rows, event: Event) -> None:
        data = event.data
        rows.put(
            "decisions",
            (event.district, data["school_year"], data["indicator"]),
            {
                "recognised": data["recognised"],
                "reasons": encode(data["reasons"]),
                "report": data["report"],
                "decided_on": data["decided_on"],
            },
        )
