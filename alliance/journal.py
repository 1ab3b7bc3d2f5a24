"""Evaluation's copy of the other services' logs, in one order: what read models are folded from.

Guarantees: per source the positions are 1, 2, 3 … without holes; an event is here at most once; journal positions
are contiguous and in commit order, for the same reason and by the same means as a log's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    select,
)

from .compiled import Compiled
from .database import Database
from .envelope import COLUMNS, Event, from_row
from .errors import Diverged, Unavailable
from .rows import Values, Writes
from .tables import UtcTime

metadata = MetaData()

journal = Table(
    "journal",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("source", String(16), nullable=False),
    Column("source_position", BigInteger, nullable=False),
    Column("id", String(36), nullable=False),
    Column("stream", Text, nullable=False),
    Column("stream_version", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("schema_version", SmallInteger, nullable=False),
    Column("time", UtcTime, nullable=False),
    Column("district", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("causation_id", Text, nullable=False),
    Column("traceparent", Text),
)
journal_head = Table(
    "journal_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
#: Up to where each source has been copied, and the epoch of its log.
journal_sources = Table(
    "journal_sources",
    metadata,
    Column("source", String(16), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("epoch", String(36), nullable=False),
)

_ROW = journal.c
_EVENT = select(_ROW.position, _ROW.source, _ROW.source_position, *(_ROW[name] for name in COLUMNS))
_BETWEEN = (_ROW.position > sa.bindparam("after"), _ROW.position <= sa.bindparam("last"))
_STRETCH = Compiled(
    lambda _: (
        select(_ROW.source, _ROW.type, sa.func.max(_ROW.source_position), sa.func.max(_ROW.position))
        .where(*_BETWEEN)
        .group_by(_ROW.source, _ROW.type)
    )
)
_OF_TYPES = Compiled(lambda among: _EVENT.where(*_BETWEEN, among(_ROW.type, "types")).order_by(_ROW.position))
_HEAD = Compiled(lambda _: select(journal_head.c.position))
_LOCKED_HEAD = Compiled(lambda _: select(journal_head.c.position).with_for_update())
_SOURCE = Compiled(
    lambda _: select(journal_sources).where(journal_sources.c.source == sa.bindparam("source"))
)


@dataclass(frozen=True, slots=True)
class Batch:
    """A stretch of the journal: up to `end`, where each source had come to `reached`; `events` are those asked for."""

    end: int
    reached: Mapping[str, int]
    events: Sequence[tuple[int, Event]]


class Journal:
    """Safe to share between threads and processes: the head's row lock puts appends in one order."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(self, source: str, events: Sequence[Event], *, epoch: str = "") -> int:
        """Append what is new of consecutive events; returns how many were new.

        Those at or before the source's position are duplicates: left out when the id is the one held, Diverged when
        it is another. The first new one must be the source's next; otherwise Unavailable, and nothing is written: the
        journal ends before what the caller has seen of it, since its database came back from a copy.
        """
        with self.database.transaction() as connection:
            [head] = _LOCKED_HEAD.all(connection)
            at, held_epoch = _source(connection, source)
            if held_epoch and epoch and held_epoch != epoch:
                raise Diverged(f"{source}'s log has epoch {epoch}, the journal follows {held_epoch}")
            self._check_duplicates(connection, source, [event for event in events if event.position <= at])
            new = [event for event in events if event.position > at]
            if [event.position for event in new] != list(range(at + 1, at + 1 + len(new))):
                raise Unavailable(
                    f"{source}: {new[0].position} does not follow the journal's {at}; trying again."
                )
            writes = Writes(connection)
            if new:
                rows = [_row(event, head.position + offset) for offset, event in enumerate(new, start=1)]
                # Not copied: one who is stopped in the middle of a COPY holds the lock for as long as it likes, since
                # PostgreSQL's timeouts do not hold while it waits for more of one.
                writes.insert_values(journal, rows)
                writes.set(journal_head, {"position": head.position + len(new)})
            if new or (epoch and not held_epoch):
                reached = {"source": source, "position": at + len(new), "epoch": epoch or held_epoch}
                writes.upsert(journal_sources, [reached])
            writes.send()
        return len(new)

    def _check_duplicates(self, connection: sa.Connection, source: str, events: Sequence[Event]) -> None:
        if not events:
            return
        query = select(journal.c.source_position, journal.c.id).where(
            journal.c.source == source, journal.c.source_position.in_([event.position for event in events])
        )
        held = {position: id_ for position, id_ in connection.execute(query)}  # noqa: C416
        for event in events:
            if held.get(event.position) != event.id:
                raise Diverged(
                    f"{source} position {event.position} is event {event.id}, the journal holds "
                    f"{held.get(event.position)}: the source's log was restored from an older copy"
                )

    def source(self, source: str) -> tuple[int, str]:
        """The position up to which a source is copied, and its epoch ("" while unknown)."""
        with self.database.asking() as connection:
            return _source(connection, source)

    def head(self) -> int:
        with self.database.asking() as connection:
            return last_position(connection)

    def read(self, after: int, limit: int) -> list[tuple[int, Event]]:
        """At most `limit` (journal position, event) after a position, without holes."""
        with self.database.asking() as connection:
            return read(connection, after, limit)


def read(connection: sa.Connection, after: int, limit: int, *conditions: Any) -> list[tuple[int, Event]]:
    """As `Journal.read`, in the caller's transaction; with conditions, only the events that fulfil them."""
    query = _EVENT.where(journal.c.position > after, *conditions).order_by(journal.c.position).limit(limit)
    return _events(connection.execute(query))


def read_batch(connection: sa.Connection, after: int, limit: int, types: frozenset[str]) -> Batch | None:
    """At most `limit` journal positions after one, with the events of these types; None where there are none.

    What nobody folds is not fetched: a journal is mostly other projections' events, and to decode them was most of the
    time of those that wait for few.
    """
    found = _STRETCH.tuples(connection, after=after, last=after + limit)
    if not found:
        return None
    end = max(position for _, _, _, position in found)
    reached: dict[str, int] = {}
    for source, _, position, _ in found:
        reached[source] = max(position, reached.get(source, 0))
    wanted = sorted(types & {type_ for _, type_, _, _ in found})
    rows = _OF_TYPES.tuples(connection, after=after, last=end, types=wanted) if wanted else ()
    return Batch(end, reached, _events(rows))


def last_position(connection: sa.Connection) -> int:
    """The position of the journal's newest event."""
    [row] = _HEAD.all(connection)
    return int(row.position)


def _source(connection: sa.Connection, source: str) -> tuple[int, str]:
    row = _SOURCE.one(connection, source=source)
    return (row.position, row.epoch) if row else (0, "")


def _events(rows: Iterable[Any]) -> list[tuple[int, Event]]:
    return [
        (position, from_row(values, source=source, position=source_position))
        for position, source, source_position, *values in rows
    ]


def _row(event: Event, position: int) -> Values:
    """In the order of the journal's columns."""
    return (
        position,
        event.source,
        event.position,
        event.id,
        event.stream,
        event.stream_version,
        event.type,
        event.schema_version,
        event.time,
        event.district,
        event.text,
        event.correlation_id,
        event.causation_id,
        event.traceparent,
    )


def create_journal(op: Any) -> None:
    """For evaluation's first migration: frozen as of release 0.1; later changes are new revisions."""
    op.create_table(
        "journal",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("source_position", sa.BigInteger, nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("stream_version", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("schema_version", sa.SmallInteger, nullable=False),
        sa.Column("time", UtcTime, nullable=False),
        sa.Column("district", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("correlation_id", sa.Text, nullable=False),
        sa.Column("causation_id", sa.Text, nullable=False),
        sa.Column("traceparent", sa.Text),
        sa.UniqueConstraint("source", "source_position", name="journal_source_key"),
    )
    head = op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = 1", name="journal_head_is_one_row"),
    )
    op.bulk_insert(head, [{"id": 1, "position": 0}])
    op.create_table(
        "journal_sources",
        sa.Column("source", sa.String(16), primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.String(36), nullable=False),
    )
