"""The memory that a played year took: every process of the platform on this machine, by its number."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from simulation.report import Memory, Peak
from tests.fixtures.deployment import ROOT

MEGABYTE = 1_000_000
#: Takes so many bytes, gives them back, says so, and stays until its input ends.
TAKES = (
    "import sys; bytearray(b'.') * int(sys.stdin.readline()); print('ready', flush=True); sys.stdin.read()"
)

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(*words, var=…)`: a process of that platform that stays until its input ends."""
    with ExitStack() as stack:

        def start(*words: str, var: Path = tmp_path, cwd: Path = ROOT) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, *words],
                    cwd=cwd,
                    env={**os.environ, "ALLIANCE_VAR": str(var)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                )
            )
            stack.callback(process.kill)
            return process

        yield start


def taking(start: Start, megabytes: int, *words: str, **where: Path) -> int:
    process = start("-c", TAKES, *words, **where)
    assert process.stdin is not None
    assert process.stdout is not None
    print(megabytes * MEGABYTE, file=process.stdin, flush=True)
    assert process.stdout.readline() == "ready\n"
    return process.pid


def by_pid(memory: Memory) -> dict[int, Peak]:
    found = memory.peaks()
    assert len({peak.pid for peak in found}) == len(found)
    return {peak.pid: peak for peak in found}


def test_processes_of_one_name_are_told_apart_and_those_of_other_platforms_left_out(
    start: Start, tmp_path: Path
) -> None:
    small, large = taking(start, 10, "gateway.wsgi"), taking(start, 200, "gateway.wsgi")
    from_its_folder = taking(start, 10, "gateway.wsgi", var=Path("var"), cwd=tmp_path)
    elsewhere = taking(start, 10, "gateway.wsgi", var=tmp_path / "other")
    nothing_of_it = taking(start, 10, "something.else")

    with Memory(tmp_path) as memory:
        pass
    found = by_pid(memory)

    assert set(found) == {os.getpid(), small, large}
    assert found[os.getpid()].name == "simulation"
    assert found[small].name == found[large].name
    assert found[large].bytes > 200 * MEGABYTE > found[small].bytes > 10 * MEGABYTE
    assert all(peak.running for peak in found.values())
    assert {elsewhere, nothing_of_it}.isdisjoint(found)
    with Memory(tmp_path / "var") as memory:
        pass
    assert set(by_pid(memory)) == {os.getpid(), from_its_folder}


def test_an_import_that_has_ended_is_still_told(
    start: Start, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    with Memory(tmp_path) as memory:
        process = start("-m", "services.roster.import_process")
        wait_until(lambda: process.pid in by_pid(memory), 30)
        process.communicate("no call", timeout=30)
    found = by_pid(memory)[process.pid]

    assert (found.name, found.running) == ("services.roster.import_process", False)
    assert found.bytes > MEGABYTE
