"""Miss. Code 37-3-69 and 71: what evaluation itself records. Streams `certification-<district>-<period>`."""

from marshmallow import Schema, fields, validate

from .fields import Day, Id, Ids, Period, SchoolYear
from .registry import contract


class Figure(Schema):
    """So many out of so many."""

    numerator = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    denominator = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))


@contract(
    "evaluation",
    example={
        "district": "d7x2jq4mlc5vbn3w",
        "school_year": "2026-27",
        "period": "2026-09",
        "certified_on": "2026-10-06",
        "figures": {"classes_reported": {"numerator": 39, "denominator": 40}},
        "missing": ["c3k7m2rq5tzw4ybn"],
        "as_of": {"folders": 411, "pledges": 42, "roster": 13037, "surveys": 1},
    },
)
class PeriodCertified(Schema):
    """A district's coordinator stands for a month's figures as they were known up to these positions.

    `missing` are the classes that were expected and had sent no folder. What is recorded later amends the month; it
    does not change what was certified.
    """

    district = Id()
    school_year = SchoolYear()
    period = Period()
    certified_on = Day()
    figures = fields.Dict(keys=fields.String(), values=fields.Nested(Figure), required=True)
    missing = Ids()
    as_of = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(strict=True, validate=validate.Range(min=0)),
        required=True,
    )
