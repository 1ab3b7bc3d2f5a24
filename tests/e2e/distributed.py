"""The distributed form with each part under a test's hand: to be stopped, killed, started again one by one.

`make serve` ends as a whole when one part ends; here the others go on, as under a supervisor or in containers.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import httpx
import pytest

from alliance.database import Database
from alliance.private_servers import PrivatePostgres, PrivateRabbitMQ
from alliance.private_servers.process import last_lines
from alliance.settings import SERVICES, metrics_port_variable
from deploy.running import ROOT, Platform, own_ports
from gateway.first_sight import state_token
from gateway.tokens import Tokens
from tests.e2e.broker_reader import BrokerReader
from tests.fixtures.deployment import part_of, procfile
from tests.fixtures.part_processes import DYING_WITH_US, PROGRAMS, end
from tests.fixtures.waiting import until

#: Seconds until a part is ready again: generous, the machine may be busy.
READY_SECONDS = 120.0


class Distributed:
    """PostgreSQL and RabbitMQ of its own, and every part of the Procfile as a process with a log of its own."""

    def __init__(self, var: Path, postgres: PrivatePostgres, rabbitmq: PrivateRabbitMQ) -> None:
        self.var, self.postgres, self.rabbitmq = var, postgres, rabbitmq
        self.logs = var / "logs"
        self.logs.mkdir(parents=True)
        self.environment = {
            **own_ports(),
            "ALLIANCE_VAR": str(var),
            "ALLIANCE_DATABASE_URL": postgres.database_url("{service}"),
            "ALLIANCE_BROKER_URL": rabbitmq.url,
            "ALLIANCE_LOG_LEVEL": "DEBUG",
        }
        self.commands = {part_of(words): words for words in procfile().values()}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._client = httpx.Client(timeout=5, trust_env=False)
        #: Whatever is published, from the first event on.
        self.messages = BrokerReader(rabbitmq.url)
        for owner in (*SERVICES, "gateway"):
            postgres.create_database(owner)

    def alliance(
        self, *words: str, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """An `alliance` command to its end, in the platform's environment and what is given beside it."""
        return subprocess.run(
            [str(PROGRAMS / "alliance"), *words],
            cwd=ROOT,
            env=self._environ() | (environment or {}),
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
        )

    def start(self, *parts: str) -> None:
        """Start these parts, or all, where they do not run; return when they are ready."""
        wanted = parts or tuple(self.commands)
        for part in wanted:
            self.launch(part)
        for part in wanted:
            self._await_ready(part)

    def launch(self, part: str) -> None:
        """Start a part unless it runs, and leave it to itself."""
        if self.runs(part):
            return
        with (self.logs / part).open("ab") as log:
            self._processes[part] = subprocess.Popen(
                [*DYING_WITH_US, str(PROGRAMS / "alliance"), *self.commands[part][1:]],
                cwd=ROOT,
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _await_ready(self, part: str) -> None:
        until(lambda: self.ready(part) or not self.runs(part), READY_SECONDS, f"{part} is ready")
        if not self.runs(part):
            pytest.fail(f"{part} has ended:\n{last_lines(self.logs / part)}", pytrace=False)

    def stop(self, *parts: str) -> None:
        """SIGTERM; return when they have ended."""
        self._end(parts or tuple(self.commands), signal.SIGTERM)

    def kill(self, *parts: str) -> None:
        """SIGKILL."""
        self._end(parts, signal.SIGKILL)

    @contextmanager
    def frozen(self, part: str) -> Iterator[None]:
        """SIGSTOP for the length of the block: the port still takes connections, and nobody answers."""
        self._processes[part].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._processes[part].send_signal(signal.SIGCONT)

    @contextmanager
    def without(self, *parts: str) -> Iterator[None]:
        """Killed for the length of the block, ready again after it."""
        self.kill(*parts)
        try:
            yield
        finally:
            self.start(*parts)

    def heal(self) -> None:
        """Start whatever does not run, servers first."""
        gone = [part for part in self.commands if not self.runs(part)]
        if not (self.postgres.running and self.rabbitmq.running):
            self.postgres.start()
            self.rabbitmq.start()
            gone = list(self.commands)
        if gone:
            self.start(*gone)

    def runs(self, part: str) -> bool:
        return part in self._processes and self._processes[part].poll() is None

    def ready(self, part: str) -> bool:
        try:
            return self._client.get(f"{self.internal(part)}/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def metrics(self, part: str) -> str:
        """What a part shows to Prometheus."""
        return self._client.get(f"{self.internal(part)}/metrics").raise_for_status().text

    def internal(self, part: str) -> str:
        """The address of a part's internal port."""
        return f"http://127.0.0.1:{self.environment[metrics_port_variable(part)]}"

    def platform(self) -> Platform:
        """The same as other tests know it, with a state's token."""
        tokens = Tokens(
            Database(self.environment["ALLIANCE_DATABASE_URL"].format(service="gateway"), pool_size=1)
        )
        _, secret = state_token(tokens, self.var / "state.token")
        tokens.database.close()
        base_url = f"http://127.0.0.1:{self.environment['ALLIANCE_PORT']}"
        return Platform("distributed", base_url, secret, self.var, self.environment, self.logs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._client.close()

    def _end(self, parts: Iterable[str], number: signal.Signals) -> None:
        assert end((self._processes[part] for part in parts if self.runs(part)), number), "a part did not end"

    def _environ(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ALLIANCE_")}
        return {**inherited, **self.environment}


@contextmanager
def distributed(var: Path) -> Iterator[Distributed]:
    """The whole platform on servers of its own, migrated and ready."""
    with ExitStack() as stack:
        postgres = stack.enter_context(PrivatePostgres(durable=False))
        servers = postgres, stack.enter_context(PrivateRabbitMQ())
        running = stack.enter_context(Distributed(var, *servers))
        running.messages.bind()
        migrated = running.alliance("migrate")
        assert migrated.returncode == 0, migrated.stderr
        running.start()
        yield running
