"""A contract as plain checks: they say for sure that data is right, or nothing at all.

marshmallow takes a hundred microseconds to find nothing wrong with an event, msgspec two. What these checks let pass
it would accept, too; whatever they do not, the schema is asked about, which also knows how to say what is wrong.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from marshmallow import RAISE, Schema, ValidationError, fields, validate

Check = Callable[[Any], bool]
Validator = Callable[[Any], Any]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def surely_valid(schema: Schema) -> Check:
    """True only for data that `schema` accepts with unknown=RAISE."""
    found = _struct(schema)
    if found is None:
        return lambda data: False
    known, validators = found

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


def _struct(schema: Schema) -> tuple[Any, list[tuple[str, Validator]]] | None:
    """A struct of the schema's fields, and the validators that it does not tell; None where nothing is sure."""
    if any(schema._hooks.values()):
        return None
    shape: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    validators: list[tuple[str, Validator]] = []
    for number, (name, field) in enumerate(schema.fields.items()):
        found = _kind(field)
        if found is None:
            # Data that has this field is never surely valid; an unknown field is refused.
            if field.required:
                return None
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
    return known, validators


def _kind(field: fields.Field[Any]) -> tuple[Any, list[Validator]] | None:
    """The field's type, and those of its validators that the type does not tell; None for what is not known here."""
    if field.data_key is not None or field.dump_only:
        return None
    if type(field) is fields.String:
        return _constrained(str, field.validators)
    if type(field) is fields.Boolean:
        return bool, list(field.validators)
    if type(field) is fields.Integer:
        return _constrained(int, field.validators)
    if type(field) is fields.Float and not field.allow_nan:
        return _constrained(_NUMBER, field.validators)
    if type(field) is fields.Date and field.format in (None, "iso"):
        # Its validators would see a date.
        return None if field.validators else (str, [_day])
    if type(field) is fields.Nested:
        return _nested(field)
    if type(field) is fields.List:
        inner = _inner(field.inner)
        return None if inner is None else _constrained(list[inner], field.validators)  # type: ignore[valid-type]
    if type(field) is fields.Dict and not field.validators:
        key, value = _inner(field.key_field), _inner(field.value_field)
        return None if key is not str or value is None else (dict[str, value], [])  # type: ignore[valid-type]
    return None


def _inner(field: fields.Field[Any] | None) -> Any:
    """The type of what a list or a mapping holds; None where the type alone does not tell."""
    found = None if field is None else _kind(field)
    if field is None or found is None or found[1]:
        return None
    return found[0] | None if field.allow_none else found[0]


def _nested(field: fields.Nested) -> tuple[Any, list[Validator]] | None:
    if field.many or field.validators or field.unknown not in (None, RAISE) or field.schema.unknown != RAISE:
        return None
    found = _struct(field.schema)
    return None if found is None or found[1] else (found[0], [])


#: Finite, as marshmallow wants it.
_NUMBER = Annotated[float, msgspec.Meta(ge=-sys.float_info.max, le=sys.float_info.max)]


def _constrained(kind: Any, validators: list[Validator]) -> tuple[Any, list[Validator]]:
    if len(validators) == 1:
        only: Any = validators[0]
        if type(only) is validate.Length and only.equal is None:
            return Annotated[kind, msgspec.Meta(min_length=only.min, max_length=only.max)], []
        if kind is str and type(only) is validate.OneOf and {type(each) for each in only.choices} == {str}:
            return Literal[tuple(only.choices)], []
        if kind is int and _inclusive(only):
            return Annotated[int, msgspec.Meta(ge=only.min, le=only.max)], []
        if kind is _NUMBER and _closed(only):
            return Annotated[float, msgspec.Meta(ge=only.min, le=only.max)], []
    return kind, list(validators)


def _inclusive(validator: Any) -> bool:
    return bool(type(validator) is validate.Range and validator.min_inclusive and validator.max_inclusive)


def _closed(validator: Any) -> bool:
    return _inclusive(validator) and None not in (validator.min, validator.max)


@lru_cache(maxsize=1024)
def _day(text: str) -> None:
    if not _DAY.fullmatch(text):
        raise ValidationError("Not a day.")
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValidationError("Not a day.") from error
