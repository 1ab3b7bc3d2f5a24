"""What was set aside: streams whose event could not be folded, and messages that could not be read.

A stream with a failed event is parked whole, from that event on, since what follows may rest on it; all other
streams flow. Nothing is lost: the journal holds every event, and `replay` folds the parked ones in their order.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    insert,
    select,
)

from . import driver
from .compiled import Compiled
from .envelope import Event
from .tables import UtcTime

log = structlog.get_logger()

metadata = MetaData()

parked = Table(
    "parked",
    metadata,
    Column("projection", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("source", String(16), primary_key=True),
    Column("stream", Text, primary_key=True),
    #: Journal position of the event that failed: the first one that a replay folds.
    Column("first_position", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("parked_at", UtcTime, nullable=False),
)
rejected = Table(
    "rejected",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Parked:
    """A stream set aside in one partition of one projection, with how many of its events wait."""

    projection: str
    partition: int
    source: str
    stream: str
    first_position: int
    events: int
    reason: str
    parked_at: datetime


class Failure(Exception):
    """An event that could not be folded, at its journal position."""

    def __init__(self, position: int, event: Event, reason: str) -> None:
        super().__init__(f"{event.source} {event.stream} at journal position {position}: {reason}")
        self.position = position
        self.event = event
        self.reason = reason


_ALL = Compiled(lambda _: select(parked).order_by(parked.c.first_position))
_OF = Compiled(
    lambda _: (
        select(parked)
        .where(parked.c.projection == sa.bindparam("projection"))
        .order_by(parked.c.first_position)
    )
)


def streams(connection: Connection, projection: str | None = None) -> list[Parked]:
    """The parked streams, oldest first, of one projection or of all."""
    rows = _ALL.all(connection) if projection is None else _OF.all(connection, projection=projection)
    return [Parked(*row) for row in rows]


def park(connection: Connection, entry: Parked) -> None:
    connection.execute(parked.insert().values(asdict(entry)))


def add_events(connection: Connection, entry: Parked, events: int) -> None:
    """Count further events of a stream that is parked already."""
    connection.execute(parked.update().where(*_is(entry)).values(events=parked.c.events + events))


def set_aside(
    connection: Connection, projection: str, partition: int, events: Sequence[tuple[int, Event]]
) -> Sequence[tuple[int, Event]]:
    """Count the events of streams that are parked already; returns the others."""
    entries = {
        (entry.source, entry.stream): entry
        for entry in streams(connection, projection)
        if entry.partition == partition
    }
    if not entries:
        return events
    flowing = [(at, event) for at, event in events if (event.source, event.stream) not in entries]
    waiting = Counter((event.source, event.stream) for _, event in events)
    for stream, entry in entries.items():
        if waiting[stream]:
            add_events(connection, entry, waiting[stream])
    return flowing


def park_streams(
    connection: Connection,
    projection: str,
    partition: int,
    failures: Sequence[Failure],
    batch: Sequence[tuple[int, Event]],
) -> dict[tuple[str, str], int]:
    """Park the streams of these failures, given in their order, from the first one on; returns where each begins."""
    first: dict[tuple[str, str], Failure] = {}
    for failure in failures:
        first.setdefault((failure.event.source, failure.event.stream), failure)
    for (source, stream), failure in first.items():
        count = sum(
            at >= failure.position and (event.source, event.stream) == (source, stream) for at, event in batch
        )
        entry = Parked(
            projection=projection,
            partition=partition,
            source=source,
            stream=stream,
            first_position=failure.position,
            events=count,
            reason=failure.reason,
            parked_at=datetime.now(UTC),
        )
        park(connection, entry)
        log.error(
            "stream parked",
            projection=projection,
            event_id=failure.event.id,
            stream=stream,
            reason=failure.reason,
        )
    return {stream: failure.position for stream, failure in first.items()}


def release(connection: Connection, entry: Parked) -> bool:
    """False when this entry is gone: it was released before, and may have been parked anew since."""
    is_this = [*_is(entry), parked.c.first_position == entry.first_position]
    return bool(connection.execute(parked.delete().where(*is_this)).rowcount)


def _is(entry: Parked) -> list[Any]:
    return [
        parked.c[name] == getattr(entry, name) for name in ("projection", "partition", "source", "stream")
    ]


def count_rejected(connection: Connection) -> int:
    """How many messages were set aside because they could not be read."""
    return connection.scalars(select(sa.func.count()).select_from(rejected)).one()


def set_messages_aside(connection: Connection, source: str, messages: Sequence[tuple[bytes, str]]) -> None:
    """Keep messages that could not be read: each body as it came, and the reason.

    To PostgreSQL by COPY: as a literal, a body of 20 MB is twice as long and holds its source up for a second.
    """
    rows = [{"source": source, "body": body, "reason": reason} for body, reason in messages]
    if connection.dialect.name != "postgresql":
        connection.execute(insert(rejected), rows)
        return
    driver.copy_in(
        connection, "COPY rejected (source, body, reason) FROM STDIN (FORMAT binary)", _copied(rows)
    )


def _copied(rows: Sequence[dict[str, Any]]) -> bytes:
    """PostgreSQL's binary format of COPY: a header, for each row the number of its fields and each with its length."""
    parts = [b"PGCOPY\n\xff\r\n\0", struct.pack("!ii", 0, 0)]
    for row in rows:
        fields = row["source"].encode(), row["body"], row["reason"].encode()
        parts.append(struct.pack("!h", len(fields)))
        parts += [part for field in fields for part in (struct.pack("!i", len(field)), field)]
    return b"".join([*parts, struct.pack("!h", -1)])


def create_parking(op: Any) -> None:
    """For evaluation's first migration: frozen as of release 0.1."""
    op.create_table(
        "parked",
        sa.Column("projection", sa.Text, primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("source", sa.String(16), primary_key=True),
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("first_position", sa.BigInteger, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("parked_at", UtcTime, nullable=False),
    )
    op.create_table(
        "rejected",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
