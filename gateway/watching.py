"""What is seen of each request: a metric and a log line by route template, and its ids in every line and the answer.

Addresses hold ids and queries can hold anything, so neither is logged; the template says which address it was.
"""

from __future__ import annotations

import time

import structlog
from flask import Flask, Response, g, request

from alliance import logs
from alliance.metrics import http_request_seconds

from .calling import correlation_id

_log = structlog.get_logger("gateway")

#: Methods that have a metric of their own; whatever else a client makes up is counted together.
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})

#: Asked every few seconds by machines.
_PROBES = frozenset({"/livez", "/readyz"})


def register(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)


def _begin() -> None:
    g.began = time.perf_counter()
    logs.bind(correlation_id(), request.headers.get("traceparent"))


def _end(response: Response) -> Response:
    seconds = time.perf_counter() - g.began
    route = request.url_rule.rule if request.url_rule is not None else "unknown"
    method = request.method if request.method in _METHODS else "other"
    http_request_seconds.labels(route, method, response.status_code).observe(seconds)
    response.headers["X-Request-ID"] = correlation_id()
    if route not in _PROBES:
        caller = g.get("caller")
        _log.info(
            "request",
            route=route,
            method=method,
            status=response.status_code,
            seconds=round(seconds, 4),
            role=caller.role if caller is not None else None,
        )
    return response


def _leave(_: BaseException | None) -> None:
    logs.unbind()
