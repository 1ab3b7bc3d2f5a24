"""Scorecards and events."""

from __future__ import annotations

from typing import Any

from ..calling import AT_LEAST_SECONDS, SECONDS, ask, run
from ..paging import page
from ..routes import Routes
from ..schemas.comparison import DistrictIndicators, IndicatorList
from ..schemas.evaluation import (
    Certified,
    CertifyPeriod,
    DistrictList,
    DistrictMonths,
    DistrictScorecard,
    DistrictsQuery,
    EventList,
    EventsQuery,
    SchoolScorecard,
    ScorecardQuery,
    StateScorecard,
)
from ..schemas.outcomes import OutcomesImported, OutcomesQuery
from ..schemas.position import ReadQuery
from ..uploads import RESULTS
from ..uploads import import_outcomes as upload_outcomes

routes = Routes("evaluation", __name__, description="How it goes: scorecards, and the feed of every event")


@routes.query("/v1/districts", "evaluation.districts", asks=DistrictsQuery, answers=DistrictList)
def districts(query: dict[str, Any]) -> Any:
    """The districts with their indicators, by name

    A token of a district sees its own only.
    """
    cursor, limit = query.pop("cursor", None), query.pop("limit")
    answer = ask(query)
    shown = page(answer["districts"], ("name", "id"), cursor=cursor, limit=limit)
    data = [{"district": {"id": each["id"], "name": each["name"]}, **each} for each in shown["data"]]
    return {**answer, "data": data, "next": shown["next"]}


@routes.query(
    "/v1/districts/<district>/scorecard",
    "evaluation.district_scorecard",
    asks=ScorecardQuery,
    answers=DistrictScorecard,
)
def district_scorecard(query: dict[str, Any], district: str) -> Any:
    """A district's scorecard

    `at_least` waits until the answer holds your own writes: give the position that a command answered with.
    """
    return ask({"district": district, **query})


@routes.query(
    "/v1/districts/<district>/months",
    "evaluation.district_months",
    asks=ScorecardQuery,
    answers=DistrictMonths,
)
def district_months(query: dict[str, Any], district: str) -> Any:
    """A district's months of one school year"""
    answer = ask({"district": district, **query})
    return {**answer, "data": answer["months"], "next": None}


@routes.command(
    "/v1/districts/<district>/months/<period>/certification",
    "evaluation.certify_period",
    takes=CertifyPeriod,
    asks=ReadQuery,
    answers=Certified,
)
def certify_period(query: dict[str, Any], body: dict[str, Any], district: str, period: str) -> Any:
    """Certify a district's month

    The coordinator stands for the month's figures as they are known now. With classes missing it is refused with their
    number unless `incomplete` is true. What is recorded later shows as an amendment beside what was certified.
    """
    waiting = SECONDS + AT_LEAST_SECONDS if "at_least" in query else SECONDS
    return run({"district": district, "period": period, **query, **body}, seconds=waiting)


@routes.query(
    "/v1/schools/<school>/scorecard",
    "evaluation.school_scorecard",
    asks=ScorecardQuery,
    answers=SchoolScorecard,
)
def school_scorecard(query: dict[str, Any], school: str) -> Any:
    """A school's scorecard"""
    return ask({"school": school, **query})


@routes.query(
    "/v1/state/scorecard", "evaluation.state_scorecard", asks=ScorecardQuery, answers=StateScorecard
)
def state_scorecard(query: dict[str, Any]) -> Any:
    """The state's totals"""
    return ask(query)


#: Comparing all districts, audited with their schools, takes some seconds whenever something new was counted in; after
#: that it is known.
COMPARING_SECONDS = 60.0

_RESULTS = {
    "requestBody": {
        "required": True,
        "description": "The state's workbook of test results; federal graduation rates as CSV; or a zip of one CSV "
        "file with mapping.json, which says what its columns are. A zip may hold decisions.json: for a name as "
        "published the district's id, or null for none. At most 32 MiB",
        "content": {
            media: {
                "schema": {"type": "string", "contentMediaType": media},
                "example": "(the bytes of the file)",
            }
            for media in RESULTS
        },
    }
}


@routes.command(
    "/v1/outcomes", "evaluation.import_outcomes", asks=OutcomesQuery, answers=OutcomesImported, doc=_RESULTS
)
def import_outcomes(query: dict[str, Any]) -> Any:
    """Import published test results or graduation rates, or with `dry_run` see what would be

    Names are matched to districts by rules; one that is not certain is listed under `review` and left out until a
    decision comes with the file.
    """
    return upload_outcomes(query)


@routes.query("/v1/indicators", "evaluation.indicators", asks=ScorecardQuery, answers=IndicatorList)
def indicators(query: dict[str, Any]) -> Any:
    """The indicators, what they count, and how the districts compare

    As they may be published: what would tell something of few children is not shown.
    """
    answer = ask(query, seconds=COMPARING_SECONDS)
    return {**answer, "data": answer["indicators"], "next": None}


@routes.query(
    "/v1/districts/<district>/indicators",
    "evaluation.district_indicators",
    asks=ScorecardQuery,
    answers=DistrictIndicators,
)
def district_indicators(query: dict[str, Any], district: str) -> Any:
    """A district compared with the state: estimate, interval, verdict

    As they may be published: what would tell something of few children is not shown.
    """
    return ask({"district": district, **query}, seconds=COMPARING_SECONDS)


@routes.query("/v1/events", "evaluation.events", asks=EventsQuery, answers=EventList)
def events(query: dict[str, Any]) -> Any:
    """Every event in one order, as CloudEvents 1.0, filtered to the token's org unit

    Give `next` as `after` to go on from there. There is nothing newer yet when `next` equals `head`: with a filter
    (`types`, or the token's org unit) a page can be empty while more follows.
    """
    answer = ask(query)
    return {**answer, "data": answer["events"]}
