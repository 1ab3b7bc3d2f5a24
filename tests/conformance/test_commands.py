"""Commands are decided on the newest state, and a repeated one gets its first answer: on every database alike."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Table, insert, select

from alliance import metrics
from alliance.database import Database
from alliance.decider import ATTEMPTS, Commands
from alliance.errors import AllianceError, KeyReused, Refused, WrongVersion
from alliance.log import Appended, Log, Outcome
from tests.builders import OFFERS, Offer, append, context, offer, stream


@pytest.fixture
def offers(log: Log) -> Commands[str, Offer, Any]:
    return Commands(log, OFFERS)


def test_a_conflict_is_decided_again_on_what_the_other_left(log: Log) -> None:
    others = Commands(log, OFFERS)
    states: list[str] = []

    def decide_late(offered: str, command: Offer) -> list[Any]:
        if not states:  # after the stream was read, somebody else is quicker
            others.run(offer("theirs"))
        states.append(offered)
        return list(OFFERS.decide(offered, command))

    before = conflicts()
    appended = Commands(log, replace(OFFERS, decide=decide_late)).run(offer("ours"))
    assert states == ["", "theirs"]
    assert (appended.version, others.state(stream("s1"))) == (2, ("ours", 2))
    assert conflicts() == before + 1


def conflicts() -> float:
    """How many appends this process has tried again because another command was first."""
    return metrics.REGISTRY.get_sample_value("alliance_append_conflicts_total", {"service": "pledges"}) or 0.0


def test_a_command_that_says_what_another_has_just_said_changes_nothing(log: Log) -> None:
    others = Commands(log, OFFERS)
    waiting = iter([True])

    def decide_late(offered: str, command: Offer) -> list[Any]:
        if next(waiting, False):
            others.run(offer("the same"))
        return list(OFFERS.decide(offered, command))

    appended = Commands(log, replace(OFFERS, decide=decide_late)).run(offer("the same"))
    assert (appended.events, log.head()[0]) == (0, 1)


def test_the_last_of_ten_conflicts_is_the_callers_to_hear_of(log: Log) -> None:
    others = Commands(log, OFFERS)
    taken: list[Appended] = []

    def always_second(offered: str, command: Offer) -> list[Any]:
        taken.append(others.run(offer(f"number {len(taken)}")))
        return list(OFFERS.decide(offered, command))

    with pytest.raises(WrongVersion):
        Commands(log, replace(OFFERS, decide=always_second)).run(offer("ours"))
    assert len(taken) == ATTEMPTS == log.head()[0]


def test_many_at_once_on_one_stream_are_all_taken(log: Log, offers: Commands[str, Offer, Any]) -> None:
    at_once([lambda text=f"text {n}": offers.run(offer(text)) for n in range(8)])
    assert [event.stream_version for event in log.read_stream(stream("s1"))] == list(range(1, 9))
    assert len({event.data["statement"] for event in log.read_stream(stream("s1"))}) == 8


def test_a_repeat_gets_the_first_result_whatever_has_happened_since(
    log: Log, offers: Commands[str, Offer, Any]
) -> None:
    key = uuid4()
    first = offers.run(offer("a", key=key))
    offers.run(offer("b"))
    offers.run(offer("c", student="s2"))
    again = offers.run(offer("a", key=key))
    assert again.repeated
    assert not first.repeated
    assert (again.position, again.version, again.result) == (first.position, first.version, {"offered": "a"})
    assert log.head()[0] == 3


def test_a_repeat_is_answered_even_when_the_command_would_be_refused_now(log: Log) -> None:
    key = uuid4()
    first = Commands(log, OFFERS).run(offer("a", key=key))

    def refuse(offered: str, command: Offer) -> list[Any]:
        raise Refused("The school year is over.")

    again = Commands(log, replace(OFFERS, decide=refuse)).run(offer("a", key=key))
    assert (again.repeated, again.position) == (True, first.position)


def test_another_command_under_the_same_key_is_refused(log: Log, offers: Commands[str, Offer, Any]) -> None:
    key = uuid4()
    offers.run(offer("a", key=key))
    with pytest.raises(KeyReused):
        offers.run(offer("b", key=key))
    with pytest.raises(KeyReused):
        log.append(append("s2", in_context=context(key), fingerprint="of another command"))
    assert log.head()[0] == 1


def test_a_keyed_command_that_changed_nothing_is_remembered(
    log: Log, offers: Commands[str, Offer, Any]
) -> None:
    key = uuid4()
    offers.run(offer("a"))
    unchanged = offers.run(offer("a", key=key))
    assert (unchanged.events, unchanged.repeated, unchanged.position) == (0, False, 1)
    offers.run(offer("b"))
    again = offers.run(offer("a", key=key))
    assert (again.repeated, again.position, log.head()[0]) == (True, 1, 2)


def test_a_refused_command_does_not_use_up_its_key(log: Log, offers: Commands[str, Offer, Any]) -> None:
    key = uuid4()
    with pytest.raises(Refused):
        offers.run(offer("forbidden", key=key))
    assert offers.run(offer("allowed", key=key)).position == 1


def test_without_a_key_the_same_command_twice_is_two_commands(offers: Commands[str, Offer, Any]) -> None:
    assert [offers.run(offer(text)).version for text in ("a", "b", "a")] == [1, 2, 3]


def test_the_same_key_many_times_at_once_is_taken_once(log: Log, database_url: str) -> None:
    key = uuid4()
    processes = [Commands(log, OFFERS), Commands(Log(Database(database_url), "pledges"), OFFERS)]
    answers = at_once([lambda by=by: by.run(offer("a", key=key)) for by in processes * 4])
    assert sorted(answer.repeated for answer in answers) == [False] + 7 * [True]
    assert {answer.position for answer in answers} == {1}
    assert log.head()[0] == 1


def test_a_batch_answers_each_command_in_the_order_given(
    log: Log, offers: Commands[str, Offer, Any], marks: Table
) -> None:
    key, reused = uuid4(), uuid4()
    offers.run(offer("a", student="s9", key=reused))

    def mark(connection: Connection) -> None:
        connection.execute(insert(marks).values(mark="m"))

    outcomes = offers.run_all(
        [
            offer("a", key=key),
            offer("b"),  # builds on the one before
            offer("forbidden", student="s2"),
            offer("a", student="s3", beside=mark),
            offer("a", student="s4", beside=mark),  # its mark is taken
            offer("c", student="s4"),  # decided on what the refused one would have left
            offer("x", key=reused),
            offer("a", key=key),  # the first once more
            offer("b"),  # says what is so already
        ]
    )
    assert [told(outcome) for outcome in outcomes] == [
        ("accepted", 1), ("accepted", 2), ("refused", None), ("accepted", 1), ("internal", None), ("accepted", 1),
        ("idempotency-key-reused", None), ("repeated", 1), ("unchanged", 2),
    ]  # fmt: skip
    assert log.head()[0] == 5
    with log.database.reading() as connection:
        assert connection.scalars(select(marks.c.mark)).all() == ["m"]


def test_a_batch_sent_again_gets_the_first_answers(log: Log, offers: Commands[str, Offer, Any]) -> None:
    keyed = context(uuid4())
    batch = [replace(offer(f"t{n % 2}", student=f"s{n % 3}"), context=keyed.item(n)) for n in range(6)]
    first = offers.run_all(batch)
    offers.run(offer("since then"))
    again = offers.run_all(batch)
    assert [outcome.position for outcome in again] == [outcome.position for outcome in first]
    assert all(outcome.repeated for outcome in again)
    assert log.head()[0] == 7


def test_a_batch_is_decided_again_where_others_were_quicker(log: Log) -> None:
    others = Commands(log, OFFERS)
    waiting = iter([True])

    def decide_late(offered: str, command: Offer) -> list[Any]:
        if next(waiting, False):
            others.run(offer("theirs", student="s2"))
        return list(OFFERS.decide(offered, command))

    ours = Commands(log, replace(OFFERS, decide=decide_late))
    outcomes = ours.run_all([offer("ours", student=f"s{n}") for n in (1, 2, 3)])
    assert [told(outcome) for outcome in outcomes] == [("accepted", 1), ("accepted", 2), ("accepted", 1)]


def told(outcome: Outcome) -> tuple[str, int | None]:
    if isinstance(outcome, AllianceError):
        return outcome.code, None
    word = "repeated" if outcome.repeated else "accepted" if outcome.events else "unchanged"
    return word, outcome.version


def at_once(calls: list[Callable[[], Appended]]) -> list[Appended]:
    """Run each in a thread of its own, all started together; their results."""
    start = threading.Barrier(len(calls))
    results: list[Appended] = []

    def run(call: Callable[[], Appended]) -> None:
        start.wait(10)
        results.append(call())

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results
