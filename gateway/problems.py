"""Every error as an RFC 9457 problem document that names the field at fault and says what to do."""

from __future__ import annotations

import math
from typing import Any

import orjson
import structlog
from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from alliance.errors import AllianceError, Malformed, TooLarge, Unauthenticated, Unavailable
from alliance.errors import NotFound as NoSuchThing

from . import limits
from .calling import correlation_id

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger("gateway")


def register(app: Flask) -> None:
    app.register_error_handler(AllianceError, answer)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(Exception, answer_unexpected)


def answer(error: AllianceError) -> Response:
    if isinstance(error, TooLarge):
        _drain()
    return respond(error.to_problem(), headers_of(error))


def answer_http(error: HTTPException) -> Response:
    """Errors that Flask raises itself: no such address, wrong method, a body above its limit."""
    if error.response is not None or (error.code is not None and error.code < 400):
        return error.get_response()  # type: ignore[return-value]
    if isinstance(error, RequestEntityTooLarge):
        return answer(too_large(limits.BODY_BYTES))
    if isinstance(error, NotFound):
        return answer(NoSuchThing("There is nothing at this address; /docs lists every address there is."))
    problem = {
        "type": "about:blank",
        "title": error.name,
        "status": error.code or 500,
        "detail": error.description or error.name,
    }
    headers: dict[str, str] = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        allowed = ", ".join(sorted(error.valid_methods))
        problem["detail"] = f"{request.method} is not possible at this address; use {allowed}."
        headers["Allow"] = allowed
    return respond(problem, headers)


def answer_unexpected(error: Exception) -> Response:
    """A fault of ours: the log has the trace under the same id, the answer has nothing but the id."""
    _log.error("request failed", correlation_id=correlation_id(), exc_info=error)
    return respond(
        AllianceError(
            "This is a fault on our side and was logged; tell the operator the request_id of this answer. "
            "A command can be repeated safely with the same Idempotency-Key."
        ).to_problem()
    )


def respond(problem: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """The problem with the request's id, as a page where a browser asks for one; never stored by any cache."""
    problem = {**problem, "request_id": correlation_id()}
    if _wants_page():
        response = Response(
            render_template("problem.html", problem=problem), problem["status"], mimetype="text/html"
        )
    else:
        response = Response(orjson.dumps(problem), problem["status"], mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    return response


def _wants_page() -> bool:
    """The API always answers a problem document; elsewhere it depends on what the client likes better."""
    kinds = (MEDIA_TYPE, "text/html")
    return not request.path.startswith("/v1/") and request.accept_mimetypes.best_match(kinds) == "text/html"


def headers_of(error: AllianceError) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="alliance"'}
    if isinstance(error, Unavailable) or error.retry_after is not None:
        return {"Retry-After": str(max(1, math.ceil(error.retry_after or 1)))}
    return {}


def not_json(error: orjson.JSONDecodeError, what: str = "body") -> Malformed:
    """Where the text stops being JSON."""
    return Malformed(
        f"The {what} is not JSON in UTF-8: {error.msg} at line {error.lineno}, column {error.colno}.",
        errors=[{"field": what, "message": f"stops being JSON at line {error.lineno}, column {error.colno}"}],
    )


def too_large(limit: int) -> TooLarge:
    instead = (
        "split the bundle by district."
        if limit == limits.ROSTER_BYTES
        else "send many things as application/x-ndjson, a line each, where the address takes that."
    )
    return TooLarge(f"The body of this request may hold at most {limits.in_words(limit)}; {instead}")


def _drain() -> None:
    """Read what is left of a refused body, up to a bound: a client that is still sending would see a reset instead."""
    stream = request.environ["wsgi.input"]
    length = request.content_length
    left = limits.DRAINED_BYTES if length is None else min(length, limits.DRAINED_BYTES)
    if length is None and "wsgi.input_terminated" not in request.environ:
        return
    try:
        while left > 0 and (piece := stream.read(min(left, 65536))):
            left -= len(piece)
    except OSError:
        return
