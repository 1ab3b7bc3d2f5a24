"""The API's description of itself: OpenAPI 3.1 at /openapi.json."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_smorest import Api
from marshmallow import fields

import alliance
from alliance.errors import Invalid

from .limits import BODY_BYTES, LINE_BYTES, ROSTER_BYTES, in_words
from .problems import MEDIA_TYPE
from .schemas.shape import Answer

DESCRIPTION = f"""\
Alliance records what Mississippi's Alliance for Families programme (Miss. Code 37-3-61 to 37-3-75) asks for, pledges,
folders and surveys, and answers with each district's scorecard.

**Tokens.** Send `Authorization: Bearer alliance_…`. A token has a role and the org units that it reaches; each address
says which roles may use it. Families need none: their survey's token is in the body.

**Commands** (POST) answer 201 the first time and 200 for a repeat, with `position`: the place in a service's log.
Send an `Idempotency-Key` with each, and a repeat after a broken connection is safe.

**Reads** carry a strong `ETag`. All take `at_least=pledges:42`, to wait (at most 2 s) until
your own writes are counted in.

**Lists** answer `{{"data": [...], "next": cursor}}`; give `next` as `cursor` until it is null.

**Bulk** bodies are `application/x-ndjson`, a JSON object a line, of any number; each line is answered by a line.

**Limits.** A JSON body {in_words(BODY_BYTES)}, a bulk line {in_words(LINE_BYTES)}, a roster {in_words(ROSTER_BYTES)}.

**Errors** are `application/problem+json` (RFC 9457): `detail` says what to do, `errors` names each field at fault.
503 comes with `Retry-After`.
"""


class FieldProblem(Answer):
    """A field at fault."""

    field = fields.String()
    message = fields.String()


class Problem(Answer):
    """An RFC 9457 problem."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String(metadata={"description": "what is wrong and what to do about it"})
    errors = fields.List(fields.Nested(FieldProblem))
    retry_after = fields.Integer(metadata={"description": "seconds after which to try again"})
    request_id = fields.String(metadata={"description": "names this request in the operator's log"})


PROBLEM: dict[str, Any] = {
    **Invalid(
        "signed_on must be a day that exists, written like 2026-09-14.",
        errors=[{"field": "signed_on", "message": "must be a day that exists, written like 2026-09-14"}],
    ).to_problem(),
    "request_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
}


class ApiDocument(Api):  # type: ignore[misc]
    """flask-smorest, with our problems in place of its own errors."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        """Ours are registered by `problems`."""

    def _register_etag_headers(self) -> None:
        """Ours are declared by `routes`."""

    def _register_pagination_header(self) -> None:
        """Pages are told in the body."""

    def _register_responses(self) -> None:
        content = {MEDIA_TYPE: {"schema": Problem, "example": PROBLEM}}
        for name in ("DEFAULT_ERROR", "UNPROCESSABLE_ENTITY", "UNPROCESSABLE_CONTENT"):
            self.spec.components.response(name, {"description": "A problem", "content": content}, lazy=True)


def create(app: Flask) -> ApiDocument:
    app.config |= {
        "API_TITLE": "Alliance",
        "API_VERSION": f"v1 ({alliance.__version__})",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/",
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {
            "info": {"description": DESCRIPTION},
            "servers": [{"url": "/"}],
        },
    }
    api = ApiDocument(app)
    api.spec.components.security_scheme(
        "bearer",
        {"type": "http", "scheme": "bearer", "description": "a token made by `alliance tokens create`"},
    )
    return api
