"""A whole platform as a child process, in either form, on ports and in a folder of its own.

For `make mississippi` and for the tests: nothing that already runs is in its way.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alliance.private_servers import PrivateServerError
from alliance.private_servers.process import free_port, last_lines
from alliance.settings import METRICS_PORTS, SERVICES, metrics_port_variable

ROOT = Path(__file__).parents[1]
FORMS: Mapping[str, list[str]] = {
    "embedded": [str(Path(sys.executable).parent / "alliance"), "serve", "embedded"],
    "distributed": [sys.executable, "-m", "deploy.serve"],
}
#: Seconds until the gateway is ready: two servers, six migrations and twelve parts on two busy cores.
START_SECONDS = 120
#: Seconds in which it ends by itself after SIGTERM.
STOP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Platform:
    form: str
    base_url: str
    #: The state's token.
    token: str
    var: Path
    #: What the platform and the command line need to find the same ports, folder and servers.
    environment: Mapping[str, str]
    #: What it has printed.
    log: Path


@contextmanager
def running(form: str, var: Path, given: Mapping[str, str] | None = None) -> Iterator[Platform]:
    """Start it empty or with what `var` holds, wait until it is ready, stop it in the end.

    `given` goes into its environment, e.g. ALLIANCE_DATABASE_URL and ALLIANCE_BROKER_URL of servers that run.
    Raises PrivateServerError, with what it printed last, when it does not get ready.
    """
    var = var.absolute()
    var.mkdir(parents=True, exist_ok=True)
    environment = {**own_ports(), "ALLIANCE_VAR": str(var), "ALLIANCE_SAMPLE": "none", **(given or {})}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ALLIANCE_")}
    path = var / "platform.log"
    with path.open("ab") as log:
        process = subprocess.Popen(
            FORMS[form],
            cwd=ROOT,
            env={**inherited, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        base_url = f"http://127.0.0.1:{environment['ALLIANCE_PORT']}"
        _await_ready(process, base_url, var / "state.token", path)
        token = (var / "state.token").read_text().strip()
        yield Platform(form, base_url, token, var, environment, path)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def own_ports() -> dict[str, str]:
    """A free port for each setting that is one."""
    ports = {"ALLIANCE_PORT": free_port()}
    for service in SERVICES:
        ports[f"ALLIANCE_{service.upper()}_PORT"] = free_port()
    for part in METRICS_PORTS:
        ports[metrics_port_variable(part)] = free_port()
    return {name: str(port) for name, port in ports.items()}


def _await_ready(process: subprocess.Popen[bytes], base_url: str, token: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (token.exists() and _ready(base_url)):
        if process.poll() is not None:
            raise PrivateServerError(f"the platform ended with {process.returncode}:\n{last_lines(log, 40)}")
        if time.monotonic() > deadline:
            raise PrivateServerError(f"not ready within {START_SECONDS} s:\n{last_lines(log, 40)}")
        time.sleep(0.1)


def _ready(base_url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base_url}/readyz", timeout=3) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
