"""Bad input, on both forms: every refusal is a problem document that names what is at fault and how to mend it."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.builders_roster import row, texts
from tests.e2e.small_state import CHILDREN, FIRST, LAST, PERIODS, YEAR, tables
from tests.e2e.state import LINES, ZIP, State, a_return, key, lines, pledge, response, survey, withdrawal

MEBIBYTE = 1024 * 1024
JSON = {"Content-Type": "application/json"}


def refused(answer: httpx.Response, status: int, *fields: str) -> str:
    """Asserts a problem document of this status that names these fields; returns its words."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    named = [error["field"] for error in problem.get("errors", ())]
    assert named == list(fields), problem
    return str(problem["detail"]) + "".join(
        f"\n{each['field']} {each['message']}" for each in problem.get("errors", ())
    )


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


# --- dates


@pytest.mark.parametrize("day", ["2026-02-30", "2026-9-1", "20260901", "yesterday", ""])
def test_a_day_that_does_not_exist_is_refused_by_name(state: State, day: str) -> None:
    body = pledge({"student": "nobody", "guardian": "nobody"}, signed_on=day)

    assert "written like 2026-09-14" in refused(state.api.post("/v1/pledges", json=body), 422, "signed_on")


def test_a_day_outside_the_school_year_is_refused_with_the_days_that_are_possible(state: State) -> None:
    pupil, district = state.pupil(), state.districts["Alder County"]
    before, after = (FIRST - timedelta(days=1)).isoformat(), (LAST + timedelta(days=1)).isoformat()
    class_, period, _ = state.class_month()
    folders = f"/v1/classes/{class_}/folders"

    asked = {
        "signed_on": state.api.post("/v1/pledges", json=pledge(pupil, signed_on=before)),
        "withdrawn_on": state.api.post("/v1/pledges/withdrawals", json=withdrawal(pupil, withdrawn_on=after)),
        "opens_on": state.api.post("/v1/surveys", json=survey(district, opens_on=before)),
        "closes_on": state.api.post("/v1/surveys", json=survey(district, closes_on=after)),
    }

    for field, answer in asked.items():
        words = refused(answer, 422, field)
        assert FIRST.isoformat() in words
        assert LAST.isoformat() in words
    year_after = state.api.post(f"{folders}/{after[:7]}/sent", json={"sent_on": after})
    assert f"from {PERIODS[0]} to {PERIODS[-1]}" in refused(year_after, 422, "period")
    long_after = state.api.post(f"{folders}/{PERIODS[2]}/sent", json={"sent_on": LAST.isoformat()})
    assert f"must be from {PERIODS[2]}-01 to {PERIODS[3]}-31" in refused(long_after, 422, "sent_on")
    not_a_month = state.api.post(f"{folders}/2026-13/sent", json={"sent_on": f"{period}-10"})
    assert "must be a month such as 2026-09" in refused(not_a_month, 422, "period")


def test_a_return_signed_before_the_folder_was_sent_is_refused_with_the_day_it_was(state: State) -> None:
    class_, period, students = state.class_month()
    folder = f"/v1/classes/{class_}/folders/{period}"
    state.api.post(f"{folder}/sent", json={"sent_on": f"{period}-10"}).raise_for_status()

    answer = state.api.post(
        f"{folder}/returns", json={"returns": [a_return(students[0], period, signed_on=f"{period}-09")]}
    )

    assert f"before the folder went home on {period}-10" in refused(answer, 409, "returns.0.signed_on")


# --- ids


def test_an_unknown_id_is_not_found_and_told_from_which_position_on_it_may_be(state: State) -> None:
    stranger = {"student": "nobody", "guardian": "nobody"}
    period = PERIODS[0]
    asked = {
        "nobody": [
            state.api.post("/v1/pledges", json=pledge(stranger)),
            state.api.get(f"/v1/pledges/nobody/{YEAR}"),
        ],
        "noclass": [
            state.api.get(f"/v1/classes/noclass/folders/{period}"),
            state.api.post(f"/v1/classes/noclass/folders/{period}/sent", json={"sent_on": f"{period}-10"}),
            state.as_("district", state.districts["Alder County"]).get("/v1/classes/noclass/students"),
        ],
        "noschool": [
            state.api.get("/v1/schools/noschool/scorecard"),
            state.api.get("/v1/schools/noschool/classes"),
        ],
        "nodistrict": [
            state.api.get("/v1/districts/nodistrict/scorecard"),
            state.api.get("/v1/districts/nodistrict/enrolments"),
            state.api.post("/v1/surveys", json=survey("nodistrict")),
        ],
    }

    for id_, answers in asked.items():
        for answer in answers:
            words = refused(answer, 404)
            assert repr(id_) in words
            assert "import the roster that has it first" in words
    unknown_survey = state.api.post("/v1/surveys/nosurvey/invitations")
    assert "take the id that opening the survey answered with" in refused(unknown_survey, 404, "survey")
    unknown_text = state.api.post("/v1/pledges", json=pledge(state.pupil(), statement="1999-1"))
    assert "1999-1" in refused(unknown_text, 422, "statement")


def test_what_belongs_to_another_district_is_refused_to_a_districts_token(state: State) -> None:
    ours, pupil = state.districts["Alder County"], state.pupil("Birch City")
    class_, school = pupil["class"], pupil["school"]
    office = state.as_("district", ours)
    period = PERIODS[0]
    asked = [
        office.post("/v1/pledges", json=pledge(pupil)),
        office.post("/v1/pledges/withdrawals", json=withdrawal(pupil)),
        office.get(f"/v1/pledges/{pupil['student']}/{YEAR}"),
        office.get(f"/v1/classes/{class_}/folders/{period}"),
        office.post(f"/v1/classes/{class_}/folders/{period}/sent", json={"sent_on": f"{period}-10"}),
        office.get(f"/v1/classes/{class_}/students"),
        office.get(f"/v1/schools/{school}/scorecard"),
        office.get(f"/v1/districts/{pupil['district']}/scorecard"),
        office.get(f"/v1/districts/{pupil['district']}/enrolments"),
        office.post("/v1/surveys", json=survey(pupil["district"])),
    ]

    for answer in asked:
        assert "use a token of that district, school or class" in refused(answer, 403)
    mixed = office.post("/v1/surveys", json=survey(ours, school=school))
    assert "school of another district" in refused(mixed, 422, "school")


def test_the_guardian_of_another_child_cannot_sign_and_is_told_how_a_paper_pledge_could_be(
    state: State,
) -> None:
    mine, other = state.pupil(), state.pupil()
    while mine["guardian"] == other["guardian"]:
        other = state.pupil()

    answer = state.api.post("/v1/pledges", json=pledge(mine, guardian=other["guardian"]))
    nobody = state.api.post("/v1/pledges", json=pledge(mine, guardian=None))
    on_paper = state.api.post(
        "/v1/pledges", json=pledge(mine, guardian=None, mode="paper", note="Her aunt signed.")
    )

    assert "send mode 'paper' with a note" in refused(answer, 409, "guardian")
    assert "Name the guardian" in refused(nobody, 422, "guardian")
    assert on_paper.status_code == 201


# --- who is late, and who is first


def test_a_stale_if_match_is_told_the_current_version_and_a_made_up_one_is_refused_by_name(
    state: State,
) -> None:
    class_, period, students = state.class_month()
    folder = f"/v1/classes/{class_}/folders/{period}"
    state.api.post(f"{folder}/sent", json={"sent_on": f"{period}-10"}).raise_for_status()
    seen = state.api.get(folder).headers["ETag"]
    body = {"returns": [a_return(students[0], period)]}
    state.api.post(f"{folder}/returns", json=body, headers={"If-Match": seen}).raise_for_status()

    stale = state.api.post(f"{folder}/returns", json=body, headers={"If-Match": seen})
    made_up = state.api.post(f"{folder}/returns", json=body, headers={"If-Match": '"7"'})
    voided = state.api.post(
        f"{folder}/voids", json={"student": students[0], "reason": "x"}, headers={"If-Match": seen}
    )

    for answer in (stale, voided):
        words = refused(answer, 412)
        assert "Version 1 of this folder is not the current one, 2" in words
        assert "read it again" in words
    assert "exactly as the folder's last answer gave it" in refused(made_up, 422, "If-Match")
    assert state.api.get(folder).json()["returned"] == 1


def together(*calls: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """The answers of calls that are let go at the same moment."""
    gate = threading.Barrier(len(calls))

    def one(call: Callable[[], httpx.Response]) -> httpx.Response:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(one, calls))


def test_a_pledge_that_many_sign_at_once_is_signed_once(state: State) -> None:
    pupil, once = state.pupil(), key()

    under_one_key = together(*[lambda: state.api.post("/v1/pledges", json=pledge(pupil), headers=once)] * 6)
    other = state.pupil()
    by_many = together(
        *(
            lambda mode=mode: state.api.post("/v1/pledges", json=pledge(other, mode=mode))
            for mode in ("web", "sms") * 3
        )
    )

    for answers in (under_one_key, by_many):
        assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
        assert sum(answer.json()["created"] for answer in answers) == 1
    assert len({answer.json()["position"]["sequence"] for answer in under_one_key}) == 1
    assert [
        state.api.get(f"/v1/pledges/{each['student']}/{YEAR}").json()["version"] for each in (pupil, other)
    ] == [1, 1]


def test_of_two_who_change_a_folder_at_once_each_child_is_recorded_once_and_who_insisted_is_told(
    state: State,
) -> None:
    class_, period, students = state.class_month()
    folder = f"/v1/classes/{class_}/folders/{period}"
    state.api.post(f"{folder}/sent", json={"sent_on": f"{period}-10"}).raise_for_status()
    seen = {"If-Match": state.api.get(folder).headers["ETag"]}
    body = {"returns": [a_return(student, period) for student in students]}

    insisting = together(*[lambda: state.api.post(f"{folder}/returns", json=body, headers=seen)] * 2)
    assert sorted(answer.status_code for answer in insisting) == [201, 412]

    state.api.post(f"{folder}/voids", json={"student": students[0], "reason": "x"}).raise_for_status()
    trusting = together(*[lambda: state.api.post(f"{folder}/returns", json=body)] * 4)
    assert sorted(answer.status_code for answer in trusting) == [200, 200, 200, 201]
    said = [outcome["status"] for answer in trusting for outcome in answer.json()["returns"]]
    assert said.count("recorded") == 1
    assert said.count("already_recorded") == 4 * CHILDREN - 1
    assert state.api.get(folder).json()["version"] == 1 + CHILDREN + 1 + 1


@pytest.mark.parametrize("mode", ["confidential", "anonymous"])
def test_an_invitation_that_is_used_many_times_at_once_answers_once(state: State, mode: str) -> None:
    school = state.schools["a1"]
    opened = state.api.post(
        "/v1/surveys", json=survey(state.districts["Alder County"], school=school, mode=mode)
    )
    address = f"/v1/surveys/{opened.json()['survey']}"
    token = state.api.post(f"{address}/invitations").json()["invitations"][0]["token"]
    family = state.client()

    answers = together(*[lambda: family.post(f"{address}/responses", json=response(token))] * 5)

    assert sorted(answer.status_code for answer in answers) == (
        [200] * 4 + [201] if mode == "confidential" else [201] + [409] * 4
    )
    assert state.api.get(address).json()["responses"] == 1


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


# --- a roster


def test_a_roster_that_is_no_bundle_is_refused_with_what_to_send(state: State) -> None:
    def import_(content: bytes) -> httpx.Response:
        return state.api.post("/v1/rosters", content=content, headers=ZIP)

    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()

    assert "send the zip" in refused(import_(b"PK but no zip"), 400)
    assert "send the zip" in refused(import_(b""), 400)
    assert refused(import_(empty.getvalue()), 400)
    assert not list((state.platform.var / "uploads").iterdir())


def test_a_dry_run_tells_every_problem_by_file_and_line_and_changes_nothing(state: State) -> None:
    changed = tables()
    row(changed, "users", "p-a1-2")["agentSourcedIds"] = "g-nobody"
    row(changed, "enrollments", "e-a1-3")["classSourcedId"] = "no-class"
    row(changed, "enrollments", "e-a1-4")["beginDate"] = "2026-02-30"
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, text in texts(changed).items():
            archive.writestr(name, text)
    before = state.api.get("/v1/state/scorecard").json()["as_of"]["roster"]

    answer = state.api.post("/v1/rosters", content=bundle.getvalue(), params={"dry_run": "true"}, headers=ZIP)
    strict = state.api.post("/v1/rosters", content=bundle.getvalue(), params={"strict": "true"}, headers=ZIP)

    assert answer.status_code == 200
    found = {(each["file"], each["column"]): each for each in answer.json()["problems"]}
    assert found.keys() >= {
        ("users.csv", "agentSourcedIds"),
        ("enrollments.csv", "classSourcedId"),
        ("enrollments.csv", "beginDate"),
    }
    place = next(
        n for n, line in enumerate(texts(changed)["enrollments.csv"].splitlines(), 1) if "no-class" in line
    )
    assert found["enrollments.csv", "classSourcedId"]["line"] == place
    assert "nothing was imported" in refused(
        strict, 422, *(error["field"] for error in strict.json()["errors"])
    )
    assert state.api.get("/v1/state/scorecard").json()["as_of"]["roster"] == before


def test_a_bundle_that_drops_many_students_needs_a_word_more(state: State) -> None:
    changed = tables()
    changed["users"] = [each for each in changed["users"] if not each["sourcedId"].startswith("p-b")]
    changed["enrollments"] = [
        each for each in changed["enrollments"] if not each["sourcedId"].startswith("e-b")
    ]
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, text in texts(changed).items():
            archive.writestr(name, text)

    words = refused(state.api.post("/v1/rosters", content=bundle.getvalue(), headers=ZIP), 409)

    assert f"{4 * CHILDREN} of {8 * CHILDREN} students" in words
    assert "import with confirm" in words
