"""The gateway under both its servers: bodies without a length, large bodies, clients that send before they read."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from alliance.private_servers.process import free_port
from tests.fixtures.waiting import until

MEBIBYTE = 1024 * 1024
LINE = json.dumps({
    "student": "k4", "guardian": "g", "school_year": "2026-27", "signed_on": "2026-08-14", "mode": "web",
    "language": "en", "statement": "2026-1",
}).encode() + b"\n"  # fmt: skip


@dataclass
class Server:
    name: str
    port: int
    token: str

    @property
    def http(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=60, trust_env=False
        )


@pytest.fixture(scope="module", params=["waitress", "gunicorn"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    var = tmp_path_factory.mktemp(request.param)
    port, metrics = free_port(), free_port()
    command = {
        "waitress": [sys.executable, "-m", "tests.serve_gateway", str(port)],
        "gunicorn": [
            sys.executable, "-m", "gunicorn", "--config", "python:gateway.gunicorn", "--bind", f"127.0.0.1:{port}",
            "tests.serve_gateway:build()",
        ],
    }[request.param]  # fmt: skip
    environment = {**os.environ, "ALLIANCE_VAR": str(var), "ALLIANCE_GATEWAY_METRICS_PORT": str(metrics)}
    root = Path(__file__).parents[2]
    with (var / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
    try:
        until(lambda: _answers(port) or process.poll() is not None, 30, "the gateway answers")
        assert process.poll() is None, (var / "log").read_text()
        yield Server(request.param, port, (var / "token").read_text())
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/livez", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def memory(pid: int) -> int:
    """The largest resident size that the process ever had, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


def test_a_json_body_in_chunks_without_a_length_is_read(server: Server) -> None:
    response = server.http.post(
        "/v1/pledges", content=iter([LINE[:20], LINE[20:]]), headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 201, response.text


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_body_above_its_limit_is_answered_413_and_not_by_a_broken_connection(
    server: Server, chunked: bool
) -> None:
    body = b'{"note": "' + b"x" * (3 * MEBIBYTE) + b'"}'
    content = iter([body[at : at + 65536] for at in range(0, len(body), 65536)]) if chunked else body

    response = server.http.post("/v1/pledges", content=content, headers={"Content-Type": "application/json"})

    assert response.status_code == 413
    assert "1 MiB" in response.json()["detail"]


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_thirty_thousand_lines_are_each_answered(server: Server, chunked: bool) -> None:
    count = 30_000
    content = iter([LINE * 100] * (count // 100)) if chunked else LINE * count

    with server.http.stream(
        "POST", "/v1/pledges", content=content, headers={"Content-Type": "application/x-ndjson"}
    ) as response:
        results = [json.loads(line) for line in response.iter_lines()]

    assert response.status_code == 200
    assert [each["line"] for each in results] == list(range(1, count + 1))
    assert {each["status"] for each in results} == {201}


def test_a_client_that_reads_nothing_before_it_has_sent_everything_is_not_blocked(server: Server) -> None:
    """Answers far above what the sockets' buffers hold: sent too early, both sides would wait for ever."""
    count = 120_000
    body = LINE * count
    head = (
        f"POST /v1/pledges HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.token}\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=120) as connection:
        connection.sendall(head.encode())
        connection.sendall(body)
        received = b"".join(iter(lambda: connection.recv(1 << 20), b""))

    headers, _, lines = received.partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1.1 200")
    assert lines.count(b"\n") == count


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_large_roster_arrives_whole_without_passing_through_memory(server: Server, chunked: bool) -> None:
    piece, count = os.urandom(MEBIBYTE), 96
    digest = hashlib.sha256()
    for _ in range(count):
        digest.update(piece)
    headers = {"Content-Type": "application/zip"}
    if not chunked:
        headers["Content-Length"] = str(count * MEBIBYTE)
    small = server.http.post("/v1/rosters", content=b"PK", headers={"Content-Type": "application/zip"}).json()
    before = memory(small["counts"]["pid"])

    response = server.http.post("/v1/rosters", content=iter([piece] * count), headers=headers)

    found = response.json()["counts"]
    assert (found["bytes"], found["sha256"]) == (count * MEBIBYTE, digest.hexdigest())
    assert memory(found["pid"]) - before < count * MEBIBYTE / 3


def test_many_callers_at_once_are_all_answered(server: Server) -> None:
    results: list[int] = []

    def call() -> None:
        with server.http as client:
            for _ in range(10):
                results.append(client.post("/v1/pledges", json=json.loads(LINE)).status_code)

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert results == [201] * 120


def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one(server: Server) -> None:
    head = (
        f"POST /v1/pledges HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(LINE)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head.encode() + LINE[:-30])
        connection.shutdown(socket.SHUT_WR)
        received = connection.recv(1 << 16)

    assert not received.startswith(b"HTTP/1.1 20")
