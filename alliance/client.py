"""Call a service's operations, in this process or over HTTP: the gateway does not know which.

Both raise the same AllianceErrors, and a remote service that does not answer in time is Unavailable: no call hangs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec
import urllib3

from .context import Context
from .errors import AllianceError, NotFound, Unavailable, from_problem

#: Seconds that one command or query may take before the caller hears 503.
SECONDS = 1.8


class ServiceClient(Protocol):
    """A service as its callers see it."""

    def call(
        self, operation: str, body: Mapping[str, Any], context: Context, *, seconds: float = SECONDS
    ) -> dict[str, Any]:
        """The operation's result, or the AllianceError that it raised."""
        ...

    def upload(
        self, operation: str, path: Path, body: Mapping[str, Any], context: Context, *, seconds: float
    ) -> dict[str, Any]:
        """As `call`, with a file: the operation finds its own copy under `body["path"]`."""
        ...

    def ready(self, *, seconds: float = 1.0) -> bool:
        """Whether the service has all that it needs."""
        ...


class LocalService:
    """A service's app in this process; its public methods are its operations."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def call(
        self, operation: str, body: Mapping[str, Any], context: Context, *, seconds: float = SECONDS
    ) -> dict[str, Any]:
        method = getattr(self._app, operation, None)
        if method is None:
            raise NotFound(f"The {type(self._app).__name__} service has no operation {operation}.")
        result: dict[str, Any] = method(dict(body), context)
        return result

    def upload(
        self, operation: str, path: Path, body: Mapping[str, Any], context: Context, *, seconds: float
    ) -> dict[str, Any]:
        return self.call(operation, {**body, "path": str(path)}, context)

    def ready(self, *, seconds: float = 1.0) -> bool:
        return bool(self._app.database.answers())


class RemoteService:
    """A service's edge under a base URL. Connections are kept; safe to share between threads."""

    def __init__(self, name: str, url: str, secret: str) -> None:
        self._name = name
        # Not httpx: it takes twice as long for a call as the gateway takes for all else.
        self._pool = urllib3.connection_from_url(url, maxsize=64, block=True)
        self._headers = {"X-Alliance-Edge-Secret": secret}

    def call(
        self, operation: str, body: Mapping[str, Any], context: Context, *, seconds: float = SECONDS
    ) -> dict[str, Any]:
        content = msgspec.json.encode({"context": context.to_dict(), "body": body})
        return self._send(operation, content, {"Content-Type": "application/json"}, seconds)

    def upload(
        self, operation: str, path: Path, body: Mapping[str, Any], context: Context, *, seconds: float
    ) -> dict[str, Any]:
        # A header holds ASCII only.
        call = json.dumps({"context": context.to_dict(), "body": dict(body)})
        with path.open("rb") as file:
            return self._send(
                operation,
                file,
                {
                    "Content-Type": "application/octet-stream",
                    "Content-Length": str(path.stat().st_size),
                    "X-Alliance-Call": call,
                },
                seconds,
            )

    def ready(self, *, seconds: float = 1.0) -> bool:
        try:
            return self._request("GET", "readyz", None, {}, seconds).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | IO[bytes] | None,
        headers: Mapping[str, str],
        seconds: float,
    ) -> urllib3.BaseHTTPResponse:
        return self._pool.urlopen(
            method,
            f"/{path}",
            body=body,
            headers={**self._headers, **headers},
            timeout=urllib3.Timeout(connect=min(seconds, 1.0), read=seconds),
            pool_timeout=1,
            retries=False,
            redirect=False,
        )

    def _send(
        self, operation: str, body: bytes | IO[bytes], headers: Mapping[str, str], seconds: float
    ) -> dict[str, Any]:
        try:
            response = self._request("POST", operation, body, headers, seconds)
        except urllib3.exceptions.HTTPError as error:
            # Whether the command was taken is open now: a repeat with the same Idempotency-Key settles it.
            raise Unavailable(
                f"The {self._name} service does not answer; try again with the same Idempotency-Key."
            ) from error
        if response.status == 404 and not response.headers.get("content-type", "").startswith("application/"):
            raise NotFound(f"The {self._name} service has no operation {operation}.")
        try:
            result = msgspec.json.decode(response.data)
        except msgspec.DecodeError as error:
            raise AllianceError(f"The {self._name} service gave an answer that cannot be read.") from error
        if response.status >= 400:
            raise from_problem(result)
        return dict(result)
