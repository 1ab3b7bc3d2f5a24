"""The log of one service: the only moment of truth.

Guarantees
- Positions are 1, 2, 3 … in the order of commit, without holes: a reader that has seen position n has seen all
  before it. They come from one counter row, locked first in the append transaction; a sequence would hand out
  numbers before the commit and a tailing reader would step over those that commit late.
- An append is taken whole or not at all, and only on the version of the stream that the caller decided on.
- A command id is taken once; a repeat gets the first result, whatever has happened since.

No guarantee: while an append is under way nobody can say whether it will be in the log; a lost connection during
the commit leaves that open, and the caller's repeat with the same command id settles it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Connection, bindparam, func, select, update

from . import contracts, logs, metrics
from .append import (
    Append,
    Appended,
    NewEvent,
    Outcome,
    Ticket,
    command_row,
    event_row,
    same_command,
    write_beside,
)
from .append_statement import prepared, write
from .compiled import Compiled
from .context import Context
from .database import Database
from .envelope import COLUMNS, Event, from_row
from .errors import AllianceError, TooNew, UnknownContract, WrongVersion
from .rows import Values, Writes
from .tables import commands, events, log_head
from .together import Together

__all__ = ["Append", "Appended", "Log", "NewEvent", "Outcome", "same_command"]

log = structlog.get_logger()

_EVENT = select(events.c.position, *(events.c[name] for name in COLUMNS))
_AFTER = Compiled(
    lambda _: (
        _EVENT.where(events.c.position > bindparam("after"))
        .order_by(events.c.position)
        .limit(bindparam("most"))
    )
)
_OF_STREAMS = Compiled(
    lambda among: _EVENT.where(among(events.c.stream, "streams")).order_by(events.c.position)
)
_VERSIONS = Compiled(
    lambda among: (
        select(events.c.stream, func.max(events.c.stream_version))
        .where(among(events.c.stream, "streams"))
        .group_by(events.c.stream)
    )
)
_TAKEN = Compiled(lambda among: select(commands).where(among(commands.c.id, "ids")))
_HEAD = Compiled(lambda _: select(log_head.c.position, log_head.c.epoch))
_LOCKED_HEAD = Compiled(lambda _: select(log_head.c.position, log_head.c.epoch).with_for_update())

#: Appends that one transaction takes at most, so that the lock on the counter stays short.
GROUP = 500
#: Event ids that the line about an append names at most; the positions tell the others.
IDS = 5


class Log:
    """Append-only events of the service `source`. Safe to share between threads."""

    def __init__(self, database: Database, source: str) -> None:
        self.database = database
        self.source = source
        self._together: Together[Ticket, Outcome] = Together(self._commit, GROUP)

    def append(self, append: Append) -> Appended:
        """Append one command's events; raise WrongVersion, KeyReused, Unavailable or what `beside` raised.

        Group commit: what arrives while a transaction is under way shares the next one.
        """
        ticket = Ticket(append)
        appended = self._together.run(ticket)
        # Here, not in the transaction: that is the work of one thread for all that wait.
        self._tell([ticket])
        return cast("Appended", appended)

    def append_all(self, appends: Sequence[Append]) -> list[Outcome]:
        """Append several commands' events in one transaction; each has its own outcome, in the order given.

        A refused one leaves nothing behind, the others stand. Appends to one stream build on each other.
        """
        tickets = [Ticket(append) for append in appends]
        outcomes = self._commit(tickets)
        self._tell(tickets)
        return outcomes

    def _tell(self, tickets: Sequence[Ticket]) -> None:
        """One line for what was appended together, however many events; none for what the system appends by itself.

        Anonymous responses enter the log so: a line about them would stand beside that of a request.
        """
        told = [each for each in tickets if each.ids and each.append.context.caller.role != "system"]
        if told:
            log.info(
                "events appended",
                source=self.source,
                positions=[told[0].last - len(told[0].ids) + 1, told[-1].last],
                ids=[id_ for each in told[:IDS] for id_ in each.ids[:IDS]][:IDS],
                types=sorted({event.type for each in told for event in each.append.events}),
                **logs.ids(told[0].append.context),
            )

    def _commit(self, tickets: Sequence[Ticket]) -> list[Outcome]:
        outcomes = self._at_once(tickets) if self.database.dialect == "postgresql" else None
        if outcomes is None:
            outcomes = self._settled(tickets)
        written = [ticket for ticket in tickets if ticket.ids]
        if written:
            metrics.append_batch_events.labels(self.source).observe(sum(len(each.ids) for each in written))
            metrics.log_position.labels(self.source).set(written[-1].last)
        return outcomes

    def _at_once(self, tickets: Sequence[Ticket]) -> list[Outcome] | None:
        """The group in one statement, or None and nothing done when it is not for that, or somebody is refused."""
        taken = prepared([ticket.append for ticket in tickets], [ticket.encoded for ticket in tickets])
        if taken is None:
            return None
        with self.database.telling() as connection:
            before = write(connection, taken)
        if before is None:
            return None
        outcomes: list[Outcome] = []
        first = 0
        for ticket, (end, version) in zip(tickets, taken.ends, strict=True):
            ticket.ids = [id_ for _, id_, *_ in taken.events[first:end]]
            ticket.last = before + end
            outcomes.append(Appended(before + end, version, False, end - first, ticket.append.result))
            first = end
        return outcomes

    def _settled(self, tickets: Sequence[Ticket]) -> list[Outcome]:
        """The group in a transaction that looks at each append under the counter's lock."""
        appends = [ticket.append for ticket in tickets]
        with self.database.transaction() as connection:
            before = position = self._lock(connection)
            versions = self._versions(connection, {append.stream for append in appends})
            keyed = [str(append.context.command_id) for append in appends if append.context.keyed]
            repeats = self._taken(connection, keyed)
            outcomes: list[Outcome] = []
            new_events: list[Values] = []
            new_commands: list[Values] = []
            for ticket in tickets:
                append = ticket.append
                try:
                    outcome = self._take(connection, ticket, position, versions, repeats, new_events)
                except AllianceError as error:
                    outcomes.append(error)
                    continue
                outcomes.append(outcome)
                position = max(position, outcome.position)
                if append.context.keyed and not outcome.repeated:
                    new_commands.append(command_row(append, outcome.position, outcome.version))
                    # The same command can come twice in one group: an impatient caller's second try.
                    repeat = replace(outcome, repeated=True, events=0)
                    repeats[str(append.context.command_id)] = (append.fingerprint, repeat)
            writes = (
                Writes(connection).insert_values(events, new_events).insert_values(commands, new_commands)
            )
            if position > before:
                writes.set(log_head, {"position": position})
            writes.send()
        conflicts = sum(isinstance(outcome, WrongVersion) for outcome in outcomes)
        if conflicts:
            metrics.append_conflicts.labels(self.source).inc(conflicts)
        return outcomes

    def _take(
        self,
        connection: Connection,
        ticket: Ticket,
        position: int,
        versions: dict[str, int],
        repeats: Mapping[str, tuple[str, Appended]],
        new_events: list[Values],
    ) -> Appended:
        append = ticket.append
        if append.context.keyed and (first := repeats.get(str(append.context.command_id))):
            return same_command(first, append.fingerprint)
        version = versions.get(append.stream, 0)
        if version != append.expected:
            raise WrongVersion(f"{append.stream} is at version {version}, not {append.expected}.")
        rows = [
            event_row(append, event, data, position=position + offset, version=version + offset)
            for offset, (event, data) in enumerate(zip(append.events, ticket.encoded, strict=True), start=1)
        ]
        if append.beside is not None:
            write_beside(connection, append.beside, append.context)
        new_events.extend(rows)
        ticket.ids, ticket.last = [id_ for _, id_, *_ in rows], position + len(rows)
        versions[append.stream] = version + len(rows)
        return Appended(position + len(rows), version + len(rows), False, len(rows), append.result)

    def _lock(self, connection: Connection) -> int:
        # The row lock is held to the commit. Taken after any other work, two appends could number their events in
        # one order and commit in the other, and a reader would see position 8 before 7.
        [head] = _LOCKED_HEAD.all(connection)
        return int(head.position)

    def _versions(self, connection: Connection, streams: Iterable[str]) -> dict[str, int]:
        rows = _VERSIONS.tuples(connection, streams=sorted(streams))
        return {stream: version for stream, version in rows}  # noqa: C416

    def _taken(self, connection: Connection, ids: Sequence[str]) -> dict[str, tuple[str, Appended]]:
        if not ids:
            return {}
        return {
            row.id: (
                row.fingerprint,
                Appended(row.position, row.stream_version, True, 0, msgspec.json.decode(row.result)),
            )
            for row in _TAKEN.all(connection, ids=ids)
        }

    def first_results(self, contexts: Iterable[Context]) -> dict[str, tuple[str, Appended]]:
        """(fingerprint, result) of the commands taken before, by id; a repeat is answered before it is judged."""
        ids = [str(context.command_id) for context in contexts if context.keyed]
        if not ids:
            return {}
        with self.database.asking() as connection:
            return self._taken(connection, ids)

    def first_result(self, context: Context, fingerprint: str) -> Appended | None:
        """The same for one command; raises KeyReused when the key came with another one."""
        first = self.first_results([context]).get(str(context.command_id))
        return same_command(first, fingerprint) if first else None

    def read_stream(self, stream: str) -> list[Event]:
        """The events of one stream in their order, upcast to the newest contracts."""
        return self.read_streams([stream]).get(stream, [])

    def read_streams(self, streams: Iterable[str]) -> dict[str, list[Event]]:
        """The events of several streams in one query; a stream without events is absent.

        Raises TooNew for an event that only a newer release knows.
        """
        with self.database.asking() as connection:
            return self._read_streams(connection, streams)

    def load(
        self, streams: Iterable[str], contexts: Iterable[Context]
    ) -> tuple[dict[str, list[Event]], dict[str, tuple[str, Appended]]]:
        """What commands are decided on: their streams, and the results of those that were taken before."""
        ids = [str(context.command_id) for context in contexts if context.keyed]
        with self.database.asking() as connection:
            return self._read_streams(connection, streams), self._taken(connection, ids)

    def _read_streams(self, connection: Connection, streams: Iterable[str]) -> dict[str, list[Event]]:
        found: dict[str, list[Event]] = {}
        for position, *row in _OF_STREAMS.tuples(connection, streams=sorted(set(streams))):
            event = from_row(row, source=self.source, position=position)
            try:
                data = contracts.upcast(event.type, event.schema_version, event.data)
            except UnknownContract as error:
                # Left out, the state would be one that never was; the newer release can still read it.
                raise TooNew(
                    f"{event.stream} was written by a newer release; upgrade this one ({error})."
                ) from error
            if data is not event.data:
                event = event.with_data(data)
            found.setdefault(event.stream, []).append(event)
        return found

    def read(self, after: int, limit: int) -> list[Event]:
        """At most `limit` events after a position, as written: without holes, so the next page starts at the last."""
        with self.database.asking() as connection:
            rows = _AFTER.tuples(connection, after=after, most=limit)
        return [from_row(row, source=self.source, position=position) for position, *row in rows]

    def head(self) -> tuple[int, str]:
        """The position of the newest event and the log's epoch."""
        with self.database.asking() as connection:
            [head] = _HEAD.all(connection)
        return head.position, head.epoch

    def new_epoch(self, epoch: UUID) -> None:
        """Declare that this log was restored from a copy: its readers stop instead of mixing two histories."""
        with self.database.transaction() as connection:
            connection.execute(update(log_head).values(epoch=str(epoch)))
