"""A contract as plain checks: they say for sure that data is right, or nothing at all.

marshmallow takes a hundred microseconds to find nothing wrong with an event, msgspec two. What these checks let pass
it would accept, too; whatever they do not, the schema is asked about, which also knows how to say what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from marshmallow import Schema, ValidationError, fields, validate

Check = Callable[[Any], bool]
Validator = Callable[[Any], Any]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def surely_valid(schema: Schema) -> Check:
    """True only for data that `schema` accepts with unknown=RAISE."""
    if any(schema._hooks.values()):
        return _unsure
    shape: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    validators: list[tuple[str, Validator]] = []
    for number, (name, field) in enumerate(schema.fields.items()):
        found = _kind(field)
        if found is None:
            # Data that has this field is never surely valid; an unknown field is refused.
            if field.required:
                return _unsure
            continue
        kind, others = found
        place = f"field_{number}"
        names[place] = name
        kind = kind | None if field.allow_none else kind
        shape.append((place, kind) if field.required else (place, kind, None))
        validators += [(name, each) for each in others]
    # Required ones first: a struct's fields are positional, too.
    shape.sort(key=len)
    known = msgspec.defstruct(type(schema).__name__, shape, rename=names, forbid_unknown_fields=True)

    def check(data: Mapping[str, Any]) -> bool:
        try:
            msgspec.convert(data, known)
            for name, validator in validators:
                value = data.get(name)
                if value is not None:
                    validator(value)
        except (msgspec.ValidationError, ValidationError, TypeError):
            return False
        return True

    return check


def _unsure(value: Any) -> bool:
    return False


def _kind(field: fields.Field[Any]) -> tuple[Any, list[Validator]] | None:
    """The field's type, and those of its validators that the type does not tell; None for what is not known here."""
    if field.data_key is not None or field.dump_only:
        return None
    if type(field) is fields.String:
        return _constrained(str, field.validators)
    if type(field) is fields.Boolean:
        return bool, list(field.validators)
    if type(field) is fields.Integer:
        return int, list(field.validators)
    if type(field) is fields.Date and field.format in (None, "iso"):
        # Its validators would see a date.
        return None if field.validators else (str, [_day])
    if type(field) is fields.List:
        inner = _kind(field.inner)
        if inner is None or inner[1]:
            return None
        return _constrained(list[inner[0] | None if field.inner.allow_none else inner[0]], field.validators)  # type: ignore[misc]
    return None


def _constrained(kind: Any, validators: list[Validator]) -> tuple[Any, list[Validator]]:
    if len(validators) == 1:
        (only,) = validators
        if type(only) is validate.Length and only.equal is None:
            return Annotated[kind, msgspec.Meta(min_length=only.min, max_length=only.max)], []
        if kind is str and type(only) is validate.OneOf and {type(each) for each in only.choices} == {str}:
            return Literal[tuple(only.choices)], []
    return kind, list(validators)


@lru_cache(maxsize=1024)
def _day(text: str) -> None:
    if not _DAY.fullmatch(text):
        raise ValidationError("Not a day.")
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValidationError("Not a day.") from error
