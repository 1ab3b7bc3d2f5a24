"""Call a service's operations, in this process or over HTTP: the gateway does not know which.

Both raise the same AllianceErrors, and a remote service that does not answer in time is Unavailable: no call hangs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec
import urllib3

from .context import Context
from .errors import AllianceError, NotFound, Unavailable, from_problem
from .lanes import Command, Lanes, Outcome

#: Seconds that one command or query may take before the caller hears 503.
SECONDS = 1.8
#: Seconds of these for the way back of what an edge says at the end of its time.
ANSWER_SECONDS = 0.1

_JSON = {"Content-Type": "application/json"}


class ServiceClient(Protocol):
    """A service as its callers see it."""

    def call(
        self, operation: str, body: Mapping[str, Any], context: Context, *, seconds: float = SECONDS
    ) -> dict[str, Any]:
        """The operation's result, or the AllianceError that it raised."""
        ...

    def command(self, operation: str, body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """As `call`, for a command that is soon done: those that come at the same time may go together."""
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

    def command(self, operation: str, body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        return self.call(operation, body, context)

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
        self._lanes = Lanes(self._alone, self._together, self._silent)

    def call(
        self, operation: str, body: Mapping[str, Any], context: Context, *, seconds: float = SECONDS
    ) -> dict[str, Any]:
        content = msgspec.json.encode({"context": context.to_dict(), "body": body})
        return self._send(operation, content, _JSON, seconds)

    def command(self, operation: str, body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        called = {"operation": operation, "context": context.to_dict(), "body": body}
        return self._lanes.run(
            Command(operation, msgspec.json.encode(called), until=time.monotonic() + SECONDS)
        )

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
        *,
        whole: bool = True,
    ) -> urllib3.BaseHTTPResponse:
        if seconds <= 0:
            raise urllib3.exceptions.TimeoutError("no time is left to ask")
        return self._pool.urlopen(
            method,
            f"/{path}",
            body=body,
            headers={**self._headers, **headers},
            timeout=urllib3.Timeout(connect=min(seconds, 1.0), read=seconds),
            pool_timeout=1,
            retries=False,
            redirect=False,
            preload_content=whole,
        )

    def _alone(self, command: Command) -> dict[str, Any]:
        return self._send(command.operation, command.content, _JSON, command.left())

    def _together(self, commands: Sequence[Command]) -> Iterator[list[tuple[int, Outcome]]]:
        """Each command's outcome, as the edge has them."""
        left = min(each.left() for each in commands)
        # The edge is to say first what it has not done in time.
        head = b'{"seconds":%.3f,"commands":[' % max(0.0, left - ANSWER_SECONDS)
        content = b"%s%s]}" % (head, b",".join([each.content for each in commands]))
        try:
            response = self._request("POST", "commands", content, _JSON, left, whole=False)
            try:
                if response.status != 200:
                    self._read(response.status, response.headers, response.read(), "commands")
                for lines in _lines(response):
                    yield [_known(line) for line in lines]
            finally:
                # One that was not read to its end must not be used again; else its connection is back already.
                response.close()
                response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise self._silent() from error
        except NotFound:
            # An edge of an earlier release, and nothing was done.
            yield from ([(index, self._outcome(each))] for index, each in enumerate(commands))

    def _outcome(self, command: Command) -> Outcome:
        try:
            return self._alone(command)
        except AllianceError as error:
            return error

    def _send(
        self, operation: str, body: bytes | IO[bytes], headers: Mapping[str, str], seconds: float
    ) -> dict[str, Any]:
        try:
            response = self._request("POST", operation, body, headers, seconds)
        except urllib3.exceptions.HTTPError as error:
            raise self._silent() from error
        return self._read(response.status, response.headers, response.data, operation)

    def _read(
        self, status: int, headers: Mapping[str, str], content: bytes, operation: str
    ) -> dict[str, Any]:
        if status == 404 and not headers.get("content-type", "").startswith("application/"):
            raise NotFound(f"The {self._name} service has no operation {operation}.")
        try:
            result = msgspec.json.decode(content)
        except msgspec.DecodeError as error:
            raise AllianceError(f"The {self._name} service gave an answer that cannot be read.") from error
        if status >= 400:
            raise from_problem(result)
        return dict(result)

    def _silent(self) -> Unavailable:
        # Whether the command was taken is open now: a repeat with the same Idempotency-Key settles it.
        return Unavailable(
            f"The {self._name} service does not answer; try again with the same Idempotency-Key."
        )


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[list[bytes]]:
    """The lines of an answer, as many as come at once."""
    rest = b""
    for piece in response.read_chunked() if response.chunked else (response.read(),):
        *whole, rest = (rest + piece).split(b"\n")
        yield whole


def _known(line: bytes) -> tuple[int, Outcome]:
    index, answer = msgspec.json.decode(line)
    problem = answer.get("problem")
    return index, answer["result"] if problem is None else from_problem(problem)
