"""Whatever order, number and shape deliveries come in, the journal becomes the source's log."""

from __future__ import annotations

from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from alliance.envelope import to_cloudevent, to_json
from alliance.errors import Diverged, Unavailable
from alliance.feed import LocalFeed, Page
from alliance.journal import journal, journal_head, journal_sources
from alliance.parking import count_rejected, rejected
from alliance.receiver import Delivery, Receiver
from tests.faults.pipeline import Pipeline, duplicates

EVENTS = 12


class NoFeed:
    """A source that cannot be asked: what is not delivered stays missing."""

    source = "pledges"

    def page(self, after: int, limit: int = 0) -> Page:
        raise Unavailable("The source is away.")


@pytest.fixture
def filled(without_broker: Pipeline) -> Pipeline:
    without_broker.sign(EVENTS)
    return without_broker


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.integers(0, 14), max_size=12), max_size=6))
def test_shuffled_repeated_and_missing_deliveries_end_in_the_log(
    filled: Pipeline, batches: list[list[int]]
) -> None:
    forget(filled)
    deliveries = filled.deliveries()
    new = sum(filled.receiver.receive([deliveries[index] for index in batch]) for batch in batches)
    new += filled.receiver.catch_up()
    assert new == len(deliveries) == filled.log.head()[0] == 15
    with filled.database.reading() as connection:
        found = connection.execute(select(journal).order_by(journal.c.position)).all()
    assert [(row.position, row.source_position, row.id) for row in found] == [
        (event.position, event.position, event.id) for event in filled.log.read(0, 99)
    ]


def forget(pipeline: Pipeline) -> None:
    with pipeline.database.transaction() as connection:
        connection.execute(delete(journal))
        connection.execute(delete(journal_sources))
        connection.execute(update(journal_head).values(position=0))


def test_what_comes_in_order_needs_no_feed(filled: Pipeline) -> None:
    receiver = Receiver(filled.journal, NoFeed())
    deliveries = filled.deliveries()
    assert receiver.receive(deliveries[:5]) == 5
    assert receiver.receive(deliveries[5:]) == 10


def test_duplicates_are_counted_and_left_out(filled: Pipeline) -> None:
    receiver = Receiver(filled.journal, NoFeed())
    deliveries, before = filled.deliveries(), duplicates()
    # Two relays at once: a run, and the same run once more in the same batch of deliveries.
    assert receiver.receive(deliveries[:6] + deliveries[:6]) == 6
    assert receiver.receive(deliveries[3:9] + deliveries[8:9]) == 3
    assert duplicates() - before == 6 + 4


def test_a_gap_is_filled_from_the_feed_before_what_follows_it(filled: Pipeline) -> None:
    assert filled.receiver.receive(filled.deliveries()[7:8]) == 15
    filled.project()
    filled.assert_faithful()


def test_a_gap_without_a_feed_is_never_stepped_over(filled: Pipeline) -> None:
    receiver = Receiver(filled.journal, NoFeed())
    with pytest.raises(Unavailable):
        receiver.receive(filled.deliveries()[7:8])
    assert filled.journal.source("pledges")[0] == 0


def test_another_event_at_a_known_position_stops_the_receiver(filled: Pipeline) -> None:
    filled.receiver.catch_up()
    forged = msgspec.structs.replace(filled.log.read(3, 1)[0], id=str(uuid4()))
    with pytest.raises(Diverged, match="position 4"):
        filled.receiver.receive([Delivery(1, to_json(forged))])
    twins = [Delivery(tag, to_json(event)) for tag, event in enumerate((forged, forged), start=1)]
    with pytest.raises(Diverged):
        filled.receiver.receive(twins)


def test_two_events_for_one_new_position_stop_the_receiver(filled: Pipeline) -> None:
    genuine = filled.log.read(0, 1)[0]
    forged = msgspec.structs.replace(genuine, id=str(uuid4()))
    receiver = Receiver(filled.journal, NoFeed())
    with pytest.raises(Diverged):
        receiver.receive([Delivery(1, to_json(genuine)), Delivery(2, to_json(forged))])


def bodies(pipeline: Pipeline) -> dict[str, bytes]:
    """Bodies that are no event of this source, by what is wrong with them."""
    event = pipeline.log.read(4, 1)[0]
    document = to_cloudevent(event)

    def but(**changes: object) -> bytes:
        return msgspec.json.encode({**document, **changes})

    return {
        "empty": b"",
        "no JSON": b"<html>",
        "not UTF-8": b'{"id": "\xff"}',
        "half a character": b'{"id": "\\ud800"}',
        "truncated": to_json(event)[:-7],
        "no object": b"[1, 2]",
        "an empty object": b"{}",
        "nested deeply": b'{"data": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        "huge": b'{"padding": "' + b"x" * 5_000_000 + b'"}',
        "of a type without end": but(type=f"alliance.pledges.{'x' * 1_000_000}"),
        "of another source": but(type="alliance.folders.FolderSent"),
        "of nobody": but(type=7),
        "with data that is no object": but(data="x"),
        "with a number in its data beyond numbers": but(data={"a": 7}).replace(b'{"a":7}', b'{"a":1e999}'),
        "with a text in its data that is not UTF-8": but(data={"a": "7"}).replace(
            b'{"a":"7"}', b'{"a":"\xff"}'
        ),
        "without a position": msgspec.json.encode({k: v for k, v in document.items() if k != "sequence"}),
        "at no position": but(sequence="soon"),
        "at position 0": but(sequence="0"),
        "at a negative position": but(sequence="-1"),
        "at a position beyond numbers": but(sequence="9" * 40),
        "at a position beyond digits": but(sequence="9" * 5000),
        "at a position that the source has not reached": but(sequence="1000000", id=str(uuid4())),
        "with a time that is none": but(time="yesterday"),
        "with a time without a zone": but(time="2026-09-01T12:00:00"),
        "with a schema that is none": but(dataschema="about:blank"),
        "with an id too long": but(id="x" * 5000, sequence="16"),
        "with a NUL": but(subject="pledge-\0", sequence="16"),
        "with a version beyond numbers": but(streamversion=10**12, sequence="16"),
    }


def test_what_cannot_be_read_is_set_aside_as_it_came_and_the_others_flow(filled: Pipeline) -> None:
    strange = bodies(filled)
    deliveries = filled.deliveries()
    mixed = deliveries[:3] + [Delivery(99, body) for body in strange.values()] + deliveries[3:6]
    assert filled.receiver.receive(mixed) >= 6
    filled.receiver.receive(deliveries)
    with filled.database.reading() as connection:
        kept = connection.execute(select(rejected)).all()
        assert count_rejected(connection) == len(strange)
    assert sorted(bytes(row.body) for row in kept) == sorted(strange.values())
    assert all(row.source == "pledges" and row.reason for row in kept)
    filled.project()
    filled.assert_faithful()


def test_a_source_restored_behind_the_journal_stops_the_receiver(filled: Pipeline) -> None:
    filled.receiver.catch_up()

    class Restored(LocalFeed):
        def page(self, after: int, limit: int = 1000) -> Page:
            page = super().page(after, limit)
            return Page(page.epoch, 10, [event for event in page.events if event.position <= 10])

    with pytest.raises(Diverged, match="ends at 10"):
        Receiver(filled.journal, Restored(filled.log)).catch_up()


def test_a_journal_that_is_put_back_under_a_working_receiver_is_filled_again(
    filled: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries = filled.deliveries()
    filled.receiver.receive(deliveries[:5])
    held = filled.receiver._held

    def then_put_back() -> tuple[int, str]:
        found = held()
        forget(filled)
        return found

    # Evaluation's database comes back from an empty copy between two questions of one batch.
    monkeypatch.setattr(filled.receiver, "_held", then_put_back)
    with pytest.raises(Unavailable, match="6 does not follow the journal's 0"):
        filled.receiver.receive(deliveries[5:])
    monkeypatch.undo()
    assert filled.journal.source("pledges")[0] == 0
    filled.receiver.receive(deliveries[5:])
    filled.project()
    filled.assert_faithful()
