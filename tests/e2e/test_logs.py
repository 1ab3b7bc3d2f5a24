"""What the parts write down: JSON, a line an entry, by which a request is followed from the answer to its event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.e2e.distributed import Distributed
from tests.e2e.state import State, events, pledge
from tests.fixtures.waiting import until

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_line_of_every_part_is_json_and_says_which_part_when_and_how_grave(
    distributed_state: State, parts: Distributed
) -> None:
    parts.kill("pledges")
    assert (
        distributed_state.api.post("/v1/pledges", json=pledge(distributed_state.pupil())).status_code == 503
    )
    parts.start("pledges")

    for part in parts.commands:
        for line in lines(parts.logs / part):
            assert {"part", "level", "timestamp", "event"} <= line.keys(), (part, line)
            # An import of a roster is a process of its own, and writes where its edge does.
            assert line["part"].removesuffix("-edge").removesuffix("-import") == part


def test_a_request_is_followed_by_its_id_from_the_answer_to_the_log_lines_and_the_event(state: State) -> None:
    pupil = state.pupil()
    headers = {"X-Request-ID": f"desk-7-{state.platform.form}", "traceparent": TRACEPARENT}

    answer = state.api.post("/v1/pledges", json=pledge(pupil), headers=headers)

    assert answer.headers["X-Request-ID"] == headers["X-Request-ID"]
    state.wait_for(answer.json()["position"])
    event = next(
        each
        for each in events(state.api, types="PledgeSigned")
        if each["data"]["student"] == pupil["student"]
    )
    assert event["correlationid"] == headers["X-Request-ID"]
    assert event["traceparent"] == TRACEPARENT
    log = state.platform.log
    embedded = state.platform.form == "embedded"
    [request] = told(log if embedded else log / "gateway", headers["X-Request-ID"], "request")
    assert (request["route"], request["method"], request["status"], request["role"]) == (
        "/v1/pledges",
        "POST",
        201,
        "state",
    )
    [appended] = told(log if embedded else log / "pledges", headers["X-Request-ID"], "events appended")
    assert (appended["source"], appended["types"]) == ("pledges", ["PledgeSigned"])
    assert (appended["ids"], appended["positions"]) == ([event["id"]], [int(event["sequence"])] * 2)
    for line in (request, appended):
        assert line["correlation_id"] == headers["X-Request-ID"]
        assert line["trace_id"] == TRACEPARENT.split("-")[1]
        # An address or a body could hold anything: neither is written down.
        assert pupil["student"] not in json.dumps(line)


def told(log: Path, request_id: str, event: str) -> list[dict[str, Any]]:
    """The lines of one request about one thing, once there are any."""
    found: list[dict[str, Any]] = []

    def looked() -> bool:
        every = [json.loads(line) for line in log.read_text().splitlines() if request_id in line]
        found[:] = [line for line in every if line["event"] == event]
        return bool(found)

    until(looked, what=f"{request_id}: {event!r} is in the log")
    return found
