"""Months as their districts certified them (37-3-69): the newest certification of each."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Column, Integer, MetaData, Table, Text

from alliance.envelope import Event
from alliance.projection import Rows
from alliance.rows import Key

from .cells import encode


class Certifications:
    """`months` (district, period): what was certified last, when, how often, and the classes that were missing."""

    name = "certifications"
    version = 1
    sources = frozenset({"evaluation"})
    types = frozenset({"PeriodCertified"})

    def tables(self, metadata: MetaData) -> dict[str, Table]:
        months = Table(
            f"{self.name}_months_v{self.version}",
            metadata,
            Column("district", Text, primary_key=True),
            Column("period", Text, primary_key=True),
            Column("school_year", Text, nullable=False),
            Column("certified_on", Text, nullable=False),
            Column("times", Integer, nullable=False),
            Column("figures", Text, nullable=False),
            Column("missing", Text, nullable=False),
            info={"write": "replace"},
        )
        return {"months": months}

    def keys(self, event: Event) -> Iterable[tuple[str, Key]]:
        yield "months", (event.district, event.data["period"])

    def fold(self, rows: Rows, event: Event) -> None:
        key, data = (event.district, event.data["period"]), event.data
        before = rows.get("months", key)
        rows.put(
            "months",
            key,
            {
                "school_year": data["school_year"],
                "certified_on": data["certified_on"],
                "times": (before["times"] if before else 0) + 1,
                "figures": encode(data["figures"]),
                "missing": encode(data["missing"]),
            },
        )
