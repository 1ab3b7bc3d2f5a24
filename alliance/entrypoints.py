"""How an edge is called: nameko's HTTP entrypoints for an operation, for several at once, with a file, for a read."""

from __future__ import annotations

import hmac
import os
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import eventlet
import msgspec
import structlog
from nameko.web.handlers import HttpRequestHandler
from werkzeug import Request, Response
from werkzeug.routing import Rule

from . import logs
from .context import Context
from .errors import AllianceError, Malformed, NotFound, Unauthenticated, Unavailable

log = structlog.get_logger()

#: Seconds that the answers of several wait for each other.
MOMENT = 0.05

LINES = "application/x-ndjson"


class _Operation(HttpRequestHandler):
    """`POST /<method>` with {"context", "body"}; answers the method's dict, or a problem document."""

    def __init__(self, **options: Any) -> None:
        # Expected, so that nameko does not log a refusal as a failure: what is wrong is said to the caller.
        super().__init__("POST", None, expected_exceptions=AllianceError, **options)

    def get_url_rule(self) -> Rule:
        return Rule(f"/{self.method_name}", methods=["POST"])

    def handle_request(self, request: Request) -> Response:
        try:
            response: Response = super().handle_request(request)
            return response
        finally:
            # The next request on this connection is answered by the same green thread.
            logs.unbind()

    def get_entrypoint_parameters(self, request: Request) -> tuple[tuple[Any, ...], dict[str, Any]]:
        self.authenticate(request)
        return self.parameters(request.get_data()), {}

    def authenticate(self, request: Request) -> None:
        secret = self.container.config["settings"].edge_secret
        if not hmac.compare_digest(request.headers.get("X-Alliance-Edge-Secret", ""), secret):
            raise Unauthenticated("This address is internal; call the gateway.")

    def parameters(self, content: bytes | str) -> tuple[Any, ...]:
        try:
            call = msgspec.json.decode(content)
            body, context = call["body"], Context.from_dict(call["context"])
        except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            raise Malformed("An operation is called with a JSON object of context and body.") from error
        logs.bind(context.correlation_id, context.traceparent)
        return body, context

    def response_from_result(self, result: Any) -> Response:
        return Response(msgspec.json.encode(result), mimetype="application/json")

    def response_from_exception(self, exc: BaseException) -> Response:
        exc = _told(self.method_name, exc)
        headers = {"Retry-After": str(exc.retry_after)} if exc.retry_after is not None else {}
        return Response(
            msgspec.json.encode(exc.to_problem()), exc.status, headers, mimetype="application/problem+json"
        )


class _Commands(_Operation):
    """`POST /<method>` with {"seconds", "commands": [{"operation", "context", "body"}, …]}: operations called at the
    same time, each as if it had been called alone.

    Answers a line for each, [index, {"result"} or {"problem"}], as soon as it is known; the one that is not done within
    the seconds is told so, and goes on.
    """

    def handle_request(self, request: Request) -> Response:
        request.shallow = False
        # Else eventlet's server would keep an answer back until others make it worth a packet.
        request.environ["eventlet.minimum_write_chunk_size"] = 0
        try:
            self.authenticate(request)
            seconds, called = self.parameters(request.get_data())
            answers: eventlet.Queue[tuple[int, bytes]] = eventlet.Queue()
            for index, (name, body, context) in enumerate(called):
                self._spawn(name, (body, context), partial(_answered, answers, index, name))
        except Exception as error:
            return self.response_from_exception(error)
        return _as_they_come(answers, len(called), seconds)

    def parameters(self, content: bytes | str) -> tuple[Any, ...]:
        try:
            asked = msgspec.json.decode(content)
            called = [
                (each["operation"], each["body"], Context.from_dict(each["context"]))
                for each in asked["commands"]
            ]
            return float(asked["seconds"]), called
        except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            raise Malformed(
                "Commands are a JSON object of seconds and a list of objects of operation, context and body."
            ) from error

    def _spawn(self, name: str, args: tuple[Any, ...], done: Any) -> None:
        found = (each for each in self.container.entrypoints if each.method_name == name)
        entrypoint = next((each for each in found if type(each) is _Operation), None)
        if entrypoint is None:
            done(None, None, (NotFound, NotFound(f"The service has no operation {name}."), None))
        else:
            self.container.spawn_worker(entrypoint, args, {}, handle_result=done)


def _answered(answers: Any, index: int, name: str, worker: Any, result: Any, fault: Any) -> tuple[Any, Any]:
    """What nameko calls when a worker has ended."""
    try:
        answer = {"result": result} if fault is None else {"problem": _told(name, fault[1]).to_problem()}
        line = msgspec.json.encode([index, answer])
    except Exception as error:
        line = msgspec.json.encode([index, {"problem": _told(name, error).to_problem()}])
    answers.put((index, line + b"\n"))
    return result, fault


def _as_they_come(answers: Any, many: int, seconds: float) -> Response:
    """All answers at once when they are there in a moment, else each as it comes."""
    until = time.monotonic() + seconds
    first = list(_until(answers, many, min(until, time.monotonic() + MOMENT)))
    missing = set(range(many)) - {index for index, _ in first}
    ready = b"".join(line for _, line in first)
    if not missing:
        return Response(ready, mimetype=LINES)

    def lines() -> Iterator[bytes]:
        if ready:
            yield ready
        for index, line in _until(answers, len(missing), until):
            missing.discard(index)
            yield line
        late = Unavailable(
            "The operation is not done yet; try again with the same Idempotency-Key."
        ).to_problem()
        yield b"".join(msgspec.json.encode([index, {"problem": late}]) + b"\n" for index in missing)

    return Response(lines(), mimetype=LINES)


def _until(answers: Any, many: int, until: float) -> Iterator[tuple[int, bytes]]:
    for _ in range(many):
        try:
            yield answers.get(timeout=max(0.0, until - time.monotonic()))
        except eventlet.queue.Empty:
            return


class _Upload(_Operation):
    """As an operation, with a file for a body: the method finds it under body["path"] while it runs."""

    def get_entrypoint_parameters(self, request: Request) -> tuple[tuple[Any, ...], dict[str, Any]]:
        self.authenticate(request)
        body, context = self.parameters(request.headers.get("X-Alliance-Call", ""))
        # Werkzeug hides a body without a length; the server's own stream ends where the chunks end.
        stream = request.environ["wsgi.input"]
        with tempfile.NamedTemporaryFile(prefix="alliance-upload-", delete=False) as file:
            try:
                while chunk := stream.read(1 << 16):
                    file.write(chunk)
                if request.content_length not in (None, file.tell()):
                    raise ValueError(f"{file.tell()} of {request.content_length} bytes")
            except BaseException as error:
                os.unlink(file.name)  # the part that came holds names too
                if isinstance(error, ValueError):  # also what eventlet raises for a broken chunk
                    raise Malformed("The upload broke off; send it again.") from error
                raise
        return ({**body, "path": file.name}, context), {}


class _Read(_Operation):
    """`GET /<method>`; the method answers the response itself."""

    def get_url_rule(self) -> Rule:
        return Rule(f"/{self.method_name}", methods=["GET"])

    def get_entrypoint_parameters(self, request: Request) -> tuple[tuple[Any, ...], dict[str, Any]]:
        self.authenticate(request)
        return (request,), {}

    def response_from_result(self, result: Response) -> Response:
        return result


def _told(operation: str, error: BaseException) -> AllianceError:
    """What the caller hears of an error."""
    if isinstance(error, AllianceError):
        return error
    log.error("operation failed", operation=operation, exc_info=error)
    return AllianceError("The operation failed; the operators' log has the reason under the correlation id.")


operation = _Operation.decorator
together = _Commands.decorator
upload = _Upload.decorator
read = _Read.decorator
