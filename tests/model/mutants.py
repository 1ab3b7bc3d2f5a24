"""The product's code with one change each, which the exploration must notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, update

from alliance import checkpoints, parking
from alliance.append import Outcome
from alliance.database import Database
from alliance.journal import journal, read, read_batch
from alliance.log import Log
from alliance.projector import Projector, lock
from alliance.tables import log_head
from tests.model.configurations import CLIENTS, COMMANDS, PROJECTION, RELAY, RELAYS, RESTORED_RELAY, TRANSPORT
from tests.model.mutants_receiver import (
    DeduplicateInATimeWindow,
    JournalWithHoles,
    LeaveDuplicatesToTheJournal,
    TakeAnythingThatIsNew,
    acknowledge_before_commit,
    without_a_key,
)
from tests.model.mutants_relay import (
    GiveEachMessageAnIdOfItsOwn,
    MoveBeforeTheConfirm,
    MoveWhateverTheLogHolds,
    PublishWithoutConfirms,
    ReuseTheChannelAfterATimeout,
    move_without_comparing,
)
from tests.model.stage import Parts
from tests.model.world import Configuration


class CheckpointInAnotherTransaction(Projector):
    def step(self, limit: int = 1) -> int:
        with self.database.transaction() as connection:
            position = lock(connection, self.checkpoint)
            batch = read_batch(connection, position, limit, self.projection.types)
            if batch is None:
                return 0
            mine = parking.set_aside(connection, self.projection.name, 0, batch.events)
            self._write(connection, mine)
        with self.database.transaction() as connection:
            self._advance(connection, batch)
        return batch.end - position


class LookAtTheCheckpointBeforeTheLock(Projector):
    """Reads where to go on in a transaction of its own, so that a second projector may fold the same meanwhile."""

    def step(self, limit: int = 1) -> int:
        with self.database.asking() as connection:
            position, _ = checkpoints.load(connection, self.checkpoint)
        with self.database.transaction() as connection:
            if batch := read_batch(connection, position, limit, self.projection.types):
                self.take(connection, batch)
        return 0


class AppendWithoutComparing(Log):
    def _take(self, connection: Any, ticket: Any, position: int, versions: Any, *others: Any) -> Any:
        version = versions.get(ticket.append.stream, 0)
        ticket.append = replace(ticket.append, expected=version)
        return super()._take(connection, ticket, position, versions, *others)


class BareSequence(Log):
    """Hands out positions in a transaction of their own, as a sequence does: a reader of position 2 may come before
    the commit of position 1."""

    _reserved = 0

    def _commit(self, tickets: Sequence[Any]) -> list[Outcome]:
        with self.database.transaction() as connection:
            self._reserved = super()._lock(connection)
            connection.execute(update(log_head).values(position=self._reserved + len(tickets)))
        return super()._commit(tickets)

    def _lock(self, connection: Connection) -> int:
        super()._lock(connection)
        return self._reserved


def never_backwards(databases: Mapping[str, Database]) -> None:
    """A sequence never goes back, whatever its users write."""
    with databases["log"].transaction() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER never_backwards BEFORE UPDATE ON log_head WHEN new.position < old.position "
            "BEGIN SELECT RAISE(IGNORE); END"
        )


class ForgetTheCommand(Log):
    """Knows no repeat, and gives events ids of their own."""

    def _taken(self, connection: Connection, ids: Sequence[str]) -> dict[str, Any]:
        return {}

    def _commit(self, tickets: Sequence[Any]) -> list[Outcome]:
        for ticket in tickets:
            ticket.append = replace(ticket.append, context=replace(ticket.append.context, keyed=False))
        return super()._commit(tickets)


class ReplayWithoutRelease(Projector):
    """Folds a parked stream and releases it afterwards."""

    def replay(self, entry: parking.Parked) -> int:
        with self.database.transaction() as connection:
            position = lock(connection, self.checkpoint)
            stream = (journal.c.stream == entry.stream, journal.c.position <= position)
            events = read(connection, entry.first_position - 1, position, *stream)
            self.fold_strictly(connection, events)
        with self.database.transaction() as connection:
            parking.release(connection, entry)
        return len(events)


@dataclass(frozen=True)
class Mutant:
    """`caught_by` is the guarantee that the shortest way breaks; `ignored` those that it breaks by its very design,
    left aside to see what follows."""

    parts: Parts
    configuration: Configuration
    caught_by: str
    ignored: frozenset[str] = frozenset()


MUTANTS: Mapping[str, Mutant] = {
    "acknowledge before commit": Mutant(Parts(consume=acknowledge_before_commit), TRANSPORT, "R3"),
    "checkpoint in another transaction": Mutant(
        Parts(projector=CheckpointInAnotherTransaction), PROJECTION, "I5"
    ),
    "skip the gap check": Mutant(
        Parts(receiver=TakeAnythingThatIsNew, journal=JournalWithHoles), TRANSPORT, "I4"
    ),
    "move the relay's checkpoint before the confirm": Mutant(Parts(relay=MoveBeforeTheConfirm), RELAY, "R1"),
    "reuse a channel after a timeout": Mutant(Parts(publisher=ReuseTheChannelAfterATimeout), RELAY, "R1"),
    "no compare-and-set of a checkpoint": Mutant(Parts(move=move_without_comparing), RELAYS, "R2"),
    "no compare-and-set of a stream's version": Mutant(Parts(log=AppendWithoutComparing), COMMANDS, "I1"),
    "dedup by a time window": Mutant(
        Parts(receiver=LeaveDuplicatesToTheJournal, journal=DeduplicateInATimeWindow, tables=without_a_key),
        TRANSPORT,
        "I4",
    ),
    "read past an uncommitted position": Mutant(
        Parts(log=BareSequence, tables=never_backwards), CLIENTS, "R1", ignored=frozenset({"I1"})
    ),
    "move the relay's checkpoint in a log that was restored": Mutant(
        Parts(relay=MoveWhateverTheLogHolds), RESTORED_RELAY, "R1"
    ),
    "give each message an id of its own": Mutant(Parts(publisher=GiveEachMessageAnIdOfItsOwn), RELAY, "I2"),
    "publish without confirms": Mutant(Parts(publisher=PublishWithoutConfirms), RELAY, "R1"),
    "look at the checkpoint before the lock": Mutant(
        Parts(projector=LookAtTheCheckpointBeforeTheLock), PROJECTION, "I5"
    ),
    "forget the command": Mutant(Parts(log=ForgetTheCommand), COMMANDS, "I1"),
    "release a parked stream in another transaction": Mutant(
        Parts(projector=ReplayWithoutRelease), PROJECTION, "I3"
    ),
}
