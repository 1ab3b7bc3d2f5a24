"""Bodies and queries into checked dicts: JSON read strictly, and every refusal as one of our problems."""

from __future__ import annotations

from typing import Any, NoReturn

import orjson
from flask import Request
from marshmallow import RAISE, Schema, ValidationError
from webargs.core import missing
from webargs.flaskparser import FlaskParser

from alliance.errors import Invalid, Unsupported

from .problems import not_json
from .schemas.kinds import IN_PATH
from .schemas.shape import raise_invalid

JSON = "application/json"
LINES = "application/x-ndjson"


class Reader(FlaskParser):
    """What flask-smorest's `arguments` reads with."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE, "json": RAISE}

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body parsed; an empty body is an empty object, whose missing fields are then named."""
        if not (body := req.get_data(cache=False)):
            return missing
        if not req.is_json:
            raise unsupported(req.mimetype, JSON)
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise not_json(error) from error

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> NoReturn:
        # webargs puts the location, json or query, above all messages.
        (messages,) = error.normalized_messages().values()
        raise_invalid(messages)


def unsupported(given: str, *read: str) -> Unsupported:
    return Unsupported(
        f"This address does not read {given or 'a body without Content-Type'}; send Content-Type: {' or '.join(read)}.",
        errors=[{"field": "Content-Type", "message": f"must be {' or '.join(read)}"}],
    )


def load(schema: Schema, body: Any) -> dict[str, Any]:
    """`body` as the schema has it; raises Invalid."""
    try:
        loaded: dict[str, Any] = schema.load(body)
    except ValidationError as error:
        raise_invalid(error.normalized_messages())
    return loaded


def load_path(values: dict[str, Any]) -> dict[str, Any]:
    """The parts of the address checked, under names that Python takes; raises Invalid for one that cannot be."""
    checked = {}
    for name, value in values.items():
        try:
            checked["class_" if name == "class" else name] = IN_PATH[name].deserialize(value)
        except ValidationError as error:
            raise Invalid(
                f"{name} {error.messages[0]}.", errors=[{"field": name, "message": error.messages[0]}]
            ) from error
    return checked
