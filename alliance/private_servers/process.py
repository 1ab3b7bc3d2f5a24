"""Finding, starting, awaiting and ending one server process."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from itertools import count, islice
from pathlib import Path
from typing import Any

#: Below Linux's ephemeral range (32768 and up): there a client's own outgoing port could be the server's port
#: while the server is down, and a connection to a dead server could then connect to itself.
PORTS = range(20_000, 32_000)
_BETWEEN_PROCESSES = 61
#: Seconds until a server must answer. A loaded machine of two cores needs about a fifth of it.
DEADLINE = 120.0


class PrivateServerError(RuntimeError):
    """The programs are missing, the folder is in use, or the server did not answer in time."""


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on, and that this process has not been given before.

    Ports are often taken for a server that starts later. So that two processes seldom choose the same one in the
    meantime, each goes through the range from a place of its own.
    """
    for place in islice(_places(os.getpid()), len(PORTS)):
        port = PORTS[place % len(PORTS)]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise PrivateServerError(f"no free port between {PORTS.start} and {PORTS.stop}")


@cache
def _places(process: int) -> Iterator[int]:
    return count(process * _BETWEEN_PROCESSES)


def find(kind: str, package: str, program: str, pattern: str) -> Path:
    folders = [folder for folder in Path("/").glob(pattern.lstrip("/")) if (folder / program).exists()]
    if not folders:
        raise PrivateServerError(
            f"{program} was not found under {pattern}. Install {kind}: on Debian or Ubuntu, as root, run "
            f"deploy/install-servers.sh, or: apt-get install {package}"
        )
    return max(folders, key=lambda folder: [int(part) for part in folder.parts if part.isdigit()])


def environment(own: dict[str, str]) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "PG", "ERL_"))}
    return {**inherited, **own}


def spawn(command: list[str], folder: Path, own: dict[str, str], user: str | None) -> subprocess.Popen[bytes]:
    """Start in a session of its own, so that the terminal's Ctrl-C reaches us and not the server."""
    identity: dict[str, Any] = {}
    if user is not None:
        identity = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment(own),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **identity,
        )


def wait_for(process: subprocess.Popen[bytes], answers: Callable[[], bool], name: str, log: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while not answers():
        if process.poll() is not None:
            raise PrivateServerError(f"{name} ended with {process.returncode}:\n{last_lines(log)}")
        if time.monotonic() > deadline:
            raise PrivateServerError(f"{name} did not answer within {DEADLINE:.0f} s:\n{last_lines(log)}")
        time.sleep(0.1)


def end(process: subprocess.Popen[bytes], first: signal.Signals) -> None:
    """Ask, wait 30 s, then insist."""
    if process.poll() is None:
        process.send_signal(first)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def last_lines(log: Path, count: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else "(no log)"
