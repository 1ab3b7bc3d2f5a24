"""What goes into an append and what comes out of it, and the rows that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from . import contracts
from .context import Context
from .errors import AllianceError, Invalid, KeyReused


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is not in a log yet; `data` fits the contract of (type, version)."""

    type: str
    data: Mapping[str, Any]
    version: int = 1


@dataclass(frozen=True, slots=True)
class Append:
    """What one command adds to one stream. `expected` is the stream's version that the decision was taken on.

    `beside` writes the service's own state in the same transaction. `fingerprint` tells whether a repeated
    Idempotency-Key comes with the same command. `result` is kept for repeats of a keyed command.
    """

    stream: str
    expected: int
    events: Sequence[NewEvent]
    district: str
    context: Context
    beside: Callable[[Connection], None] | None = None
    time: datetime | None = None
    fingerprint: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Appended:
    """Position and stream version after the append; `repeated` when the command had been taken before."""

    position: int
    version: int
    repeated: bool
    events: int
    result: Mapping[str, Any]


Outcome = Appended | AllianceError


def same_command(first: tuple[str, Appended], fingerprint: str) -> Appended:
    """The first result of a command for its repeat; KeyReused when the repeat says something else."""
    if first[0] != fingerprint:
        raise KeyReused("This Idempotency-Key was used for another command; use a new key for this one.")
    return first[1]


def encoded(append: Append) -> list[str]:
    """Each event's data as JSON; Invalid for what no database can hold, which would fail the whole group."""
    try:
        data = [
            msgspec.json.encode(contracts.write(event.type, event.version, event.data)).decode()
            for event in append.events
        ]
        written = "".join((append.stream, append.district, append.context.correlation_id, *data)).encode()
    except UnicodeEncodeError:
        raise Invalid("A field holds half a character; send whole ones.") from None
    if b"\0" in written or rb"\u0000" in written:
        raise Invalid("A field holds a NUL character; remove it.")
    return data


def event_id(command_id: UUID, stream: str, version: int) -> str:
    """RFC 4122's UUID of version 5, of the command's id and this name; as `uuid.uuid5`, in a third of its time."""
    name = f"{stream}/{version}".encode()
    digest = bytearray(sha1(command_id.bytes + name, usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    hexa = digest.hex()
    return f"{hexa[:8]}-{hexa[8:12]}-{hexa[12:16]}-{hexa[16:20]}-{hexa[20:]}"


def event_row(append: Append, event: NewEvent, data: str, *, position: int, version: int) -> dict[str, Any]:
    context = append.context
    return {
        "position": position,
        # Derived: unique as (stream, version) is, and the same when a command is taken again after a lost answer.
        "id": event_id(context.command_id, append.stream, version),
        "stream": append.stream,
        "stream_version": version,
        "type": event.type,
        "schema_version": event.version,
        "time": append.time or context.now,
        "district": append.district,
        "data": data,
        "correlation_id": context.correlation_id,
        "causation_id": str(context.command_id),
        "traceparent": context.traceparent,
    }


def command_row(append: Append, outcome: Appended) -> dict[str, Any]:
    return {
        "id": str(append.context.command_id),
        "fingerprint": append.fingerprint,
        "position": outcome.position,
        "stream_version": outcome.version,
        "result": msgspec.json.encode(outcome.result).decode(),
    }
