"""The internal port of every part: /metrics, /livez and /readyz."""

from __future__ import annotations

import threading
from collections.abc import Callable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import make_wsgi_app

from . import metrics

log = structlog.get_logger()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Probes come every few seconds; a line for each would bury the others."""


def serve(part: str, host: str, port: int, ready: Callable[[], bool]) -> Callable[[], None]:
    """Serve the internal port from a thread of its own; returns the function that stops it.

    /livez answers 200 while the process runs, /readyz 200 or 503 as `ready()` says.
    """
    exposition = make_wsgi_app(metrics.REGISTRY)

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            metrics.ready.labels(part).set(_asked(ready))
            return exposition(environ, start_response)
        if path == "/livez":
            status, body = "200 OK", b"alive\n"
        elif path == "/readyz":
            status, body = (
                ("200 OK", b"ready\n") if _asked(ready) else ("503 Service Unavailable", b"not ready\n")
            )
        else:
            status, body = "404 Not Found", b"there is /metrics, /livez and /readyz\n"
        start_response(
            status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        )
        return [body]

    server = make_server(host, port, application, server_class=_Server, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, name=f"{part}-internal-port", daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop


def _asked(ready: Callable[[], bool]) -> bool:
    try:
        return ready()
    except Exception as error:  # whatever went wrong, the answer to "are you ready" is no
        log.warning("readiness check failed", error=type(error).__name__)
        return False
