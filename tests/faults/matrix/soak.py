"""A steady load for a long time, a broker and a database killed in it: memory, connections, handles stay flat."""

from __future__ import annotations

import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from alliance.private_servers import PrivatePostgres, PrivateRabbitMQ

from .platform import Platform, Scale
from .verdict import Verdict

#: So many children that a pledge has a few dozen events in the end, and not hundreds, which no family makes.
SCALE = Scale(rate=200.0, writers=32, classes=250)
FAULT = "soak: 200 commands/s, with a broker and a database kill in it"
#: What may be more at the end than at the beginning, and still counts as flat.
MEMORY, HANDLES, CONNECTIONS = 1.15, 4, 4
#: Seconds in which the faults may cost commands.
OUTAGES = 60.0
#: Seconds between two samples.
EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A process and its children: resident memory in MB, open file handles."""

    at: float
    memory: float
    handles: int


class Sampler(threading.Thread):
    """Samples every part and the servers' connections until stopped."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(daemon=True)
        self.parts: dict[str, list[Sample]] = defaultdict(list)
        self.connections: list[int] = []
        self._platform = platform
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(EVERY):
            for part, process in self._platform.parts.processes.items():
                with suppress(OSError):
                    self.parts[part].append(_sample(process.pid))
            with suppress(psycopg2.Error):
                servers = {id(each): each for each in self._platform.servers.postgres.values()}.values()
                self.connections.append(sum(_connections(server.url) for server in servers))

    def stop(self) -> None:
        self._stopping.set()
        self.join(30)


def soak(platform: Platform, verdict: Verdict, seconds: float) -> None:
    sampler = Sampler(platform)
    with platform.load(verdict, commands=1) as load:
        # What is filled once is filled before the first sample: caches, and pools, as far as a fault fills them.
        for _ in range(2):
            time.sleep(min(30.0, seconds / 10))
            _outage(platform.servers.postgres["pledges"])
        time.sleep(min(30.0, seconds / 10))
        sampler.start()
        began = time.monotonic()
        for part, server in (
            (1 / 3, platform.servers.rabbitmq),
            (2 / 3, platform.servers.postgres["pledges"]),
        ):
            time.sleep(max(0.0, began + seconds * part - time.monotonic()))
            _outage(server)
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        sampler.stop()
        took = time.monotonic() - began
        tries = load.history.tries(began)
    for name, samples in sampler.parts.items():
        _flat(verdict, name, samples)
    quarter = max(1, len(sampler.connections) // 4)
    first, last = (
        statistics.median(each) for each in (sampler.connections[:quarter], sampler.connections[-quarter:])
    )
    verdict.require("PostgreSQL's connections flat", last <= first + CONNECTIONS, f"{first:g} then {last:g}")
    answered = sum(each.position is not None for each in tries)
    verdict.require(
        "the rate is kept over all of it, but for the faults",
        answered >= SCALE.rate * (took - OUTAGES),
        f"{answered / took:.0f} commands/s answered over {took / 60:.0f} min",
    )


def _outage(server: PrivateRabbitMQ | PrivatePostgres) -> None:
    server.kill()
    time.sleep(5)
    server.start()


def _flat(verdict: Verdict, part: str, samples: Sequence[Sample]) -> None:
    quarter = max(1, len(samples) // 4)
    memory = [
        statistics.median(each.memory for each in some) for some in (samples[:quarter], samples[-quarter:])
    ]
    handles = [
        statistics.median(each.handles for each in some) for some in (samples[:quarter], samples[-quarter:])
    ]
    flat = memory[1] <= memory[0] * MEMORY and handles[1] <= handles[0] + HANDLES
    verdict.require(
        f"{part} flat",
        flat,
        f"{memory[0]:.0f} then {memory[1]:.0f} MB, {handles[0]:g} then {handles[1]:g} handles",
    )


def _sample(pid: int) -> Sample:
    pids = [pid, *_children(pid)]
    kilobytes = 0
    for each in pids:
        status = Path(f"/proc/{each}/status").read_text()
        kilobytes += int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
    handles = sum(len(list(Path(f"/proc/{each}/fd").iterdir())) for each in pids)
    return Sample(time.monotonic(), kilobytes / 1024, handles)


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _connections(url: str) -> int:
    connection = psycopg2.connect(url.replace("+psycopg2", ""), connect_timeout=2)
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        return int(cursor.fetchone()[0])
    finally:
        connection.close()
