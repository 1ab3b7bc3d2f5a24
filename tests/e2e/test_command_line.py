"""The command line on a running platform, on both forms: what it finds, and that the platform goes on meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.small_state import CHILDREN
from tests.e2e.state import State, pledge, withdrawal
from tests.fixtures.command_line import Ran, alliance


def run(state: State, *words: str, **settings: str) -> Ran:
    given = {f"ALLIANCE_{name}": value for name, value in settings.items()}
    return alliance(*words, environment={**state.platform.environment, **given})


def test_doctor_finds_a_running_platform_in_order(state: State) -> None:
    ran = run(state, "doctor")

    assert ran.status == 0, ran.out
    for owner in ("roster", "pledges", "folders", "surveys", "evaluation", "gateway"):
        assert f" {owner} " in ran.out
    assert ("queue evaluation.pledges" in ran.out) == (state.platform.form == "distributed")


@pytest.mark.parametrize(
    ("settings", "finding", "mend"),
    [
        (
            {"BROKER_PREFIX": "other_"},
            "broker: queue other_evaluation.pledges: is missing",
            "Start `alliance relay pledges`",
        ),
        (
            {"BROKER_URL": "amqp://a:b@127.0.0.1:9//"},
            "broker: connection: cannot be used",
            "Start RabbitMQ, or correct",
        ),
        (
            {"FOLDERS_DATABASE_URL": "postgresql+psycopg2://a:b@127.0.0.1:9/folders"},
            "cannot be reached",
            "correct ALLIANCE_FOLDERS_DATABASE_URL",
        ),
    ],
)
def test_doctor_tells_what_is_missing_and_how_to_mend_it(
    distributed_state: State, settings: dict[str, str], finding: str, mend: str
) -> None:
    ran = run(distributed_state, "doctor", **settings)

    assert ran.status == 1
    assert finding in ran.out
    assert mend in ran.out
    assert run(distributed_state, "doctor").status == 0


def test_doctor_tells_a_database_that_was_never_migrated(distributed_state: State, tmp_path: Path) -> None:
    ran = run(distributed_state, "doctor", SURVEYS_DATABASE_URL=f"sqlite:///{tmp_path / 'new.db'}")

    assert ran.status == 1
    assert "surveys: migrations: 2 to come (0001, 0002).\n  Run: alliance migrate surveys." in ran.out


def test_migrating_a_running_platform_again_changes_nothing(state: State) -> None:
    before = state.api.get("/v1/state/scorecard").json()["as_of"]

    ran = run(state, "migrate")

    assert ran.status == 0
    assert ran.out.count("is at the newest revision") == 6
    assert state.api.get("/v1/state/scorecard").json()["as_of"] == before


def test_a_token_of_the_command_line_opens_what_it_says_and_nothing_once_revoked(state: State) -> None:
    ran = run(state, "tokens", "create", "--role", "district", "--unit", state.districts["Birch City"])
    made = ran.error.split()[-1]

    with state.client(ran.out.strip()) as district:
        seen = [row["district"]["name"] for row in district.get("/v1/districts").json()["data"]]
        assert seen == ["Birch City"]
        assert run(state, "tokens", "revoke", made).status == 0
        # Another process made it end, so the gateway may trust it for a second yet.
        refused = threading.Event()
        while not refused.wait(0.1):
            if district.get("/v1/districts").status_code == 401:
                refused.set()
    assert made in run(state, "tokens", "list").out


def test_a_dry_run_of_a_roster_leaves_a_running_platform_alone(state: State) -> None:
    before = state.api.get("/v1/state/scorecard").json()["as_of"]["roster"]

    ran = run(
        state, "roster", "import", str(state.platform.var / "small.zip"), "--dry-run", "--source", "another"
    )

    assert ran.status == 0
    assert "would be added" in ran.out
    assert f"{8 * CHILDREN}" in next(line for line in ran.out.splitlines() if "StudentEnrolled" in line)
    taken = state.api.post("/v1/pledges", json=pledge(state.pupil()))
    state.wait_for(taken.json()["position"])
    assert state.api.get("/v1/state/scorecard").json()["as_of"]["roster"] == before


@contextmanager
def signing(state: State) -> Iterator[list[int]]:
    """One family signs and withdraws in turn for the length of the block; the positions that were acknowledged."""
    pupil, positions, stopping = state.pupil(), [], threading.Event()

    def go_on() -> None:
        with state.client(state.platform.token) as client:
            while not stopping.is_set():
                signed = client.post("/v1/pledges", json=pledge(pupil))
                taken_back = client.post("/v1/pledges/withdrawals", json=withdrawal(pupil))
                positions.extend(answer.json()["position"]["sequence"] for answer in (signed, taken_back))

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield positions
    finally:
        stopping.set()
        thread.join()


@pytest.mark.parametrize("name", ["organisation", "participation", "folders", "surveys"])
def test_a_read_model_is_rebuilt_equal_while_events_keep_arriving(state: State, name: str) -> None:
    before = state.signed()

    arrived = 0
    with signing(state) as positions:
        # Small as the state is, one rebuild may pass between two events.
        while arrived < 10:
            seen = len(positions)
            ran = run(state, "rebuild", name)
            arrived += len(positions) - seen
            assert ran.status == 0, ran.out + ran.error
            assert "went live" in ran.out
            assert "equal" in ran.out
            assert "different" not in ran.out

    assert positions == list(range(positions[0], positions[0] + len(positions)))
    # Whatever was signed was withdrawn again, before, during and after the rebuild.
    assert state.signed() == before
