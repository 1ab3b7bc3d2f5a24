"""Writes an import batch by batch: events into the log, rows into the tables, both in one transaction.

Streams of the roster are written by imports alone, and of one source's imports only the newest writes: it is the
`owner` of the source's row, looked at under a lock inside every transaction. So the versions read before a batch
still hold when it is appended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, delete, func, select

from alliance.context import Context
from alliance.contracts import current
from alliance.decider import encode
from alliance.errors import AllianceError
from alliance.log import Append, Log, NewEvent
from alliance.rows import insert_many, upsert_many
from alliance.tables import events as log_events

from .events import RosterEvent
from .org_changes import Change
from .student_batches import StudentChange
from .tables import classes, enrolments, guardians, links, orgs, sessions, sources, students

#: Events of one append transaction, about: the lock on the log's counter stays short.
EVENTS_TOGETHER = 1000
#: Rows without events of one transaction.
ROWS_TOGETHER = 5000


class Overtaken(Exception):
    """A later import of the same source has begun; it goes on from what is written, and this one stops."""


@dataclass(slots=True)
class _Batch:
    appends: list[tuple[str, str, Sequence[RosterEvent]]] = field(default_factory=list)
    new_streams: set[str] = field(default_factory=set)
    events: int = 0
    upserts: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    inserts: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)
    rows: int = 0


_TABLES: dict[str, Table] = {
    table.name: table for table in (orgs, classes, students, guardians, links, enrolments, sessions)
}


class Writer:
    """Collects changes and writes them when a batch is full; `finish` writes the rest.

    `changes` counts events by type.
    """

    def __init__(self, log: Log, source: str, owner: UUID, context: Context) -> None:
        self._log, self._source, self._owner = log, source, str(owner)
        # The import itself is repeat-safe by comparison; its appends need no memory of their own.
        self._context = replace(context, keyed=False)
        self._batch = _Batch()
        self.changes: Counter[str] = Counter()
        self.position = 0

    def org_or_class(self, change: Change) -> None:
        """One row and, where there is one, the event that tells of it."""
        self._batch.upserts.setdefault(change.table, []).append(change.row)
        self._batch.rows += 1
        if change.event is not None:
            self._append(change.stream, change.district, [change.event])
        self._flush_when_full()

    def student(self, change: StudentChange) -> None:
        batch = self._batch
        stream = f"student-{change.student}"
        if change.new:
            batch.new_streams.add(stream)
            batch.inserts.setdefault("students", []).append(change.row)
        else:
            batch.upserts.setdefault("students", []).append(change.row)
            batch.replaced.append(change.student)
        batch.inserts.setdefault("enrolments", []).extend(change.enrolments)
        batch.inserts.setdefault("links", []).extend(change.links)
        batch.rows += 1
        for district, events in change.by_district():
            self._append(stream, district, events)
        self._flush_when_full()

    def guardians(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Names and contacts: rows only, no event ever has them."""
        with self._owned() as connection:
            upsert_many(connection, guardians, rows)

    def forget_guardians(self, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), ROWS_TOGETHER):
            with self._owned() as connection:
                connection.execute(
                    delete(guardians).where(guardians.c.id.in_(ids[start : start + ROWS_TOGETHER]))
                )

    def sessions(self, rows: Sequence[Mapping[str, Any]]) -> None:
        with self._owned() as connection:
            connection.execute(delete(sessions).where(sessions.c.source == self._source))
            insert_many(connection, sessions, rows)

    def finish(self) -> None:
        """Write the rest, and declare the import done: what it brought is no longer new."""
        self.flush()
        with self._owned() as connection:
            of_source = classes.c.source == self._source
            connection.execute(classes.update().where(of_source, classes.c.new).values(new=False))
            done = sources.update().where(sources.c.source == self._source)
            connection.execute(done.values(imported_at=self._context.now))
        self.position = self.position or self._log.head()[0]

    @contextmanager
    def _owned(self) -> Iterator[Connection]:
        """A transaction of this import without events."""
        with self._log.database.transaction() as connection:
            self._hold(connection)
            yield connection

    def _hold(self, connection: Connection) -> None:
        # The lock makes a later import wait for this transaction, so that it compares with what is written here.
        owner = select(sources.c.owner).where(sources.c.source == self._source).with_for_update()
        if connection.execute(owner).scalar_one_or_none() != self._owner:
            raise Overtaken

    def _append(self, stream: str, district: str, events: Sequence[RosterEvent]) -> None:
        self._batch.appends.append((stream, district, events))
        self._batch.events += len(events)
        self.changes.update(type(event).__name__ for event in events)

    def _flush_when_full(self) -> None:
        if self._batch.events >= EVENTS_TOGETHER or self._batch.rows >= ROWS_TOGETHER:
            self.flush()

    def flush(self) -> None:
        batch, self._batch = self._batch, _Batch()
        if not batch.appends:
            if batch.rows:
                with self._owned() as connection:
                    self._write(connection, batch)
            return

        def beside(connection: Connection) -> None:
            self._hold(connection)
            self._write(connection, batch)

        versions = self._versions({stream for stream, _, _ in batch.appends} - batch.new_streams)
        appends: list[Append] = []
        for stream, district, events in batch.appends:
            version = versions.get(stream, 0)
            new = tuple(NewEvent(type(e).__name__, encode(e), current(type(e).__name__)) for e in events)
            first = beside if not appends else None
            appends.append(Append(stream, version, new, district, self._context, beside=first))
            versions[stream] = version + len(events)
        for outcome in self._log.append_all(appends):
            if isinstance(outcome, AllianceError):
                raise outcome
            self.position = outcome.position

    def _versions(self, streams: Iterable[str]) -> dict[str, int]:
        wanted = sorted(streams)
        if not wanted:
            return {}
        query = (
            select(log_events.c.stream, func.max(log_events.c.stream_version))
            .where(log_events.c.stream.in_(wanted))
            .group_by(log_events.c.stream)
        )
        with self._log.database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def _write(self, connection: Connection, batch: _Batch) -> None:
        if batch.replaced:
            for table in (enrolments, links):
                connection.execute(delete(table).where(table.c.student.in_(batch.replaced)))
        for name, rows in batch.upserts.items():
            upsert_many(connection, _TABLES[name], rows)
        for name, rows in batch.inserts.items():
            insert_many(connection, _TABLES[name], rows)
