"""Every line that an edge writes about a request carries the request's ids, and those of no other one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alliance.client import RemoteService
from alliance.context import Context
from alliance.errors import AllianceError
from alliance.private_servers.process import free_port
from tests.builders import context
from tests.fixtures.waiting import until

ROOT = Path(__file__).parents[2]


class Edge:
    """The edge as a process, and what it has written down."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self._log = folder / "log"
        # -W: eventlet announces its own end in plain text.
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.conformance.logging_edge",
            str(port),
            str(folder),
        ]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=log)
        self.client = RemoteService("logging", f"http://127.0.0.1:{port}", "secret")
        until(lambda: self.client.ready(), 60, "the edge is ready")

    def lines(self, correlation_id: str) -> list[dict[str, Any]]:
        """The lines of one request."""
        every = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [line for line in every if line.get("correlation_id") == correlation_id]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    edge = Edge(tmp_path_factory.mktemp("edge"))
    yield edge
    edge.process.kill()
    edge.process.wait()


def trace(number: int) -> str:
    return f"{number:032x}"


def from_request(name: str, number: int | None = None) -> Context:
    """The context of a request with this id, and with this trace if it has one."""
    traceparent = f"00-{trace(number)}-00f067aa0ba902b7-01" if number else None
    return context(correlation_id=name, traceparent=traceparent)


def test_an_accepted_command_is_told_with_its_events_and_its_trace(edge: Edge) -> None:
    answer = edge.client.call("offer", {"student": "s1"}, from_request("accepted", 7))

    [line] = edge.lines("accepted")
    assert (line["event"], line["level"], line["source"]) == ("events appended", "info", "pledges")
    assert (line["positions"], line["types"]) == ([answer["position"]] * 2, ["PledgeOffered"])
    assert (len(line["ids"]), line["trace_id"]) == (1, trace(7))


def test_the_reason_of_a_failure_is_under_the_correlation_id(edge: Edge) -> None:
    with pytest.raises(AllianceError, match="under the correlation id"):
        edge.client.call("meet", {"who": "a", "where": "alone", "together": 1}, from_request("failing", 8))
    with pytest.raises(AllianceError, match="under the correlation id"):
        edge.client.call("refuse", {"student": "s2"}, from_request("refused", 9))

    *_, failed = edge.lines("failing")
    [refused] = edge.lines("refused")
    for line, event, number in (
        (failed, "operation failed", 8),
        (refused, "a command's own tables refused it", 9),
    ):
        assert (line["event"], line["level"], line["trace_id"]) == (event, "error", trace(number))
        assert "ZeroDivisionError" in line["exception"]


def test_requests_that_are_under_way_together_do_not_mix_their_ids(edge: Edge) -> None:
    """The last of them comes without a trace; `meet` lets nobody go before all have come."""
    names = [f"together-{number}" for number in range(1, 9)]

    def meet(number: int, name: str) -> None:
        asked = from_request(name, number if number < len(names) else None)
        with pytest.raises(AllianceError):
            edge.client.call("meet", {"who": name, "where": "the square", "together": len(names)}, asked)

    threads = [
        threading.Thread(target=meet, args=(number, name)) for number, name in enumerate(names, start=1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    for number, name in enumerate(names, start=1):
        lines = edge.lines(name)
        assert [line["event"] for line in lines] == ["come", "met", "operation failed"]
        assert {line["who"] for line in lines[:2]} == {name}
        expected = trace(number) if number < len(names) else None
        assert {line.get("trace_id") for line in lines} == {expected}
