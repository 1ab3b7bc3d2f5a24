"""Reads: ETags, versions of folders, pages of lists, reports, and waiting for one's own writes."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from alliance.errors import NotFound, Stale, Unavailable
from gateway import paging
from tests.builders_gateway import Gateway, about, gateway, indicators, months, scorecard

FOLDER = "/v1/classes/c5/folders/2026-09"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    here = gateway(tmp_path, monkeypatch)
    here.services["evaluation"].answers["state_scorecard"] = {"districts": 8, **scorecard()}
    here.services["folders"].answers["folder"] = {
        "class": "c5",
        "period": "2026-09",
        "version": 3,
        "students": [],
    }
    return here


# --- ETags


def test_a_read_carries_a_strong_etag_and_may_be_kept_only_by_its_reader(here: Gateway) -> None:
    response = here.client().get("/v1/state/scorecard", headers=here.bearer())

    assert response.headers["ETag"].startswith('"')
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_an_unchanged_answer_is_304_without_a_body(here: Gateway) -> None:
    token = here.bearer()
    tag = here.client().get("/v1/state/scorecard", headers=token).headers["ETag"]

    again = here.client().get("/v1/state/scorecard", headers={**token, "If-None-Match": tag})

    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)


def test_a_changed_answer_has_another_etag(here: Gateway) -> None:
    token = here.bearer()
    tag = here.client().get("/v1/state/scorecard", headers=token).headers["ETag"]
    here.services["evaluation"].answers["state_scorecard"] = {"districts": 8, **scorecard(0.76)}

    again = here.client().get("/v1/state/scorecard", headers={**token, "If-None-Match": tag})

    assert again.status_code == 200
    assert again.headers["ETag"] != tag


def test_who_may_not_read_is_not_told_that_nothing_has_changed(here: Gateway) -> None:
    tag = here.client().get("/v1/state/scorecard", headers=here.bearer()).headers["ETag"]

    again = here.client().get("/v1/state/scorecard", headers={"If-None-Match": tag})

    assert again.status_code == 401


# --- If-Match on a class's folder


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("sent", {"sent_on": "2026-09-11"}),
        ("returns", {"returns": [{"student": "k4", "signed_on": "2026-09-14", "mode": "paper"}]}),
        ("voids", {"student": "k4", "reason": "a mistake"}),
    ],
)
def test_a_write_with_the_etag_of_the_folder_is_bound_to_that_version(
    here: Gateway, what: str, body: Any
) -> None:
    tag = here.client().get(FOLDER, headers=here.bearer()).headers["ETag"]

    here.client().post(f"{FOLDER}/{what}", json=body, headers={**here.bearer(), "If-Match": tag})
    here.client().post(f"{FOLDER}/{what}", json=body, headers=here.bearer())

    bound, free = (body for _, body, _ in here.services["folders"].calls[1:])
    assert bound["if_match"] == 3
    assert "if_match" not in free


def test_a_folder_that_was_changed_meanwhile_is_412(here: Gateway) -> None:
    def stale(*_: Any) -> dict[str, Any]:
        raise Stale("Version 3 of this folder is not the current one, 4.")

    tag = here.client().get(FOLDER, headers=here.bearer()).headers["ETag"]
    here.services["folders"].answers["send_folder"] = stale

    response = here.client().post(
        f"{FOLDER}/sent", json={"sent_on": "2026-09-11"}, headers={**here.bearer(), "If-Match": tag}
    )

    assert response.status_code == 412


@pytest.mark.parametrize(
    "tag", ["*", "3", '"3"', 'W/"v3-0123456789abcdef"', '"v3-0123456789abcdef", "v4-0123456789abcdef"']
)
def test_an_if_match_that_is_no_etag_of_a_folder_is_refused_by_name(here: Gateway, tag: str) -> None:
    response = here.client().post(
        f"{FOLDER}/sent", json={"sent_on": "2026-09-11"}, headers={**here.bearer(), "If-Match": tag}
    )

    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == "If-Match"


# --- pages of a list


def names(count: int) -> list[dict[str, Any]]:
    return [{"name": f"District {index % 7}", "id": f"d{index:03}"} for index in range(count)]


@pytest.mark.parametrize("limit", [1, 3, 10, 25, 100])
def test_all_pages_together_are_the_whole_list_in_order_each_item_once(limit: int) -> None:
    items, seen, cursor = names(25), [], None
    while True:
        page = paging.page(items, ("name", "id"), limit=limit, cursor=cursor)
        assert len(page["data"]) <= limit
        seen += page["data"]
        if (cursor := page["next"]) is None:
            break

    assert seen == sorted(items, key=lambda item: (item["name"], item["id"]))


def test_items_that_come_or_go_between_two_pages_shift_nothing() -> None:
    items = names(20)
    first = paging.page(items, ("name", "id"), limit=8)
    last = first["data"][-1]
    changed = [item for item in items if item != last] + [{"name": "A", "id": "new"}]

    second = paging.page(changed, ("name", "id"), limit=100, cursor=first["next"])

    seen = first["data"] + second["data"]
    assert sorted(item["id"] for item in seen) == sorted(item["id"] for item in items)


def test_an_empty_list_is_one_empty_page() -> None:
    assert paging.page([], ("name",), limit=10) == {"data": [], "next": None}


@pytest.mark.parametrize("cursor", ["x", "!!", "e30", "WzFd", "bnVsbA", "W10", "ÿ"])
def test_a_cursor_of_another_make_is_refused_by_name(here: Gateway, cursor: str) -> None:
    here.services["evaluation"].answers["districts"] = {
        **about(), "districts": [{**each, "indicators": indicators(0.5)} for each in names(3)]
    }  # fmt: skip

    response = here.client().get("/v1/districts", query_string={"cursor": cursor}, headers=here.bearer())

    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("cursor", ["x", "W10", "WzFd", "WyJhIiwiYiJd", "e30"])
def test_a_cursor_of_another_list_is_refused_before_the_roster_is_asked(here: Gateway, cursor: str) -> None:
    response = here.client().get(f"/v1/districts/d7/enrolments?cursor={cursor}", headers=here.bearer())

    assert (response.status_code, response.json["errors"][0]["field"]) == (422, "cursor")
    assert here.services["roster"].calls == []


def test_the_enrolments_of_a_district_are_paged_by_the_roster_itself(here: Gateway) -> None:
    here.services["roster"].answers["enrolments"] = lambda body, _: {
        "enrolments": [{"student": "k4"}], "next": None if body["after"] else "k4~c5~2026-08-05"
    }  # fmt: skip
    token = here.bearer()

    first = here.client().get("/v1/districts/d7/enrolments?limit=1", headers=token).json
    second = (
        here.client().get(f"/v1/districts/d7/enrolments?limit=1&cursor={first['next']}", headers=token).json
    )

    assert first["data"] == second["data"] == [{"student": "k4"}]
    assert second["next"] is None
    asked = [body for _, body, _ in here.services["roster"].calls]
    assert [each["after"] for each in asked] == [None, "k4~c5~2026-08-05"]


# --- scorecards and events


def test_at_least_reaches_evaluation_as_positions(here: Gateway) -> None:
    here.client().get("/v1/state/scorecard?at_least=pledges:42,folders:7,pledges:40", headers=here.bearer())

    [(_, body, _)] = here.services["evaluation"].calls
    assert body == {"at_least": {"pledges": 42, "folders": 7}}


def test_a_position_that_is_not_reached_in_time_is_503_with_retry_after(here: Gateway) -> None:
    def behind(*_: Any) -> dict[str, Any]:
        raise Unavailable("Not counted in yet: pledges 42 (so far pledges 41); ask again in a moment.")

    here.services["evaluation"].answers["state_scorecard"] = behind

    response = here.client().get("/v1/state/scorecard?at_least=pledges:42", headers=here.bearer())

    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")


def test_a_scorecard_has_the_shape_that_is_promised(here: Gateway) -> None:
    here.services["evaluation"].answers["district_scorecard"] = {
        "district": {"id": "d7", "name": "Attala"},
        **scorecard(),
    }

    card = here.client().get("/v1/districts/d7/scorecard", headers=here.bearer()).json

    assert set(card) == {"district", "school_year", "as_of", "lag_seconds", "indicators", "survey"}
    assert card["indicators"]["pledges_signed"] == {"numerator": 684, "denominator": 912, "rate": 0.75}
    assert set(card["indicators"]) == {
        "pledges_signed", "classes_reported", "classes_on_time", "folders_returned", "months_met", "survey_response",
    }  # fmt: skip
    assert card["survey"]["home_learning"] == {"n": 0, "mean": None, "sd": None}


def test_months_come_as_a_list_of_one_page(here: Gateway) -> None:
    here.services["evaluation"].answers["district_months"] = {
        "district": {"id": "d7", "name": "Attala"}, **about(), "months": months()
    }  # fmt: skip

    answer = here.client().get("/v1/districts/d7/months", headers=here.bearer()).json

    assert [each["period"] for each in answer["data"]][:2] == ["2026-08", "2026-09"]
    assert answer["next"] is None


def test_events_are_asked_for_by_type_and_place(here: Gateway) -> None:
    event = {"specversion": "1.0", "id": "e1", "data": {"student": "k4"}}
    here.services["evaluation"].answers["events"] = {"events": [event], "next": "17", "head": "17"}

    answer = here.client().get(
        "/v1/events?after=16&types=PledgeSigned,PledgeWithdrawn&limit=5", headers=here.bearer()
    )

    assert answer.json == {"data": [event], "next": "17", "head": "17"}
    [(_, body, _)] = here.services["evaluation"].calls
    assert body == {"after": "16", "types": ["PledgeSigned", "PledgeWithdrawn"], "limit": 5}


def test_titles_of_classes_are_kept_by_no_cache(here: Gateway) -> None:
    row = {"class": "c5", "title": "3 A, Ms Example"}
    here.services["roster"].answers["classes"] = {"classes": [{**row, "school_year": "2026-27"}]}

    response = here.client().get("/v1/schools/s2/classes", headers=here.bearer("school", "s2"))

    assert response.json["data"] == [{**row, "school_year": "2026-27"}]
    assert response.headers["Cache-Control"] == "no-store"


def test_names_of_children_are_kept_by_no_cache(here: Gateway) -> None:
    row = {"student": "k4", "given_name": "Ada", "family_name": "Example", "grade": "03"}
    here.services["roster"].answers["students"] = {"students": [row]}

    response = here.client().get(
        "/v1/classes/c5/students?on=2026-09-14", headers=here.bearer("teacher", "c5")
    )

    assert response.json["data"] == [row]
    assert response.headers["Cache-Control"] == "no-store"


# --- reports

REPORT = "9f86d081884c7d65"
FILE = f"/v1/reports/{REPORT}/file"


def policy(header: str) -> dict[str, list[str]]:
    """A Content-Security-Policy by its directives (CSP Level 3, section 2.2.1)."""
    directives = (each.split() for each in header.split(";") if each.strip())
    return {name: values for name, *values in directives}


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("report.html", b"<!doctype html><p>d\xc3\xa9j\xc3\xa0</p>", "text/html; charset=utf-8"),
        ("report.pdf", b"%PDF-1.7\n%\xff\xfe\x00", "application/pdf"),
        ("tables/districts.csv", b"\xef\xbb\xbfDistrict\r\n", "text/csv; charset=utf-8"),
        ("tables/districts.json", b"{}\n", "application/json"),
        ("inputs/shapes-districts.topojson", b"{}", "application/octet-stream"),
        ("inputs/survey-README", b"x", "application/octet-stream"),
    ],
)
def test_a_file_of_a_report_comes_byte_by_byte_with_a_content_type_of_its_own(
    here: Gateway, path: str, content: bytes, kind: str
) -> None:
    here.services["evaluation"].answers["report_file"] = {"content": b64encode(content).decode()}

    response = here.client().get(FILE, query_string={"path": path}, headers=here.bearer("teacher", "c5"))

    assert (response.status_code, response.data) == (200, content)
    assert response.headers["Content-Type"] == kind
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    [(operation, body, _)] = here.services["evaluation"].calls
    assert (operation, body) == ("report_file", {"report": REPORT, "path": path})


def test_a_file_of_a_report_may_load_and_run_nothing_but_the_style_that_is_in_it(here: Gateway) -> None:
    here.services["evaluation"].answers["report_file"] = {"content": ""}

    response = here.client().get(FILE, query_string={"path": "report.html"}, headers=here.bearer())

    [header] = response.headers.getlist("Content-Security-Policy")
    said = policy(header)
    assert said.pop("default-src") == ["'none'"]
    assert said.pop("style-src") == ["'unsafe-inline'"]
    assert said.pop("frame-ancestors") == ["'none'"]
    # A picture that is written into the page itself is loaded from nowhere.
    assert said.pop("img-src", ["data:"]) == ["data:"]
    assert {value for values in said.values() for value in values} <= {"'none'"}


def test_a_file_that_its_reader_has_already_is_304(here: Gateway) -> None:
    here.services["evaluation"].answers["report_file"] = {"content": b64encode(b"%PDF").decode()}
    asked, token = f"{FILE}?path=report.pdf", here.bearer()
    tag = here.client().get(asked, headers=token).headers["ETag"]

    again = here.client().get(asked, headers={**token, "If-None-Match": tag})

    assert (again.status_code, again.data) == (304, b"")


def test_a_file_that_the_report_does_not_have_is_a_problem_and_no_file(here: Gateway) -> None:
    def unknown(*_: Any) -> dict[str, Any]:
        raise NotFound("Report 9f86d081884c7d65 has no file 'a.csv'; its files are listed with the report.")

    here.services["evaluation"].answers["report_file"] = unknown

    response = here.client().get(f"{FILE}?path=a.csv", headers=here.bearer())

    assert (response.status_code, response.mimetype) == (404, "application/problem+json")
    assert "listed with the report" in response.json["detail"]


def test_a_file_is_asked_for_by_its_path(here: Gateway) -> None:
    response = here.client().get(FILE, headers=here.bearer())

    assert (response.status_code, response.json["errors"][0]["field"]) == (422, "path")
    assert here.services["evaluation"].calls == []


def test_the_list_of_reports_is_one_page(here: Gateway) -> None:
    row = {"report": REPORT, "school_year": "2026-27", "issued_on": "2027-07-15", "manifest": "ab" * 32}
    here.services["evaluation"].answers["reports"] = {"reports": [row]}

    answer = here.client().get("/v1/reports", headers=here.bearer("teacher", "c5")).json

    assert answer == {"data": [row], "next": None}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"school_year": "2026"}, "school_year"),
        ({"school_year": "2026-28"}, "school_year"),
        ({"school_year": None}, "school_year"),
        ({"journal": 0}, "journal"),
        ({"journal": "now"}, "journal"),
        ({"budget": 2_500_000}, "budget"),
        ({"budget": {"floor": 10_000}}, "budget.budget"),
        ({"budget": {"budget": -1}}, "budget.budget"),
        ({"budget": {"budget": 1, "floor": -1}}, "budget.floor"),
        ({"budget": {"budget": 1, "coordinators": "many"}}, "budget.coordinators"),
        ({"budget": {"budget": 1, "coordinator_cost": 10**13}}, "budget.coordinator_cost"),
        ({"budget": {"budget": 1, "dollars": 1}}, "budget.dollars"),
        ({"seed": 1}, "seed"),
        ({"files": {}}, "files"),
    ],
)
def test_a_report_that_cannot_be_asked_for_so_is_refused_by_field(
    here: Gateway, changes: dict[str, Any], field: str
) -> None:
    response = here.client().post(
        "/v1/reports", json={"school_year": "2026-27", **changes}, headers=here.bearer()
    )

    assert (response.status_code, [each["field"] for each in response.json["errors"]]) == (422, [field])
    assert here.services["evaluation"].calls == []


DECISION = {
    "school_year": "2026-27", "district": "d7", "indicator": "pledges_signed", "recognised": True,
    "reasons": ["site_visit"], "report": REPORT,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"school_year": "26-27"}, "school_year"),
        ({"district": "Attala County"}, "district"),
        ({"indicator": "months_met"}, "indicator"),
        ({"recognised": "yes"}, "recognised"),
        ({"recognised": None}, "recognised"),
        ({"reasons": []}, "reasons"),
        ({"reasons": "site_visit"}, "reasons"),
        ({"reasons": ["site_visit", "Ms Example is kind"]}, "reasons.1"),
        ({"report": ""}, "report"),
        ({"note": "Ms Example is kind"}, "note"),
    ],
)
def test_a_decision_on_a_programme_that_cannot_be_read_is_refused_by_field(
    here: Gateway, changes: dict[str, Any], field: str
) -> None:
    response = here.client().post("/v1/recognitions", json={**DECISION, **changes}, headers=here.bearer())

    assert (response.status_code, [each["field"] for each in response.json["errors"]]) == (422, [field])
    assert here.services["evaluation"].calls == []


@pytest.mark.parametrize("field", list(DECISION))
def test_a_decision_on_a_programme_is_whole(here: Gateway, field: str) -> None:
    body = {name: value for name, value in DECISION.items() if name != field}

    response = here.client().post("/v1/recognitions", json=body, headers=here.bearer())

    assert response.status_code == 422
    assert response.json["errors"] == [{"field": field, "message": "is required"}]
