"""How an address of the API is declared: `query` for reads, `command` for what changes something.

Each names its address, the one operation behind it (which decides who may ask), the shapes going in and out, and
so describes itself in the OpenAPI document. A request is then handled in this order: caller, right, address, body.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin, OpenAPIConverter
from flask import g, make_response, request
from flask_smorest import Blueprint

from . import permissions
from .bulk import Bulk
from .calling import authorise
from .limits import KEY_CHARACTERS
from .reading import Reader, load, load_path
from .schemas.kinds import IN_PATH
from .schemas.position import ReadQuery
from .schemas.shape import Answer, Shape

View = Callable[..., Any]

_PART = re.compile(r"<([a-z_]+)>")


def _converter() -> OpenAPIConverter:
    """What turns a field into its description; apispec makes one only together with a document."""
    plugin = MarshmallowPlugin()
    APISpec("the parts of addresses", "1", "3.1.0", plugins=[plugin])
    assert plugin.converter is not None
    return plugin.converter


_properties = _converter()

_IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "maxLength": KEY_CHARACTERS},
    "description": "A new UUID for each command. The same key again answers 200 with the first result.",
    "example": "0b0e7a0c-3c53-4d7e-9f0a-6f1c2b1f7a11",
}
_IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "schema": {"type": "string"},
    "description": "The ETag of an earlier answer; 304 without a body when nothing has changed.",
}
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": "The ETag of the folder as last read; 412 when it has changed since.",
}
_NO_QUERY = Shape()
_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "names this very answer, for If-None-Match"}}


class Routes(Blueprint):
    """The addresses of one service."""

    ARGUMENTS_PARSER = Reader()

    def query(
        self,
        rule: str,
        operation: str,
        *,
        answers: type[Answer],
        asks: type[ReadQuery] | None = None,
        private: bool = False,
        doc: dict[str, Any] | None = None,
    ) -> Any:
        """A GET. The view gets the parts of the address by name, and the checked query first when it `asks`.

        Every read takes `at_least`; `calling.ask` sees to it.

        A `private` answer holds names of people: no cache may keep it. `doc` adds to what the API says of it.
        """

        def declare(view: View) -> View:
            @wraps(view)
            def fresh(query: dict[str, Any], **path: Any) -> Any:
                g.at_least = query.pop("at_least", None)
                return view(query, **path) if asks is not None else view(**path)

            described = self.response(200, answers, example=answers.example, headers=_ETAG)(fresh)
            described = self.alt_response(304, description="Nothing has changed since that ETag")(described)
            described = self.arguments((asks or ReadQuery)(), location="query")(described)
            described = self.doc(**(doc or {}))(described)
            return self._add(
                rule, "GET", operation, _unstored(described) if private else described, [_IF_NONE_MATCH]
            )

        return declare

    def command(
        self,
        rule: str,
        operation: str,
        *,
        answers: type[Answer],
        takes: type[Shape] | None = None,
        asks: type[Shape] | None = None,
        if_match: bool = False,
        around: Callable[[View], View] | None = None,
        doc: dict[str, Any] | None = None,
    ) -> Any:
        """A POST: 201 the first time, 200 for a repeat. The view gets the query when it `asks`, then the body.

        `around` may answer other kinds of body in the view's place; `doc` adds to what the API says of it.
        """

        def declare(view: View) -> View:
            described = self.response(201, answers, example=answers.example, description="Accepted")(view)
            repeated = {**answers.example, "created": False}
            described = self.alt_response(
                200,
                schema=answers,
                example=repeated,
                description="A repeat, or nothing new: the first result",
            )(described)
            if takes is not None:
                described = self.arguments(takes(), example=takes.example)(described)
            if asks is not None:
                described = self.arguments(asks(), location="query")(described)
            described = self.doc(**(doc or {}))(_unstored(described))
            if around is not None:
                described = around(described)
            if asks is None:
                described = _without_query(described)
            return self._add(
                rule, "POST", operation, described, [_IDEMPOTENCY_KEY, *([_IF_MATCH] if if_match else [])]
            )

        return declare

    def lines(self, rule: str, bulk: Bulk) -> Any:
        """A POST that takes nothing but application/x-ndjson, a command a line."""

        def declare(view: View) -> View:
            described = self.doc(**bulk.describe())(_without_query(view))
            return self._add(rule, "POST", bulk.operation, described, [_IDEMPOTENCY_KEY])

        return declare

    def _add(self, rule: str, method: str, operation: str, view: View, headers: list[dict[str, Any]]) -> View:
        @wraps(view)
        def guarded(**path: Any) -> Any:
            authorise(operation)
            return view(**load_path(path))

        described: View = self.doc(**describe(operation))(guarded)
        # Where `arguments` keeps what it will describe; a list given to `doc` would replace the query's parameters.
        said = described.__dict__["_apidoc"].setdefault("arguments", {})
        said["parameters"] = [*said.get("parameters", []), *headers]
        self.add_url_rule(
            rule,
            view.__name__,
            described,
            methods=[method],
            parameters=[_in_path(name) for name in _PART.findall(rule)],
        )
        return described


def _without_query(view: View) -> View:
    """Refuse what is asked in vain: `?dry_run=true` of a command that knows no dry run would be a real one."""

    @wraps(view)
    def bare(*args: Any, **path: Any) -> Any:
        load(_NO_QUERY, request.args.to_dict())
        return view(*args, **path)

    return bare


def _unstored(view: View) -> View:
    """Let no cache keep the answer."""

    @wraps(view)
    def answer(*args: Any, **path: Any) -> Any:
        response = make_response(view(*args, **path))
        response.headers["Cache-Control"] = "no-store"
        return response

    return answer


def describe(operation: str) -> dict[str, Any]:
    """Who may call it, for the OpenAPI document."""
    roles = permissions.roles(operation)
    bearer: list[dict[str, list[str]]] = [{"bearer": []}]
    return {
        "operationId": operation.partition(".")[2],
        "x-roles": roles,
        "security": [*bearer, {}] if permissions.FAMILY in roles else bearer,
    }


def _in_path(name: str) -> dict[str, Any]:
    schema = _properties.field2property(IN_PATH[name])
    description, (example,) = schema.pop("description"), schema.pop("examples")
    return {
        "in": "path",
        "name": name,
        "required": True,
        "schema": schema,
        "description": description,
        "example": example,
    }
