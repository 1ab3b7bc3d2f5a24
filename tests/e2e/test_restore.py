"""A database comes back from an older copy: the readers stop, and the written procedure heals, step by step.

docs/operators.md, 'After a restore', is what is followed here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from alliance.settings import SOURCES
from deploy.running import running
from tests.builders_roster import row
from tests.builders_year import FIRST, YEAR
from tests.e2e.distributed import Distributed
from tests.e2e.small_state import CHILDREN, tables, zipped
from tests.e2e.state import ZIP, State, events, pledge, withdrawal
from tests.fixtures.command_line import alliance
from tests.fixtures.waiting import until

SERVICE_PARTS = ("pledges", "relay-pledges")
READERS = ("receiver", "projector")


@contextmanager
def nobody_connected(parts: Distributed) -> Iterator[Any]:
    """A cursor on the server while the service's parts are stopped: a copy takes a database without visitors."""
    parts.stop(*SERVICE_PARTS)
    with closing(psycopg2.connect(parts.postgres.url.replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        yield connection.cursor()


def sign(state: State, pupil: dict[str, Any]) -> dict[str, Any]:
    answer = state.api.post("/v1/pledges", json=pledge(pupil))
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["position"])


def standing(state: State) -> int:
    """How many pledges stand by the service's own log: the last word of each stream."""
    engine = state.engine("pledges")
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT stream, type FROM events ORDER BY position").all()
    engine.dispose()
    return list(dict(rows).values()).count("PledgeSigned")


def logged(state: State) -> set[str]:
    """The ids of all events in all logs."""
    found: set[str] = set()
    for source in SOURCES:
        engine = state.engine(source)
        with engine.connect() as connection:
            found |= set(connection.exec_driver_sql("SELECT id FROM events").scalars())
        engine.dispose()
    return found


def test_after_a_restore_the_procedure_makes_the_read_models_equal_to_the_logs_again(
    distributed_state: State, parts: Distributed
) -> None:
    state = distributed_state
    kept, lost, unread, new = (state.pupil() for _ in range(4))
    state.wait_for(sign(state, kept))

    # A copy, and after it events that are read by evaluation, and one that only the broker has.
    with nobody_connected(parts) as cursor:
        cursor.execute("CREATE DATABASE pledges_copy TEMPLATE pledges")
    parts.start(*SERVICE_PARTS)
    before = sign(state, lost)
    state.wait_for(before)
    parts.stop("receiver")
    in_the_queue = sign(state, unread)
    until(lambda: published(state) == in_the_queue["sequence"], what="it is published")

    # The database is lost, and the copy takes its place.
    with nobody_connected(parts) as cursor:
        cursor.execute("DROP DATABASE pledges")
        cursor.execute("CREATE DATABASE pledges TEMPLATE pledges_copy")
        cursor.execute("DROP DATABASE pledges_copy")
    parts.start(*SERVICE_PARTS)
    assert sign(state, new)["sequence"] == before["sequence"]

    # Two histories claim one position: the receiver stops rather than mix them, and doctor says why.
    parts.launch("receiver")
    until(lambda: not parts.runs("receiver"), 60, "the receiver has stopped")
    assert "the source's log was restored from an older copy" in (parts.logs / "receiver").read_text()
    found = parts.alliance("doctor")
    assert found.returncode == 1
    assert "belongs to another history of the log" in found.stdout
    assert "'After a restore' in docs/operators.md" in found.stdout

    # 1. Stop the receiver, the projector, and that service's edge and relay.
    parts.stop(*READERS, *SERVICE_PARTS)
    # 2. Declare the new history.
    declared = parts.alliance("restored", "pledges", "--yes")
    assert declared.returncode == 0, declared.stderr
    # 3. Start everything.
    parts.start()

    last = sign(state, state.pupil())
    state.wait_for(last, 120)
    assert state.signed()[0] == standing(state)
    feed = events(state.api)
    assert {event["id"] for event in feed} == logged(state)
    assert [event["sequence"] for event in feed if event["source"] == "/alliance/pledges"] == [
        str(position) for position in range(1, last["sequence"] + 1)
    ]
    for name in ("organisation", "participation", "folders", "surveys"):
        rebuilt = alliance("rebuild", name, environment=parts.environment)
        assert rebuilt.status == 0, rebuilt.out
    doctor = parts.alliance("doctor")
    assert doctor.returncode == 0, doctor.stdout
    # What was acknowledged after the copy is gone, and can be said again.
    assert state.api.get(f"/v1/pledges/{lost['student']}/{YEAR}").json()["status"] == "none"
    assert state.api.get(f"/v1/pledges/{new['student']}/{YEAR}").json()["status"] == "signed"
    state.wait_for(sign(state, lost))
    assert state.signed()[0] == standing(state)
    assert parts.runs("receiver")


def published(state: State) -> int:
    engine = state.engine("pledges")
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT position FROM checkpoints WHERE name = 'relay'"
        ).scalar_one()
    engine.dispose()
    return int(found)


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


def test_after_a_restore_of_the_roster_the_views_of_it_are_made_again_too(var: Path) -> None:
    with running("embedded", var) as platform:
        state = State(platform)
        newcomer, remains = "p-a1-new", state.pupil()
        state.wait_for(sign(state, remains))
        state.close()
    copies = {path.name: path.read_bytes() for path in var.glob("roster.db*")}

    # A child comes after the copy was made, and signs.
    grown = tables()
    child = {**row(grown, "users", "p-a1-1"), "sourcedId": newcomer}
    grown["users"].append(child)
    grown["enrollments"].append(
        {**row(grown, "enrollments", "e-a1-1"), "sourcedId": "e-new", "userSourcedId": newcomer}
    )
    bundle = zipped(grown)
    with running("embedded", var) as platform:
        state = State(platform, bundle)
        first = state.enrolments["e-new"]
        state.wait_for(sign(state, first))
        assert state.signed() == (2, 8 * CHILDREN + 1)
        state.close()

    for path in var.glob("roster.db*"):
        path.unlink()
    for name, content in copies.items():
        (var / name).write_bytes(content)
    doctor = alliance("doctor", environment=platform.environment)
    assert (doctor.status, "belongs to another history" in doctor.out) == (1, True)
    declared = alliance("restored", "roster", "--yes", environment=platform.environment)
    assert declared.status == 0, declared.error
    assert "surveys: the view of the roster is empty" in declared.out

    with running("embedded", var) as platform:
        state = State(platform)
        # The child is not in the roster any more, so its pledge counts nowhere; nobody else is touched.
        assert state.signed() == (1, 8 * CHILDREN)
        assert state.api.get(f"/v1/pledges/{first['student']}/{YEAR}").status_code == 404
        assert state.api.post("/v1/pledges/withdrawals", json=withdrawal(remains)).status_code == 201
        # Imported again it is the same child, with its pledge.
        again = state.api.post("/v1/rosters", content=bundle, headers=ZIP)
        assert again.status_code == 201
        state.wait_for(again.json()["position"])
        assert state.signed() == (1, 8 * CHILDREN + 1)
        assert {event["id"] for event in events(state.api)} == logged(state)
        assert (
            state.api.get(f"/v1/pledges/{first['student']}/{YEAR}").json()["signed_on"] == FIRST.isoformat()
        )
        assert alliance("doctor", environment=platform.environment).status == 0
        state.close()
    shutil.rmtree(var)
