"""What goes into an append and what comes out of it, and the rows that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1
from typing import Any
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from . import contracts, logs
from .context import Context
from .errors import AllianceError, Invalid, KeyReused

log = structlog.get_logger()


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


class Ticket:
    """One append on its way through a group. Its events are checked and encoded before any lock is held."""

    __slots__ = ("append", "encoded", "ids", "last")

    def __init__(self, append: Append) -> None:
        self.append = append
        self.encoded = encoded(append)
        #: The ids of its events, once they are written, and the position of the last.
        self.ids: list[str] = []
        self.last = 0


#: RFC 4122's variant in the place of a UUID's 17th digit.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def event_id(command_id: UUID, stream: str, version: int) -> str:
    """RFC 4122's UUID of version 5, of the command's id and this name; as `uuid.uuid5`, in a quarter of its time."""
    name = f"{stream}/{version}".encode()
    hexa = sha1(command_id.bytes + name, usedforsecurity=False).hexdigest()
    return f"{hexa[:8]}-{hexa[8:12]}-5{hexa[13:16]}-{_VARIANT[hexa[16]]}{hexa[17:20]}-{hexa[20:32]}"


def event_row(append: Append, event: NewEvent, data: str, *, position: int, version: int) -> tuple[Any, ...]:
    """The event's values in the order of the columns of `tables.events`."""
    context = append.context
    return (
        position,
        # Derived: unique as (stream, version) is, and the same when a command is taken again after a lost answer.
        event_id(context.command_id, append.stream, version),
        append.stream,
        version,
        event.type,
        event.version,
        append.time or context.now,
        append.district,
        data,
        context.correlation_id,
        str(context.command_id),
        context.traceparent,
    )


def command_row(append: Append, position: int, version: int) -> tuple[Any, ...]:
    """The first result's values in the order of the columns of `tables.commands`."""
    return (
        str(append.context.command_id),
        append.fingerprint,
        position,
        version,
        msgspec.json.encode(append.result).decode(),
    )


def write_beside(connection: Connection, beside: Callable[[Connection], None], context: Context) -> None:
    """In a savepoint, so that a failure is this command's alone; a lost database is everybody's."""
    try:
        with connection.begin_nested():
            beside(connection)
    except (AllianceError, OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.error("a command's own tables refused it", **logs.ids(context), exc_info=error)
        raise AllianceError(
            "The command failed; the operators' log has the reason under the correlation id."
        ) from error
