"""The field types that contracts are made of."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

from marshmallow import ValidationError, fields, validate

SCHOOL_YEAR = re.compile(r"^(\d{4})-(\d{2})$")
PERIOD = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")

LANGUAGES = ("en", "es")
MODES = ("web", "paper", "sms", "scan")


@lru_cache(maxsize=64)
def is_school_year(value: str) -> bool:
    """Whether this is a school year such as 2026-27 (the second part follows the first)."""
    match = SCHOOL_YEAR.match(value)
    return match is not None and (int(match[1]) + 1) % 100 == int(match[2])


def school_year_days(value: str) -> tuple[date, date]:
    """The first and last day of a school year, 1 July to 30 June: Mississippi's fiscal and reporting year."""
    first = int(value[:4])
    return date(first, 7, 1), date(first + 1, 6, 30)


def _check_school_year(value: str) -> None:
    if not is_school_year(value):
        raise ValidationError("Not a school year; write it like 2026-27.")


def Id(**options: Any) -> fields.String:
    """An opaque id: it means nothing outside this deployment."""
    return fields.String(
        required=True, validate=validate.Length(1, 64), metadata={"description": "opaque id"}, **options
    )


def OptionalId() -> fields.String:
    return Id(allow_none=True)


def Text(longest: int = 200, **options: Any) -> fields.String:
    return fields.String(required=True, validate=validate.Length(1, longest), **options)


def Day(**options: Any) -> fields.Date:
    return fields.Date(required=True, **options)


def SchoolYear() -> fields.String:
    return fields.String(
        required=True,
        validate=_check_school_year,
        metadata={"description": "a school year, e.g. 2026-27"},
    )


def Period() -> fields.String:
    return fields.String(
        required=True,
        validate=validate.Regexp(PERIOD),
        metadata={"description": "a calendar month, e.g. 2026-09"},
    )


def Language() -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(LANGUAGES))


def Mode() -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(MODES))


def Ids(**options: Any) -> fields.List[Any]:
    return fields.List(
        fields.String(validate=validate.Length(1, 64), metadata={"description": "opaque id"}),
        required=True,
        **options,
    )
