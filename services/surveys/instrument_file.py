"""The document that an instrument is published from: shape, texts in every language, and the hash of it all.

    {"instrument", "version", "source", "languages": ["en", "es"], "points": 5,
     "title": TEXT, "introduction": TEXT,
     "choices": [{"answer": 1 … 5 or null, "text": TEXT}],
     "scales": [{"scale", "title": TEXT, "items": [{"item", "reversed", "text": TEXT}]}]}

TEXT is an object with one text for each language. `instruments/` holds the documents that are shipped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from alliance.contracts.fields import LANGUAGES
from alliance.errors import Invalid, Malformed

from .instrument import POINTS, Instrument, Item

#: Names that stand in addresses and in other people's data files, so they are plain.
_NAME = validate.Regexp(
    r"^[a-z][a-z0-9_-]{0,31}$", error="must be small letters, digits, - and _, 32 at most"
)


def _text() -> fields.Dict:
    return fields.Dict(
        required=True,
        keys=fields.String(),
        values=fields.String(validate=validate.Length(1, 600, error="is empty")),
    )


class _Choice(Schema):
    answer = fields.Integer(
        required=True,
        strict=True,
        allow_none=True,
        validate=validate.Range(1, POINTS, error=f"must be 1 to {POINTS}"),
    )
    text = _text()


class _Item(Schema):
    item = fields.String(required=True, validate=_NAME)
    reversed = fields.Boolean(required=True, truthy={True}, falsy={False})
    text = _text()


class _Scale(Schema):
    scale = fields.String(required=True, validate=_NAME)
    title = _text()
    items = fields.List(
        fields.Nested(_Item, unknown=RAISE), required=True, validate=validate.Length(1, error="needs an item")
    )


class _Document(Schema):
    instrument = fields.String(required=True, validate=_NAME)
    version = fields.Integer(
        required=True, strict=True, validate=validate.Range(1, error="must be 1 or more")
    )
    source = fields.String(required=True)
    languages = fields.List(
        fields.String(validate=validate.OneOf(LANGUAGES, error=f"must be one of {', '.join(LANGUAGES)}")),
        required=True,
        validate=validate.Length(1, error="needs a language"),
    )
    points = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Equal(POINTS, error=f"must be {POINTS}; no other scale is scored"),
    )
    title = _text()
    introduction = _text()
    choices = fields.List(fields.Nested(_Choice, unknown=RAISE), required=True)
    scales = fields.List(
        fields.Nested(_Scale, unknown=RAISE),
        required=True,
        validate=validate.Length(1, error="needs a scale"),
    )


_document = _Document(unknown=RAISE)


def load(body: bytes) -> dict[str, Any]:
    """The document in these bytes; Malformed says by line and column where it stops being JSON in UTF-8."""
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Malformed(
            f"The instrument is not in UTF-8: byte {error.start + 1} fits nothing; save it as UTF-8."
        ) from error
    except json.JSONDecodeError as error:
        raise Malformed(
            f"The instrument is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from error
    if not isinstance(document, dict):
        raise Malformed("The instrument must be one JSON object.")
    return document


def read(document: Mapping[str, Any]) -> Instrument:
    """The instrument that a document describes, or Invalid with every field at fault."""
    try:
        known = _document.load(document)
    except ValidationError as error:
        raise _invalid(list(_flat(error.messages))) from error
    errors = [*_languages_missing(known), *_named_twice(known), *_choices_missing(known)]
    if errors:
        raise _invalid(errors)
    return Instrument(
        instrument=known["instrument"],
        version=known["version"],
        languages=tuple(known["languages"]),
        scales=tuple(scale["scale"] for scale in known["scales"]),
        items=tuple(
            Item(item["item"], scale["scale"], item["reversed"])
            for scale in known["scales"]
            for item in scale["items"]
        ),
        points=known["points"],
        hash=content_hash(document),
    )


def content_hash(document: Mapping[str, Any]) -> str:
    """SHA-256 of the content: layout and the order of keys do not count, each letter of a text does."""
    content = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def _languages_missing(document: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    expected = document["languages"]
    for field, text in _texts(document):
        for language in expected:
            if not text.get(language, "").strip():
                yield _error(f"{field}.{language}", "is missing; every text stands in every language")
        for language in text:
            if language not in expected:
                yield _error(f"{field}.{language}", "is not among the instrument's languages")


def _texts(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "title", document["title"]
    yield "introduction", document["introduction"]
    for index, choice in enumerate(document["choices"]):
        yield f"choices.{index}.text", choice["text"]
    for index, scale in enumerate(document["scales"]):
        yield f"scales.{index}.title", scale["title"]
        for place, item in enumerate(scale["items"]):
            yield f"scales.{index}.items.{place}.text", item["text"]


def _named_twice(document: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    scales = document["scales"]
    yield from _twice((f"languages.{index}", name) for index, name in enumerate(document["languages"]))
    yield from _twice((f"scales.{index}.scale", scale["scale"]) for index, scale in enumerate(scales))
    yield from _twice(
        (f"scales.{index}.items.{place}.item", item["item"])
        for index, scale in enumerate(scales)
        for place, item in enumerate(scale["items"])
    )


def _twice(names: Iterable[tuple[str, str]]) -> Iterator[dict[str, str]]:
    seen: dict[str, str] = {}
    for field, name in names:
        if name in seen:
            yield _error(field, f"{name} stands at {seen[name]} already")
        seen.setdefault(name, field)


def _choices_missing(document: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    answers = [choice["answer"] for choice in document["choices"]]
    if answers != [*range(1, document["points"] + 1), None]:
        yield _error(
            "choices", f"must be the answers 1 to {document['points']} in this order, then null for not sure"
        )


def _flat(messages: Any, field: str = "") -> Iterator[dict[str, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            # marshmallow sets errors of a dict's values and of a whole object one level deeper.
            deeper = field if key in ("value", "key", "_schema") else f"{field}.{key}".lstrip(".")
            yield from _flat(inner, deeper)
    else:
        for message in messages:
            yield _error(field or "instrument", message)


def _invalid(errors: list[dict[str, str]]) -> Invalid:
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Invalid(
        f"The instrument cannot be published: {first['field']}: {first['message']}{more}.", errors=errors
    )


def _error(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message.rstrip(".")}
