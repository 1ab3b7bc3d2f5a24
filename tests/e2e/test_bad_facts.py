"""What can be read and cannot be so, on both forms: days, ids, other people's units, rosters."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import httpx
import pytest

from tests.builders_roster import row, texts
from tests.builders_year import FIRST, LAST, YEAR
from tests.e2e.refusals import refused
from tests.e2e.small_state import CHILDREN, PERIODS, tables, zipped
from tests.e2e.state import ZIP, State, a_return, pledge, survey, withdrawal

MEBIBYTE = 1024 * 1024
JSON = {"Content-Type": "application/json"}


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
    bundle = zipped(changed)
    before = state.api.get("/v1/state/scorecard").json()["as_of"]["roster"]

    answer = state.api.post("/v1/rosters", content=bundle, params={"dry_run": "true"}, headers=ZIP)
    strict = state.api.post("/v1/rosters", content=bundle, params={"strict": "true"}, headers=ZIP)

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
    bundle = zipped(changed)

    words = refused(state.api.post("/v1/rosters", content=bundle, headers=ZIP), 409)

    assert f"{4 * CHILDREN} of {8 * CHILDREN} students" in words
    assert "import with confirm" in words
