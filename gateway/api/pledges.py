"""Pledges."""

from __future__ import annotations

from typing import Any

from ..bulk import Bulk, takes_lines
from ..calling import ask, run
from ..paging import page
from ..routes import Routes
from ..schemas.pledges import OfferPledge, Pledge, PledgeAccepted, SignPledge, StatementList, WithdrawPledge
from ..schemas.position import PageQuery

routes = Routes("pledges", __name__, description="The parent pledge, Miss. Code 37-3-67(a)")


@routes.command(
    "/v1/pledges",
    "pledges.sign_pledge",
    takes=SignPledge,
    answers=PledgeAccepted,
    around=takes_lines(Bulk("pledges.sign_pledges", "pledges", SignPledge, PledgeAccepted)),
)
def sign_pledge(body: dict[str, Any]) -> Any:
    """Record a signed pledge

    One pledge as JSON; or many as application/x-ndjson, one a line, answered with a result a line.
    """
    return run(body)


@routes.command("/v1/pledges/offers", "pledges.offer_pledge", takes=OfferPledge, answers=PledgeAccepted)
def offer_pledge(body: dict[str, Any]) -> Any:
    """Record that a family was given the pledge to sign

    It counts nowhere; it tells later who was asked, with which text and when.
    """
    return run(body)


@routes.command(
    "/v1/pledges/withdrawals", "pledges.withdraw_pledge", takes=WithdrawPledge, answers=PledgeAccepted
)
def withdraw_pledge(body: dict[str, Any]) -> Any:
    """Withdraw a pledge

    It no longer counts; the family can sign again.
    """
    return run(body)


@routes.query("/v1/pledges/<student>/<school_year>", "pledges.pledge", answers=Pledge)
def pledge(student: str, school_year: str) -> Any:
    """The pledge of a student and school year as it stands"""
    return ask({"student": student, "school_year": school_year})


@routes.query("/v1/statements", "pledges.statements", asks=PageQuery, answers=StatementList)
def statements(query: dict[str, Any]) -> Any:
    """The texts of the pledge, every version in every language

    Needs no token: families read these before they sign.
    """
    return page(ask({})["statements"], ("statement", "language"), **query)
