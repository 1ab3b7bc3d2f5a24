"""Commands that arrive together are committed together, and none of them pays for another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Table, insert, text

from alliance.database import Database
from alliance.errors import AllianceError, Refused, Unavailable, WrongVersion
from alliance.log import Append, Appended, Log
from alliance.migrations import upgrade
from tests.builders import append, context
from tests.conformance.transactions import transactions

Heard = dict[str, Appended | BaseException]


class Group:
    """Holds one append in its transaction until all others wait behind it, and then commits these as one group."""

    def __init__(self, log: Log, wait_until: Callable[..., None]) -> None:
        self._log = log
        self._wait_until = wait_until

    def append(self, appends: Sequence[Append], meanwhile: Callable[[], None] = lambda: None) -> Heard:
        """What each append's caller heard, by stream; the holding one is not among them.

        `meanwhile` runs when all wait and the holding one has not committed yet.
        """
        held, go = threading.Event(), threading.Event()

        def hold(connection: Connection) -> None:
            held.set()
            assert go.wait(20)

        heard: Heard = {}

        def call(each: Append) -> None:
            try:
                heard[each.stream] = self._log.append(each)
            except BaseException as error:
                heard[each.stream] = error

        holder = append("the one that holds", beside=hold)
        threads = [threading.Thread(target=call, args=(each,)) for each in (holder, *appends)]
        threads[0].start()
        assert held.wait(20)
        for thread in threads[1:]:
            thread.start()
        self._wait_until(lambda: len(self._log._together) == len(appends))
        meanwhile()
        go.set()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive(), "a caller hangs"
        heard.pop(holder.stream)
        return heard


@pytest.fixture
def group(log: Log, wait_until: Callable[..., None]) -> Group:
    return Group(log, wait_until)


def test_appends_that_wait_together_share_one_transaction(log: Log, group: Group) -> None:
    before = transactions()
    heard = group.append([append(f"s{n}") for n in range(40)])
    assert transactions() - before == 2, "the one that held, and everybody else"
    assert sorted(appended.position for appended in heard.values()) == list(range(2, 42))
    assert [event.position for event in log.read(0, 99)] == list(range(1, 42))


def test_each_of_a_group_has_its_own_outcome(log: Log, group: Group, marks: Table) -> None:
    log.append(append("taken"))

    def refuse(connection: Connection) -> None:
        connection.execute(insert(marks).values(mark="refused"))
        raise Refused("not this one")

    def break_a_constraint(connection: Connection) -> None:
        connection.execute(insert(marks), [{"mark": "twice"}, {"mark": "twice"}])

    def break_down(connection: Connection) -> None:
        connection.execute(insert(marks).values(mark="broken"))
        raise ZeroDivisionError

    heard = group.append(
        [
            append("good"),
            append("taken"),
            append("refused", beside=refuse),
            append("constraint", beside=break_a_constraint),
            append("broken", beside=break_down),
            append(
                "good too", beside=lambda connection: connection.execute(insert(marks).values(mark="kept"))
            ),
        ]
    )
    errors = {stream.split("-")[1]: type(outcome) for stream, outcome in heard.items()}
    assert errors == {
        "good": Appended, "taken": WrongVersion, "refused": Refused, "constraint": AllianceError,
        "broken": AllianceError, "good too": Appended,
    }  # fmt: skip
    assert log.head()[0] == 4
    with log.database.reading() as connection:
        assert connection.scalars(text("SELECT mark FROM marks")).all() == ["kept"]


def test_an_interrupt_of_the_one_that_commits_is_not_the_others_end(log: Log, group: Group) -> None:
    class Interrupted(BaseException):
        pass

    def interrupt(connection: Connection) -> None:
        raise Interrupted

    heard = group.append([append("interrupted", beside=interrupt), *(append(f"s{n}") for n in range(5))])
    kinds = sorted(type(outcome).__name__ for outcome in heard.values())
    assert kinds == ["Interrupted", *5 * ["Unavailable"]]
    assert log.append(append("after")).position == 2


class LosableDatabase(Database):
    """`lost` is when the connection breaks: "" never, "before" the transaction, or "after" its commit."""

    lost = ""

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._losing(), super().transaction() as connection:
            yield connection

    @contextmanager
    def telling(self) -> Iterator[Connection]:
        with self._losing(), super().telling() as connection:
            yield connection

    @contextmanager
    def _losing(self) -> Iterator[None]:
        if self.lost == "before":
            raise Unavailable("The database cannot be reached.")
        yield
        if self.lost == "after":
            raise Unavailable("The database went away.")


@pytest.fixture
def losable(database_url: str) -> LosableDatabase:
    database = LosableDatabase(database_url)
    upgrade(database, "pledges")
    return database


def test_when_the_database_is_lost_all_that_wait_hear_of_it_and_nothing_hangs(
    losable: LosableDatabase, wait_until: Callable[..., None]
) -> None:
    log = Log(losable, "pledges")

    def lose() -> None:
        losable.lost = "before"

    heard = Group(log, wait_until).append([append(f"s{n}") for n in range(20)], meanwhile=lose)
    assert [type(outcome) for outcome in heard.values()] == 20 * [Unavailable]
    losable.lost = ""
    assert log.append(append("later")).position == 2, "after the one that held; nothing of the others is left"


def test_a_commit_whose_answer_was_lost_is_settled_by_the_repeat(losable: LosableDatabase) -> None:
    log = Log(losable, "pledges")
    again = append("s1", in_context=context(uuid4()), fingerprint="a")
    losable.lost = "after"
    with pytest.raises(Unavailable):
        log.append(again)
    losable.lost = ""
    repeat = log.append(again)
    assert (repeat.repeated, repeat.position, log.head()[0]) == (True, 1, 1)
