"""What cannot be read, on both forms: bodies, values, lines, addresses."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.builders_year import YEAR
from tests.e2e.refusals import refused
from tests.e2e.state import LINES, State, a_return, key, lines, pledge, response, survey

MEBIBYTE = 1024 * 1024
JSON = {"Content-Type": "application/json"}


# --- the body


def test_a_body_that_is_not_json_is_told_where_it_stops_being_json(state: State) -> None:
    broken = state.api.post("/v1/pledges", content=b'{"student": "x",\n "guardian": oops}', headers=JSON)
    latin = state.api.post("/v1/pledges", content='{"note": "niño"}'.encode("latin-1"), headers=JSON)
    listed = state.api.post("/v1/pledges", json=[pledge(state.pupil())])

    assert "not JSON" in refused(broken, 400, "body")
    assert "line 2, column 14" in refused(broken, 400, "body")
    assert "UTF-8" in refused(latin, 400, "body")
    assert "must be a JSON object" in refused(listed, 422, "body")


def test_a_body_above_one_mebibyte_is_refused_and_told_what_to_send_instead(state: State) -> None:
    pupil = state.pupil()
    largest = json.dumps(pledge(pupil)).encode().ljust(MEBIBYTE)
    chunks = (largest[at : at + 65536] for at in range(0, MEBIBYTE, 65536))

    above = state.api.post("/v1/pledges", content=largest + b" ", headers=JSON)
    endless = state.api.post("/v1/pledges", content=(b" " * 65536 for _ in range(40)), headers=JSON)

    for answer in (above, endless):
        words = refused(answer, 413)
        assert "at most 1 MiB" in words
        assert "application/x-ndjson" in words
    assert state.api.post("/v1/pledges", content=chunks, headers=JSON).status_code == 201


def test_an_unknown_field_is_named_with_the_one_that_was_meant(state: State) -> None:
    body = pledge(state.pupil())
    body["guardain"] = body.pop("guardian")

    answer = state.api.post("/v1/pledges", json=body)
    of_query = state.api.get("/v1/districts", params={"scool_year": YEAR})

    assert "did you mean guardian?" in refused(answer, 422, "guardain")
    assert "?." not in answer.json()["detail"]
    assert "did you mean school_year?" in refused(of_query, 422, "scool_year")


@pytest.mark.parametrize(
    ("changes", "field", "mend"),
    [
        ({"student": 5}, "student", "must be a text"),
        ({"student": "two words"}, "student", "must be an id"),
        ({"guardian": ["g"]}, "guardian", "must be a text"),
        ({"mode": "fax"}, "mode", "must be one of web, paper, sms, scan"),
        ({"language": None}, "language", "must not be null"),
        ({"school_year": "2026"}, "school_year", "such as 2026-27"),
        ({"note": "x" * 501}, "note", "1 to 500 characters"),
        ({"note": "a\x00b"}, "note", "control characters"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_what_it_must_be(
    state: State, changes: dict[str, Any], field: str, mend: str
) -> None:
    body = pledge({"student": "nobody", "guardian": "nobody"}, **changes)

    assert mend in refused(state.api.post("/v1/pledges", json=body), 422, field)


def test_all_that_is_wrong_is_told_at_once(state: State) -> None:
    class_, period, students = state.class_month()
    returns = [a_return(students[0], period, signed_on=7), a_return(students[1], period, mode=None), "ditto"]

    answer = state.api.post(f"/v1/classes/{class_}/folders/{period}/returns", json={"returns": returns})

    refused(answer, 422, "returns.0.signed_on", "returns.1.mode", "returns.2")


# --- many lines


def test_bad_lines_among_good_ones_are_told_by_number_and_the_good_ones_are_taken(state: State) -> None:
    good, better, outsider = state.pupil(), state.pupil(), state.pupil("Birch City")
    unknown = {"student": "nobody", "guardian": "nobody"}
    office = state.as_("district", state.districts["Alder County"])
    body = lines([
        pledge(good),
        "{not json",
        pledge(good, signed_on="2026-02-30"),
        "",
        pledge(unknown),
        pledge(outsider),
        "[]",
        pledge(good, extra=1),
        json.dumps(pledge(good, note="x" * 70_000)),
        pledge(better),
        pledge(better),
    ])  # fmt: skip

    answer = office.post("/v1/pledges", content=body, headers=LINES | key("many lines"))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [(each["line"], each["status"]) for each in results] == [
        (1, 201), (2, 400), (3, 422), (5, 404), (6, 403), (7, 422), (8, 422), (9, 413), (10, 201), (11, 200),
    ]  # fmt: skip
    problems = {each["line"]: each["problem"] for each in results if each["status"] >= 400}
    assert problems[2]["errors"][0]["field"] == "line"
    assert problems[3]["errors"][0]["field"] == "signed_on"
    assert "import the roster" in problems[5]["detail"]
    assert "use a token of that district" in problems[6]["detail"]
    assert problems[8]["errors"][0]["field"] == "extra"
    assert "64 KiB" in problems[9]["detail"]

    again = office.post("/v1/pledges", content=body, headers=LINES | key("many lines"))
    repeated = [json.loads(line) for line in again.text.splitlines()]
    assert [each["status"] for each in repeated if each["status"] < 400] == [200, 200, 200]
    assert [each.get("position") for each in repeated] == [each.get("position") for each in results]


def test_a_broken_line_of_returns_or_responses_leaves_the_others_alone(state: State) -> None:
    class_, period, students = state.class_month()
    state.api.post(
        f"/v1/classes/{class_}/folders/{period}/sent", json={"sent_on": f"{period}-10"}
    ).raise_for_status()
    place = {"class": class_, "period": period}
    opened = state.api.post(
        "/v1/surveys", json=survey(state.districts["Alder County"], school=state.schools["a1"])
    )
    address = f"/v1/surveys/{opened.json()['survey']}"
    tokens = [each["token"] for each in state.api.post(f"{address}/invitations").json()["invitations"]]

    returns = state.api.post(
        "/v1/folders/returns",
        content=lines([
            {**place, **a_return(students[0], period)},
            {**place, **a_return("nobody", period)},
            {**place, **a_return(students[1], period, mode="owl")},
            {**place, **a_return(students[2], period)},
        ]),
        headers=LINES,
    )  # fmt: skip
    responses = state.api.post(
        f"{address}/responses",
        content=lines(
            [
                response(tokens[0]),
                response("wrong"),
                response(tokens[1], answers={"c1": 0}),
                response(tokens[2]),
            ]
        ),
        headers=LINES,
    )

    told = [json.loads(line) for line in returns.text.splitlines()]
    assert [each["status"] for each in told] == [201, 409, 422, 201]
    assert told[1]["problem"]["errors"][0]["field"] == "student"
    told = [json.loads(line) for line in responses.text.splitlines()]
    assert [each["status"] for each in told] == [201, 422, 422, 201]
    assert [each["problem"]["errors"][0]["field"] for each in told[1:3]] == ["token", "answers.c1"]


# --- the address


def test_a_content_type_that_is_not_read_is_refused_with_the_one_that_is(state: State) -> None:
    text = json.dumps(pledge(state.pupil())).encode()

    form = state.api.post("/v1/pledges", content=text, headers={"Content-Type": "text/plain"})
    only_lines = state.api.post("/v1/folders/returns", content=text, headers=JSON)
    no_zip = state.api.post("/v1/rosters", content=text, headers=JSON)

    assert "send Content-Type: application/json" in refused(form, 415, "Content-Type")
    assert "send Content-Type: application/x-ndjson" in refused(only_lines, 415, "Content-Type")
    assert "send Content-Type: application/zip" in refused(no_zip, 415, "Content-Type")


def test_an_unknown_address_and_a_wrong_method_are_told_what_there_is(state: State) -> None:
    nowhere = state.api.get("/v1/pledge")
    deleted = state.api.delete("/v1/pledges")

    assert "/docs lists every address" in refused(nowhere, 404)
    assert "use OPTIONS, POST" in refused(deleted, 405)
    assert deleted.headers["Allow"] == "OPTIONS, POST"


def test_without_a_valid_token_an_answer_says_how_to_send_one(state: State) -> None:
    address = f"{state.platform.base_url}/v1/districts"

    assert "Authorization: Bearer" in refused(httpx.get(address), 401)
    wrong = httpx.get(address, headers={"Authorization": "Bearer alliance_wrong"})
    assert "ask for a new one" in refused(wrong, 401)
    assert wrong.headers["WWW-Authenticate"].startswith("Bearer")
