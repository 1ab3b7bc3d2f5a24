"""How far the journal is behind a source shows whatever is away, and it is 0 again when nothing is."""

from __future__ import annotations

from uuid import uuid4

import msgspec
import pytest
from sqlalchemy.engine import make_url

from alliance import receiver
from alliance.envelope import to_json
from alliance.errors import Unavailable
from alliance.feed import LocalFeed
from alliance.journal import Journal
from alliance.private_servers import PrivatePostgres
from alliance.receiver import Delivery, Receiver, follow
from tests.faults.pipeline import CONSUMER, Pipeline, sample
from tests.faults.test_deliveries import NoFeed
from tests.fixtures.databases_away import database_away
from tests.fixtures.waiting import until


def events_behind() -> float:
    return sample("alliance_receiver_lag_events", source="pledges")


def seconds_behind() -> float:
    return sample("alliance_receiver_lag_seconds", source="pledges")


class JournalAway(Journal):
    """A journal whose database cannot be reached while `away`."""

    away = True

    def source(self, source: str) -> tuple[int, str]:
        if self.away:
            raise Unavailable("The journal is away.")
        return super().source(source)


def test_while_the_journals_database_is_away_the_lag_rises_and_after_its_return_it_is_0(
    pipeline: Pipeline, postgres: PrivatePostgres
) -> None:
    pipeline.run_relay()
    pipeline.run_receiver()
    pipeline.sign(4)
    until(lambda: pipeline.journal.head() == 5, 20, "the events are in the journal")
    until(lambda: (events_behind(), seconds_behind()) == (0, 0), 10, "the journal is level")

    with database_away(postgres, str(make_url(pipeline.journal_url).database)):
        pipeline.sign(4)
        until(lambda: pipeline.published() == 10, 20, "the relay has published")
        until(lambda: events_behind() == 5, 20, "what was published is missing in the journal")
        first = seconds_behind()
        until(lambda: seconds_behind() > first > 0, 10, "the lag grows older")
        pipeline.sign(4)  # delivered to nobody: the receiver does not read its queue now
        until(lambda: events_behind() == 10, 20, "the lag grows deeper")

    until(lambda: pipeline.journal.head() == 15, 30, "the journal has everything")
    until(lambda: (events_behind(), seconds_behind()) == (0, 0), 10, "the journal is level again")
    assert pipeline.ended == []


def test_without_a_broker_the_lag_shows_as_well(without_broker: Pipeline) -> None:
    journal = JournalAway(without_broker.database)
    without_broker.sign(12)
    without_broker.run(lambda stopping: follow(Receiver(journal, LocalFeed(without_broker.log)), stopping))
    until(lambda: events_behind() == 15 and seconds_behind() > 0, 10, "the lag shows")
    journal.away = False
    until(lambda: (events_behind(), seconds_behind()) == (0, 0), 10, "the journal is level")
    assert without_broker.ended == []


def test_what_still_waits_in_the_queue_counts(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "BATCH", 1)
    monkeypatch.setattr(receiver, "HEAD_SECONDS", 0.0)
    before: list[float] = []

    class Observed(Receiver):
        def receive(self, deliveries: list[Delivery]) -> int:
            before.append(events_behind())
            return super().receive(deliveries)

    observed = Observed(pipeline.journal, LocalFeed(pipeline.log))
    pipeline.run(
        lambda stopping: receiver.consume(observed, pipeline.broker_url, stopping, consumer=CONSUMER)
    )
    until(lambda: observed.healthy, 20, "the receiver reads its queue")
    pipeline.sign(40)
    assert pipeline.relay().step() == 50
    until(lambda: pipeline.journal.head() == 50, 20, "everything is in the journal")
    assert before == [0, *range(49, 0, -1)]
    until(lambda: (events_behind(), seconds_behind()) == (0, 0), 10, "the journal is level")


def test_what_was_delivered_is_known_to_be_missing_though_the_source_cannot_be_asked(
    without_broker: Pipeline,
) -> None:
    without_broker.sign(12)
    alone = Receiver(without_broker.journal, NoFeed())
    deliveries = without_broker.deliveries()
    with pytest.raises(Unavailable):
        alone.receive(deliveries[7:8])
    assert events_behind() == 8
    assert seconds_behind() > 0
    alone.receive(deliveries)
    assert (events_behind(), seconds_behind()) == (0, 0)


def test_a_position_that_the_source_has_not_reached_leaves_no_lag(without_broker: Pipeline) -> None:
    without_broker.sign(12)
    event = without_broker.log.read(4, 1)[0]
    forged = msgspec.structs.replace(event, position=1_000_000, id=str(uuid4()))
    without_broker.receiver.receive([Delivery(1, to_json(forged))])
    assert (events_behind(), seconds_behind()) == (0, 0)
