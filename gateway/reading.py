"""Bodies and queries into checked dicts: JSON read strictly, and every refusal as one of our problems."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NoReturn

import orjson
from flask import Request, request
from marshmallow import RAISE, Schema, ValidationError, missing
from webargs.flaskparser import FlaskParser

from alliance.errors import Invalid, Unsupported

from . import limits
from .problems import not_json, too_large
from .schemas.kinds import IN_PATH
from .schemas.shape import raise_invalid

#: Bytes of a body that are read at a time.
_PIECE_BYTES = 65536

JSON = "application/json"
LINES = "application/x-ndjson"


class Reader(FlaskParser):
    """What flask-smorest's `arguments` reads with."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE, "json": RAISE}

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body parsed; an empty body is an empty object, whose missing fields are then named."""
        if not (body := b"".join(pieces(limits.BODY_BYTES))):
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


def pieces(limit: int | None = None) -> Iterator[bytes]:
    """The request's body as it arrives, with or without a length. Raises TooLarge above `limit` bytes.

    Flask's own limit cuts a body off that comes without a length, and calls what is left the whole.
    """
    request.max_content_length = sys.maxsize
    if limit is not None and (request.content_length or 0) > limit:
        raise too_large(limit)
    arrived = 0
    while piece := request.stream.read(_PIECE_BYTES):
        arrived += len(piece)
        if limit is not None and arrived > limit:
            raise too_large(limit)
        yield piece


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


def checker(schema: Schema) -> Callable[[Any], dict[str, Any]]:
    """`load` for very many bodies of one flat shape: the same result and the same errors, several times as fast.

    Most values repeat from line to line, so each field remembers what it made of the texts that it saw last. Whatever
    is unusual goes through the schema itself, which also has the words for what is wrong.
    """
    known = [
        (field.data_key or name, field.attribute or name, field, lru_cache(maxsize=4096)(field.deserialize))
        for name, field in schema.load_fields.items()
    ]
    names = frozenset(key for key, *_ in known)

    def check(body: Any) -> dict[str, Any]:
        if type(body) is not dict or not body.keys() <= names:
            return load(schema, body)
        loaded: dict[str, Any] = {}
        try:
            for key, attribute, field, remembered in known:
                value = body.get(key, missing)
                if type(value) is str:
                    loaded[attribute] = remembered(value)
                elif (made := field.deserialize(value)) is not missing:
                    loaded[attribute] = made
        except ValidationError:
            return load(schema, body)
        return loaded

    return check


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
