"""The gateway over the real services: who reaches what, and that both sides mean the same by every field."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.builders_roster import texts, write_zip
from tests.platform_gateway import LINES, Platform, running, tables
from tests.world_gateway import ASKS, Ask, callers, expected, status_of

PLEDGE = {
    "student": "st", "guardian": "g", "school_year": "2026-27", "signed_on": "2026-08-14", "mode": "web",
    "language": "en", "statement": "2026-1",
}  # fmt: skip
SURVEY = {
    "instrument": "home-survey", "version": 1, "mode": "confidential", "school_year": "2026-27", "district": "d1",
    "school": "s11", "opens_on": "2027-02-01", "closes_on": "2027-02-26",
}  # fmt: skip
FOLDER = "/v1/classes/c112/folders/2026-09"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running(tmp_path_factory.mktemp("var")) as platform:
        platform.ids["sv"] = platform.command("/v1/surveys", SURVEY)["survey"]
        yield platform


# --- who reaches what

#: An import has no one unit; it is tried by itself below.
CASES = [(ask, *caller) for ask in ASKS if ask.operation != "roster.import_roster" for caller in callers(ask)]


@pytest.mark.parametrize(
    ("ask", "role", "distance", "units"),
    CASES,
    ids=[f"{ask.operation}-{role}-{distance.replace(' ', '_')}" for ask, role, distance, _ in CASES],
)
def test_the_services_let_in_exactly_whom_they_should(
    platform: Platform, ask: Ask, role: str, distance: str, units: tuple[str, ...]
) -> None:
    headers = {} if role == "family" else platform.bearer(role, *units)

    response = (
        platform.get(ask.path, headers)
        if ask.method == "GET"
        else platform.post(ask.path, ask.body, headers, ask.kind)
    )

    # A command may be refused for other reasons, for example because it was done before; never by a fault.
    status = status_of(response)
    assert status < 500, response.text
    assert (status not in (401, 403)) == expected(ask, role, distance), response.text


def test_a_district_imports_its_own_bundle_and_no_other(platform: Platform, tmp_path: Any) -> None:
    own = write_zip(tmp_path / "own.zip", texts(tables("d1"))).read_bytes()
    known = {row["district"]["id"] for row in platform.get("/v1/districts").json["data"]}

    def import_as(headers: dict[str, str], bundle: bytes) -> TestResponse:
        return platform.post("/v1/rosters?source=own-system", bundle, headers, "application/zip")

    first = import_as(platform.bearer(), own).json
    rows = platform.get(f"/v1/districts?at_least=roster:{first['position']['sequence']}").json["data"]
    [district] = {row["district"]["id"] for row in rows} - known

    assert import_as(platform.bearer("district", district), own).status_code == 200
    assert import_as(platform.bearer("district", district), platform.bundle).status_code == 403
    assert import_as(platform.bearer("district", "d1"), own).status_code == 403


def test_a_repeated_import_gets_its_first_result_and_imports_nothing_anew(
    platform: Platform, tmp_path: Path
) -> None:
    whole, smaller = (
        write_zip(tmp_path / "bundle.zip", texts(tables(*names))).read_bytes() for names in ((), ("d1",))
    )
    once = {**platform.bearer(), "Idempotency-Key": "an import's own key"}

    def send(bundle: bytes, **headers: str) -> TestResponse:
        return platform.post("/v1/rosters?source=repeated", bundle, {**once, **headers}, "application/zip")

    first = send(whole)
    later = platform.post(
        "/v1/rosters?source=repeated&confirm=true", smaller, platform.bearer(), "application/zip"
    )
    again, other = send(whole), send(smaller)

    assert (first.status_code, later.status_code) == (201, 201)
    assert (again.status_code, again.json) == (200, {**first.json, "created": False})
    assert other.status_code == 422
    assert other.json["type"] == "urn:alliance:problem:idempotency-key-reused"
    dry = platform.post(
        "/v1/rosters?source=repeated&dry_run=true", smaller, platform.bearer(), "application/zip"
    )
    assert dry.json["changes"] == {}, "the later bundle still stands"


def test_a_district_sees_itself_only_in_lists_and_events(platform: Platform) -> None:
    seen = platform.get("/v1/districts", platform.bearer("district", "d2")).json["data"]
    events = platform.get("/v1/events?limit=1000", platform.bearer("district", "d2")).json["data"]

    assert [row["district"]["id"] for row in seen] == [platform.ids["d2"]]
    assert {event["partitionkey"] for event in events} <= {platform.ids["d2"], "state"}
    assert any(event["type"] == "alliance.roster.StudentEnrolled" for event in events)


# --- one's own writes


def test_a_pledge_is_in_the_scorecard_that_was_asked_to_wait_for_it(platform: Platform) -> None:
    card = "/v1/districts/d2/scorecard?school_year=2026-27"
    before = platform.get(card).json["indicators"]["pledges_signed"]

    position = platform.command("/v1/pledges", {**PLEDGE, "student": "st211", "guardian": "g211"})["position"]

    after = platform.get(f"{card}&at_least=pledges:{position['sequence']}").json
    assert (before["numerator"], before["denominator"]) == (0, 1)
    assert (
        after["indicators"]["pledges_signed"]["numerator"],
        after["indicators"]["pledges_signed"]["rate"],
    ) == (1, 1.0)
    assert after["as_of"]["pledges"] >= position["sequence"]


def test_a_position_that_is_never_reached_is_503_after_two_seconds(platform: Platform) -> None:
    began = time.monotonic()
    response = platform.get("/v1/state/scorecard?at_least=pledges:999999")

    assert 1.5 < time.monotonic() - began < 4
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize(
    ("address", "source", "position"),
    [
        ("/v1/pledges/st/2026-27", "pledges", 1),
        ("/v1/pledges/st/2026-27", "roster", 1),
        ("/v1/classes/c111/folders/2026-09", "folders", 0),
        ("/v1/instruments", "surveys", 1),
        ("/v1/districts/d1/schools", "roster", 1),
    ],
)
def test_the_services_own_reads_wait_for_a_position_too(
    platform: Platform, address: str, source: str, position: int
) -> None:
    reached = platform.get(f"{address}?at_least={source}:{position}")
    never = platform.get(f"{address}?at_least={source}:999999")

    assert reached.status_code == 200
    assert (never.status_code, never.headers["Retry-After"]) == (503, "1")
    assert f"Not counted in yet: {source} 999999" in never.json["detail"]


def test_a_repeat_gets_the_first_result_and_another_body_under_its_key_is_refused(platform: Platform) -> None:
    headers = {**platform.bearer(), "Idempotency-Key": "0b0e7a0c-3c53-4d7e-9f0a-6f1c2b1f7a11"}
    body = {**PLEDGE, "student": "st112", "guardian": "g112"}

    first = platform.post("/v1/pledges", body, headers)
    second = platform.post("/v1/pledges", body, headers)
    other = platform.post("/v1/pledges", {**body, "signed_on": "2026-08-15"}, headers)

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json == {**first.json, "created": False}
    assert (other.status_code, other.json["type"].rpartition(":")[2]) == (422, "idempotency-key-reused")


def test_bulk_lines_are_judged_one_by_one_by_the_service(platform: Platform) -> None:
    good = {**PLEDGE, "student": "st121", "guardian": "g121"}
    lines = [
        good,
        {**good, "student": "nobody"},
        {**good, "signed_on": "2025-01-01"},
        {**good, "mode": "fax"},
        good,
    ]
    body = "\n".join(platform.real(json.dumps(line)) for line in lines).encode()

    response = platform.post("/v1/pledges", body, kind=LINES)

    results = [json.loads(line) for line in response.data.splitlines()]
    assert [each["status"] for each in results] == [201, 404, 422, 422, 200]
    assert results[0]["position"]["source"] == "pledges"


# --- two people at one folder


def test_a_folder_changed_by_somebody_else_is_told_and_a_repeat_is_not_mistaken_for_that(
    platform: Platform,
) -> None:
    nothing = platform.get(FOLDER).headers["ETag"]
    key = {**platform.bearer(), "If-Match": nothing, "Idempotency-Key": "monday"}

    first = platform.post(f"{FOLDER}/sent", {"sent_on": "2026-09-11"}, key)
    again = platform.post(f"{FOLDER}/sent", {"sent_on": "2026-09-11"}, key)
    other = {**platform.bearer(), "If-Match": nothing}
    stale = platform.post(f"{FOLDER}/sent", {"sent_on": "2026-09-12"}, other)

    assert (first.status_code, again.status_code, stale.status_code) == (201, 200, 412)
    assert again.json["position"] == first.json["position"]


def test_the_etag_after_a_write_is_good_for_the_next(platform: Platform) -> None:
    path = "/v1/classes/c121/folders/2026-09"
    platform.command(f"{path}/sent", {"sent_on": "2026-09-11"})
    body = {"returns": [{"student": "st121", "signed_on": "2026-09-14", "mode": "paper"}]}

    headers = {**platform.bearer("teacher", "c121"), "If-Match": platform.get(path).headers["ETag"]}
    response = platform.post(f"{path}/returns", body, headers)

    assert response.status_code == 201, response.text
    assert [each["status"] for each in response.json["returns"]] == ["recorded"]


# --- a family's survey


def test_a_family_answers_with_the_token_of_its_invitation_alone(platform: Platform) -> None:
    survey = platform.command("/v1/surveys", {**SURVEY, "district": "d2", "school": "s21"})["survey"]
    [invitation] = platform.command(f"/v1/surveys/{survey}/invitations", {})["invitations"]
    response = {
        "token": invitation["token"],
        "language": "es",
        "mode": "web",
        "answers": {"c1": 5, "c2": None},
    }
    path = f"/v1/surveys/{survey}/responses"

    first = platform.post(path, response, {"Idempotency-Key": "one"})
    again = platform.post(path, response, {"Idempotency-Key": "one"})
    wrong = platform.post(path, {**response, "token": "AAAA-BBBB-CCCC-DDDD-EEEE"}, {})
    unknown = platform.post(path, {**response, "answers": {"c1": 6, "zz": 1}}, {})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["complete"] is False
    assert wrong.status_code == 409
    assert unknown.status_code == 422
    assert platform.get(f"/v1/surveys/{survey}").json["responses"] == 1


# --- both sides mean the same


def test_every_answer_has_every_field_that_the_api_describes(platform: Platform) -> None:
    """What a service does not tell, or tells under another name, would silently be missing."""
    document = platform.client.get("/openapi.json").json
    survey = platform.command("/v1/surveys", {**SURVEY, "school": None})["survey"]
    asked = [
        ("GET", "/v1/districts/{district}/schools", "/v1/districts/d1/schools", None),
        ("GET", "/v1/schools/{school}/classes", "/v1/schools/s11/classes", None),
        ("GET", "/v1/classes/{class}/students", "/v1/classes/c111/students", None),
        ("GET", "/v1/districts/{district}/enrolments", "/v1/districts/d1/enrolments", None),
        ("POST", "/v1/pledges", "/v1/pledges", PLEDGE),
        ("GET", "/v1/pledges/{student}/{school_year}", "/v1/pledges/st/2026-27", None),
        ("POST", "/v1/pledges/withdrawals", "/v1/pledges/withdrawals",
         {"student": "st", "guardian": "g", "school_year": "2026-27", "withdrawn_on": "2026-10-02"}),
        ("GET", "/v1/statements", "/v1/statements", None),
        ("POST", "/v1/classes/{class}/folders/{period}/sent", "/v1/classes/c111/folders/2026-10/sent",
         {"sent_on": "2026-10-09"}),
        ("POST", "/v1/classes/{class}/folders/{period}/returns", "/v1/classes/c111/folders/2026-10/returns",
         {"returns": [{"student": "st", "signed_on": "2026-10-12", "mode": "paper"}]}),
        ("GET", "/v1/classes/{class}/folders/{period}", "/v1/classes/c111/folders/2026-10", None),
        ("POST", "/v1/classes/{class}/folders/{period}/voids", "/v1/classes/c111/folders/2026-10/voids",
         {"student": "st", "reason": "a mistake"}),
        ("GET", "/v1/instruments", "/v1/instruments", None),
        ("POST", "/v1/surveys", "/v1/surveys", SURVEY),
        ("POST", "/v1/surveys/{survey}/invitations", f"/v1/surveys/{survey}/invitations", {}),
        ("GET", "/v1/surveys/{survey}", f"/v1/surveys/{survey}", None),
        ("POST", "/v1/surveys/{survey}/close", f"/v1/surveys/{survey}/close", {}),
        ("GET", "/v1/districts", "/v1/districts", None),
        ("GET", "/v1/districts/{district}/scorecard", "/v1/districts/d1/scorecard", None),
        ("GET", "/v1/districts/{district}/months", "/v1/districts/d1/months", None),
        ("GET", "/v1/schools/{school}/scorecard", "/v1/schools/s11/scorecard", None),
        ("GET", "/v1/state/scorecard", "/v1/state/scorecard", None),
        ("GET", "/v1/events", "/v1/events?limit=3", None),
    ]  # fmt: skip
    for method, template, path, body in asked:
        headers = platform.bearer("district", "d1") if "students" in path else None
        response = platform.get(path, headers) if method == "GET" else platform.post(path, body, headers)
        assert response.status_code in (200, 201), (path, response.text)
        answers = document["paths"][template][method.lower()]["responses"]
        schema = answers["200" if method == "GET" else "201"]["content"]["application/json"]["schema"]
        assert list(_missing(document, schema, response.json, path)) == []


def _missing(document: dict[str, Any], schema: dict[str, Any], value: Any, at: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list) and "$ref" in schema.get("items", {}):
        assert value, f"{at} is empty, and so shows nothing"
        yield from _missing(document, schema["items"], value[0], f"{at}[]")
    elif isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name not in value:
                yield f"{at}.{name}"
            else:
                yield from _missing(document, inner, value[name], f"{at}.{name}")
