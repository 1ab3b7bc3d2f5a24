"""The platform as a caller outside sees it: its HTTP API, with repeats where it asks for patience.

A request that may have reached the platform is repeated under the same Idempotency-Key, so a lost answer
never counts twice. What is waited for: a platform that is not there or answers 429, 502, 503 or 504, and a
roster that the asked service has not read far enough yet. Everything else that is not a success is a
`Refusal`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

import httpx

from simulation.chance import key

#: Lines of a bulk request. Small enough to be repeated without regret, and to hold its answer in memory.
LINES = 1000
_WAIT_STATUS = frozenset({429, 502, 503, 504})
_NOT_YET = "not in the roster as of"


class Refusal(Exception):
    """The platform refused a request of the simulation; the text is the platform's own."""


class Api:
    """One platform, one token; safe for several threads. `positions` holds the furthest position of each
    source.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        seed: int,
        patience: float = 300.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(120.0, connect=5.0),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
            transport=transport,
            # A proxy of the environment is for the outside world, not for the platform next door.
            trust_env=False,
        )
        self._seed = seed
        self._patience = patience
        self._lock = Lock()
        self.positions: dict[str, int] = {}
        #: Commands accepted, how many of them were repeats of something known, and the events of the others.
        self.accepted = 0
        self.repeated = 0
        self.events = 0

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **parameters: str | int) -> dict[str, Any]:
        return self._patiently(lambda: self._http.get(path, params=parameters))

    def content(self, path: str, parameters: Mapping[str, str]) -> bytes:
        """A file, as it comes."""
        return self._answered(lambda: self._http.get(path, params=dict(parameters))).content

    def pages(self, path: str, **parameters: str | int) -> Iterator[dict[str, Any]]:
        """Every row of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self.get(path, **parameters, **({} if cursor is None else {"cursor": cursor}))
            yield from page["data"]
            cursor = page["next"]
            if cursor is None:
                return

    def post(
        self, path: str, body: Mapping[str, Any], events: int = 1, seconds: float = 120.0
    ) -> dict[str, Any]:
        """One command that makes so many events, unless it is a repeat; answers with its result, within `seconds`."""
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": self._key(path, content)}
        timeout = httpx.Timeout(seconds, connect=5.0)
        answer = self._patiently(
            lambda: self._http.post(path, content=content, headers=headers, timeout=timeout)
        )
        self._note(answer, not answer.get("created", True), events)
        return answer

    def post_file(self, path: str, file: Path, content_type: str) -> dict[str, Any]:
        """A file as the body, read from disk as it is sent; its events are those of the log that it is first in."""
        with file.open("rb") as read:
            digest = blake2b(digest_size=16)
            while block := read.read(1 << 20):
                digest.update(block)
        headers = {
            "Content-Type": content_type,
            "Content-Length": str(file.stat().st_size),
            "Idempotency-Key": self._key(path, digest.digest()),
        }

        def send() -> httpx.Response:
            with file.open("rb") as body:
                # The whole state is checked and imported before the answer comes.
                blocks = iter(lambda: body.read(1 << 18), b"")
                return self._http.post(path, content=blocks, headers=headers, timeout=httpx.Timeout(3600.0))

        answer = self._patiently(send)
        self._note(answer, not answer.get("created", True), events=answer["position"]["sequence"])
        return answer

    def post_lines(self, path: str, commands: Iterable[Mapping[str, Any]], known: Sequence[str] = ()) -> int:
        """Commands in bulk as NDJSON, so many lines a request; answers how many there were.

        A line that is refused in any of the words `known` counts as a repeat. Requests are kept short, so that a
        repeat after a lost answer costs little.
        """
        rest, count = iter(commands), 0
        while lines := list(islice(rest, LINES)):
            content = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)
            headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": self._key(path, content)}
            self._bulk(path, content, headers, len(lines), known)
            count += len(lines)
        return count

    def _bulk(
        self, path: str, content: bytes, headers: Mapping[str, str], expected: int, known: Sequence[str]
    ) -> None:
        until = time.monotonic() + self._patience
        while True:
            response = self._answered(lambda: self._http.post(path, content=content, headers=headers))
            results = [json.loads(line) for line in response.iter_lines() if line]
            refused = [result for result in results if result["status"] >= 400 and not _says(result, known)]
            if not refused and len(results) == expected:
                for result in results:
                    self._note(result, result["status"] != 201)
                return
            if not refused:
                raise Refusal(f"POST {path}: {expected} lines sent, {len(results)} answered")
            # An earlier part of the lines may be recorded already: the same key makes their repeat harmless.
            if not all(_passes(result) for result in refused) or time.monotonic() > until:
                first = refused[0]
                raise Refusal(f"POST {path}: {len(refused)} of {expected} lines refused; the first: {first}")
            time.sleep(1.0)

    def _patiently(self, send: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._answered(send).json()
        return answer

    def _answered(self, send: Any) -> httpx.Response:
        """The first success; waits through what passes. Patience begins with the first failure: an import may be
        broken off after longer than anybody waits for a platform that is away."""
        until: float | None = None
        while True:
            try:
                response: httpx.Response = send()
            except httpx.TransportError as error:
                until = until or time.monotonic() + self._patience
                if time.monotonic() > until:
                    raise Refusal(f"{self._http.base_url} does not answer: {error}") from error
                time.sleep(1.0)
                continue
            if response.is_success:
                return response
            text = response.text
            until = until or time.monotonic() + self._patience
            if not (response.status_code in _WAIT_STATUS or _NOT_YET in text) or time.monotonic() > until:
                request = response.request
                raise Refusal(
                    f"{request.method} {request.url.path} answered {response.status_code}: {text[:2000]}"
                )
            time.sleep(float(response.headers.get("Retry-After", 1)))

    def _key(self, path: str, content: bytes) -> str:
        return key(self._seed, path, blake2b(content, digest_size=16).hexdigest())

    def _note(self, answer: Mapping[str, Any], repeated: bool, events: int = 1) -> None:
        position = answer.get("position")
        with self._lock:
            self.accepted += 1
            self.repeated += repeated
            self.events += 0 if repeated else events
            if position:
                source, sequence = position["source"], position["sequence"]
                self.positions[source] = max(sequence, self.positions.get(source, 0))


def _says(result: Mapping[str, Any], words: Sequence[str]) -> bool:
    text = json.dumps(result, ensure_ascii=False)
    return any(each in text for each in words)


def _passes(result: Mapping[str, Any]) -> bool:
    """Whether this line's refusal will pass by itself."""
    return result["status"] in _WAIT_STATUS or _says(result, [_NOT_YET])


def at_least(positions: Mapping[str, int]) -> str:
    """The reading parameter for what was written up to these positions, as `pledges:42,folders:7`."""
    return ",".join(f"{source}:{sequence}" for source, sequence in sorted(positions.items()))
