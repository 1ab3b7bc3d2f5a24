"""Those who ask at the same time are answered by one SELECT, each with its own rows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Column, Connection, MetaData, Table, Text, select

from alliance.compiled import Compiled
from alliance.database import Database
from alliance.errors import Unavailable
from alliance.lookup import Lookup

GUARDIANS = Table(
    "lookup_guardians",
    MetaData(),
    Column("student", Text, primary_key=True),
    Column("guardian", Text, primary_key=True),
)
OF_STUDENTS = Compiled(lambda among: select(GUARDIANS).where(among(GUARDIANS.c.student, "ids")))
ROWS = [("s1", "g1"), ("s1", "g2"), ("s2", "g1"), ("s3", "g4")]


class Held(Database):
    """Counts the SELECTs; the first one is answered when `go` is set, and those after it not at all when `away`."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked = 0
        self.away = False
        self.go = threading.Event()

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        self.asked += 1
        if self.asked == 1:
            assert self.go.wait(20)
        elif self.away:
            raise Unavailable("The database cannot be reached.")
        with super().asking() as connection:
            yield connection


@pytest.fixture
def held(database_url: str) -> Iterator[Held]:
    database = Held(database_url)
    with database.transaction() as connection:
        GUARDIANS.create(connection)
        connection.execute(GUARDIANS.insert(), [{"student": s, "guardian": g} for s, g in ROWS])
    yield database
    database.close()


def ask(held: Held, wait_until: Callable[..., None], *wanted: list[str]) -> list[Any]:
    """What each heard; the first asks alone, and all others while it waits."""
    lookup = Lookup(held, OF_STUDENTS)
    heard: list[Any] = [None] * len(wanted)

    def call(index: int) -> None:
        try:
            heard[index] = sorted((row.student, row.guardian) for row in lookup.rows(wanted[index]))
        except Unavailable as error:
            heard[index] = type(error)

    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(wanted))]
    threads[0].start()
    wait_until(lambda: held.asked == 1)
    for thread in threads[1:]:
        thread.start()
    wait_until(lambda: len(lookup._together) == len(wanted) - 1)
    held.go.set()
    for thread in threads:
        thread.join(20)
    return heard


def test_those_who_wait_are_answered_by_one_select_and_each_gets_its_own(
    held: Held, wait_until: Callable[..., None]
) -> None:
    heard = ask(held, wait_until, ["s3"], ["s1"], ["s2", "none such"], ["s1", "s3"], ["none such"], [])
    assert heard == [ROWS[3:], ROWS[:2], ROWS[2:3], [*ROWS[:2], *ROWS[3:]], [], []]
    assert held.asked == 2, "the first, and everybody else"


def test_when_the_database_is_away_all_that_wait_hear_of_it(
    held: Held, wait_until: Callable[..., None]
) -> None:
    held.away = True
    assert ask(held, wait_until, ["s3"], ["s1"], ["s2"]) == [ROWS[3:], Unavailable, Unavailable]
    held.away = False
    assert [tuple(row) for row in Lookup(held, OF_STUDENTS).rows(["s2"])] == ROWS[2:3]


def test_one_is_the_row_of_an_id_or_none(held: Held) -> None:
    held.go.set()
    lookup = Lookup(held, OF_STUDENTS)
    found = lookup.one("s2")
    assert found is not None
    assert (found.student, found.guardian) == ROWS[2]
    assert lookup.one("none such") is None
