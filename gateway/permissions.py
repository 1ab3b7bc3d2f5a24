"""Which role may do what: the one place that says so.

How far a role reaches (its own district, school or class) is not said here: each service checks the caller's org
unit against the thing asked for, because only it knows where the thing belongs. Both must agree.
"""

from __future__ import annotations

from collections.abc import Mapping

from alliance.errors import Forbidden, Unauthenticated

STATE, DISTRICT, SCHOOL, TEACHER, INTEGRATOR = "state", "district", "school", "teacher", "integrator"

#: Whoever comes without a bearer token. A family proves itself by the one-time token in its survey response.
FAMILY = "family"

#: The roles that a token can be made for.
TOKEN_ROLES = (STATE, DISTRICT, SCHOOL, TEACHER, INTEGRATOR)
ROLES = (*TOKEN_ROLES, FAMILY)

_STAFF = frozenset({STATE, DISTRICT, SCHOOL, TEACHER})
_WITH_PROGRAMS = _STAFF | {INTEGRATOR}
_OFFICES = frozenset({STATE, DISTRICT, SCHOOL})
_AUTHORITIES = frozenset({STATE, DISTRICT})
_ANYBODY = _WITH_PROGRAMS | {FAMILY}

#: service.operation -> the roles that may call it. What is not listed here, nobody may call.
PERMISSIONS: Mapping[str, frozenset[str]] = {
    "roster.import_roster": _AUTHORITIES | {INTEGRATOR},
    "roster.schools": _AUTHORITIES | {INTEGRATOR},
    "roster.classes": _OFFICES | {INTEGRATOR},
    # Children's names: for those who see the children. The state and programs work with ids.
    "roster.students": frozenset({DISTRICT, SCHOOL, TEACHER}),
    "roster.enrolments": _AUTHORITIES | {INTEGRATOR},
    "pledges.offer_pledge": _WITH_PROGRAMS,
    "pledges.sign_pledge": _WITH_PROGRAMS,
    "pledges.sign_pledges": _WITH_PROGRAMS,
    "pledges.withdraw_pledge": _WITH_PROGRAMS,
    "pledges.pledge": _WITH_PROGRAMS,
    "pledges.statements": _ANYBODY,
    "folders.send_folder": _WITH_PROGRAMS,
    "folders.return_folders": _WITH_PROGRAMS,
    "folders.return_folders_in_bulk": _WITH_PROGRAMS,
    # Undoing needs a person who answers for it.
    "folders.void_return": _STAFF,
    "folders.folder": _WITH_PROGRAMS,
    "surveys.publish_instrument": frozenset({STATE}),
    "surveys.instruments": _ANYBODY,
    "surveys.open_survey": _OFFICES,
    "surveys.invite": _OFFICES,
    "surveys.submit_response": _OFFICES | {INTEGRATOR, FAMILY},
    "surveys.submit_responses": _OFFICES | {INTEGRATOR},
    "surveys.close_survey": _OFFICES,
    "surveys.survey": _OFFICES | {INTEGRATOR},
    "evaluation.districts": _AUTHORITIES | {INTEGRATOR},
    "evaluation.district_scorecard": _AUTHORITIES | {INTEGRATOR},
    "evaluation.district_months": _AUTHORITIES | {INTEGRATOR},
    "evaluation.school_scorecard": _OFFICES | {INTEGRATOR},
    # Totals of the whole state tell nothing of a single district, and a district compares itself with them.
    "evaluation.state_scorecard": _AUTHORITIES | {INTEGRATOR},
    "evaluation.certify_period": _AUTHORITIES,
    "evaluation.import_outcomes": frozenset({STATE}),
    "evaluation.indicators": _AUTHORITIES | {INTEGRATOR},
    "evaluation.district_indicators": _AUTHORITIES | {INTEGRATOR},
    "evaluation.issue_report": frozenset({STATE}),
    "evaluation.decide_recognition": frozenset({STATE}),
    # What is issued is published.
    "evaluation.reports": _WITH_PROGRAMS,
    "evaluation.report": _WITH_PROGRAMS,
    "evaluation.report_file": _WITH_PROGRAMS,
    "evaluation.events": _WITH_PROGRAMS,
}


def require(role: str, operation: str) -> None:
    """Raise Forbidden, or Unauthenticated where a token is missing, unless `role` may call `operation`."""
    allowed = PERMISSIONS[operation]
    if role in allowed:
        return
    if role == FAMILY:
        raise Unauthenticated("Send a bearer token: Authorization: Bearer alliance_…")
    raise Forbidden(
        f"A token of role {role} may not do this; it takes one of role {', '.join(_in_order(allowed))}.",
    )


def _in_order(roles: frozenset[str]) -> list[str]:
    return [role for role in ROLES if role in roles]


def roles(operation: str) -> list[str]:
    """The roles that may call `operation`, widest first, as the API's description lists them."""
    return _in_order(PERMISSIONS[operation])
