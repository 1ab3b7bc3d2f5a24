"""A small projection for the tests of the kit, and what its tables must hold, counted without it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from sqlalchemy import BigInteger, Column, MetaData, Table, Text, select

from alliance.database import Database
from alliance.envelope import Event
from alliance.projection import Key, Rows
from alliance.tables import events

Counts = dict[str, tuple[int, int]]
Standing = dict[tuple[str, str], str]


class Signatures:
    """`standing` (district, student): the statement that stands signed, "" after a withdrawal; `totals` (district).

    `breaks` is what the fold raises at an event whose statement is "poison": None once the fold is mended. A
    statement "heavy" counts `weight`, which can be more than a column holds.
    """

    name = "signatures"
    version = 1
    sources = frozenset({"pledges"})
    types = frozenset({"PledgeSigned", "PledgeWithdrawn"})

    def __init__(self) -> None:
        self.breaks: BaseException | None = None
        self.weight = 1

    def tables(self, metadata: MetaData) -> dict[str, Table]:
        standing = Table(
            "signatures_standing_v1",
            metadata,
            Column("district", Text, primary_key=True),
            Column("student", Text, primary_key=True),
            Column("statement", Text, nullable=False, index=True),
            info={"write": "replace"},
        )
        totals = Table(
            "signatures_totals_v1",
            metadata,
            Column("district", Text, primary_key=True),
            Column("signed", BigInteger, nullable=False),
            Column("withdrawn", BigInteger, nullable=False),
            info={"write": "count"},
        )
        return {"standing": standing, "totals": totals}

    def keys(self, event: Event) -> Iterable[tuple[str, Key]]:
        return [("standing", (event.district, event.data["student"]))]

    def fold(self, rows: Rows, event: Event) -> None:
        key = (event.district, event.data["student"])
        if event.type == "PledgeSigned":
            weight = self.weight if event.data["statement"] == "heavy" else 1
            rows.add("totals", (event.district,), signed=weight)
            if self.breaks is not None and event.data["statement"] == "poison":
                raise self.breaks
            rows.put("standing", key, {"statement": event.data["statement"]})
        elif rows.get("standing", key) is None:
            raise LookupError("nothing was signed that could be withdrawn")
        else:
            rows.put("standing", key, {"statement": ""})
            rows.add("totals", (event.district,), withdrawn=1)


def counted(database: Database) -> tuple[Counts, Standing]:
    """The read model's contents, counted from the rows of a log."""
    signed, withdrawn = Counter[str](), Counter[str]()
    standing: Standing = {}
    with database.reading() as connection:
        for row in connection.execute(select(events).order_by(events.c.stream, events.c.stream_version)):
            data = json.loads(row.data)
            if row.type == "PledgeSigned":
                signed[row.district] += 1
                standing[row.district, data["student"]] = data["statement"]
            elif row.type == "PledgeWithdrawn":
                withdrawn[row.district] += 1
                standing[row.district, data["student"]] = ""
    return {name: (signed[name], withdrawn[name]) for name in signed}, standing


def projected(database: Database, tables: dict[str, Table]) -> tuple[Counts, Standing]:
    """The same from the read model's tables."""
    with database.reading() as connection:
        totals = {
            row.district: (row.signed, row.withdrawn) for row in connection.execute(select(tables["totals"]))
        }
        rows = connection.execute(select(tables["standing"]))
        return totals, {(row.district, row.student): row.statement for row in rows}
