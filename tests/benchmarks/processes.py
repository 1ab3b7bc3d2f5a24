"""Processes that run while something is measured, and their memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from alliance.private_servers.process import last_lines
from tests.benchmarks.bench import ROOT

START_SECONDS = 120


@contextmanager
def running(
    arguments: Sequence[str], given: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """`python arguments` with these variables, from here to the end of the block; what it prints goes to the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env={**os.environ, **given}, stdout=file, stderr=file
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answering(url: str, log: Path | None = None) -> None:
    """Return once it answers 200."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=3) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise RuntimeError(f"{url} does not answer\n{last_lines(log) if log else ''}")
        time.sleep(0.1)


def peaks(var: Path) -> dict[str, int]:
    """The greatest memory, in bytes, that each part of the platform in this folder has had so far.

    It is what the part's processes held in memory at their peaks, the gateway's two together.
    """
    found: dict[str, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            words = (entry / "cmdline").read_bytes().decode().split("\0")
            status = (entry / "status").read_text()
        except OSError:  # gone meanwhile
            continue
        part = _part(words)
        if part and f"ALLIANCE_VAR={var}".encode() in environment:
            peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
            found[part] = found.get(part, 0) + int(peak.split()[1]) * 1024
    return found


def _part(words: list[str]) -> str:
    if "alliance.edge_process" in words:
        return words[words.index("alliance.edge_process") + 1]
    if "gunicorn" in words:
        return "gateway"
    for at, word in enumerate(words):
        if Path(word).name == "alliance":
            match words[at + 1 :]:
                case ["relay", source, *_]:
                    return f"relay-{source}"
                case ["receive", *_]:
                    return "receiver"
                case ["project", *_]:
                    return "projector"
    return ""
