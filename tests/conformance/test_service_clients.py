"""A service in this process and one behind an edge answer their callers alike."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from alliance import errors
from alliance.client import LocalService, RemoteService, ServiceClient
from alliance.context import Caller, Context
from alliance.errors import AllianceError, Malformed, NotFound, Unauthenticated, Unavailable
from alliance.private_servers.process import free_port
from tests.builders import context
from tests.conformance.conftest import SECRET, Edge
from tests.conformance.example_service import Example
from tests.fixtures.waiting import until

#: Seconds within which a caller hears that a service is away, whatever is wrong with it.
PROMISE = 2.0


@pytest.fixture(params=["local", "remote"])
def client(request: pytest.FixtureRequest, edge: Edge) -> ServiceClient:
    return edge.client if request.param == "remote" else LocalService(Example(edge.flag))


CONTEXT = Context(
    caller=Caller("teacher", ("c1", "Peña"), "t1"),
    command_id=UUID(int=7),
    keyed=True,
    now=datetime(2026, 9, 1, 12, 0, 0, 250, tzinfo=UTC),
    correlation_id="ação",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)


@pytest.mark.parametrize("way", ["call", "command"])
def test_body_and_context_arrive_as_they_were_sent(client: ServiceClient, way: str) -> None:
    body = {
        "text": "Núñez \u2028 \U0001f600 \x00",
        "number": 2**53 + 1,
        "none": None,
        "nested": [{"a": [1.5, True]}],
    }
    said = getattr(client, way)("say", body, CONTEXT)
    assert said["body"] == body
    assert Context.from_dict(said["context"]) == CONTEXT
    assert said["now"] == repr(CONTEXT.now)


@pytest.mark.parametrize("code", sorted(errors._BY_CODE))
def test_an_error_of_the_service_is_the_same_error_for_its_caller(client: ServiceClient, code: str) -> None:
    problem = {
        "type": f"urn:alliance:problem:{code}",
        "detail": "Say “ñ” again.",
        "errors": [{"field": "name", "message": "no"}],
        "retry_after": 7,
    }
    with pytest.raises(AllianceError) as caught:
        client.call("fail", problem, context())
    assert type(caught.value) is errors._BY_CODE[code]
    assert (caught.value.detail, caught.value.retry_after) == ("Say “ñ” again.", 7)
    assert caught.value.errors == problem["errors"]


def test_an_operation_that_does_not_exist_is_not_found(client: ServiceClient) -> None:
    with pytest.raises(NotFound):
        client.call("sing", {}, context())


def test_a_file_arrives_whole_with_what_was_said_about_it(client: ServiceClient, tmp_path: Path) -> None:
    content = bytes(range(256)) * 12_000
    file = tmp_path / "bundle.zip"
    file.write_bytes(content)
    weighed = client.upload("weigh", file, {"term": "Año escolar “26-27”"}, CONTEXT, seconds=20)
    assert weighed == {
        "bytes": len(content),
        "hash": hashlib.sha256(content).hexdigest(),
        "term": "Año escolar “26-27”",
        "role": "teacher",
    }
    assert file.exists(), "the file stays the caller's"


def test_a_service_without_its_database_is_not_ready(client: ServiceClient, edge: Edge) -> None:
    assert client.ready()
    edge.flag.touch()
    try:
        assert not client.ready()
    finally:
        edge.flag.unlink()
    assert client.ready()


def test_an_upload_leaves_no_file_behind(edge: Edge, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"names")
    edge.client.upload("weigh", tmp_path / "file", {}, context(), seconds=5)
    assert list(edge.uploads.iterdir()) == []


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_an_upload_that_breaks_off_is_not_taken_for_whole(edge: Edge, framing: str) -> None:
    call = json.dumps({"context": context().to_dict(), "body": {}})
    head = f"POST /weigh HTTP/1.1\r\nHost: edge\r\nX-Alliance-Edge-Secret: {SECRET}\r\nX-Alliance-Call: {call}\r\n"
    body = b"12c\r\n" + bytes(300) + b"\r\n" if "chunked" in framing else bytes(300)
    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as connection:
        connection.sendall(f"{head}{framing}\r\n\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while more := connection.recv(65536):
            answer += more
    assert b'"bytes":300' not in answer
    until(lambda: list(edge.uploads.iterdir()) == [], 5, "the part that came is removed")


def test_an_unexpected_error_says_nothing_of_its_inside(edge: Edge) -> None:
    with pytest.raises(AllianceError) as caught:
        edge.client.call("crash", {}, context())
    assert caught.value.status == 500
    assert "ZeroDivision" not in caught.value.detail


def test_a_caller_without_the_secret_is_refused(edge: Edge, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    stranger = RemoteService("example", edge.url, "guessed")
    with pytest.raises(Unauthenticated):
        stranger.call("say", {}, context())
    with pytest.raises(Unauthenticated):
        stranger.upload("weigh", tmp_path / "file", {}, context(), seconds=5)


def test_a_call_that_is_none_is_malformed(edge: Edge) -> None:
    for content in (
        b"",
        b"[]",
        b"{",
        b'{"body": {}}',
        b'{"body": {}, "context": {"role": "state"}}',
        b"\xff",
    ):
        with pytest.raises(Malformed):
            edge.client._send("say", {"content": content}, {}, 5)


def unavailable_within(seconds: float, call: Callable[[], Any]) -> Unavailable:
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        call()
    assert time.monotonic() - started < seconds
    assert caught.value.retry_after == 1
    return caught.value


def test_a_service_that_is_down_is_unavailable_at_once() -> None:
    client = RemoteService("example", f"http://127.0.0.1:{free_port()}", SECRET)
    unavailable_within(PROMISE, lambda: client.call("say", {}, context()))
    assert not client.ready()


def test_a_host_that_swallows_every_packet_is_unavailable_in_time() -> None:
    # A listener whose queue of connections is full answers no further one, as a lost host does.
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        client = RemoteService("example", f"http://127.0.0.1:{full.getsockname()[1]}", SECRET)
        unavailable_within(PROMISE, lambda: client.call("say", {}, context()))
        for filler in fillers:
            filler.close()


def test_an_operation_that_takes_too_long_is_unavailable_in_time(edge: Edge) -> None:
    unavailable_within(PROMISE, lambda: edge.client.call("sleep", {"seconds": 5}, context()))


def test_a_stopped_service_is_unavailable_in_time_and_goes_on_afterwards(edge: Edge) -> None:
    edge.process.send_signal(signal.SIGSTOP)
    try:
        unavailable_within(PROMISE, lambda: edge.client.call("say", {}, context()))
        assert not edge.client.ready()
    finally:
        edge.process.send_signal(signal.SIGCONT)
    until(edge.client.ready, 10, "the edge is ready again")
    assert edge.client.call("say", {"n": 1}, context())["body"] == {"n": 1}
