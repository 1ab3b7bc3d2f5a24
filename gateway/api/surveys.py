"""Surveys."""

from __future__ import annotations

from typing import Any

from ..bulk import Bulk, takes_lines
from ..calling import LONG_SECONDS, ask, run
from ..paging import page
from ..routes import Routes
from ..schemas.position import PageQuery
from ..schemas.surveys import (
    CloseSurvey,
    InstrumentAccepted,
    InstrumentList,
    InvitationsAccepted,
    Invite,
    OpenSurvey,
    PublishInstrument,
    ResponseAccepted,
    SubmitResponse,
    Survey,
    SurveyAccepted,
)

routes = Routes("surveys", __name__, description="The home survey, Miss. Code 37-3-67(g)")


@routes.query("/v1/instruments", "surveys.instruments", asks=PageQuery, answers=InstrumentList)
def instruments(query: dict[str, Any]) -> Any:
    """The published instruments with all their texts

    Needs no token: families read these before they answer.
    """
    return page(ask({})["instruments"], ("instrument", "version"), **query)


@routes.command(
    "/v1/instruments", "surveys.publish_instrument", takes=PublishInstrument, answers=InstrumentAccepted
)
def publish_instrument(body: dict[str, Any]) -> Any:
    """Publish a version of an instrument"""
    return run(body)


@routes.command("/v1/surveys", "surveys.open_survey", takes=OpenSurvey, answers=SurveyAccepted)
def open_survey(body: dict[str, Any]) -> Any:
    """Open a survey of a district, or of one school"""
    return run(body)


@routes.query("/v1/surveys/<survey>", "surveys.survey", answers=Survey)
def survey(survey: str) -> Any:
    """A survey and how far it has come"""
    return ask({"survey": survey})


@routes.command(
    "/v1/surveys/<survey>/invitations", "surveys.invite", takes=Invite, answers=InvitationsAccepted
)
def invite(body: dict[str, Any], survey: str) -> Any:
    """Invite every household that is not invited yet

    The answer holds a token for each, to be printed or sent; it is shown this once.
    """
    return run({"survey": survey, **body}, seconds=LONG_SECONDS)


@routes.command(
    "/v1/surveys/<survey>/responses",
    "surveys.submit_response",
    takes=SubmitResponse,
    answers=ResponseAccepted,
    around=takes_lines(Bulk("surveys.submit_responses", "responses", SubmitResponse, ResponseAccepted)),
)
def submit_response(body: dict[str, Any], survey: str) -> Any:
    """Submit a family's answers

    The invitation's token in the body is all that a family needs. Sheets typed or scanned by a school or a program
    can come in bulk as application/x-ndjson, one a line, with a bearer token.
    """
    return run({"survey": survey, **body}, prover=body["token"])


@routes.command(
    "/v1/surveys/<survey>/close", "surveys.close_survey", takes=CloseSurvey, answers=SurveyAccepted
)
def close_survey(body: dict[str, Any], survey: str) -> Any:
    """Close a survey; it takes no more responses"""
    return run({"survey": survey, **body}, seconds=LONG_SECONDS)
