"""Checkpoints: of two movers at most one succeeds, on every database alike."""

from __future__ import annotations

import threading

import pytest

from alliance import checkpoints
from alliance.database import Database
from alliance.errors import Refused
from alliance.log import Log


def test_a_name_that_was_never_moved_is_at_the_beginning(log: Log) -> None:
    with log.database.reading() as connection:
        assert checkpoints.load(connection, "relay") == (0, "")


def test_a_checkpoint_moves_only_from_where_the_mover_saw_it(log: Log) -> None:
    def move(expected: int, position: int) -> bool:
        with log.database.transaction() as connection:
            return checkpoints.move(connection, "relay", expected=expected, position=position, epoch="e")

    assert move(0, 10)
    assert not move(0, 7), "another has begun"
    assert not move(5, 15), "another is further on"
    assert move(10, 20)
    with log.database.reading() as connection:
        assert checkpoints.load(connection, "relay") == (20, "e")
        assert checkpoints.load(connection, "another") == (0, "")


def test_a_move_that_is_rolled_back_has_not_happened(log: Log) -> None:
    with pytest.raises(Refused):
        move_and_fail(log)
    with log.database.reading() as connection:
        assert checkpoints.load(connection, "relay") == (0, "")


def move_and_fail(log: Log) -> None:
    with log.database.transaction() as connection:
        assert checkpoints.move(connection, "relay", expected=0, position=10, epoch="e")
        raise Refused("on second thoughts")


def test_a_reset_checkpoint_begins_again(log: Log) -> None:
    with log.database.transaction() as connection:
        checkpoints.move(connection, "relay", expected=0, position=10, epoch="e")
        checkpoints.reset(connection, "relay")
        assert checkpoints.load(connection, "relay") == (0, "")


def test_of_many_movers_at_once_one_wins_each_step(log: Log, database_url: str) -> None:
    steps, movers = 5, 4
    won: list[int] = []
    together = threading.Barrier(movers)

    def run() -> None:
        database = Database(database_url)
        for step in range(steps):
            together.wait(20)
            with database.transaction() as connection:
                if checkpoints.move(connection, "relay", expected=step, position=step + 1, epoch="e"):
                    won.append(step)

    threads = [threading.Thread(target=run) for _ in range(movers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert won == list(range(steps))
