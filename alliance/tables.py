"""The tables that every service with a log has. Alembic migrations change them, nothing else does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """A time that is UTC going in and coming out; SQLite alone would hand it back without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        # PostgreSQL's driver hands out what is wanted; a call a row would be a fifth of reading a log.
        return super().result_processor(dialect, coltype) if dialect.name == "sqlite" else None


metadata = MetaData()

#: The append-only events. `data` is JSON as text: it is written once and read whole, so parsing it in the
#: database would be paid for at every append and used by nobody.
events = Table(
    "events",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
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

#: One row: the position of the newest event, and the epoch, which changes after a restore.
log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("epoch", String(36), nullable=False),
)

#: The first result of each command that came with an Idempotency-Key, for its repeats.
commands = Table(
    "commands",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("stream_version", Integer, nullable=False),
    Column("result", Text, nullable=False),
)

#: Named positions in a log, moved by compare-and-set (`checkpoints.py`).
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("epoch", String(36), nullable=False),
)
