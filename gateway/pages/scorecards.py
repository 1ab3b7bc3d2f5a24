"""The districts' table and a district's scorecard, by the same queries as the API."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from alliance.context import Caller

from ..calling import ask_as
from ..reading import load, load_path
from ..schemas.evaluation import YearQuery
from .figures import INDICATORS, SCALES
from .signing_in import signed_in

routes = Blueprint("scorecards", __name__)

#: The indicators of the districts' table; a scorecard has them all.
COLUMNS = ("pledges_signed", "folders_returned", "classes_reported", "survey_response")

_MONTHLY = ("classes_reported", "classes_on_time", "folders_returned", "months_met")


@routes.get("/")
@signed_in
def index(caller: Caller) -> str:
    year = load(YearQuery(), request.args.to_dict())
    table = ask_as(caller, "evaluation.districts", year)
    # Whoever sees one district only gets no line of totals above it: the line would be of other districts.
    state = None if caller.units else ask_as(caller, "evaluation.state_scorecard", year)
    return render_template(
        "districts.html", table=table, state=state, columns={name: INDICATORS[name] for name in COLUMNS}
    )


@routes.get("/districts/<district>")
@signed_in
def district(caller: Caller, district: str) -> str:
    body = {**load_path({"district": district}), **load(YearQuery(), request.args.to_dict())}
    card = ask_as(caller, "evaluation.district_scorecard", body)
    months = ask_as(caller, "evaluation.district_months", {**body, "school_year": card["school_year"]})
    return render_template(
        "district.html",
        card=card,
        months=months["months"],
        indicators=INDICATORS,
        monthly={name: INDICATORS[name] for name in _MONTHLY},
        scales=SCALES,
    )
