"""The gateway put together: the one place where its parts meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Flask
from flask.json.provider import JSONProvider

from alliance.client import ServiceClient
from alliance.settings import Settings

from . import api, conditional, docs, headers, health, limits, openapi, pages, problems, watching
from .parts import KEY, Parts
from .tokens import Tokens


class Json(JSONProvider):
    """JSON by orjson: strict in reading, exact in writing."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj, option=orjson.OPT_NON_STR_KEYS).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)


class Gateway(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        # Flask would look at thirteen functions a request, and none of ours is a coroutine.
        return func


def create_app(services: Mapping[str, ServiceClient], tokens: Tokens, settings: Settings) -> Flask:
    """The WSGI application over these services; connects to nothing until the first request."""
    app = Gateway("gateway", static_folder=None, template_folder="pages/templates")
    app.json = Json(app)
    app.config |= {"MAX_CONTENT_LENGTH": limits.BODY_BYTES, "MAX_FORM_MEMORY_SIZE": limits.BODY_BYTES}
    uploads = settings.var / "uploads"
    uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.extensions[KEY] = Parts(services, tokens, uploads, tokens.clock)
    # The first registered is the last to touch an answer: the log line sees the final status.
    for part in (watching, headers, conditional, problems, health):
        part.register(app)
    document = openapi.create(app)
    api.register(document)
    docs.register(app, document)
    pages.register(app)
    return app
