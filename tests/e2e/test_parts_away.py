"""A part of the distributed form is away: nobody waits for ever, and nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders_year import YEAR
from tests.e2e.distributed import Distributed
from tests.e2e.state import State, key, pledge, survey
from tests.fixtures.databases_away import database_away
from tests.fixtures.waiting import until


def told_to_come_back(ask: Callable[[], httpx.Response]) -> str:
    """Asserts 503 with Retry-After on each of three tries, the quickest within 2 s; returns the last one's words.

    Where other programs keep the machine busy, an answer may be late by their doing; a hang is late every time.
    """
    seconds = []
    for _ in range(3):
        began = time.monotonic()
        answer = ask()
        seconds.append(time.monotonic() - began)
        assert answer.status_code == 503, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.json()["type"] == "urn:alliance:problem:unavailable"
    assert min(seconds) < 2.0
    return str(answer.json()["detail"])


def settled(state: State, ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The first answer that is not 503, as a client gets it that heeds Retry-After."""
    answers: list[httpx.Response] = []

    def answered() -> bool:
        answers.append(ask())
        return answers[-1].status_code != 503

    until(answered, 60, "the platform answers again")
    return answers[-1]


@pytest.fixture
def state(distributed_state: State) -> State:
    return distributed_state


# --- an edge


@contextmanager
def stopped(parts: Distributed, part: str) -> Iterator[None]:
    with parts.frozen(part):
        yield


@contextmanager
def killed(parts: Distributed, part: str) -> Iterator[None]:
    with parts.without(part):
        yield


@pytest.mark.parametrize("away", [stopped, killed])
def test_a_service_that_is_away_is_503_in_time_while_the_others_go_on(
    state: State, parts: Distributed, away: Callable[..., Any]
) -> None:
    pupil, once = state.pupil(), key()
    class_, period, _ = state.class_month()

    def sign() -> httpx.Response:
        return state.api.post("/v1/pledges", json=pledge(pupil), headers=once)

    with away(parts, "pledges"):
        assert "try again with the same Idempotency-Key" in told_to_come_back(sign)
        assert told_to_come_back(lambda: state.api.get(f"/v1/pledges/{pupil['student']}/{YEAR}"))
        ready = httpx.get(f"{state.platform.base_url}/readyz", timeout=10)
        assert (ready.status_code, ready.json()["parts"]["pledges"]) == (503, "not ready")
        assert httpx.get(f"{state.platform.base_url}/livez").status_code == 200
        sent = state.api.post(f"/v1/classes/{class_}/folders/{period}/sent", json={"sent_on": f"{period}-10"})
        assert sent.status_code == 201
        assert state.api.get("/v1/state/scorecard").status_code == 200

    # Whether one of the tries was taken is open until now; the key settles it: the pledge is signed once.
    assert settled(state, sign).status_code in (200, 201)
    assert state.api.get(f"/v1/pledges/{pupil['student']}/{YEAR}").json()["version"] == 1


@pytest.mark.parametrize("away", [stopped, killed])
def test_without_evaluation_commands_are_taken_and_scorecards_are_503(
    state: State, parts: Distributed, away: Callable[..., Any]
) -> None:
    district = state.districts["Alder County"]
    before, enrolled = state.signed()

    with away(parts, "evaluation"):
        assert told_to_come_back(lambda: state.api.get(f"/v1/districts/{district}/scorecard"))
        assert told_to_come_back(lambda: state.api.get("/v1/events"))
        taken = state.api.post("/v1/pledges", json=pledge(state.pupil()))
        assert taken.status_code == 201

    assert state.signed() == (before + 1, enrolled)


def test_without_roster_what_is_known_already_is_enough_to_sign_and_to_send(
    state: State, parts: Distributed
) -> None:
    class_, period, _ = state.class_month()
    with parts.without("roster"):
        assert state.api.post("/v1/pledges", json=pledge(state.pupil())).status_code == 201
        sent = state.api.post(f"/v1/classes/{class_}/folders/{period}/sent", json={"sent_on": f"{period}-10"})
        assert sent.status_code == 201
        # Somebody who is not known may be new in the roster: nobody can say now.
        stranger = {"student": "nobody", "guardian": "nobody"}
        assert told_to_come_back(lambda: state.api.post("/v1/pledges", json=pledge(stranger)))
    assert settled(state, lambda: state.api.post("/v1/pledges", json=pledge(stranger))).status_code == 404


def test_a_district_survey_is_not_opened_twice_by_a_client_that_tries_until_it_is_answered(
    state: State, parts: Distributed
) -> None:
    once, body = key(), survey(state.districts["Birch City"])
    with parts.frozen("surveys"):
        told_to_come_back(lambda: state.api.post("/v1/surveys", json=body, headers=once))

    first = settled(state, lambda: state.api.post("/v1/surveys", json=body, headers=once))
    again = state.api.post("/v1/surveys", json=body, headers=once)
    assert first.json()["survey"] == again.json()["survey"]
    assert first.json()["position"] == again.json()["position"]


# --- the broker


def sample(parts: Distributed, part: str, series: str) -> float:
    """What a part shows Prometheus of a series."""
    return next(
        float(line.rpartition(" ")[2]) for line in parts.metrics(part).splitlines() if line.startswith(series)
    )


def unpublished_seconds(parts: Distributed) -> float:
    return sample(parts, "relay-pledges", 'alliance_relay_oldest_unpublished_seconds{service="pledges"}')


def shown_ready(parts: Distributed, part: str) -> float:
    return sample(parts, part, f'alliance_ready{{part="{part}"}}')


def test_without_the_broker_commands_are_taken_the_lag_is_seen_and_afterwards_made_good(
    state: State, parts: Distributed
) -> None:
    before, enrolled = state.signed()
    parts.rabbitmq.kill()

    taken = [state.api.post("/v1/pledges", json=pledge(state.pupil())) for _ in range(2)]
    assert [answer.status_code for answer in taken] == [201, 201]
    until(lambda: unpublished_seconds(parts) > 1, 30, "the oldest unpublished event is seen to age")
    earlier = unpublished_seconds(parts)
    until(lambda: unpublished_seconds(parts) > earlier, 30, "it grows older")
    assert not parts.ready("relay-pledges")
    # The broker's absence is for those to tell who need it; the alert stands on this figure.
    until(lambda: shown_ready(parts, "receiver") == 0, 30, "the receiver shows that it is not ready")
    assert (shown_ready(parts, "relay-pledges"), shown_ready(parts, "pledges")) == (0, 1)

    parts.rabbitmq.start()
    assert state.signed() == (before + 2, enrolled)
    until(lambda: unpublished_seconds(parts) == 0, 60, "everything is published")
    until(
        lambda: parts.ready("relay-pledges") and parts.ready("receiver"), 60, "relay and receiver are ready"
    )
    until(
        lambda: shown_ready(parts, "relay-pledges") == shown_ready(parts, "receiver") == 1,
        30,
        "and they show it",
    )


# --- a database


def test_without_a_services_database_it_is_503_and_what_was_acknowledged_is_there_afterwards(
    state: State, parts: Distributed
) -> None:
    known, pupil, once = state.pupil(), state.pupil(), key()
    acknowledged = state.api.post("/v1/pledges", json=pledge(known))
    assert acknowledged.status_code == 201

    def sign() -> httpx.Response:
        return state.api.post("/v1/pledges", json=pledge(pupil), headers=once)

    with database_away(parts.postgres, "pledges"):
        assert "try again" in told_to_come_back(sign)
        assert told_to_come_back(lambda: state.api.get(f"/v1/pledges/{known['student']}/{YEAR}"))
        until(lambda: not parts.ready("pledges"), what="the edge says that it is not ready")

    assert settled(state, sign).status_code == 201
    assert state.api.get(f"/v1/pledges/{known['student']}/{YEAR}").json()["status"] == "signed"
    state.wait_for(sign().json()["position"])
    assert parts.runs("relay-pledges")


def test_without_evaluations_database_scorecards_are_503_and_catch_up_afterwards(
    state: State, parts: Distributed
) -> None:
    before, enrolled = state.signed()
    with database_away(parts.postgres, "evaluation"):
        assert told_to_come_back(lambda: state.api.get("/v1/state/scorecard"))
        taken = state.api.post("/v1/pledges", json=pledge(state.pupil()))
        assert taken.status_code == 201

    assert state.signed() == (before + 1, enrolled)
    assert parts.runs("receiver")
    assert parts.runs("projector")


def test_without_the_gateways_own_database_it_is_503_too(state: State, parts: Distributed) -> None:
    with database_away(parts.postgres, "gateway"), state.client(state.platform.token) as client:
        # A token that was just seen is trusted for a second.
        until(lambda: client.get("/v1/districts").status_code == 503, what="tokens cannot be looked up")
        assert told_to_come_back(lambda: client.get("/v1/districts"))
    assert settled(state, lambda: state.api.get("/v1/districts")).status_code == 200


@contextmanager
def database_server_frozen(parts: Distributed) -> Iterator[None]:
    """SIGSTOP for every process of PostgreSQL: connections stand, new ones are taken, and nobody answers."""
    first = int((parts.postgres.data / "postmaster.pid").read_text().split()[0])
    os.kill(first, signal.SIGSTOP)  # before it can have more children
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    try:
        for child in children:
            os.kill(int(child), signal.SIGSTOP)
        yield
    finally:
        for each in (*children, first):
            with suppress(ProcessLookupError):
                os.kill(int(each), signal.SIGCONT)


def test_a_database_server_that_is_there_and_silent_is_503_too(state: State, parts: Distributed) -> None:
    pupil, once = state.pupil(), key()
    with database_server_frozen(parts):
        assert told_to_come_back(lambda: state.api.get("/v1/districts"))
        assert told_to_come_back(lambda: state.api.post("/v1/pledges", json=pledge(pupil), headers=once))

    signed = settled(state, lambda: state.api.post("/v1/pledges", json=pledge(pupil), headers=once))
    assert signed.status_code in (200, 201)
    state.wait_for(signed.json()["position"])


def test_when_the_database_server_dies_under_load_nothing_acknowledged_is_lost(
    state: State, parts: Distributed
) -> None:
    pupil = state.pupil()
    acknowledged: list[int] = []

    def sign_or_withdraw() -> httpx.Response:
        # Signed and withdrawn in turn, each time a new fact.
        body: dict[str, Any] = pledge(pupil)
        if len(acknowledged) % 2:
            day = body["signed_on"]
            body = {"student": pupil["student"], "school_year": YEAR, "withdrawn_on": day}
            return state.api.post(
                "/v1/pledges/withdrawals", json=body, headers=key(f"turn {len(acknowledged)}")
            )
        return state.api.post("/v1/pledges", json=body, headers=key(f"turn {len(acknowledged)}"))

    while len(acknowledged) < 20:
        answer = sign_or_withdraw()
        if answer.status_code == 503:
            assert "Retry-After" in answer.headers
            parts.postgres.start()
            continue
        assert answer.status_code in (200, 201), answer.text
        acknowledged.append(answer.json()["position"]["sequence"])
        if len(acknowledged) == 10:
            parts.postgres.kill()

    assert acknowledged == sorted(set(acknowledged))
    assert state.api.get(f"/v1/pledges/{pupil['student']}/{YEAR}").json()["version"] == 20
    parts.heal()
    state.wait_for({"source": "pledges", "sequence": acknowledged[-1]})
    positions = {
        int(event["sequence"])
        for event in state.api.get(
            "/v1/events", params={"types": "PledgeSigned,PledgeWithdrawn", "limit": 1000}
        ).json()["data"]
        if event["subject"] == f"pledge-{pupil['student']}-{YEAR}"
    }
    assert positions == set(acknowledged)
