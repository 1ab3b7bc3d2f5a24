"""Commands that arrive together are loaded, decided and appended together, and none of them pays for another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from alliance.decider import Command, Commands
from alliance.errors import Invalid, KeyReused, Refused, TooNew
from alliance.log import Appended, Log
from alliance.tables import events, log_head
from tests.builders import OFFERS, Offer, decide, offer, stream
from tests.conformance import statements
from tests.conformance.transactions import transactions

Heard = list[Appended | BaseException]


def break_or_decide(offered: str, command: Offer) -> list[Any]:
    if command.statement == "a bug":
        raise ZeroDivisionError
    return list(decide(offered, command))


@pytest.fixture
def offers(log: Log) -> Commands[str, Offer, Any]:
    return Commands(log, replace(OFFERS, decide=break_or_decide))


@pytest.fixture
def together(offers: Commands[str, Offer, Any], wait_until: Callable[..., None]) -> Callable[..., Heard]:
    """Holds one command in its transaction until the given ones wait behind it; what the caller of each heard."""

    def run(commands: Sequence[Command[Offer]]) -> Heard:
        held, go = threading.Event(), threading.Event()

        def hold(connection: Connection) -> None:
            held.set()
            assert go.wait(20)

        heard: Heard = [AssertionError("nothing was heard") for _ in commands]

        def call(index: int, each: Command[Offer]) -> None:
            try:
                heard[index] = offers.run(each)
            except BaseException as error:
                heard[index] = error

        holder = threading.Thread(target=offers.run, args=(offer("held", student="holder", beside=hold),))
        holder.start()
        assert held.wait(20)
        threads = []
        for index, each in enumerate(commands):
            threads.append(threading.Thread(target=call, args=(index, each)))
            threads[-1].start()
            # They wait in the order given.
            wait_until(lambda index=index: len(offers._together) == index + 1)
        go.set()
        for thread in (holder, *threads):
            thread.join(30)
            assert not thread.is_alive(), "a caller hangs"
        return heard

    return run


def said(outcome: Any) -> Any:
    return outcome.version if isinstance(outcome, Appended) else type(outcome)


def test_what_waits_together_is_loaded_by_one_query_and_appended_by_one_transaction(
    log: Log, together: Callable[..., Heard]
) -> None:
    before = transactions()
    with statements.heard(log.database) as sent:
        heard = together([offer("a", student=f"s{n}") for n in range(30)])
    loads = [each for each in sent if "FROM events" in each and "max(" not in each and "WITH" not in each]
    assert [said(each) for each in heard] == 30 * [1]
    assert len(loads) == 2, "the one that held, and everybody else"
    assert transactions() - before == 2
    assert sorted(each.position for each in heard if isinstance(each, Appended)) == list(range(2, 32))


def test_those_of_one_stream_build_on_each_other_in_the_order_of_arrival(
    log: Log, together: Callable[..., Heard]
) -> None:
    heard = together([offer("a"), offer("b"), offer("b"), offer("c")])
    assert [said(each) for each in heard] == [1, 2, 2, 3]
    assert [each.events for each in heard if isinstance(each, Appended)] == [1, 1, 0, 1]


def test_what_goes_wrong_with_one_is_its_callers_alone(
    log: Log, offers: Commands[str, Offer, Any], together: Callable[..., Heard]
) -> None:
    reused = uuid4()
    offers.run(offer("before", student="s7", key=reused))
    with log.database.transaction() as connection:
        row = dict(connection.execute(sa.select(events)).mappings().one())
        newer = {**row, "position": 2, "id": str(uuid4()), "stream": stream("s8"), "schema_version": 99}
        connection.execute(sa.insert(events).values(newer))
        connection.execute(sa.update(log_head).values(position=2))

    def refuse(connection: Connection) -> None:
        raise Refused("not this one")

    heard = together(
        [
            offer("good", student="s1"),
            offer("forbidden", student="s2"),
            offer("a bug", student="s3"),
            replace(offer("half \ud800", student="s4"), body={}),
            offer("nothing \0", student="s5"),
            offer("own table", student="s6", beside=refuse),
            offer("another", student="s7", key=reused),
            offer("too new", student="s8"),
            offer("good too", student="s9"),
        ]
    )
    assert [said(each) for each in heard] == [
        1, Refused, ZeroDivisionError, Invalid, Invalid, Refused, KeyReused, TooNew, 1,
    ]  # fmt: skip
    assert log.head()[0] == 5, "two before, the one that held, and the two good ones"


def test_an_impatient_callers_second_try_gets_the_first_answer(
    log: Log, together: Callable[..., Heard]
) -> None:
    key = uuid4()
    first, again = together([offer("a", key=key), offer("a", key=key)])
    assert isinstance(first, Appended)
    assert isinstance(again, Appended)
    assert (first.repeated, again.repeated) == (False, True)
    assert (again.position, again.version) == (first.position, first.version)
    assert log.head()[0] == 2


def test_each_is_told_what_became_of_it_by_the_state_that_it_met(together: Callable[..., Heard]) -> None:
    def tell(offered: str, decided: Sequence[Any]) -> dict[str, Any]:
        return {"before": offered, "new": len(decided)}

    heard = together([replace(offer(text), tell=tell) for text in ("a", "b", "b")])
    assert [each.result for each in heard if isinstance(each, Appended)] == [
        {"offered": "a", "before": "", "new": 1},
        {"offered": "b", "before": "a", "new": 1},
        {"offered": "b", "before": "b", "new": 0},
    ]


def test_a_conflict_with_another_process_is_settled_for_the_whole_group(
    log: Log, offers: Commands[str, Offer, Any], together: Callable[..., Heard]
) -> None:
    others, waiting = Commands(log, OFFERS), iter([True])

    def decide_late(offered: str, command: Offer) -> list[Any]:
        if command.student == "s2" and next(waiting, False):
            others.run(offer("theirs", student="s2"))
        return list(decide(offered, command))

    offers._decider = replace(OFFERS, decide=decide_late)
    heard = together([offer("ours", student=f"s{n}") for n in (1, 2, 3)])
    assert [said(each) for each in heard] == [1, 2, 1]
    with log.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 5
