"""Every address of the API that a token can be refused at, and the small state that the refusals are tried on.

d1 ── s11 ── c111, c112        the thing asked for is d1, s11 or c111, or a student of c111
   └─ s12 ── c121
d2 ── s21 ── c211
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from gateway.schemas.reports import DecideRecognition
from gateway.schemas.surveys import PublishInstrument

#: Where each unit lies, by kind: (district, school or None, class or None).
PLACES: dict[str, tuple[str, str | None, str | None]] = {
    "d1": ("d1", None, None),
    "d2": ("d2", None, None),
    "s11": ("d1", "s11", None),
    "s12": ("d1", "s12", None),
    "s21": ("d2", "s21", None),
    "c111": ("d1", "s11", "c111"),
    "c112": ("d1", "s11", "c112"),
    "c121": ("d1", "s12", "c121"),
    "c211": ("d2", "s21", "c211"),
}

_SIGNED = {"signed_on": "2026-08-14", "mode": "paper", "language": "en", "statement": "2026-1"}
_SURVEY = {
    "instrument": "home-survey", "version": 1, "mode": "confidential", "school_year": "2026-27",
    "opens_on": "2027-02-01", "closes_on": "2027-02-26",
}  # fmt: skip
_RESPONSE = {"token": "7H2K-9QWE-5TVX-0BCD-M3NP", "language": "en", "mode": "web", "answers": {"c1": 4}}


@dataclass(frozen=True)
class Ask:
    """One address: `target` is the unit that the service will judge, None where it judges none."""

    operation: str
    method: str
    path: str
    target: str | None
    body: Any = None
    kind: str = "application/json"


_PLEDGE = {"student": "st", "guardian": "g", "school_year": "2026-27", **_SIGNED}
_OFFER = {
    "student": "st", "school_year": "2026-27", "offered_on": "2026-08-07", "language": "en", "statement": "2026-1",
}  # fmt: skip
_WITHDRAWAL = {"student": "st", "school_year": "2026-27", "withdrawn_on": "2026-10-02"}
_RETURN = {"student": "st", "signed_on": "2026-09-14", "mode": "paper"}
_RETURN_LINE = {"class": "c111", "period": "2026-09", **_RETURN}
_VOID = {"student": "st", "reason": "a mistake"}
_OF_SCHOOL = {**_SURVEY, "district": "d1", "school": "s11"}
_FOLDER = "/v1/classes/c111/folders/2026-09"
_LINES = "application/x-ndjson"

ASKS = (
    Ask("roster.import_roster", "POST", "/v1/rosters", None, b"PK", "application/zip"),
    Ask("roster.schools", "GET", "/v1/districts/d1/schools", "d1"),
    Ask("roster.classes", "GET", "/v1/schools/s11/classes", "s11"),
    Ask("roster.students", "GET", "/v1/classes/c111/students", "c111"),
    Ask("roster.enrolments", "GET", "/v1/districts/d1/enrolments", "d1"),
    Ask("pledges.offer_pledge", "POST", "/v1/pledges/offers", "c111", _OFFER),
    Ask("pledges.sign_pledge", "POST", "/v1/pledges", "c111", _PLEDGE),
    Ask("pledges.sign_pledges", "POST", "/v1/pledges", "c111", _PLEDGE, _LINES),
    Ask("pledges.withdraw_pledge", "POST", "/v1/pledges/withdrawals", "c111", _WITHDRAWAL),
    Ask("pledges.pledge", "GET", "/v1/pledges/st/2026-27", "c111"),
    Ask("pledges.statements", "GET", "/v1/statements", None),
    Ask("folders.send_folder", "POST", f"{_FOLDER}/sent", "c111", {"sent_on": "2026-09-11"}),
    Ask("folders.return_folders", "POST", f"{_FOLDER}/returns", "c111", {"returns": [_RETURN]}),
    Ask("folders.return_folders_in_bulk", "POST", "/v1/folders/returns", "c111", _RETURN_LINE, _LINES),
    Ask("folders.void_return", "POST", f"{_FOLDER}/voids", "c111", _VOID),
    Ask("folders.folder", "GET", _FOLDER, "c111"),
    Ask("surveys.publish_instrument", "POST", "/v1/instruments", None, PublishInstrument.example),
    Ask("surveys.instruments", "GET", "/v1/instruments", None),
    Ask("surveys.open_survey", "POST", "/v1/surveys", "s11", _OF_SCHOOL),
    Ask("surveys.invite", "POST", "/v1/surveys/sv/invitations", "s11", {}),
    Ask("surveys.submit_response", "POST", "/v1/surveys/sv/responses", "s11", _RESPONSE),
    Ask("surveys.submit_responses", "POST", "/v1/surveys/sv/responses", "s11", _RESPONSE, _LINES),
    Ask("surveys.close_survey", "POST", "/v1/surveys/sv/close", "s11", {}),
    Ask("surveys.survey", "GET", "/v1/surveys/sv", "s11"),
    Ask("evaluation.districts", "GET", "/v1/districts", None),
    Ask("evaluation.district_scorecard", "GET", "/v1/districts/d1/scorecard", "d1"),
    Ask("evaluation.district_months", "GET", "/v1/districts/d1/months", "d1"),
    Ask("evaluation.school_scorecard", "GET", "/v1/schools/s11/scorecard", "s11"),
    Ask("evaluation.state_scorecard", "GET", "/v1/state/scorecard", None),
    Ask("evaluation.import_outcomes", "POST", "/v1/outcomes", None, b"LEANM", "text/csv"),
    Ask("evaluation.certify_period", "POST", "/v1/districts/d1/months/2026-09/certification", "d1", {}),
    Ask("evaluation.indicators", "GET", "/v1/indicators", None),
    Ask("evaluation.district_indicators", "GET", "/v1/districts/d1/indicators", "d1"),
    Ask("evaluation.issue_report", "POST", "/v1/reports", None, {"school_year": "2026-27"}),
    Ask("evaluation.reports", "GET", "/v1/reports", None),
    Ask("evaluation.report", "GET", "/v1/reports/9f86d081884c7d65", None),
    Ask("evaluation.report_file", "GET", "/v1/reports/9f86d081884c7d65/file?path=report.html", None),
    Ask("evaluation.decide_recognition", "POST", "/v1/recognitions", None, DecideRecognition.example),
    Ask("evaluation.events", "GET", "/v1/events", None),
)

#: A caller's unit, for a thing of that unit's kind, above it or below it.
#: {level of the caller's unit: {level of the thing: {distance: the caller's unit}}}
DISTANCES: dict[str, dict[str, dict[str, str]]] = {
    "district": {
        "district": {"own unit": "d1", "other district": "d2"},
        "school": {"inside it": "d1", "other district": "d2"},
        "class": {"inside it": "d1", "other district": "d2"},
    },
    "school": {
        "district": {"above": "s11", "other district": "s21"},
        "school": {"own unit": "s11", "sibling": "s12", "other district": "s21"},
        "class": {"inside it": "s11", "sibling": "s12", "other district": "s21"},
    },
    "class": {
        "district": {"above": "c111", "other district": "c211"},
        "school": {"above": "c111", "sibling": "c121", "other district": "c211"},
        "class": {"own unit": "c111", "sibling": "c112", "sibling school": "c121", "other district": "c211"},
    },
}

#: The levels at which a role's tokens are made; None is the whole state.
LEVELS: dict[str, tuple[str | None, ...]] = {
    "state": (None,),
    "district": ("district",),
    "school": ("school",),
    "teacher": ("class",),
    "integrator": (None, "district", "school"),
}

NEAR = ("whole state", "own unit", "inside it")


def level(unit: str) -> str:
    return {"d": "district", "s": "school", "c": "class"}[unit[0]]


def callers(ask: Ask) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(role, distance of the thing asked for, the token's units) for every role at every distance there is."""
    for role, levels in LEVELS.items():
        for each in levels:
            if each is None:
                yield role, "whole state", ()
            elif ask.target is None:
                yield role, "no unit", (DISTANCES[each][each]["own unit"],)
            else:
                for distance, unit in DISTANCES[each][level(ask.target)].items():
                    yield role, distance, (unit,)
    yield "family", "no token", ()


#: S state, D district, H school, T teacher, I integrator, F family (without a token).
ALLOWED = {
    "roster.import_roster": "SDI",
    "roster.schools": "SDI",
    "roster.classes": "SDHI",
    "roster.students": "DHT",
    "roster.enrolments": "SDI",
    "pledges.offer_pledge": "SDHTI",
    "pledges.sign_pledge": "SDHTI",
    "pledges.sign_pledges": "SDHTI",
    "pledges.withdraw_pledge": "SDHTI",
    "pledges.pledge": "SDHTI",
    "pledges.statements": "SDHTIF",
    "folders.send_folder": "SDHTI",
    "folders.return_folders": "SDHTI",
    "folders.return_folders_in_bulk": "SDHTI",
    "folders.void_return": "SDHT",
    "folders.folder": "SDHTI",
    "surveys.publish_instrument": "S",
    "surveys.instruments": "SDHTIF",
    "surveys.open_survey": "SDH",
    "surveys.invite": "SDH",
    "surveys.submit_response": "SDHIF",
    "surveys.submit_responses": "SDHI",
    "surveys.close_survey": "SDH",
    "surveys.survey": "SDHI",
    "evaluation.districts": "SDI",
    "evaluation.district_scorecard": "SDI",
    "evaluation.district_months": "SDI",
    "evaluation.school_scorecard": "SDHI",
    "evaluation.state_scorecard": "SDI",
    "evaluation.import_outcomes": "S",
    "evaluation.certify_period": "SD",
    "evaluation.indicators": "SDI",
    "evaluation.district_indicators": "SDI",
    "evaluation.issue_report": "S",
    "evaluation.reports": "SDHTI",
    "evaluation.report": "SDHTI",
    "evaluation.report_file": "SDHTI",
    "evaluation.decide_recognition": "S",
    "evaluation.events": "SDHTI",
}
LETTERS = {"state": "S", "district": "D", "school": "H", "teacher": "T", "integrator": "I", "family": "F"}


def expected(ask: Ask, role: str, distance: str) -> bool:
    if LETTERS[role] not in ALLOWED[ask.operation]:
        return False
    return ask.target is None or role == "family" or distance in NEAR


def status_of(response: TestResponse) -> int:
    """The status of a request, or of the one line of a bulk request."""
    return (
        json.loads(response.data)["status"]
        if response.mimetype == "application/x-ndjson"
        else response.status_code
    )
