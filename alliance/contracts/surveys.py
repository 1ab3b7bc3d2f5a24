"""Miss. Code 37-3-67(g): the home survey. Streams `instrument-…`, `survey-<id>`, `response-<random id>`."""

from marshmallow import Schema, fields, validate

from .fields import Day, Id, Ids, Language, Mode, OptionalId, SchoolYear, Text
from .registry import contract

SURVEY_MODES = ("confidential", "anonymous")

_survey = {"survey": "v5mkq2dz7wyn4tca", "district": "d7x2jq4mlc5vbn3w"}


class Item(Schema):
    """One statement to agree or disagree with; `reversed` items count 6 - x."""

    item = Text(32)
    scale = Text(32)
    reversed = fields.Boolean(required=True)


@contract(
    "surveys",
    example={
        "instrument": "home-survey",
        "version": 1,
        "languages": ["en", "es"],
        "scales": ["communication", "school_programmes", "home_learning"],
        "items": [{"item": "c1", "scale": "communication", "reversed": False}],
        "points": 5,
        "hash": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    },
)
class InstrumentPublished(Schema):
    """A version of an instrument; its wording is fixed by the hash."""

    instrument = Text(64)
    version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    languages = fields.List(Language(), required=True)
    scales = fields.List(Text(32), required=True)
    items = fields.List(fields.Nested(Item), required=True, validate=validate.Length(min=1))
    points = fields.Integer(required=True, strict=True, validate=validate.Range(min=2))
    hash = Text(64)


@contract(
    "surveys",
    example={
        **_survey,
        "instrument": "home-survey",
        "version": 1,
        "mode": "confidential",
        "school_year": "2026-27",
        "school": None,
        "opens_on": "2027-02-01",
        "closes_on": "2027-02-26",
    },
)
class SurveyOpened(Schema):
    """A survey of one district, or of one school of it."""

    survey = Id()
    instrument = Text(64)
    version = fields.Integer(required=True, strict=True)
    mode = fields.String(required=True, validate=validate.OneOf(SURVEY_MODES))
    school_year = SchoolYear()
    district = Id()
    school = OptionalId()
    opens_on = Day()
    closes_on = Day()


@contract(
    "surveys",
    example={**_survey, "count": 412, "schools": {"sq3o5f2b7kd6mzta": 412}, "issued_on": "2027-02-01"},
)
class InvitationsIssued(Schema):
    """So many households were invited; `schools` counts a household once in each school of its children."""

    survey = Id()
    district = Id()
    count = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    schools = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(strict=True, validate=validate.Range(min=1)),
        required=True,
    )
    issued_on = Day()


@contract(
    "surveys",
    example={
        **_survey,
        "instrument": "home-survey",
        "version": 1,
        "schools": ["sq3o5f2b7kd6mzta"],
        "household": None,
        "language": "es",
        "mode": "web",
        "answers": {"c1": 4, "c2": None},
        "complete": False,
        "submitted_on": "2027-02-03",
    },
)
class SurveySubmitted(Schema):
    """One household's answers, 1 to 5, null for "not sure"; without a household when the survey is anonymous."""

    survey = Id()
    instrument = Text(64)
    version = fields.Integer(required=True, strict=True)
    district = Id()
    schools = Ids()
    household = OptionalId()
    language = Language()
    mode = Mode()
    answers = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(strict=True, allow_none=True, validate=validate.Range(1, 5)),
        required=True,
    )
    complete = fields.Boolean(required=True)
    submitted_on = Day()


@contract("surveys", example={**_survey, "closed_on": "2027-02-26"})
class SurveyClosed(Schema):
    """No further response is taken."""

    survey = Id()
    district = Id()
    closed_on = Day()
