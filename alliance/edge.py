"""The one nameko adapter: an app's operations over HTTP, its log's feed, and its health.

Only HTTP entrypoints and dependency providers of nameko are used; no part of a request touches the broker.
"""

from __future__ import annotations

import hmac
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
import msgspec
import structlog
from nameko.extensions import DependencyProvider
from nameko.web.handlers import HttpRequestHandler, http
from werkzeug import Request, Response
from werkzeug.routing import Rule

from . import feed as feeds
from . import logs
from .context import Context
from .errors import AllianceError, Diverged, Malformed, Unauthenticated, Unavailable
from .settings import Settings

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
        if not isinstance(exc, AllianceError):
            log.error("operation failed", operation=self.method_name, exc_info=exc)
            exc = AllianceError(
                "The operation failed; the operators' log has the reason under the correlation id."
            )
        headers = {"Retry-After": str(exc.retry_after)} if exc.retry_after is not None else {}
        return Response(
            msgspec.json.encode(exc.to_problem()), exc.status, headers, mimetype="application/problem+json"
        )


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


operation = _Operation.decorator
upload = _Upload.decorator
read = _Read.decorator


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
