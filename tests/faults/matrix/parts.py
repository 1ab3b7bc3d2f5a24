"""The parts of the distributed form as child processes, each under the matrix's hand by its name.

A second copy of a part is named `receiver+2`: the same command with an internal port (and a public one) of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from alliance.private_servers.process import free_port, last_lines
from alliance.settings import metrics_port_variable
from deploy.running import ROOT, own_ports
from tests.fixtures.deployment import part_of, procfile
from tests.fixtures.part_processes import DYING_WITH_US, PROGRAMS, end

#: Seconds until a part has to be ready: generous, the machine may be busy.
READY_SECONDS = 90.0
PAUSE = 0.02

#: The parts that are ready only when every service is there.
ASKS_ALL = ("gateway", "receiver")

COMMANDS = {part_of(words): words[1:] for words in procfile().values()}


class Late(Exception):
    """Something that had to happen did not, in time."""


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Return after how many seconds the condition was true; raise Late after `seconds`."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise Late(f"after {seconds:g} s still not true: {what}")
        time.sleep(PAUSE)
    return time.monotonic() - began


class Parts:
    """Starts, stops, kills and freezes parts; each has a log of its own under `var`."""

    def __init__(self, var: Path, given: Mapping[str, str], *, partial: bool = False) -> None:
        self.var, self._partial = var, partial
        self.logs = var / "logs"
        self.logs.mkdir(parents=True)
        self.environment = {**own_ports(), "ALLIANCE_VAR": str(var), "ALLIANCE_LOG_LEVEL": "WARNING", **given}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._own: dict[str, dict[str, str]] = {}

    def start(
        self, *parts: str, environment: Mapping[str, str] | None = None, child: Sequence[str] = ()
    ) -> None:
        """Start these where they do not run, and return when they are ready."""
        for part in parts:
            self.launch(part, environment, child)
        for part in parts:
            self.await_ready(part)

    def launch(
        self, part: str, environment: Mapping[str, str] | None = None, child: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a part unless it runs. With `child`, through `tests.faults.matrix.child` and these options."""
        if self.runs(part):
            return self.processes[part]
        own = self._own.setdefault(part, self._ports_of(part))
        words = COMMANDS[part.partition("+")[0]]
        program = (
            [sys.executable, "-m", "tests.faults.matrix.child", *child, "--"]
            if child
            else [str(PROGRAMS / "alliance")]
        )
        with (self.logs / part).open("ab") as log:
            self.processes[part] = subprocess.Popen(
                [*DYING_WITH_US, *program, *words],
                cwd=ROOT,
                env=self.environ(own | dict(environment or {})),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self.processes[part]

    def await_ready(self, part: str) -> None:
        wait_for(lambda: self.ready(part) or not self.runs(part), READY_SECONDS, f"{part} is ready")
        if not self.runs(part):
            raise Late(f"{part} has ended:\n{last_lines(self.logs / part)}")

    def stop(self, *parts: str) -> float:
        """SIGTERM; returns after how many seconds the last of them had ended."""
        return self._end(parts, signal.SIGTERM)

    def kill(self, *parts: str) -> None:
        """SIGKILL, as the kernel's out-of-memory killer does it."""
        for part in parts:
            if part in self.processes:
                # A stopped process takes the signal all the same.
                self.processes[part].kill()
        self._end(parts, signal.SIGKILL)

    def freeze(self, part: str) -> None:
        """SIGSTOP: its connections stand, and nobody answers."""
        self.processes[part].send_signal(signal.SIGSTOP)

    def thaw(self, part: str) -> None:
        self.processes[part].send_signal(signal.SIGCONT)

    def runs(self, part: str) -> bool:
        return part in self.processes and self.processes[part].poll() is None

    def ready(self, part: str) -> bool:
        # Where some services are left out, those that ask all of them are never ready, and alive is enough.
        probe = "livez" if self._partial and part.partition("+")[0] in ASKS_ALL else "readyz"
        with suppress(URLError, OSError), urlopen(f"{self.internal(part)}/{probe}", timeout=2) as answer:
            return bool(answer.status == 200)
        return False

    def samples(self, part: str) -> dict[str, float]:
        """What a part shows to Prometheus: value by series."""
        with urlopen(f"{self.internal(part)}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {series: float(value) for series, _, value in pairs}

    def internal(self, part: str) -> str:
        name = metrics_port_variable(part.partition("+")[0])
        own = self._own.setdefault(part, self._ports_of(part))
        return f"http://127.0.0.1:{own.get(name) or self.environment[name]}"

    def port(self, part: str) -> int:
        """Where a gateway listens."""
        own = self._own.setdefault(part, self._ports_of(part))
        return int(own.get("ALLIANCE_PORT") or self.environment["ALLIANCE_PORT"])

    def alliance(
        self, *words: str, child: Sequence[str] = (), seconds: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """An `alliance` command to its end."""
        program = (
            [sys.executable, "-m", "tests.faults.matrix.child", *child, "--"]
            if child
            else [str(PROGRAMS / "alliance")]
        )
        return subprocess.run(
            [*program, *words], cwd=ROOT, env=self.environ(), capture_output=True, text=True, timeout=seconds
        )

    def close(self) -> None:
        for part in self.processes:
            if self.runs(part):
                self.thaw(part)
        self.stop(*self.processes)

    def environ(self, own: Mapping[str, str] | None = None) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ALLIANCE_")}
        return {**inherited, **self.environment, **(own or {})}

    def _ports_of(self, part: str) -> dict[str, str]:
        name, _, copy = part.partition("+")
        if not copy:
            return {}
        own = {metrics_port_variable(name): str(free_port())}
        if name == "gateway":
            own["ALLIANCE_PORT"] = str(free_port())
        return own

    def _end(self, parts: Sequence[str], number: signal.Signals) -> float:
        began = time.monotonic()
        end((self.processes[part] for part in parts if self.runs(part)), number)
        return time.monotonic() - began
