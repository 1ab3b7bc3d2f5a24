"""A part that hangs is neither well nor in anybody's way."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from alliance import pulse
from alliance.database import Database
from alliance.errors import Unavailable
from alliance.log import Log
from alliance.migrations import upgrade
from alliance.private_servers import PrivatePostgres
from alliance.pulse import HANGS_SECONDS, Pulse
from alliance.tables import log_head
from tests.builders import append
from tests.fixtures.waiting import until


def test_a_lock_of_one_that_does_nothing_goes_to_another_and_the_sleeper_hears_of_it(
    postgres: PrivatePostgres,
) -> None:
    name = f"test_{uuid.uuid4().hex}"
    url = postgres.create_database(name)
    sleeper, other = Database(url, idle_seconds=1), Database(url)
    upgrade(other, "pledges")

    def sleep_with_the_lock() -> None:
        with sleeper.transaction() as connection:
            connection.execute(select(log_head).with_for_update())
            until(lambda: Log(other, "pledges").append(append()).position == 1, 20, "the other one goes on")
            connection.execute(select(log_head))

    with pytest.raises(Unavailable):
        sleep_with_the_lock()
    assert Log(sleeper, "pledges").append(append("s2")).position == 2
    for each in (sleeper, other):
        each.close()
    postgres.drop_database(name)


def test_without_being_asked_for_no_transaction_is_ended(postgres: PrivatePostgres) -> None:
    name = f"test_{uuid.uuid4().hex}"
    database = Database(postgres.create_database(name))
    with database.transaction() as connection:
        shown = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar_one()
    assert shown == "0"
    database.close()
    postgres.drop_database(name)


def test_a_loop_that_was_well_and_says_nothing_more_is_not_well_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(pulse.time, "monotonic", lambda: now)
    loop = Pulse()
    assert not loop.healthy
    loop.healthy = True
    now += HANGS_SECONDS - 0.1
    assert loop.healthy
    now += 0.2
    assert not loop.healthy
    loop.healthy = True
    assert loop.healthy
    loop.healthy = False
    assert not loop.healthy
