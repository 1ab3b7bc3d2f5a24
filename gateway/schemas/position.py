"""What every accepted command answers with, and what every list shares."""

from __future__ import annotations

from marshmallow import fields, validate

from alliance.settings import SOURCES

from ..limits import PAGE_ITEMS
from .kinds import AtLeast, Limit, Text
from .shape import Answer, Shape


class Position(Answer):
    """A place in a service's log; give it as `at_least=source:sequence` to read your own writes."""

    source = fields.String(required=True, validate=validate.OneOf(SOURCES))
    sequence = fields.Integer(required=True)
    example = {"source": "pledges", "sequence": 42}


class Accepted(Answer):
    """An accepted command."""

    position = fields.Nested(Position, required=True)
    created = fields.Boolean(metadata={"description": "false for a repeat, or when nothing was new"})
    example = {"position": Position.example, "created": True}


class ReadQuery(Shape):
    """How fresh an answer has to be; what every read can be asked."""

    at_least = AtLeast()
    example = {"at_least": "pledges:42"}


class PageQuery(ReadQuery):
    """Which page of a list."""

    cursor = Text(
        500,
        "the `next` of the page before; left out for the first",
        "WyJjNW43d3oza3FkMnZoeDZtIl0",
        required=False,
    )
    limit = Limit(PAGE_ITEMS)
