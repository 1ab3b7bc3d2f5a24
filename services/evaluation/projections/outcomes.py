"""Published results (37-3-69): the newest that was imported of each district, school year, subject and grade."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Column, MetaData, Table, Text

from alliance.envelope import Event
from alliance.projection import Rows
from alliance.rows import Key

from .cells import encode


class Outcomes:
    """`sets` (district, school_year, subject, grade) with their `results`; a grade of "" is all grades together."""

    name = "outcomes"
    version = 1
    sources = frozenset({"evaluation"})
    types = frozenset({"OutcomeImported"})

    def tables(self, metadata: MetaData) -> dict[str, Table]:
        sets = Table(
            f"{self.name}_sets_v{self.version}",
            metadata,
            *(
                Column(name, Text, primary_key=True)
                for name in ("district", "school_year", "subject", "grade")
            ),
            Column("file", Text, nullable=False),
            Column("results", Text, nullable=False),
            info={"write": "replace"},
        )
        return {"sets": sets}

    def keys(self, event: Event) -> Iterable[tuple[str, Key]]:
        return ()

    def fold(self, rows: Rows, event: Event) -> None:
        data = event.data
        key = (event.district, data["school_year"], data["subject"], data["grade"] or "")
        rows.put("sets", key, {"file": data["file"], "results": encode(data["results"])})
