"""The stock nameko system as processes of its own, and what is asked of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import count
from threading import Thread
from types import TracebackType
from typing import Any, Self

import psycopg2

from alliance.private_servers.process import free_port
from tests.benchmarks.bench import Bench, plain
from tests.benchmarks.loads import Latencies, watch
from tests.benchmarks.processes import running

#: Its workers a service, by default.
WORKERS = 10
_numbers = count()


class Nameko:
    """These services of it, running inside the block on empty databases and a virtual host of their own."""

    def __init__(self, bench: Bench, services: Sequence[str] = ("evaluation", "pledges", "gateway")) -> None:
        self._bench = bench
        self._services = services
        self._stack = ExitStack()
        self.port = free_port()

    def __enter__(self) -> Self:
        # Here, since nameko brings eventlet, which a process of tests is better without.
        from nameko.standalone.rpc import ClusterRpcProxy

        bench = self._bench
        self._broker = bench.vhost()
        self._databases = {name: bench.database() for name in ("pledges", "evaluation")}
        for service in self._services:
            log = bench.folder / f"nameko-{service}-{self.port}.log"
            database = self._databases.get(service, self._databases["pledges"])
            arguments = ["-m", "tests.benchmarks.peers.nameko_run", service.capitalize()]
            self._stack.enter_context(
                running(
                    [*arguments, self._broker, database, str(self.port)], {"PYTHONWARNINGS": "ignore"}, log
                )
            )
            while "ready" not in log.read_text(errors="replace"):
                time.sleep(0.05)
        self._rpc = self._stack.enter_context(ClusterRpcProxy({"AMQP_URI": self._broker}, timeout=600))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        for url in self._databases.values():
            self._bench.drop(url)

    def pledges(self, many: int) -> Iterator[dict[str, Any]]:
        for number in (next(_numbers) for _ in range(many)):
            yield {
                "student": f"{number:016x}", "guardian": f"{number + 7:016x}", "school_year": "2026-27",
                "school": f"s{number % 900:015x}", "district": f"d{number % 144:015x}", "signed_on": "2026-09-14",
                "mode": "web", "language": "en", "statement": "2026-1", "statement_hash": "0f" * 32,
                "note_on_file": False,
            }  # fmt: skip

    def dispatch(self, many: int, workers: int) -> float:
        """Events a second of its dispatcher, in so many workers at once; confirmed, as by default."""
        self._spread(self._rpc.pledges.dispatch_only, many // 10, workers)
        began = time.perf_counter()
        self._spread(self._rpc.pledges.dispatch_only, many, workers)
        return many / (time.perf_counter() - began)

    def live(self, many: int) -> float:
        """Events a second from the first commit until the last is in the read model."""
        before, began = self.folded(), time.perf_counter()
        self._spread(self._rpc.pledges.sign_at, many, WORKERS, 0)
        while self.folded() < before + many:
            time.sleep(0.01)
        return many / (time.perf_counter() - began)

    def freshness(self, rate: float, seconds: float) -> Latencies:
        """From the commit to the read model, at so many events a second, or at as many as it can take."""
        before, many = self.folded(), max(WORKERS, round(rate * seconds))
        committed: list[float] = []

        def produce() -> None:
            for times in self._spread(self._rpc.pledges.sign_at, many, WORKERS, rate / WORKERS):
                committed.extend(times)

        producer = Thread(target=produce)
        producer.start()
        with closing(psycopg2.connect(plain(self._databases["evaluation"]))) as connection:
            connection.autocommit = True
            seen = watch(lambda: self._folded(connection) - before, many)
        producer.join()
        return Latencies.of(sorted(committed), seen)

    def folded(self) -> int:
        with closing(psycopg2.connect(plain(self._databases["evaluation"]))) as connection:
            return self._folded(connection)

    def _folded(self, connection: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(sum(pledges), 0) FROM signed")
            return int(cursor.fetchone()[0])

    def _spread(self, method: Any, many: int, workers: int, *arguments: Any) -> list[Any]:
        shares = [list(self.pledges(many // workers + (each < many % workers))) for each in range(workers)]
        calls: list[Callable[[], Any]] = [method.call_async(share, *arguments).result for share in shares]
        return [result() for result in calls]
