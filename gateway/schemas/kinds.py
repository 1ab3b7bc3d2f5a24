"""The kinds of field that the API is made of, each with its meaning and an example."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validate

from alliance.contracts.fields import LANGUAGES, MODES, is_school_year
from alliance.settings import SOURCES

from ..limits import MOST_PAGE_ITEMS

_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_PERIOD = r"^(?!0000|9999)[0-9]{4}-(0[1-9]|1[0-2])$"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

DISTRICT, SCHOOL, CLASS = "d7x2jq4mlc5vbn3w", "sq3o5f2b7kd6mzta", "c5n7wz3kqd2vhx6m"
STUDENT, GUARDIAN, HOUSEHOLD = "k4w6yt2ncz7hq3ra", "u2f7pd3xvs6ajm5e", "h6r4mz2tqk7cwd3n"
SURVEY = "v5mkq2dz7wyn4tca"


def _described(description: str, example: Any, **more: Any) -> dict[str, Any]:
    return {"metadata": {"description": description, "examples": [example], **more}}


def Id(description: str = "opaque id", example: str = STUDENT, **options: Any) -> fields.String:
    message = "must be an id: 1 to 64 letters, digits, points, dashes and underscores"
    options.setdefault("required", True)
    return fields.String(
        validate=validate.Regexp(_ID, error=message), **_described(description, example), **options
    )


class Day(fields.String):
    """A calendar day as text, which exists: 2026-02-30 is refused."""

    default_error_messages = {"day": "must be a day that exists, written like 2026-09-14"}

    def __init__(self, description: str, example: str = "2026-08-14", **options: Any) -> None:
        options.setdefault("required", True)
        super().__init__(**_described(description, example, format="date"), **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise self.make_error("day") from error
        if day.isoformat() != text:
            raise self.make_error("day")
        return text


def SchoolYear(**options: Any) -> fields.String:
    def check(value: str) -> None:
        if not is_school_year(value):
            raise ValidationError("must be a school year such as 2026-27")

    options.setdefault("required", True)
    pattern = "^[0-9]{4}-[0-9]{2}$"
    return fields.String(validate=check, **_described("a school year", "2026-27", pattern=pattern), **options)


def Period(**options: Any) -> fields.String:
    options.setdefault("required", True)
    check = validate.Regexp(_PERIOD, error="must be a month such as 2026-09")
    return fields.String(validate=check, **_described("a calendar month", "2026-09"), **options)


def Choice(choices: tuple[str, ...], description: str, **options: Any) -> fields.String:
    options.setdefault("required", True)
    check = validate.OneOf(choices, error="must be one of {choices}")
    return fields.String(validate=check, **_described(description, choices[0]), **options)


def Language() -> fields.String:
    return Choice(LANGUAGES, "the language that the family read")


def Mode() -> fields.String:
    return Choice(MODES, "the way it came in")


def Text(longest: int, description: str, example: str, **options: Any) -> fields.String:
    """Free text of 1 to `longest` characters, without control characters, which some databases refuse."""

    def check(value: str) -> None:
        if not 1 <= len(value) <= longest:
            raise ValidationError(f"must have 1 to {longest} characters")
        if _CONTROL.search(value):
            raise ValidationError("must not hold control characters")

    options.setdefault("required", True)
    described = _described(description, example, minLength=1, maxLength=longest)
    return fields.String(validate=check, **described, **options)


def Whole(description: str, example: int, *, least: int, most: int, **options: Any) -> fields.Integer:
    check = validate.Range(least, most, error=f"must be a whole number from {least} to {most}")
    options.setdefault("required", True)
    return fields.Integer(validate=check, **_described(description, example), **options)


def Flag(description: str, example: bool, **options: Any) -> fields.Boolean:
    return fields.Boolean(truthy={True}, falsy={False}, **_described(description, example), **options)


def Switch(description: str) -> fields.Boolean:
    """A yes or no of a query: true, false, 1 or 0; false when left out."""
    return fields.Boolean(
        truthy={"true", "1"}, falsy={"false", "0"}, load_default=False, **_described(description, False)
    )


class AtLeast(fields.String):
    """Positions that an answer must have reached: `pledges:42` or `pledges:42,folders:7`, loaded as a dict."""

    default_error_messages = {
        "positions": f"must be positions such as pledges:42; the sources are {', '.join(SOURCES)}"
    }

    def __init__(self) -> None:
        description = (
            "Positions that the answer must have reached, as commands answer with them; waits for them at most 2 s, "
            "then 503 with Retry-After"
        )
        super().__init__(**_described(description, "pledges:42"))

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        positions: dict[str, int] = {}
        for part in super()._deserialize(value, attr, data, **kwargs).split(","):
            source, _, sequence = part.strip().partition(":")
            if source not in SOURCES or not re.fullmatch("[0-9]{1,18}", sequence):
                raise self.make_error("positions")
            positions[source] = max(int(sequence), positions.get(source, 0))
        return positions


def Limit(default: int) -> fields.Integer:
    return Whole(
        "items of a page, at most",
        default,
        least=1,
        most=MOST_PAGE_ITEMS,
        required=False,
        load_default=default,
    )


#: The parts of an address, by their names in its route.
IN_PATH: dict[str, fields.Field[Any]] = {
    "district": Id("id of a district", DISTRICT),
    "school": Id("id of a school", SCHOOL),
    "class": Id("id of a class", CLASS),
    "student": Id("id of a student", STUDENT),
    "survey": Id("id of a survey", SURVEY),
    "school_year": SchoolYear(),
    "period": Period(),
    "report": Id("id of a report", "9f86d081884c7d65"),
}
