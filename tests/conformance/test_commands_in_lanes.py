"""Commands of the same time share a request to the edge: each has its own outcome, and none waits for another."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from alliance import lanes as kit
from alliance.client import RemoteService
from alliance.errors import AllianceError, Malformed, Unauthenticated, Unavailable
from tests.builders import context
from tests.conformance.conftest import SECRET, Edge
from tests.conformance.test_service_clients import PROMISE
from tests.fixtures.waiting import until


class Callers:
    """Threads that send commands through one client; `requests` are the addresses that were asked."""

    def __init__(self, url: str) -> None:
        self.client = RemoteService("example", url, SECRET)
        self.requests: list[str] = []
        self._pool = ThreadPoolExecutor(40)
        send = self.client._request

        def request(method: str, path: str, *args: Any, **options: Any) -> Any:
            self.requests.append(path)
            return send(method, path, *args, **options)

        self.client._request = request  # type: ignore[method-assign]

    def send(self, operation: str, body: dict[str, Any]) -> Future[Any]:
        """A caller of its own; its future has the result, or the error as its value."""

        def outcome() -> Any:
            try:
                return self.client.command(operation, body, context())
            except AllianceError as error:
                return error

        return self._pool.submit(outcome)

    def take_lanes(self, operation: str = "sleep", **body: Any) -> list[Future[Any]]:
        taken = []
        for number in range(kit.LANES):
            taken.append(self.send(operation, body))
            until(lambda number=number: self.client._lanes._under_way > number, 5, "a lane is taken")
        return taken

    def wait(self, *commands: tuple[str, dict[str, Any]]) -> list[Future[Any]]:
        """One after the other, all while the lanes are taken."""
        waiting = []
        for number, (operation, body) in enumerate(commands, start=1):
            waiting.append(self.send(operation, body))
            until(lambda number=number: len(self.client._lanes) == number, 5, "it waits")
        return waiting


@pytest.fixture
def callers(edge: Edge) -> Callers:
    return Callers(edge.url)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that have to line up many commands first."""
    monkeypatch.setattr(kit, "PATIENCE", 20.0)


@pytest.mark.usefixtures("patient")
def test_what_waits_shares_a_request_and_each_has_its_own_outcome(callers: Callers) -> None:
    refused = {"type": "urn:alliance:problem:invalid", "detail": "No.", "retry_after": 7}
    callers.take_lanes(seconds=1)
    waiting = callers.wait(
        ("say", {"n": 1}), ("fail", refused), ("say", {"n": 2}), ("crash", {}), ("sing", {}), ("say", {"n": 3})
    )  # fmt: skip
    first, no, second, crashed, unknown, third = (each.result(5) for each in waiting)

    assert [each["body"] for each in (first, second, third)] == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert (no.status, no.detail, no.retry_after) == (422, "No.", 7)
    assert (crashed.status, unknown.status) == (500, 404)
    assert "ZeroDivision" not in crashed.detail
    assert callers.requests == ["sleep", "sleep", "commands"]


def test_who_comes_while_a_lane_is_free_goes_alone(callers: Callers) -> None:
    for n in range(3):
        assert callers.send("say", {"n": n}).result(5)["body"] == {"n": n}
    assert callers.requests == ["say", "say", "say"]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("first", ["a slow one", "a quick one"])
def test_a_command_that_takes_long_does_not_hold_up_those_of_its_request(
    callers: Callers, first: str
) -> None:
    # The first sends the request for all, and must not have to stay for it either.
    slow, too_slow = ("sleep", {"seconds": 1.0}), ("sleep", {"seconds": 6})
    quick = [("say", {"n": n}) for n in range(5)]
    commands = [slow, too_slow, *quick] if first == "a slow one" else [*quick, slow, too_slow]
    callers.take_lanes(seconds=0.5)
    began = time.monotonic()
    outcomes = dict(zip(map(str, commands), callers.wait(*commands), strict=True))

    assert [outcomes[str(each)].result(5)["body"] for each in quick] == [body for _, body in quick]
    assert time.monotonic() - began < 1.3
    assert outcomes[str(slow)].result(5) == {}
    assert isinstance(outcomes[str(too_slow)].result(5), Unavailable)
    assert callers.requests == ["sleep", "sleep", "commands"]
    until(lambda: callers.client._lanes._under_way == 0, 5, "the lane is free again")


def test_commands_that_take_long_do_not_hold_up_those_that_come_later(callers: Callers) -> None:
    taken = callers.take_lanes(seconds=1.5)
    later = [callers.send("say", {"n": n}) for n in range(5)]
    assert [each.result(5)["body"]["n"] for each in later] == [0, 1, 2, 3, 4]
    assert not any(each.done() for each in taken)
    assert [each.result(5) for each in taken] == [{}, {}]


def test_behind_a_silent_service_everybody_is_told_in_time(callers: Callers, edge: Edge) -> None:
    edge.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        sent = [callers.send("say", {"n": n}) for n in range(8)]
        outcomes = [each.result(10) for each in sent]
        taken = time.monotonic() - began
    finally:
        edge.process.send_signal(signal.SIGCONT)
    until(edge.client.ready, 10, "the edge is ready again")
    assert {type(each) for each in outcomes} == {Unavailable}
    assert taken < PROMISE + 0.3


@pytest.mark.usefixtures("patient")
def test_a_shared_request_that_is_never_answered_is_told_in_time(callers: Callers, edge: Edge) -> None:
    taken = callers.take_lanes(seconds=0.5)
    waiting = callers.wait(*[("say", {"n": n}) for n in range(4)])
    began = time.monotonic()
    edge.process.send_signal(signal.SIGSTOP)
    try:
        outcomes = [each.result(10) for each in (*taken, *waiting)]
        assert time.monotonic() - began < PROMISE + 0.3
    finally:
        edge.process.send_signal(signal.SIGCONT)
    until(edge.client.ready, 10, "the edge is ready again")
    assert {type(each) for each in outcomes} == {Unavailable}
    assert callers.client.command("say", {"n": 9}, context())["body"] == {"n": 9}


@pytest.mark.parametrize("name", ["weigh", "commands", "_alone", "app", "livez"])
def test_nothing_but_an_operation_goes_together(edge: Edge, name: str) -> None:
    call = {"operation": name, "context": context().to_dict(), "body": {}}
    content = json.dumps({"seconds": 1, "commands": [call]}).encode()
    answer = edge.client._request("POST", "commands", content, {}, 5)
    assert json.loads(answer.data)[1]["problem"]["status"] == 404


def test_commands_that_are_none_are_malformed_and_without_the_secret_refused(edge: Edge) -> None:
    for content in (
        b"",
        b"[1]",
        b'{"seconds": 1}',
        b'{"seconds": 1, "commands": [7]}',
        b'{"seconds": "x", "commands": []}',
    ):
        with pytest.raises(Malformed):
            edge.client._send("commands", content, {}, 5)
    with pytest.raises(Unauthenticated):
        RemoteService("example", edge.url, "guessed")._send("commands", b"{}", {}, 5)


class Answering(threading.Thread):
    """A server that answers /commands as it is told, in bytes, and lets everything else wait for a moment."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(daemon=True)
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.start()

    def run(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                length = 0
                while (header := stream.readline()) != b"\r\n":
                    if header.lower().startswith(b"content-length:"):
                        length = int(header.split(b":")[1])
                body = json.loads(stream.read(length))
                if b"/commands" in line:
                    connection.sendall(self._answer)
                    if b"chunked" in self._answer:
                        return
                    continue
                time.sleep(0.3)
                answer = json.dumps({"said": body["body"]}).encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
                connection.sendall(head.encode() + answer)


@pytest.mark.usefixtures("patient")
def test_an_edge_that_knows_no_shared_requests_gets_each_command_alone() -> None:
    callers = Callers(
        Answering(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nno").url
    )
    callers.take_lanes("say")
    waiting = callers.wait(("say", {"n": 1}), ("say", {"n": 2}))
    assert [each.result(5) for each in waiting] == [{"said": {"n": 1}}, {"said": {"n": 2}}]
    assert callers.requests == ["say", "say", "commands", "say", "say"]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("rest", [b"", b'5\r\n[0,{"', b"zz\r\n"])
def test_an_answer_that_breaks_off_leaves_those_open_of_whom_nothing_came(rest: bytes) -> None:
    piece = b'[1,{"result":{"n":2}}]\n'
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    callers = Callers(Answering(head + b"%x\r\n%s\r\n%s" % (len(piece), piece, rest)).url)
    callers.take_lanes("say")
    first, second = (each.result(5) for each in callers.wait(("say", {"n": 1}), ("say", {"n": 2})))
    assert isinstance(first, Unavailable)
    assert second == {"n": 2}
    # The broken connection is not used again.
    assert callers.client.command("say", {"n": 3}, context()) == {"said": {"n": 3}}
