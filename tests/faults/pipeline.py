"""One source from end to end: log -> relay -> broker -> receiver -> journal -> projector, and the proof that the
read model is the fold of the log, whatever happened on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import MetaData, select

from alliance import checkpoints, metrics, parking
from alliance.broker import Publisher
from alliance.database import Database
from alliance.envelope import to_json
from alliance.feed import Feed, LocalFeed
from alliance.journal import Journal, journal
from alliance.log import Log
from alliance.migrations import upgrade
from alliance.projector import Projector
from alliance.rebuild import rebuild
from alliance.receiver import Delivery, Receiver, consume
from alliance.relay import CHECKPOINT, Relay
from alliance.tables import events
from tests.builders import append, signed, withdrawn
from tests.faults.read_model import Signatures, counted, projected
from tests.fixtures.waiting import until

CONSUMER = "evaluation"


class Pipeline:
    """Each part can be stepped by hand, or `run` in a thread until `close`."""

    def __init__(self, log_url: str, journal_url: str, broker_url: str) -> None:
        self.log_url, self.journal_url, self.broker_url = log_url, journal_url, broker_url
        database = Database(log_url)
        upgrade(database, "pledges")
        self.log = Log(database, "pledges")
        self.database = Database(journal_url)
        upgrade(self.database, "evaluation")
        self.journal = Journal(self.database)
        self.receiver = Receiver(self.journal, LocalFeed(self.log))
        self.projection = Signatures()
        self.tables = self.projection.tables(MetaData())
        self.projector = Projector(self.database, self.projection, self.tables)
        self.projector.prepare()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._students = 0
        #: What ended a thread that should have gone on.
        self.ended: list[BaseException] = []

    def sign(self, count: int) -> None:
        """Append pledges of new students in three districts; every fourth is withdrawn again."""
        appends = []
        for number in range(self._students, self._students + count):
            student, district = f"s{number}", f"d{number % 3}"
            story = [signed(student, district)] + ([withdrawn(student, district)] if number % 4 == 0 else [])
            appends.append(append(student, 0, story, district=district))
        self.log.append_all(appends)
        self._students += count

    def relay(self) -> Relay:
        return Relay(self.log, Publisher(self.broker_url, "pledges", [CONSUMER]))

    def run_relay(self) -> Relay:
        relay = self.relay()
        self.run(relay.run)
        return relay

    def run_receiver(self, feed: Feed | None = None) -> Receiver:
        receiver = Receiver(self.journal, feed) if feed else self.receiver
        self.run(lambda stopping: consume(receiver, self.broker_url, stopping, consumer=CONSUMER))
        return receiver

    def run_projector(self) -> None:
        self.run(self.projector.run)

    def run_all(self) -> None:
        self.run_relay()
        self.run_receiver()
        self.run_projector()

    def run(self, part: Callable[[threading.Event], None]) -> None:
        def guarded() -> None:
            try:
                part(self._stopping)
            except BaseException as error:
                self.ended.append(error)

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        """End the running parts; they can be run again afterwards."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a part does not end"
        self._threads.clear()
        self._stopping = threading.Event()

    def close(self) -> None:
        self.stop()
        self.log.database.close()
        self.database.close()

    def published(self) -> int:
        """The relay's checkpoint."""
        with self.log.database.reading() as connection:
            return checkpoints.load(connection, CHECKPOINT)[0]

    def settle(self, seconds: float = 30.0) -> None:
        """Wait until the running parts have brought everything to the end."""
        head = self.log.head()[0]
        until(lambda: self.ended or self.published() == head, seconds, f"{head} events are published")
        until(lambda: self.ended or self.journal.head() == head, seconds, f"{head} events are in the journal")
        until(lambda: self.ended or self.folded() == head, seconds, f"{head} events are folded")
        assert self.ended == []

    def folded(self) -> int:
        with self.database.reading() as connection:
            return checkpoints.load(connection, self.projector.checkpoint)[0]

    def project(self) -> None:
        """Copy the log to the journal and fold it, without a broker."""
        self.receiver.catch_up()
        while self.projector.step():
            pass

    def assert_faithful(self) -> None:
        """Nothing is lost, nothing is twice: the journal holds the log, and the read model is its fold."""
        with self.log.database.reading() as connection:
            log = connection.execute(select(events.c.position, events.c.id).order_by(events.c.position)).all()
        query = select(journal.c.source_position, journal.c.id).where(journal.c.source == "pledges")
        with self.database.reading() as connection:
            assert connection.execute(query.order_by(journal.c.position)).all() == log
            assert parking.streams(connection) == []
        assert [position for position, _ in log] == list(range(1, len(log) + 1))
        assert projected(self.database, self.tables) == counted(self.log.database)
        compared = rebuild(self.database, self.projection, self.tables)
        assert compared.equal
        assert compared.positions == (len(log),)

    def deliveries(self, after: int = 0) -> list[Delivery]:
        """The log's events as the broker delivers them."""
        return [Delivery(event.position, to_json(event)) for event in self.log.read(after, 10_000)]


def sample(name: str, **labels: Any) -> float:
    """A metric of this process; 0 while it has no value."""
    return metrics.REGISTRY.get_sample_value(name, {key: str(value) for key, value in labels.items()}) or 0.0


def duplicates() -> float:
    """How many deliveries of an event that the journal held already this process has seen."""
    return sample("alliance_duplicates_total", source="pledges")
