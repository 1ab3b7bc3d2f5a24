"""Receivers and journals with one change each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from alliance.database import Database
from alliance.envelope import Event, from_json
from alliance.journal import Journal, _row, journal, journal_head, journal_sources
from alliance.receiver import Delivery, Receiver, _consume
from alliance.rows import Writes


def acknowledge_before_commit(receiver: Receiver, connection: Any, queue: object, stopping: Any) -> None:
    receive = receiver.receive

    def acknowledging(deliveries: list[Delivery]) -> int:
        connection.channel().basic_ack(deliveries[-1].tag, multiple=True)
        return receive(deliveries)

    receiver.receive = acknowledging  # type: ignore[method-assign]
    _consume(receiver, connection, queue, stopping)


def never_look_at_the_feed(receiver: Receiver, connection: Any, queue: object, stopping: Any) -> None:
    """Takes silence for an empty log; a gap between two messages is still filled."""
    receive, catch_up = receiver.receive, receiver.catch_up

    def receiving(deliveries: list[Delivery]) -> int:
        receiver.catch_up = catch_up  # type: ignore[method-assign]
        return receive(deliveries)

    receiver.receive = receiving  # type: ignore[method-assign]
    receiver.catch_up = lambda: 0  # type: ignore[method-assign]
    _consume(receiver, connection, queue, stopping)


class TakeAnythingThatIsNew(Receiver):
    """Skips the gap check: whatever lies beyond the journal's end is appended."""

    def receive(self, deliveries: list[Delivery]) -> int:
        events = {event.position: event for event in (from_json(each.body) for each in deliveries)}
        at = self._held()[0]
        return self._append([events[position] for position in sorted(events) if position > at])


class JournalWithHoles(Journal):
    """Skips the gap check as well."""

    def append(self, source: str, events: Sequence[Event], *, epoch: str = "") -> int:
        with self.database.transaction() as connection:
            position = connection.scalars(select(journal_head.c.position)).one()
            at = connection.scalars(select(journal_sources.c.position)).one_or_none() or 0
            new = [event for event in events if event.position > at]
            self._write(connection, source, new, position, epoch)
        return len(new)

    def _write(
        self, connection: Connection, source: str, new: Sequence[Event], position: int, epoch: str
    ) -> None:
        if not new:
            return
        rows = [_row(event, position + offset) for offset, event in enumerate(new, start=1)]
        Writes(connection).insert_values(journal, rows).send()
        connection.execute(update(journal_head).values(position=position + len(new)))
        statement = self.database.insert(journal_sources).values(
            source=source, position=new[-1].position, epoch=epoch
        )
        changed = {"position": statement.excluded.position, "epoch": statement.excluded.epoch}
        connection.execute(statement.on_conflict_do_update(index_elements=["source"], set_=changed))


class LeaveDuplicatesToTheJournal(Receiver):
    """Fills gaps, and leaves it to the journal to know duplicates."""

    def receive(self, deliveries: list[Delivery]) -> int:
        new = 0
        for event in sorted((from_json(each.body) for each in deliveries), key=lambda event: event.position):
            if event.position > self._held()[0] + 1:
                new += self.catch_up()
            new += self._append([event])
        return new


class DeduplicateInATimeWindow(JournalWithHoles):
    """Knows the ids of the last half minute; the model's commands are a minute apart."""

    WINDOW = timedelta(seconds=30)

    def append(self, source: str, events: Sequence[Event], *, epoch: str = "") -> int:
        with self.database.transaction() as connection:
            position = connection.scalars(select(journal_head.c.position)).one()
            newest = connection.scalars(
                select(journal.c.time).order_by(journal.c.time.desc()).limit(1)
            ).first()
            recent = select(journal.c.id).where(journal.c.time >= newest - self.WINDOW) if newest else None
            known = set(connection.scalars(recent)) if recent is not None else set()
            new = {event.id: event for event in events if event.id not in known}
            self._write(connection, source, list(new.values()), position, epoch)
        return len(new)


def without_a_key(databases: Mapping[str, Database]) -> None:
    """A journal whose table does not say itself that a position comes once."""
    with databases["journal"].transaction() as connection:
        connection.exec_driver_sql("DROP TABLE journal")
        journal.create(connection)
