"""Loads that both systems get: requests over a number of connections, and watching a position come up."""

from __future__ import annotations

import http.client
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any, Self

import orjson

from tests.benchmarks.turns import percentile

#: Seconds without progress after which a watched system is given up.
STUCK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Latencies:
    """Milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, accepted: list[float], seen: list[tuple[float, int]]) -> Self:
        """The nth event was accepted at accepted[n - 1]; `seen` are times at which so many were visible."""
        counts = [count for _, count in seen]
        waited = [
            max(0.0, seen[bisect_left(counts, number)][0] - at) * 1000
            for number, at in enumerate(accepted, start=1)
        ]
        return cls(percentile(waited, 50), percentile(waited, 99))


def watch(visible: Callable[[], int], until: int) -> list[tuple[float, int]]:
    """(time, how many are visible) at each change, looking every few milliseconds, until all are."""
    seen: list[tuple[float, int]] = []
    while not seen or seen[-1][1] < until:
        now = visible()
        if now > (seen[-1][1] if seen else 0):
            seen.append((time.time(), now))
        elif seen and time.time() - seen[-1][0] > STUCK_SECONDS:
            raise RuntimeError(f"only {seen[-1][1]} of {until} came through")
        time.sleep(0.004)
    return seen


def post(port: int, requests: Iterable[Request], connections: int) -> tuple[float, list[float]]:
    """Send all, each connection its next one when the last is answered: (requests a second, seconds of each).

    Raises RuntimeError with the answer when one is refused.
    """
    shared, lock = iter(requests), Lock()
    taken: list[float] = []
    refused: list[str] = []

    def next_request() -> Iterator[Request]:
        while not refused:
            with lock:
                request = next(shared, None)
            if request is None:
                return
            yield request

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for request in next_request():
            body = orjson.dumps(request.body)
            began = time.perf_counter()
            try:
                connection.request("POST", request.path, body, dict(request.headers))
                answer = connection.getresponse()
                content = answer.read()
            except OSError as error:
                refused.append(repr(error))
                return
            taken.append(time.perf_counter() - began)
            if answer.status not in (200, 201):
                refused.append(f"{answer.status} {content[:500]!r}")
        connection.close()

    threads = [Thread(target=client) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        raise RuntimeError(f"{len(refused)} refused; the first: {refused[0]}")
    return len(taken) / (time.perf_counter() - began), taken
