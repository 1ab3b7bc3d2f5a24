"""Reads: ETags, versions of folders, pages of lists, and waiting for one's own writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alliance.errors import Stale, Unavailable
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
