"""Bulk bodies, application/x-ndjson: a command a line in, a result a line out, whatever their number.

Lines are read, checked and handed to the service in chunks; results are kept in a file that leaves memory when it
grows, and sent when the input has ended. Answering earlier would block both sides: most clients send all of a body
before they read any of the answer, as HTTP/1.1 lets them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial, wraps
from http import HTTPStatus
from typing import Any

import orjson
from flask import Response, g, request
from flask_smorest import Blueprint

from alliance.errors import AllianceError, Invalid, TooLarge, Unavailable

from . import limits
from .calling import call, chunk_context, command_context
from .parts import parts
from .permissions import require
from .problems import not_json
from .reading import LINES, checker, pieces, unsupported
from .schemas.shape import Answer, Shape

View = Callable[..., Any]

#: Bytes of results that stay in memory.
_SPOOL_BYTES = limits.MEBIBYTE

#: Seconds that a service may take for a chunk.
CHUNK_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Bulk:
    """How lines become a call: `operation` gets them as a list under `items`, beside what the address says."""

    operation: str
    items: str
    line: type[Shape]
    answers: type[Answer]

    def describe(self) -> dict[str, Any]:
        """The bulk body and its answer, for the OpenAPI document."""
        line = orjson.dumps(self.line.example).decode()
        accepted = {"line": 1, "status": 201, **self.answers().dump(self.answers.example)}
        problem = Invalid("signed_on must be a day that exists, written like 2026-09-14.").to_problem()
        results = (accepted, {"line": 2, "status": 422, "problem": problem})
        text = {"type": "string", "description": "one JSON object a line, each of at most 64 KiB"}
        example = "".join(f"{orjson.dumps(result).decode()}\n" for result in results)
        return {
            "requestBody": {
                "required": True,
                "content": {LINES: {"schema": text, "example": f"{line}\n{line}\n"}},
            },
            "responses": {
                200: {
                    "description": "For a bulk body, a result for each line; else a repeat, or nothing new",
                    "content": {LINES: {"schema": text, "example": example}},
                }
            },
        }


def takes_lines(bulk: Bulk) -> Callable[[View], View]:
    """Let a command's address take a bulk body too; the view below handles every other body."""

    def around(view: View) -> View:
        @wraps(view)
        def either(*args: Any, **path: Any) -> Any:
            if request.mimetype == LINES:
                require(g.caller.role, bulk.operation)
                g.operation = bulk.operation
                return run(bulk, path)
            return view(*args, **path)

        described: View = Blueprint.doc(**bulk.describe())(either)
        return described

    return around


def run_lines(bulk: Bulk, path: dict[str, Any]) -> Response:
    """The answer of an address that takes nothing but lines."""
    if request.mimetype != LINES:
        raise unsupported(request.mimetype, LINES)
    return run(bulk, path)


def run(bulk: Bulk, path: dict[str, Any]) -> Response:
    """A result line for every line that is not blank, in order. Raises Unavailable only when nothing was taken."""
    with ExitStack() as undo:
        results = undo.enter_context(tempfile.SpooledTemporaryFile(_SPOOL_BYTES, dir=str(parts().uploads)))
        for result in _results(bulk, path):
            results.write(orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE))
        length = results.tell()
        results.seek(0)
        response = Response(iter(partial(results.read, 65536), b""), mimetype=LINES)
        response.content_length = length
        response.headers["Cache-Control"] = "no-store"
        response.call_on_close(undo.pop_all().close)
    return response


def _results(bulk: Bulk, path: dict[str, Any]) -> Iterator[dict[str, Any]]:
    whole, check, shown = command_context(), checker(bulk.line()), frozenset(bulk.answers().dump_fields)
    away: Unavailable | None = None
    taken = False
    for number, chunk in enumerate(_chunks(pieces())):
        checked = [_checked(check, line) for _, line in chunk]
        bodies = [item for item in checked if not isinstance(item, AllianceError)]
        found: Iterator[dict[str, Any]] = iter(())
        if bodies and away is None:
            try:
                body = {**path, bulk.items: bodies}
                answer = call(bulk.operation, body, chunk_context(whole, number), seconds=CHUNK_SECONDS)
                found, taken = iter(answer["results"]), True
            except Unavailable as error:
                if not taken:
                    raise
                # Nothing is gained by trying the same for each of a million lines: the client sends them again.
                away = error
            except AllianceError as error:
                found = iter([_failure(error)] * len(bodies))
        for (line, _), item in zip(chunk, checked, strict=True):
            if isinstance(item, AllianceError):
                result = _failure(item)
            else:
                result = _failure(away) if away is not None else _shown(next(found), shown)
            yield {"line": line, **result}


def _chunks(pieces: Iterable[bytes]) -> Iterator[list[tuple[int, bytes | None]]]:
    """Numbered lines that are not blank, those of CHUNK_LINES lines of input at a time.

    Chunks end at fixed line numbers, so that a repeat of the same body meets the same command ids.
    """
    chunk: list[tuple[int, bytes | None]] = []
    for number, line in enumerate(lines(pieces), start=1):
        if line is None or line.strip():
            chunk.append((number, line))
        if number % limits.CHUNK_LINES == 0:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def lines(pieces: Iterable[bytes]) -> Iterator[bytes | None]:
    """The lines of a body without their ends; None for one above LINE_BYTES, whose bytes are let go as they come."""
    rest, skipping = b"", False
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield None if skipping or len(line) > limits.LINE_BYTES else line
            skipping = False
        if len(rest) > limits.LINE_BYTES:
            rest, skipping = b"", True
    if rest or skipping:
        yield None if skipping else rest


def _checked(check: Callable[[Any], dict[str, Any]], line: bytes | None) -> dict[str, Any] | AllianceError:
    try:
        if line is None:
            return TooLarge(
                f"A line may hold at most {limits.in_words(limits.LINE_BYTES)}; shorten it and send it again."
            )
        try:
            body = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            return not_json(error, "line")
        return check(body)
    except Invalid as error:
        return error


def _shown(result: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The fields of a result that the API promises, and no other."""
    status = result["status"]
    if status >= HTTPStatus.BAD_REQUEST:
        return {"status": status, "problem": result["problem"]}
    return {"status": status, **{name: value for name, value in result.items() if name in names}}


def _failure(error: AllianceError) -> dict[str, Any]:
    return {"status": error.status, "problem": error.to_problem()}
