"""The one nameko adapter: an app's operations over HTTP, its log's feed, and its health.

Only HTTP entrypoints and dependency providers of nameko are used; no part of a request touches the broker.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
import structlog
from nameko.extensions import DependencyProvider
from nameko.web.handlers import http
from werkzeug import Request, Response

from . import feed as feeds
from . import logs
from .context import Context
from .entrypoints import operation, read, together, upload
from .errors import Diverged, Unavailable
from .settings import Settings

__all__ = ["App", "Edge", "SourceEdge", "operation", "read", "upload", "uploaded"]

log = structlog.get_logger()

#: Seconds between two looks at roster's feed by a service that keeps a view of it.
FOLLOW_SECONDS = 1.0


class App(DependencyProvider):
    """The service's app, built once per process by its composition root, and its view of the roster kept fresh."""

    def __init__(self, build: Callable[[Settings], Any]) -> None:
        self._build = build
        self.app: Any = None

    def setup(self) -> None:
        self.app = self._build(self.container.config["settings"])

    def start(self) -> None:
        if getattr(self.app, "roster", None) is not None:
            self.container.spawn_managed_thread(self._follow, identifier="roster-view")

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self.app

    def worker_setup(self, worker_ctx: Any) -> None:
        # A worker is a green thread of its own: what is bound where the request came in is not bound here.
        for each in worker_ctx.args:
            if isinstance(each, Context):
                logs.bind(each.correlation_id, each.traceparent)

    def worker_teardown(self, worker_ctx: Any) -> None:
        logs.unbind()

    def _follow(self) -> None:
        prepared = False
        while True:
            try:
                if not prepared:
                    self.app.roster.prepare()
                    prepared = True
                self.app.roster.follow()
            except Unavailable as error:
                log.warning("the view of the roster waits", reason=error.detail)
            except Diverged as error:
                log.error("the view of the roster stops: rebuild it", reason=str(error))
                return
            eventlet.sleep(FOLLOW_SECONDS)


@contextmanager
def uploaded(path: str) -> Iterator[str]:
    """The uploaded file, removed at the end of the block whatever happens: it holds names."""
    try:
        yield path
    finally:
        os.unlink(path)


class Edge:
    """What every edge has besides its operations. A subclass names itself and has `app = App(build)`."""

    app: Any

    @http("GET", "/livez")
    def livez(self, request: Request) -> Response:
        return Response("alive\n")

    @http("GET", "/readyz")
    def readyz(self, request: Request) -> Response:
        try:
            self.app.database.ping()
        except Unavailable as error:
            return Response(f"{error.detail}\n", 503)
        return Response("ready\n")

    @together
    def commands(self) -> None:
        """Nothing is called but the operations themselves."""


class SourceEdge(Edge):
    """The edge of a service that owns a log."""

    @operation
    def reach(self, body: dict[str, Any], context: Context) -> dict[str, Any]:
        """Return when the service's reads hold what was written up to the positions `at_least`."""
        result: dict[str, Any] = self.app.reach(body, context)
        return result

    @read
    def feed(self, request: Request) -> Response:
        """A page of the log after a position, for readers that catch up."""
        after, limit = (
            request.args.get(name, default, int) for name, default in (("after", 0), ("limit", 1000))
        )
        page = feeds.LocalFeed(self.app.log).page(after, min(max(limit, 1), 5000))
        return Response(feeds.to_json(page), mimetype="application/json")
