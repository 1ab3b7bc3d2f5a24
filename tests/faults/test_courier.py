"""The broker is only a courier: whatever it or its neighbours suffer, the read model is the fold of the log."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from kombu import Connection

from alliance import broker, receiver, relay
from alliance.broker import Publisher
from alliance.envelope import Event
from alliance.errors import Unavailable
from alliance.parking import count_rejected
from alliance.private_servers import PrivateRabbitMQ
from alliance.relay import Relay
from tests.faults.pipeline import CONSUMER, Pipeline, duplicates, sample
from tests.faults.test_deliveries import bodies
from tests.fixtures.waiting import until

ROOT = Path(__file__).parents[2]
QUEUE = f"{CONSUMER}.pledges"


class Interposed(Publisher):
    """Does something between the confirms and the moving of the checkpoint."""

    def then(self) -> None: ...

    def publish(self, events: Sequence[Event]) -> None:
        super().publish(events)
        self.then()


def kill_a(part: str, pipeline: Pipeline) -> None:
    urls = (pipeline.log_url, pipeline.journal_url, pipeline.broker_url)
    victim = subprocess.run([sys.executable, "-m", "tests.faults.victim", part, *urls], cwd=ROOT, timeout=60)
    assert victim.returncode == -signal.SIGKILL


def waiting_in_queue(pipeline: Pipeline) -> int:
    with Connection(pipeline.broker_url) as connection, connection.channel() as channel:
        return int(channel.queue_declare(QUEUE, passive=True).message_count)


def test_everything_arrives_when_nothing_goes_wrong(pipeline: Pipeline) -> None:
    before = duplicates()
    pipeline.run_all()
    until(lambda: pipeline.receiver.healthy, 20, "the receiver reads its queue, and the feed no more")
    for _ in range(5):
        pipeline.sign(30)
    pipeline.settle()
    pipeline.stop()
    pipeline.assert_faithful()
    assert duplicates() == before
    assert waiting_in_queue(pipeline) == 0


def test_two_relays_at_once_publish_twice_and_lose_nothing(pipeline: Pipeline) -> None:
    pipeline.sign(40)
    other = pipeline.relay()
    publisher = Interposed(pipeline.broker_url, "pledges", [CONSUMER])
    publisher.then = other.step  # type: ignore[method-assign]
    assert Relay(pipeline.log, publisher).step() == 50
    assert pipeline.published() == 50
    assert waiting_in_queue(pipeline) == 100
    before = duplicates()
    pipeline.run_all()
    pipeline.run_relay()
    for _ in range(10):
        pipeline.sign(20)
    pipeline.settle()
    until(lambda: duplicates() - before >= 100, 10, "the duplicates have come")
    pipeline.stop()
    pipeline.assert_faithful()


def test_a_relay_killed_between_confirm_and_checkpoint_publishes_again(pipeline: Pipeline) -> None:
    pipeline.sign(40)
    kill_a("relay", pipeline)
    assert pipeline.published() == 0
    assert waiting_in_queue(pipeline) == 50
    before = duplicates()
    pipeline.run_all()
    pipeline.settle()
    until(lambda: duplicates() - before == 100, 10, "both copies have come, after the feed's")
    pipeline.stop()
    pipeline.assert_faithful()


def test_a_receiver_killed_between_commit_and_acknowledgement_appends_nothing_twice(
    pipeline: Pipeline,
) -> None:
    pipeline.sign(40)
    assert pipeline.relay().step() == 50
    kill_a("receiver", pipeline)
    # It committed what it had been given by then; on a busy machine that is not all.
    assert 0 < pipeline.journal.head() <= 50
    before = duplicates()
    pipeline.run_all()
    until(lambda: duplicates() - before == 50, 20, "the broker has delivered all of them again")
    pipeline.sign(4)
    pipeline.settle()
    pipeline.stop()
    pipeline.assert_faithful()


def test_a_purged_queue_is_made_good_from_the_feed(pipeline: Pipeline) -> None:
    pipeline.sign(40)
    assert pipeline.relay().step() == 50
    purge(pipeline)
    pipeline.sign(4)
    assert pipeline.relay().step() == 5
    pipeline.run_all()
    pipeline.settle()
    pipeline.stop()
    pipeline.assert_faithful()


def test_the_loss_of_the_newest_events_is_noticed_in_the_silence(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "SILENCE_SECONDS", 0.3)
    pipeline.run_receiver()
    until(lambda: pipeline.receiver.healthy, 20, "the receiver reads its queue")
    pipeline.run_projector()
    pipeline.sign(40)
    # As if the broker had confirmed and lost them: nothing comes after them that would show the gap.
    with pipeline.log.database.transaction() as connection:
        relay.checkpoints.move(connection, relay.CHECKPOINT, expected=0, position=50, epoch="")
    pipeline.settle()
    pipeline.stop()
    pipeline.assert_faithful()


def test_a_subscription_that_goes_deaf_while_the_log_grows_is_made_anew(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather, deaf = receiver._gather, []

    def deaf_on_the_first_connection(connection: Connection, waiting: list[receiver.Delivery]) -> None:
        deaf[:] = deaf or [connection]
        if connection is deaf[0]:
            time.sleep(0.01)
        else:
            gather(connection, waiting)

    monkeypatch.setattr(receiver, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(receiver, "_gather", deaf_on_the_first_connection)
    pipeline.run_receiver()
    until(lambda: deaf, 20, "the receiver has subscribed")
    pipeline.run_projector()
    pipeline.sign(40)
    assert pipeline.relay().step() == 50
    before = duplicates()
    until(lambda: duplicates() - before == 50, 20, "what the feed supplied is delivered again")
    pipeline.stop()
    assert waiting_in_queue(pipeline) == 0
    pipeline.assert_faithful()


def purge(pipeline: Pipeline) -> None:
    with Connection(pipeline.broker_url) as connection, connection.channel() as channel:
        assert channel.queue_purge(QUEUE) == 50


def test_what_a_reader_had_and_did_not_acknowledge_is_forgotten_with_the_rest(pipeline: Pipeline) -> None:
    """A receiver has just ended, and the broker has not noticed: its messages would come back to the queue."""
    pipeline.sign(40)
    assert pipeline.relay().step() == 50
    with Connection(pipeline.broker_url) as ending, ending.channel() as channel:
        held: list[object] = []
        channel.basic_qos(0, 20, False)
        channel.basic_consume(QUEUE, callback=held.append)
        while len(held) < 20:
            ending.drain_events(timeout=20)
        with Connection(pipeline.broker_url) as connection:
            assert broker.forget(connection, CONSUMER, "pledges") == 30
    assert waiting_in_queue(pipeline) == 0
    pipeline.sign(4)
    assert pipeline.relay().step() == 5
    assert waiting_in_queue(pipeline) == 5


def test_without_its_queue_an_event_counts_as_unpublished_until_the_queue_is_back(pipeline: Pipeline) -> None:
    pipeline.sign(4)
    each = pipeline.relay()
    assert each.step() == 5
    with Connection(pipeline.broker_url) as connection, connection.channel() as channel:
        channel.queue_delete(QUEUE)
    pipeline.sign(4)
    with pytest.raises(Unavailable, match="unroutable"):
        each.step()
    assert pipeline.published() == 5
    assert each.step() == 5
    assert waiting_in_queue(pipeline) == 5


def test_a_receiver_whose_queue_is_deleted_declares_it_again(pipeline: Pipeline) -> None:
    pipeline.run_all()
    pipeline.sign(4)
    pipeline.settle()
    with Connection(pipeline.broker_url) as connection, connection.channel() as channel:
        channel.queue_delete(QUEUE)
    pipeline.sign(40)
    pipeline.settle()
    pipeline.stop()
    pipeline.assert_faithful()


def test_bodies_that_are_no_events_pass_through_the_broker_without_stopping_anybody(
    pipeline: Pipeline,
) -> None:
    pipeline.sign(12)
    pipeline.run_all()
    pipeline.settle()
    strange = bodies(pipeline)
    # With confirms: RabbitMQ loses what is still under way to a quorum queue when an unconfirmed publisher goes.
    options = {"confirm_publish": True}
    with (
        Connection(pipeline.broker_url, transport_options=options) as connection,
        connection.Producer(serializer=None) as producer,
    ):
        for number, body in enumerate(strange.values()):
            encoding = ("utf-8", "binary", "gzip", "latin-1")[number % 4]
            producer.publish(
                body, exchange="pledges.events", routing_key="PledgeSigned", content_encoding=encoding,
                content_type=("application/json", "application/x-python-serialize")[number % 2],
            )  # fmt: skip
    pipeline.sign(12)
    pipeline.settle()
    until(lambda: set_aside(pipeline) == len(strange), 30, "each of them is set aside")
    pipeline.stop()
    assert set_aside(pipeline) == len(strange)
    assert waiting_in_queue(pipeline) == 0
    pipeline.assert_faithful()


def set_aside(pipeline: Pipeline) -> int:
    with pipeline.database.reading() as connection:
        return count_rejected(connection)


def test_a_broker_that_dies_and_comes_back_empty_is_waited_for_and_set_up_again(
    pipeline: Pipeline, rabbitmq: PrivateRabbitMQ
) -> None:
    pipeline.run_all()
    pipeline.sign(40)
    pipeline.settle()
    publishing, each = pipeline.run_relay(), pipeline.receiver
    rabbitmq.kill()
    try:
        pipeline.sign(40)  # commands go on
        lag = {"service": "pledges"}
        until(lambda: sample("alliance_relay_lag_events", **lag) >= 50, 20, "the lag shows")
        until(lambda: not publishing.healthy and not each.healthy, 20, "both say that they wait")
        pipeline.sign(4)
        oldest = "alliance_relay_oldest_unpublished_seconds"
        first = sample(oldest, **lag)
        until(lambda: sample("alliance_relay_lag_events", **lag) == 55, 20, "the lag grows")
        until(lambda: sample(oldest, **lag) > first, 20, "the oldest grows older")
        until(lambda: pipeline.journal.head() == 105, 20, "the receiver reads the feed meanwhile")
    finally:
        rabbitmq.start(empty=True)
    pipeline.settle(60)
    until(lambda: sample("alliance_relay_lag_events", **lag) == 0, 10, "the lag is gone")
    until(lambda: publishing.healthy and each.healthy, 20, "both are well")
    assert sample(oldest, **lag) == 0
    pipeline.stop()
    pipeline.assert_faithful()


def test_between_two_batches_the_age_of_what_is_left_still_shows(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BATCH", 3)
    pipeline.sign(4)
    each, age = pipeline.relay(), {"name": "alliance_relay_oldest_unpublished_seconds", "service": "pledges"}
    left = pipeline.log.head()[0]
    while left > 3:
        left -= each.step()
        assert sample(**age) > 0
    each.step()
    assert sample(**age) == 0


def test_under_an_alarm_of_the_broker_the_relay_waits_and_then_goes_on(
    pipeline: Pipeline, rabbitmq: PrivateRabbitMQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run_receiver()
    pipeline.run_projector()
    pipeline.sign(4)
    each = pipeline.relay()
    each.step()
    rabbitmq.ctl("set_vm_memory_high_watermark", "0.0000001")
    try:
        pipeline.sign(40)
        with monkeypatch.context() as impatient:
            impatient.setattr(broker, "CONFIRM_SECONDS", 0.5)
            for _ in range(2):
                with pytest.raises(Unavailable):
                    each.step()
        assert pipeline.published() == 5
    finally:
        rabbitmq.ctl("set_vm_memory_high_watermark", "0.4")
    assert each.step() == 50
    pipeline.settle()
    pipeline.stop()
    pipeline.assert_faithful()
