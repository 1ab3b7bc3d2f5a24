"""The fault matrix: its checker finds what it is there to find, every row exists, and a few run small.

The whole of it is `make faults`; docs/reliability.md has what it said.
"""

from __future__ import annotations

import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alliance.private_servers import PrivatePostgres, PrivateRabbitMQ
from tests.faults.matrix import clock, report, runner
from tests.faults.matrix.doors import Door
from tests.faults.matrix.history import Judged, Kind, Logged, Operation, Try, disorder, judge
from tests.faults.matrix.platform import SMOKE, Platform, platform
from tests.faults.matrix.rows import ROWS
from tests.faults.matrix.servers import shared
from tests.faults.matrix.steps import STEPS
from tests.faults.matrix.verdict import Verdict, judged
from tests.fixtures.waiting import until

ROOT = Path(__file__).parents[2]
STREAM = "pledge-s1-2026-27"


def operation(key: str, *tries: Try) -> Operation:
    return Operation(key, STREAM, "PledgeSigned", tries=list(tries))


def accepted(position: int) -> Try:
    return Try(0.0, 0.1, Kind.ACCEPTED, position=position)


COME_BACK = Try(0.0, 0.1, Kind.COME_BACK, "try again")
OPEN = Try(0.0, 6.0, Kind.OPEN, "TimeoutError")


def event(position: int, key: str, version: int | None = None, id_: str = "", stream: str = STREAM) -> Logged:
    return Logged(position, id_ or f"id-{key}-{position}", key, stream, version or position, "PledgeSigned")


SOUND = [operation("a", accepted(1)), operation("b", COME_BACK, accepted(2)), operation("c", OPEN, COME_BACK)]
LOG = [event(1, "a"), event(2, "b")]


# --- the checker


def test_a_sound_history_is_counted() -> None:
    figures = judge(SOUND, LOG)
    assert figures == Judged(
        attempted=3, acknowledged=2, recovered=0, come_back=2, open=1, lost=[], unexpected=[], duplicated=[],
        contradicted=[], wrong=[],
    )  # fmt: skip
    assert figures.sound


def test_what_was_never_answered_may_be_there_or_not_and_is_called_recovered_where_it_is() -> None:
    figures = judge(SOUND, [*LOG, event(3, "c")])
    assert (figures.recovered, figures.sound) == (1, True)


def test_an_acknowledged_command_that_is_not_in_the_log_is_lost() -> None:
    figures = judge(SOUND, LOG[:1])
    assert (figures.lost, figures.sound) == (["b"], False)


def test_an_event_that_nobody_attempted_is_unexpected() -> None:
    figures = judge(SOUND, [*LOG, event(3, "nobody")])
    assert (figures.unexpected, figures.sound) == (["nobody"], False)
    assert judge(SOUND, [*LOG, event(3, "nobody")], frozenset({"nobody"})).sound


@pytest.mark.parametrize("twice", [event(3, "a"), event(3, "b", id_="id-a-1")])
def test_a_command_that_is_in_the_log_twice_or_an_id_that_is_is_doubled(twice: Logged) -> None:
    figures = judge(SOUND, [*LOG, twice])
    assert figures.duplicated
    assert not figures.sound


def test_an_answer_with_another_position_than_the_log_has_or_than_the_first_one_is_a_contradiction() -> None:
    elsewhere = [operation("a", accepted(7)), SOUND[1]]
    assert judge(elsewhere, LOG).contradicted == ["a"]
    changing = [operation("a", accepted(1), accepted(2)), SOUND[1]]
    assert judge(changing, LOG).contradicted == ["a"]
    assert judge([operation("a", accepted(1), accepted(1)), SOUND[1]], LOG).sound


def test_an_event_of_another_stream_than_the_command_is_a_contradiction() -> None:
    moved = [event(1, "a", stream="pledge-s2-2026-27"), LOG[1]]
    assert judge(SOUND, moved).contradicted == ["a"]


def test_a_hole_in_the_positions_and_one_in_the_versions_of_a_stream_are_found() -> None:
    assert disorder(LOG) == []
    assert disorder([event(1, "a"), event(3, "b", 2)])
    assert disorder([event(1, "a"), event(2, "b", 3)])
    assert disorder([event(1, "a", 1), event(2, "b", 1)])


@pytest.mark.parametrize(
    "figures",
    [
        judge(SOUND, LOG[:1]),
        judge(SOUND, [*LOG, event(3, "nobody")]),
        judge(SOUND, [*LOG, event(3, "a")]),
        judge([operation("a", accepted(9))], [event(1, "a")]),
        judge([operation("a", Try(0.0, 0.1, Kind.WRONG, "500")), SOUND[1]], LOG[1:]),
        judge([operation("c", OPEN)], []),
    ],
)
def test_a_row_with_such_a_history_fails(figures: Judged) -> None:
    verdict = Verdict("row", "fault")
    verdict.require("something", True)
    judged(verdict, figures)
    assert verdict.result == "FAIL"


def test_a_row_that_shows_nothing_or_breaks_has_not_passed() -> None:
    verdict = Verdict("row", "fault")
    assert verdict.result == "FAIL"
    judged(verdict, judge(SOUND, LOG))
    assert verdict.result == "PASS"
    verdict.within("late", 11.0, 10.0)
    assert verdict.result == "FAIL"
    assert replace(verdict, criteria=[], broken="it broke").result == "FAIL"


# --- the table


def test_every_row_of_the_matrix_is_there() -> None:
    wanted = (
        "broker killed -9", "PostgreSQL killed -9", "TCP cut, half-open", "three RabbitMQ nodes", "stopped (SIGSTOP)",
        "repeated 1 to 5 times", "poison", "memory and disk alarm", "full disk", "clock one hour wrong",
        "kill -9 at every named step", "rolling restart", "restore of one service's database", "new code reads old",
    )  # fmt: skip
    for fault in wanted:
        assert [row.name for row in ROWS if fault in row.fault], fault
    assert len(ROWS) == len(wanted)


def test_every_part_has_its_steps() -> None:
    assert {part: len(steps) for part, steps in STEPS.items()} == {
        "pledges": 2, "relay-pledges": 4, "receiver": 3, "projector": 4, "rebuild": 5,
    }  # fmt: skip


def test_the_document_keeps_a_line_for_each_row_and_replaces_those_that_were_run(tmp_path: Path) -> None:
    path = tmp_path / "reliability.md"
    path.write_text(f"before\n{report.BEGIN}\n{report.END}\nafter\n")
    first, second = Verdict("a", "fault a"), Verdict("b", "fault b", skipped="no tmpfs")
    report.write(path, [second, first], ["fault a", "fault b"])
    judged(first, judge(SOUND, LOG))
    report.write(path, [first], ["fault a", "fault b"])
    text = path.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    lines = [each for each in text.splitlines() if each.startswith("| fault ")]
    assert [line.split(" | ")[:2] for line in lines] == [
        ["| fault", "verdict"],
        ["| fault a", "PASS"],
        ["| fault b", "SKIP"],
    ]


def test_every_module_that_looks_at_the_wall_clock_is_known() -> None:
    found = set()
    for folder in ("alliance", "gateway", "services"):
        for path in (ROOT / folder).rglob("*.py"):
            if re.search(r"datetime\.now\(|time\.time\(\)|utcnow", path.read_text()):
                found.add(".".join(path.relative_to(ROOT).with_suffix("").parts))
    # The command line that makes tokens is no part that runs.
    assert found - {"alliance.cli.people"} == set(clock.MODULES)


# --- the door


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""

    class Echo(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while data := self.request.recv(1024):
                self.request.sendall(data)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def connected(door: Door) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", door.port), timeout=10)
    client.sendall(b"hello")
    assert client.recv(5) == b"hello"
    return client


@pytest.mark.parametrize("fault", ["half_open", "black_hole"])
def test_what_a_silent_network_swallows_comes_late(fault: str, echo: int) -> None:
    with Door(echo) as door, connected(door) as client:
        getattr(door, fault)()
        client.sendall(b"late")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(4)
        door.flow()
        client.settimeout(10)
        assert client.recv(4) == b"late"


def test_a_client_that_gives_up_in_the_silence_is_seen_to_have_gone(echo: int) -> None:
    with Door(echo) as door:
        client = connected(door)
        door.black_hole()
        (standing,) = door.standing(time.monotonic())
        client.close()
        until(lambda: standing.left is not None, 10, "the door knows")
        door.flow()


def test_a_cut_connection_is_reset_and_a_new_one_is_taken(echo: int) -> None:
    with Door(echo) as door, connected(door) as client:
        door.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        connected(door).close()


# --- a few rows, small


@pytest.fixture(scope="module")
def small(postgres: PrivatePostgres, rabbitmq: PrivateRabbitMQ) -> Iterator[Platform]:
    with shared(postgres, rabbitmq, "matrix_") as servers, platform(servers, SMOKE, small=True) as running:
        yield running


@pytest.mark.parametrize("name", ["broker", "poison"])
def test_a_row_in_small_passes(name: str, small: Platform) -> None:
    (row,) = (each for each in ROWS if each.name == name)
    verdict = runner.judge(row, small)
    assert verdict.result == "PASS", verdict.measured()
