"""What every row needs: two private servers, empty databases, and child processes that answer one JSON line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from alliance.private_servers import PrivatePostgres, PrivateRabbitMQ
from alliance.settings import SERVICES

ROOT = Path(__file__).parents[2]
#: Seconds after which a child process is given up.
CHILD_SECONDS = 1800


@dataclass
class Bench:
    """`scale` 1 is the full size; a smaller one proves that a row works, and its figures mean little."""

    rounds: int
    scale: float
    folder: Path
    #: The interpreter that has the peers' packages.
    peers: str
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def postgres(self) -> PrivatePostgres:
        """Durable: fsync and synchronous_commit are on, as a fresh server has them."""
        server = self._stack.enter_context(PrivatePostgres())
        for setting in ("fsync", "synchronous_commit"):
            with server._connected() as cursor:
                cursor.execute(f"SHOW {setting}")
                assert cursor.fetchone() == ("on",), setting
        return server

    @cached_property
    def rabbitmq(self) -> PrivateRabbitMQ:
        return self._stack.enter_context(PrivateRabbitMQ())

    def size(self, full: int, least: int = 1) -> int:
        return max(least, round(full * self.scale))

    def database(self) -> str:
        """The address of a new, empty database."""
        return self.postgres.create_database(f"bench_{uuid.uuid4().hex[:12]}")

    def databases(self) -> str:
        """The template of new, empty databases, one an owner: for ALLIANCE_DATABASE_URL."""
        prefix = f"bench_{uuid.uuid4().hex[:8]}_"
        for owner in (*SERVICES, "gateway"):
            self.postgres.create_database(prefix + owner)
        return self.postgres.database_url(prefix + "{service}")

    def drop(self, url: str) -> None:
        self.postgres.drop_database(urlsplit(url).path.lstrip("/"))

    def vhost(self) -> str:
        """The address of a new virtual host."""
        return self.rabbitmq.create_vhosts([f"bench-{uuid.uuid4().hex[:12]}"])[0]

    def child(self, module: str, *arguments: object) -> dict[str, Any]:
        """What `python -m module arguments` of ours answers."""
        return _answer([sys.executable, "-m", module, *map(str, arguments)], {})

    def peer(self, program: str, *arguments: object, given: Mapping[str, str]) -> dict[str, Any]:
        """What a program of tests/benchmarks/peers/ answers, run by the peers' interpreter."""
        path = Path(__file__).parent / "peers" / program
        return _answer([self.peers, str(path), *map(str, arguments)], given)


def _answer(command: Iterable[str], given: Mapping[str, str]) -> dict[str, Any]:
    environment = {**os.environ, **given, "PYTHONUNBUFFERED": "1"}
    ran = subprocess.run(
        list(command), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=CHILD_SECONDS
    )
    if ran.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{ran.stderr[-4000:]}")
    answer: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return answer


def plain(url: str) -> str:
    """A database's address as drivers know it, without SQLAlchemy's name of the driver."""
    return url.replace("+psycopg2", "")
