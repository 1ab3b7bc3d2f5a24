"""Scorecards and the feed of events."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields

from .kinds import CLASS, DISTRICT, SCHOOL, SchoolYear, Text, Whole
from .position import Accepted, PageQuery, ReadQuery
from .shape import Answer, Shape


class YearQuery(Shape):
    """Which school year."""

    school_year = SchoolYear(required=False)


class ScorecardQuery(YearQuery, ReadQuery):
    """Which school year, and how fresh."""

    example = {"school_year": "2026-27", "at_least": "pledges:42"}


class DistrictsQuery(ScorecardQuery, PageQuery):
    """Which school year, how fresh, and which page."""


class Unit(Answer):
    """A district or a school."""

    id = fields.String()
    name = fields.String(allow_none=True)
    example = {"id": DISTRICT, "name": "Magnolia School District"}


class Ratio(Answer):
    """So many out of so many; the rate of nothing out of nothing is null."""

    numerator = fields.Integer()
    denominator = fields.Integer()
    rate = fields.Float(allow_none=True)
    example = {"numerator": 684, "denominator": 912, "rate": 0.75}


class Spread(Answer):
    """Scores of n families from 1 to 5; sd is the sample's, null below two."""

    n = fields.Integer()
    mean = fields.Float(allow_none=True)
    sd = fields.Float(allow_none=True)
    example = {"n": 187, "mean": 3.82, "sd": 0.71}


INDICATOR_NAMES = (
    "pledges_signed",
    "classes_reported",
    "classes_on_time",
    "folders_returned",
    "months_met",
    "survey_response",
)


class Indicators(Answer):
    """A scorecard's figures."""

    pledges_signed = fields.Nested(
        Ratio, metadata={"description": "enrolled students with a pledge that stands"}
    )
    classes_reported = fields.Nested(
        Ratio, metadata={"description": "class-months in which a folder went home"}
    )
    classes_on_time = fields.Nested(
        Ratio, metadata={"description": "class-months with the folder sent in the month"}
    )
    folders_returned = fields.Nested(
        Ratio, metadata={"description": "student-months with the folder back signed"}
    )
    months_met = fields.Nested(
        Ratio, metadata={"description": "school-months in which every class sent in time"}
    )
    survey_response = fields.Nested(Ratio, metadata={"description": "responses of invitations"})
    example: ClassVar[Any] = dict.fromkeys(INDICATOR_NAMES, Ratio.example)


class MonthIndicators(Answer):
    """The figures that a month has of its own."""

    classes_reported = fields.Nested(Ratio)
    classes_on_time = fields.Nested(Ratio)
    folders_returned = fields.Nested(Ratio)
    months_met = fields.Nested(Ratio)
    example: ClassVar[Any] = dict.fromkeys(
        ("classes_reported", "classes_on_time", "folders_returned", "months_met"), Ratio.example
    )


class Scales(Answer):
    """The home survey's three scales."""

    communication = fields.Nested(Spread)
    school_programmes = fields.Nested(Spread)
    home_learning = fields.Nested(Spread)
    example: ClassVar[Any] = dict.fromkeys(
        ("communication", "school_programmes", "home_learning"), Spread.example
    )


class AsOf(Answer):
    """What an answer has counted in."""

    school_year = fields.String()
    as_of = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={"description": "for each source, the position up to which its events are counted in"},
    )
    lag_seconds = fields.Float(
        metadata={"description": "age of the oldest event not counted in yet; 0 when there is none"}
    )
    example: ClassVar[Any] = {
        "school_year": "2026-27", "as_of": {"roster": 13037, "pledges": 42, "folders": 7, "surveys": 1},
        "lag_seconds": 0.1,
    }  # fmt: skip


class Scorecard(AsOf):
    indicators = fields.Nested(Indicators)
    survey = fields.Nested(Scales)
    example = {**AsOf.example, "indicators": Indicators.example, "survey": Scales.example}


class DistrictScorecard(Scorecard):
    """A district's figures for one school year."""

    district = fields.Nested(Unit)
    example = {"district": Unit.example, **Scorecard.example}


class SchoolScorecard(Scorecard):
    """A school's figures for one school year."""

    school = fields.Nested(Unit)
    district = fields.Nested(Unit)
    example = {
        "school": {"id": SCHOOL, "name": "Magnolia Elementary"},
        "district": Unit.example,
        **Scorecard.example,
    }


class StateScorecard(Scorecard):
    """The sums over all districts."""

    districts = fields.Integer(metadata={"description": "districts counted in"})
    example = {"districts": 144, **Scorecard.example}


class Certification(Answer):
    """What a district's coordinator stood for, as it was known then."""

    certified_on = fields.String()
    times = fields.Integer(metadata={"description": "how often the month was certified; this is the newest"})
    indicators = fields.Nested(MonthIndicators)
    missing = fields.List(
        fields.String(), metadata={"description": "classes that were expected and had sent no folder"}
    )
    amended = fields.Boolean(metadata={"description": "the month's figures read otherwise now"})
    example: ClassVar[Any] = {
        "certified_on": "2026-10-06", "times": 1, "indicators": MonthIndicators.example, "missing": [CLASS],
        "amended": False,
    }  # fmt: skip


class CertifyPeriod(Shape):
    """A coordinator's word for a month."""

    incomplete = fields.Boolean(
        metadata={"description": "true: certify although classes are missing; they are listed"}
    )
    example = {"incomplete": True}


class Certified(Accepted):
    """What was certified."""

    district = fields.String()
    period = fields.String()
    indicators = fields.Nested(MonthIndicators)
    missing = fields.List(fields.String())
    example: ClassVar[Any] = {
        **Accepted.example, "position": {"source": "evaluation", "sequence": 7}, "district": DISTRICT,
        "period": "2026-09", "indicators": MonthIndicators.example, "missing": [CLASS],
    }  # fmt: skip


class Month(Answer):
    """One month of a district."""

    period = fields.String()
    due = fields.Boolean(metadata={"description": "whether it counts in the year's rates: it has begun"})
    indicators = fields.Nested(MonthIndicators, metadata={"description": "as known now"})
    certification = fields.Nested(
        Certification, allow_none=True, metadata={"description": "as certified; null while nobody has"}
    )
    example = {
        "period": "2026-09", "due": True, "indicators": MonthIndicators.example,
        "certification": Certification.example,
    }  # fmt: skip


class DistrictMonths(AsOf):
    """A district's months of one school year, in order."""

    district = fields.Nested(Unit)
    data = fields.List(fields.Nested(Month))
    next = fields.String(
        allow_none=True, metadata={"description": "always null: a school year fits one page"}
    )
    example = {"district": Unit.example, **AsOf.example, "data": [Month.example], "next": None}


class District(Answer):
    """A district with its indicators."""

    district = fields.Nested(Unit)
    indicators = fields.Nested(Indicators)
    example = {"district": Unit.example, "indicators": Indicators.example}


class DistrictList(AsOf):
    """A page of districts, by name."""

    data = fields.List(fields.Nested(District))
    next = fields.String(allow_none=True)
    example = {**AsOf.example, "data": [District.example], "next": None}


class Types(fields.String):
    """Names of event types, comma-separated, loaded as a list."""

    default_error_messages = {
        "types": "must be event types separated by commas, such as PledgeSigned,PledgeWithdrawn"
    }

    def __init__(self) -> None:
        super().__init__(
            metadata={
                "description": "only events of these types, comma-separated",
                "examples": ["PledgeSigned"],
            }
        )

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        types = [part.strip() for part in super()._deserialize(value, attr, data, **kwargs).split(",")]
        if not all(part.isascii() and part.isalnum() for part in types):
            raise self.make_error("types")
        return types


class EventsQuery(ReadQuery):
    """After which place in the feed, and what."""

    after = Text(
        64, "the `next` of the page before; left out to start at the first event", "1041", required=False
    )
    types = Types()
    limit = Whole("events of a page, at most", 100, least=1, most=1000, required=False, load_default=100)
    example = {"after": "1041", "types": "PledgeSigned,PledgeWithdrawn", "limit": "100"}


class EventList(Answer):
    """A page of events, each a CloudEvents 1.0 document, in the order in which they became known."""

    data = fields.List(fields.Dict())
    next = fields.String(metadata={"description": "always there: give it as `after` for what comes next"})
    head = fields.String(
        metadata={"description": "the newest place in the feed; `next` has caught up when it is this"}
    )
    example = {
        "data": [
            {
                "specversion": "1.0",
                "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
                "source": "/alliance/pledges",
                "type": "alliance.pledges.PledgeWithdrawn",
                "subject": "pledge-k4w6yt2ncz7hq3ra-2026-27",
                "time": "2026-10-02T14:03:11.482Z",
                "datacontenttype": "application/json",
                "dataschema": "urn:alliance:schema:PledgeWithdrawn:1",
                "sequence": "43",
                "streamversion": 2,
                "partitionkey": DISTRICT,
                "correlationid": "7edf59bc-d7e7-485a-a8e7-59a8ef5a1649",
                "causationid": "3f9a5c1e-0d3b-5a77-8a55-5b0d6a6d9f21",
                "data": {
                    "student": "k4w6yt2ncz7hq3ra",
                    "school_year": "2026-27",
                    "withdrawn_on": "2026-10-02",
                },
            }
        ],
        "next": "1042",
        "head": "1042",
    }
