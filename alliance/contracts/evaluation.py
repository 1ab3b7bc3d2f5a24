"""Miss. Code 37-3-69 and 71: what evaluation itself records.

Streams `certification-<district>-<period>`, `outcome-<district>-<school year>-<subject>-<grade>`,
`recognition-<school year>-<district>-<indicator>` and `report-<id>`.
"""

from marshmallow import Schema, fields, validate

from .fields import Day, Id, Ids, Period, SchoolYear, Text
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


class Result(Schema):
    """A published proportion, between `low` and `high`, of `n` students (null: not published).

    `school` is its name as published, null for the whole district.
    """

    school = Text(allow_none=True)
    ncessch = Text(12, allow_none=True)
    measure = Text(32)
    group = Text(32)
    n = fields.Integer(required=True, strict=True, allow_none=True, validate=validate.Range(min=0))
    low = fields.Float(required=True, validate=validate.Range(0, 1))
    high = fields.Float(required=True, validate=validate.Range(0, 1))
    mean_score = fields.Float(required=True, allow_none=True)


@contract(
    "evaluation",
    example={
        "district": "d7x2jq4mlc5vbn3w",
        "school_year": "2021-22",
        "subject": "ela",
        "grade": "3",
        "file": "2022_maap_ela_math.xlsx",
        "digest": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "results": [
            {
                "school": "Magnolia Elementary", "ncessch": None, "measure": "proficient", "group": "all", "n": 53,
                "low": 0.358, "high": 0.358, "mean_score": 354.3,
            }
        ],
    },
)  # fmt: skip
class OutcomeImported(Schema):
    """What a file published of a district in one subject and grade; it replaces what an earlier one said of them.

    A `district` of "state" is the whole state. `digest` is the file's SHA-256.
    """

    district = Id()
    school_year = SchoolYear()
    subject = fields.String(required=True, validate=validate.OneOf(("ela", "mathematics", "graduation")))
    grade = Text(32, allow_none=True)
    file = Text()
    digest = Text(64)
    results = fields.List(fields.Nested(Result), required=True, validate=validate.Length(min=1))


#: Why people follow the written rule, or do not. Free text stays out of events.
RECOGNITION_REASONS = (
    "site_visit",
    "practice_documented",
    "data_confirmed",
    "data_in_doubt",
    "explained_by_circumstances",
    "not_transferable",
)


@contract(
    "evaluation",
    example={
        "district": "d7x2jq4mlc5vbn3w",
        "school_year": "2026-27",
        "indicator": "pledges_signed",
        "recognised": True,
        "reasons": ["site_visit", "practice_documented"],
        "report": "9f86d081884c7d65",
        "decided_on": "2027-07-12",
    },
)
class RecognitionDecided(Schema):
    """People decided whether a programme is exemplary (37-3-71). `report` is the edition that they had before them."""

    district = Id()
    school_year = SchoolYear()
    indicator = Text(64)
    recognised = fields.Boolean(required=True)
    reasons = fields.List(
        fields.String(validate=validate.OneOf(RECOGNITION_REASONS)),
        required=True,
        validate=validate.Length(min=1),
    )
    report = Text(16)
    decided_on = Day()


@contract(
    "evaluation",
    example={
        "report": "9f86d081884c7d65",
        "school_year": "2026-27",
        "journal": 5111218,
        "positions": {"evaluation": 1440, "folders": 3396010, "pledges": 340676, "roster": 1295346, "surveys": 79186},
        "version": "0.1.0+3f2a9c04d1e7",
        "settings": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "manifest": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
        "issued_on": "2027-07-15",
    },
)  # fmt: skip
class ReportIssued(Schema):
    """The report of a school year, as of these positions. `settings` and `manifest` are SHA-256 digests: with the same
    program and settings the same positions give the same manifest, and the manifest has the digest of every file."""

    report = Text(16)
    school_year = SchoolYear()
    journal = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    positions = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(strict=True, validate=validate.Range(min=0)),
        required=True,
    )
    version = Text(64)
    settings = Text(64)
    manifest = Text(64)
    issued_on = Day()
