"""What a value of a database says, read from its rows without the product's code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from alliance import journal as journal_tables
from alliance import parking, tables
from tests.model.stage import SOURCE, Stage

Row = dict[str, Any]


@dataclass(frozen=True)
class LogFacts:
    """`published` is the relay's checkpoint."""

    events: Sequence[Row]
    #: (position, id) of each.
    identities: frozenset[tuple[int, str]]
    position: int
    epoch: str
    published: int

    @property
    def unpublished(self) -> bool:
        return self.published != self.position


@dataclass(frozen=True)
class JournalFacts:
    """`copied` and `epoch` are what the journal has of the source's log, `folded` is the projector's checkpoint."""

    events: Sequence[Row]
    #: (position in its source, id) of each.
    identities: frozenset[tuple[int, str]]
    position: int
    copied: int
    epoch: str
    folded: int
    parked: Sequence[Row]
    rejected: int
    totals: dict[str, tuple[int, int]]
    standing: dict[tuple[str, str], str]

    @property
    def unfolded(self) -> bool:
        return self.folded != self.position


class Facts:
    """Facts by the numbers of values, each read once."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._logs: dict[int, LogFacts] = {}
        self._journals: dict[int, JournalFacts] = {}
        self._identities: dict[int, tuple[int, str]] = {}

    def log(self, number: int) -> LogFacts:
        if number not in self._logs:
            (head,) = self._rows("log", number, tables.log_head)
            marks = {row["name"]: row["position"] for row in self._rows("log", number, tables.checkpoints)}
            events = sorted(self._rows("log", number, tables.events), key=lambda row: int(row["position"]))
            identities = frozenset((row["position"], row["id"]) for row in events)
            self._logs[number] = LogFacts(
                events, identities, head["position"], head["epoch"], marks.get("relay", 0)
            )
        return self._logs[number]

    def journal(self, number: int) -> JournalFacts:
        if number not in self._journals:
            (head,) = self._rows("journal", number, journal_tables.journal_head)
            sources = self._rows("journal", number, journal_tables.journal_sources)
            (mark,) = self._rows("journal", number, tables.checkpoints)
            model = self._stage.tables()
            events = self._rows("journal", number, journal_tables.journal)
            self._journals[number] = JournalFacts(
                sorted(events, key=lambda row: int(row["position"])),
                frozenset((row["source_position"], row["id"]) for row in events),
                head["position"],
                sources[0]["position"] if sources else 0,
                sources[0]["epoch"] if sources else "",
                mark["position"],
                self._rows("journal", number, parking.parked),
                len(self._rows("journal", number, parking.rejected)),
                {
                    row["district"]: (row["signed"], row["withdrawn"])
                    for row in self._rows("journal", number, model["totals"])
                },
                {
                    (row["district"], row["student"]): row["statement"]
                    for row in self._rows("journal", number, model["standing"])
                },
            )
        return self._journals[number]

    def level(self, log: int, journal: int) -> bool:
        """Whether a receiver that asks the feed has nothing to learn."""
        source, copy = self.log(log), self.journal(journal)
        return (source.position, source.epoch) == (copy.copied, copy.epoch or source.epoch)

    def message(self, number: int) -> tuple[int, str]:
        """Position and id of the event in a message."""
        if number not in self._identities:
            document = json.loads(self._stage.body(number))
            assert document["source"].endswith(SOURCE)
            self._identities[number] = (int(document["sequence"]), document["id"])
        return self._identities[number]

    def _rows(self, database: str, number: int, table: Table) -> list[Row]:
        names = [column.name for column in table.c]
        rows = self._stage.values[database].rows(number, table.name)
        return [dict(zip(names, row, strict=True)) for row in rows]
