"""What a projection is, and the rows that its fold works on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol
from zlib import crc32

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, Text

from .envelope import Event
from .rows import Key, Writes, fetch_many

Row = dict[str, Any]

#: Events that belong to no district, e.g. an instrument: every partition folds them.
EVERYWHERE = "state"


class Projection(Protocol):
    """A pure fold of events into rows.

    Each table says in `info["write"]` how it is written: "replace" rows are loaded, changed and put back; "count"
    rows are integer sums that are only added to. Every row belongs to one district, since partitions share none.
    """

    name: str
    version: int
    sources: frozenset[str]
    types: frozenset[str]

    def tables(self, metadata: MetaData) -> dict[str, Table]:
        """Its tables by logical name."""
        ...

    def keys(self, event: Event) -> Iterable[tuple[str, Key]]:
        """The "replace" rows that the fold of this event reads."""
        ...

    def fold(self, rows: Rows, event: Event) -> None:
        """Apply one event. Reads and writes `rows` only; whatever it raises, none of its writes are kept."""
        ...


class Rows:
    """The rows of one batch: loaded before, folded in memory, written after."""

    def __init__(self, loaded: Mapping[tuple[str, Key], Row]) -> None:
        self._rows: dict[tuple[str, Key], Row | None] = dict(loaded)
        self._counts: dict[tuple[str, Key], dict[str, int]] = {}
        self._changed: set[tuple[str, Key]] = set()
        self._puts: dict[tuple[str, Key], Row | None] = {}
        self._adds: list[tuple[str, Key, dict[str, int]]] = []

    def get(self, table: str, key: Key) -> Row | None:
        """The row as of this event; treat it as read-only and `put` a new one."""
        at = (table, key)
        return self._puts[at] if at in self._puts else self._rows.get(at)

    def put(self, table: str, key: Key, row: Row) -> None:
        self._puts[table, key] = row

    def delete(self, table: str, key: Key) -> None:
        self._puts[table, key] = None

    def add(self, table: str, key: Key, **deltas: int) -> None:
        self._adds.append((table, key, deltas))

    def keep(self) -> None:
        """Keep what the last event's fold wrote."""
        self._rows.update(self._puts)
        self._changed.update(self._puts)
        for table, key, deltas in self._adds:
            sums = self._counts.setdefault((table, key), {})
            for name, delta in deltas.items():
                sums[name] = sums.get(name, 0) + delta
        self.discard()

    def discard(self) -> None:
        """Forget what the last event's fold wrote."""
        self._puts.clear()
        self._adds.clear()

    def replaced(self) -> dict[tuple[str, Key], Row | None]:
        return {at: self._rows[at] for at in self._changed}

    def added(self) -> dict[tuple[str, Key], dict[str, int]]:
        return {at: sums for at, sums in self._counts.items() if any(sums.values())}


def belongs(event: Event, partition: int, partitions: int) -> bool:
    """Whether partition `partition` of `partitions` folds this event."""
    return event.district == EVERYWHERE or crc32(event.district.encode()) % partitions == partition


def load(connection: Connection, tables: Mapping[str, Table], wanted: Iterable[tuple[str, Key]]) -> Rows:
    """The rows of these keys that exist, a few queries for all."""
    by_table: dict[str, set[Key]] = {}
    for name, key in wanted:
        by_table.setdefault(name, set()).add(key)
    loaded: dict[tuple[str, Key], Row] = {}
    for name, keys in by_table.items():
        table = tables[name]
        columns = [column.name for column in table.primary_key]
        others = [column.name for column in table.c if not column.primary_key]
        for row in fetch_many(connection, table, keys):
            loaded[name, tuple(row[column] for column in columns)] = {
                column: row[column] for column in others
            }
    return Rows(loaded)


def store(connection: Connection, tables: Mapping[str, Table], rows: Rows) -> None:
    """Write what a batch changed, each row once, in the order of the keys so that two writers cannot deadlock."""
    puts: dict[str, list[Row]] = {}
    deletions: dict[str, list[Key]] = {}
    for (name, key), row in sorted(rows.replaced().items(), key=lambda item: item[0]):
        if row is None:
            deletions.setdefault(name, []).append(key)
        else:
            puts.setdefault(name, []).append(_full(tables[name], key, row))
    sums: dict[str, list[Row]] = {}
    for (name, key), deltas in sorted(rows.added().items(), key=lambda item: item[0]):
        zeros = {column.name: 0 for column in tables[name].c if not column.primary_key}
        sums.setdefault(name, []).append(_full(tables[name], key, {**zeros, **deltas}))
    for name, keys in deletions.items():
        for key in keys:
            conditions = [
                column == value for column, value in zip(tables[name].primary_key, key, strict=True)
            ]
            connection.execute(tables[name].delete().where(*conditions))
    writes = Writes(connection)
    for name, full in puts.items():
        writes.upsert(tables[name], full)
    for name, full in sums.items():
        writes.upsert(tables[name], full, add=True)
    writes.send()


def _full(table: Table, key: Key, row: Row) -> Row:
    return {**{column.name: value for column, value in zip(table.primary_key, key, strict=True)}, **row}


metadata = MetaData()

#: How far each partition of each projection has folded each source: what a figure is "as of".
projection_positions = Table(
    "projection_positions",
    metadata,
    Column("projection", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
