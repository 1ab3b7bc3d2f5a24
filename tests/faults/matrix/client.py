"""One writer's connection to a gateway: a request goes out, and what came of it is one Try."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from typing import Any

from .history import Kind, Try

#: Longer than the platform lets anybody wait (two seconds): what takes longer is a hang, and shows as an open try.
PATIENCE = 6.0


class Client:
    """Keeps its connection, as browsers and services do. `port` is asked before each request."""

    def __init__(self, port: Callable[[], int], token: str, patience: float = PATIENCE) -> None:
        self._port, self._token, self._patience = port, token, patience
        self._connection: http.client.HTTPConnection | None = None
        self._connected = 0

    def post(self, path: str, body: Any, key: str) -> Try:
        began = time.monotonic()
        try:
            status, headers, content = self.ask("POST", path, json.dumps(body).encode(), key)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Try(began, time.monotonic(), Kind.OPEN, type(error).__name__)
        ended = time.monotonic()
        if status in (200, 201):
            return Try(began, ended, Kind.ACCEPTED, position=json.loads(content)["position"]["sequence"])
        if status == 503 and headers.get("Retry-After", "").isdigit():
            return Try(began, ended, Kind.COME_BACK, json.loads(content)["detail"])
        return Try(began, ended, Kind.WRONG, f"{status}: {content[:200]!r}")

    def get(self, path: str) -> tuple[int, Any]:
        """(status, JSON); status 0 when there was no answer."""
        try:
            status, _, content = self.ask("GET", path, None, "")
        except (OSError, http.client.HTTPException):
            self.close()
            return 0, None
        return status, json.loads(content)

    def ask(self, method: str, path: str, body: bytes | None, key: str) -> tuple[int, Any, bytes]:
        port = self._port()
        if self._connection is None or self._connected != port:
            self.close()
            self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self._patience)
            self._connected = port
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            kind = "application/zip" if path == "/v1/rosters" else "application/json"
            # The correlation id stands beside the event: so the log says which command an event is of.
            headers |= {"Content-Type": kind, "Idempotency-Key": key, "X-Request-ID": key}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
