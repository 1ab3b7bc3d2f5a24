"""What every schema of the API shares: unknown fields are refused, and each message says how to mend the field."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NoReturn

from marshmallow import RAISE, Schema, ValidationError, fields

from alliance.errors import Invalid

fields.Field.default_error_messages |= {
    "required": "is required",
    "null": "must not be null",
    "validator_failed": "has a value that is not allowed here",
}
fields.String.default_error_messages |= {"invalid": "must be a text", "invalid_utf8": "must be UTF-8"}
fields.Integer.default_error_messages |= {"invalid": "must be a whole number", "too_large": "is too large"}
fields.Boolean.default_error_messages |= {"invalid": "must be true or false"}
fields.List.default_error_messages |= {"invalid": "must be a list"}
fields.Mapping.default_error_messages |= {"invalid": "must be an object"}
fields.Nested.default_error_messages |= {"type": "must be an object"}


class Shape(Schema):
    """A request's shape. `example` is shown in the API's description and must pass."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "is not a field here", "type": "must be a JSON object"}
    example: ClassVar[Any] = {}

    def handle_error(self, error: ValidationError, data: Any, *, many: bool, **_: Any) -> None:
        """Say of an unknown field which one was meant, as far as that can be guessed."""
        if isinstance(error.messages, dict):
            for name in error.messages:
                if isinstance(name, str) and name not in self.fields and name != "_schema":
                    error.messages[name] = [_unknown(name, sorted(self.fields))]


class Answer(Schema):
    """An answer's shape: what it does not name never leaves the gateway."""

    example: ClassVar[Any] = {}


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"is not a field here; did you mean {near[0]}?"
    return (
        f"is not a field here; the fields are {', '.join(known)}"
        if known
        else "is not a field here; there are none"
    )


def raise_invalid(messages: Any) -> NoReturn:
    """Raise Invalid with every field at fault, by its path, such as `returns.3.signed_on`."""
    errors = [{"field": field, "message": message} for field, message in flatten(messages)]
    first = errors[0]
    more = f" {len(errors) - 1} more in `errors`." if len(errors) > 1 else ""
    message = first["message"]
    end = "" if message.endswith((".", "?", "!")) else "."
    raise Invalid(f"{first['field']} {message}{end}{more}", errors=errors)


def flatten(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """marshmallow's nested messages as (path, message) pairs; `body` stands for the whole."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            name = path if key in ("_schema", "value") else f"{path}.{key}".lstrip(".")
            yield from flatten(inner, name)
    elif isinstance(messages, list | tuple):
        for inner in messages:
            yield from flatten(inner, path)
    else:
        yield path or "body", str(messages)
