"""Relays and publishers with one change each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import Connection, insert, update

from alliance import checkpoints
from alliance.broker import Publisher
from alliance.envelope import Event
from alliance.errors import Unavailable
from alliance.relay import CHECKPOINT, Relay
from alliance.tables import checkpoints as checkpoint_table


class MoveBeforeTheConfirm(Relay):
    def step(self) -> int:
        database = self._log.database
        with database.asking() as connection:
            position, _ = checkpoints.load(connection, CHECKPOINT)
        head, epoch = self._log.head()
        events = self._log.read(position, 2) if head > position else []
        if events:
            last = events[-1].position
            with database.transaction() as connection:
                checkpoints.move(connection, CHECKPOINT, expected=position, position=last, epoch=epoch)
            self._publisher.publish(events)
        return len(events)


class MoveWhateverTheLogHolds(Relay):
    """Does not look whether the log still holds what was published."""

    def step(self) -> int:
        database = self._log.database
        with database.asking() as connection:
            position, _ = checkpoints.load(connection, CHECKPOINT)
        _, epoch = self._log.head()
        if events := self._log.read(position, 2):
            self._publisher.publish(events)
            last = events[-1].position
            with database.transaction() as connection:
                checkpoints.move(connection, CHECKPOINT, expected=position, position=last, epoch=epoch)
        return len(events)


class ReuseTheChannelAfterATimeout(Publisher):
    def publish(self, events: Sequence[Event]) -> None:
        self._sent, self._unconfirmed, self._refused = 0, set(), []
        try:
            self._open()
            for event in events:
                self._send(event)
            self._await(lambda: not self._unconfirmed)
        except TimeoutError as error:
            raise Unavailable("The broker does not confirm in time.") from error
        except OSError as error:
            self.close()
            raise Unavailable("The broker cannot be reached.") from error


class GiveEachMessageAnIdOfItsOwn(Publisher):
    def _send(self, event: Event) -> None:
        super()._send(msgspec.structs.replace(event, id=str(uuid5(UUID(event.id), "message"))))


class PublishWithoutConfirms(Publisher):
    def _await(self, condition: Callable[[], bool]) -> None:
        self._unconfirmed.clear()


def move_without_comparing(
    connection: Connection, name: str, *, expected: int, position: int, epoch: str
) -> bool:
    changed = connection.execute(
        update(checkpoint_table).where(checkpoint_table.c.name == name).values(position=position)
    )
    if not changed.rowcount:
        connection.execute(insert(checkpoint_table).values(name=name, position=position, epoch=epoch))
    return True
