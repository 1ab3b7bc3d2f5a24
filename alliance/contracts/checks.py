"""A contract as plain checks: they say for sure that data is right, or nothing at all.

marshmallow takes a hundred microseconds to find nothing wrong with an event. What these checks let pass it would
accept, too; whatever they do not, the schema is asked about, which also knows how to say what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from marshmallow import Schema, ValidationError, fields

Check = Callable[[Any], bool]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def surely_valid(schema: Schema) -> Check:
    """True only for data that `schema` accepts with unknown=RAISE."""
    if any(schema._hooks.values()):
        return _unsure
    checks = {name: _field(field) for name, field in schema.fields.items()}
    required = {name for name, field in schema.fields.items() if field.required}

    def check(data: Mapping[str, Any]) -> bool:
        if not required <= data.keys() <= checks.keys():
            return False
        return all(checks[name](value) for name, value in data.items())

    return check


def _unsure(value: Any) -> bool:
    return False


def _field(field: fields.Field[Any]) -> Check:
    sure = _kind(field)
    if sure is None or field.data_key is not None or field.dump_only:
        return _unsure
    validators = tuple(field.validators)

    def check(value: Any) -> bool:
        if value is None:
            return field.allow_none
        if not sure(value):
            return False
        try:
            for validator in validators:
                validator(value)
        except ValidationError:
            return False
        return True

    return check


def _kind(field: fields.Field[Any]) -> Check | None:
    """Whether a value is of the field's kind; None for kinds that are not known here."""
    if type(field) is fields.String:
        return lambda value: type(value) is str
    if type(field) is fields.Boolean:
        return lambda value: type(value) is bool
    if type(field) is fields.Integer:
        return lambda value: type(value) is int
    if type(field) is fields.Date and field.format in (None, "iso"):
        # Its validators would see a date.
        return None if field.validators else lambda value: type(value) is str and _is_day(value)
    if type(field) is fields.List and type(field.inner) is not fields.Date:
        item = _field(field.inner)
        return lambda value: type(value) is list and all(map(item, value))
    return None


@lru_cache(maxsize=1024)
def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
