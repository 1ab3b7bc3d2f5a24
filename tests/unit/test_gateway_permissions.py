"""Every role at every address and every distance: who gets in, who does not.

The table that they are judged by (tests/world_gateway.py) is written by hand from what each role is for.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from alliance.context import Context
from gateway.permissions import PERMISSIONS
from tests.builders_gateway import Gateway, about, gateway
from tests.world_gateway import ALLOWED, ASKS, PLACES, Ask, callers, expected, status_of

#: What services answer lists under.
LISTS = [
    "schools",
    "classes",
    "students",
    "enrolments",
    "statements",
    "instruments",
    "districts",
    "months",
    "events",
    "reports",
]

CASES = [(ask, *caller) for ask in ASKS for caller in callers(ask)]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    """Services that judge the distance as real ones do, and answer every operation."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        here = gateway(tmp_path_factory.mktemp("var"), monkeypatch)
    for ask in ASKS:
        service, _, operation = ask.operation.partition(".")
        here.services[service].answers[operation] = _judge(ask)
    return here


def _judge(ask: Ask) -> Any:
    def answer(body: dict[str, Any], context: Context) -> dict[str, Any]:
        if ask.target is not None and context.caller.role != "family":
            district, school, class_ = PLACES[ask.target]
            context.caller.require(district=district, school=school, class_=class_)
        lists: dict[str, Any] = {name: [] for name in LISTS}
        if ask.operation in ("evaluation.state_scorecard", "evaluation.import_outcomes"):
            lists["districts"] = 8
        if ask.operation == "evaluation.indicators":
            lists["indicators"] = []
        item = {"status": 201, "position": {"source": "pledges", "sequence": 1}, "created": True}
        return {**lists, **about(), **item, "version": 1, "next": None, "results": [item], "content": ""}

    return answer


_tokens: dict[tuple[str, ...], dict[str, str]] = {}


def _headers(here: Gateway, role: str, units: tuple[str, ...]) -> dict[str, str]:
    """One token serves every address that it is tried at."""
    if role == "family":
        return {}
    if (role, *units) not in _tokens:
        _tokens[role, *units] = here.bearer(role, *units)
    return _tokens[role, *units]


def send(here: Gateway, ask: Ask, headers: dict[str, str]) -> TestResponse:
    if ask.method == "GET":
        return here.client().get(ask.path, headers=headers)
    data = ask.body if isinstance(ask.body, bytes) else json.dumps(ask.body)
    return here.client().post(ask.path, data=data, content_type=ask.kind, headers=headers)


@pytest.mark.parametrize(
    ("ask", "role", "distance", "units"),
    CASES,
    ids=[f"{ask.operation}-{role}-{distance.replace(' ', '_')}" for ask, role, distance, _ in CASES],
)
def test_a_role_gets_in_exactly_where_it_should(
    here: Gateway, ask: Ask, role: str, distance: str, units: tuple[str, ...]
) -> None:
    response = send(here, ask, _headers(here, role, units))

    if expected(ask, role, distance):
        assert status_of(response) in (200, 201), response.get_data(as_text=True)
    else:
        assert status_of(response) == (401 if role == "family" else 403), response.get_data(as_text=True)


def test_every_operation_that_may_be_called_at_all_is_tried_here() -> None:
    assert {ask.operation for ask in ASKS} == set(PERMISSIONS) == set(ALLOWED)


def test_a_refusal_says_which_roles_may(here: Gateway) -> None:
    response = send(here, ASKS[0], here.bearer("teacher", "c111"))

    assert "state, district, integrator" in response.json["detail"]


def test_what_is_not_in_the_table_can_be_called_by_nobody(here: Gateway) -> None:
    from gateway import permissions

    with pytest.raises(KeyError):
        permissions.require("state", "roster.drop_everything")
