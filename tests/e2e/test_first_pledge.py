"""What the README promises, as a new user tries it, on both forms: from the districts to the closing of a survey."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from gateway import sessions
from tests.builders_year import YEAR
from tests.e2e.small_state import CANARY, CHILDREN, DISTRICTS
from tests.e2e.state import State, a_return, events, key, pledge, response, survey, withdrawal


def test_the_first_pledge_is_taken_once_and_is_in_the_scorecard_that_waits_for_it(state: State) -> None:
    listed = state.api.get("/v1/districts").json()
    assert [row["district"]["name"] for row in listed["data"]] == list(DISTRICTS)
    district = listed["data"][0]["district"]["id"]
    enrolments = state.api.get(f"/v1/districts/{district}/enrolments", params={"limit": 5}).json()
    assert len(enrolments["data"]) == 5
    assert not CANARY.search(str(enrolments))
    before, enrolled = state.signed(district)
    pupil, once = state.pupil(), key("my-first-pledge")

    first = state.api.post("/v1/pledges", json=pledge(pupil), headers=once)
    again = state.api.post("/v1/pledges", json=pledge(pupil), headers=once)
    other = state.api.post("/v1/pledges", json=pledge(pupil, mode="sms"), headers=once)

    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (again.status_code, again.json()) == (200, first.json() | {"created": False})
    assert other.status_code == 422
    assert other.json()["type"] == "urn:alliance:problem:idempotency-key-reused"
    assert "new key" in other.json()["detail"]
    position = first.json()["position"]
    card = state.api.get(
        f"/v1/districts/{district}/scorecard",
        params={"school_year": YEAR, "at_least": f"{position['source']}:{position['sequence']}"},
    ).json()
    ratio = {"numerator": before + 1, "denominator": enrolled, "rate": pytest.approx((before + 1) / enrolled)}
    assert card["indicators"]["pledges_signed"] == ratio
    assert card["as_of"]["pledges"] >= position["sequence"]

    taken_back = state.api.post("/v1/pledges/withdrawals", json=withdrawal(pupil))
    assert taken_back.status_code == 201
    assert state.signed(district) == (before, enrolled)
    assert state.api.get(f"/v1/pledges/{pupil['student']}/{YEAR}").json()["status"] == "withdrawn"


def test_a_folder_goes_home_and_comes_back_and_who_is_late_with_a_look_at_it_is_told(state: State) -> None:
    class_, period, students = state.class_month()
    folder = f"/v1/classes/{class_}/folders/{period}"
    teacher = state.as_("teacher", class_)
    empty = teacher.get(folder)
    assert (empty.json()["version"], empty.json()["sent"]) == (0, 0)
    before = month_of(state, class_, period)

    sent = teacher.post(
        f"{folder}/sent", json={"sent_on": f"{period}-10"}, headers={"If-Match": empty.headers["ETag"]}
    )
    assert sent.status_code == 201
    assert sorted(sent.json()["students"]) == sorted(students)
    stale = teacher.post(
        f"{folder}/sent", json={"sent_on": f"{period}-11"}, headers={"If-Match": empty.headers["ETag"]}
    )
    assert stale.status_code == 412
    assert "read it again" in stale.json()["detail"]

    first, second, third = students[:3]
    returned = teacher.post(
        f"{folder}/returns", json={"returns": [a_return(first, period), a_return(second, period, mode="web")]}
    )
    assert returned.status_code == 201
    assert [each["status"] for each in returned.json()["returns"]] == ["recorded", "recorded"]
    mixed = teacher.post(
        f"{folder}/returns", json={"returns": [a_return(first, period), a_return(third, period)]}
    )
    assert [each["status"] for each in mixed.json()["returns"]] == ["already_recorded", "recorded"]
    voided = teacher.post(f"{folder}/voids", json={"student": third, "reason": "ticked in the wrong line"})
    assert (voided.status_code, voided.json()["status"]) == (201, "voided")

    own_write = f"folders:{voided.json()['position']['sequence']},roster:1"
    now = teacher.get(folder, params={"at_least": own_write})
    assert (now.json()["sent"], now.json()["returned"]) == (CHILDREN, 2)
    assert teacher.get(folder, headers={"If-None-Match": now.headers["ETag"]}).status_code == 304
    state.wait_for(voided.json()["position"])
    counted = month_of(state, class_, period)
    assert counted["folders_returned"]["numerator"] == before["folders_returned"]["numerator"] + 2
    assert counted["folders_returned"]["denominator"] == before["folders_returned"]["denominator"] + CHILDREN
    assert counted["classes_on_time"]["numerator"] == before["classes_on_time"]["numerator"] + 1


def month_of(state: State, class_: str, period: str) -> dict[str, Any]:
    """The month's indicators of the district that the class is in."""
    district = next(each["district"] for each in state.enrolments.values() if each["class"] == class_)
    months = state.api.get(f"/v1/districts/{district}/months", params={"school_year": YEAR}).json()["data"]
    return next(each["indicators"] for each in months if each["period"] == period)


def test_a_coordinator_certifies_a_month_and_sees_it_amended(state: State) -> None:
    class_, period, _ = state.class_month()
    district = next(each["district"] for each in state.enrolments.values() if each["class"] == class_)
    coordinator = state.as_("district", district)
    address = f"/v1/districts/{district}/months/{period}/certification"
    refused = coordinator.post(address, json={})
    assert refused.status_code == 409
    assert class_ in refused.json()["detail"]

    once = key(f"certify {period}")
    certified = coordinator.post(address, json={"incomplete": True}, headers=once)
    again = coordinator.post(address, json={"incomplete": True}, headers=once)
    assert (certified.status_code, certified.json()["created"]) == (201, True)
    assert certified.json()["position"]["source"] == "evaluation"
    assert (again.status_code, again.json()) == (200, certified.json() | {"created": False})
    assert class_ in certified.json()["missing"]

    sent = state.as_("teacher", class_).post(
        f"/v1/classes/{class_}/folders/{period}/sent", json={"sent_on": f"{period}-10"}
    )
    positions = [
        f"{each['source']}:{each['sequence']}"
        for each in (certified.json()["position"], sent.json()["position"])
    ]
    months = coordinator.get(
        f"/v1/districts/{district}/months", params={"school_year": YEAR, "at_least": ",".join(positions)}
    ).json()
    month = next(each for each in months["data"] if each["period"] == period)
    assert month["certification"]["indicators"] == certified.json()["indicators"]
    assert month["certification"]["amended"]
    assert month["indicators"] != certified.json()["indicators"]
    (told,) = [
        each for each in events(coordinator, types="PeriodCertified") if each["data"]["period"] == period
    ]
    assert (told["source"], told["partitionkey"]) == ("/alliance/evaluation", district)


def test_the_districts_compare_themselves_with_the_state_as_it_may_be_published(state: State) -> None:
    district = state.districts["Birch City"]
    own = state.as_("district", district).get(f"/v1/districts/{district}/indicators").json()
    other = state.as_("district", district).get(f"/v1/districts/{state.districts['Alder County']}/indicators")
    assert set(own["indicators"]) == {
        each["indicator"] for each in state.api.get("/v1/indicators").json()["data"]
    }
    assert own["indicators"]["pledges_signed"]["status"] in ("shown", "bound", "hidden")
    assert other.status_code == 403


def test_published_results_are_imported_once_and_names_that_are_not_certain_are_listed(state: State) -> None:
    text = (
        "STNAM,FIPST,LEAID,LEANM,NCESSCH,SCHNAM,ALL_COHORT_2526,ALL_RATE_2526\n"
        "MISSISSIPPI,28,2800001,ALDER COUNTY,280000100001,ALDER HIGH SCHOOL,121,70-74\n"
        "MISSISSIPPI,28,2800002,BIRCH CITY,280000200001,BIRCH HIGH SCHOOL,.,.\n"
    )
    ask = {"content": text.encode(), "headers": {"Content-Type": "text/csv"}}
    seen = state.api.post("/v1/outcomes", params={"dry_run": "true", "name": "acgr.csv"}, **ask)
    assert (seen.status_code, seen.json()["created"]) == (200, False)
    names = [each["name"] for each in seen.json()["review"]]
    assert seen.json()["sets"] + len(names) == 1
    refused = state.as_("district", state.districts["Alder County"]).post("/v1/outcomes", **ask)
    assert refused.status_code == 403
    unknown = state.api.post("/v1/outcomes", content=b"x", headers={"Content-Type": "text/plain"})
    assert unknown.status_code == 415
    nothing = state.api.post("/v1/outcomes", content=b"a,b\n1,2\n", headers={"Content-Type": "text/csv"})
    assert nothing.status_code == 422
    assert "LEANM" in nothing.json()["detail"]


def test_a_survey_is_opened_answered_once_by_each_household_and_closed(state: State) -> None:
    school = state.schools["b1"]
    office = state.as_("school", school)
    opened = office.post("/v1/surveys", json=survey(state.districts["Birch City"], school=school))
    assert opened.status_code == 201
    address = f"/v1/surveys/{opened.json()['survey']}"
    invited = office.post(f"{address}/invitations").json()
    # Two classes, in each of which two children are siblings.
    households = 2 * (CHILDREN - 1)
    assert invited["issued"] == len(invited["invitations"]) == households
    assert office.post(f"{address}/invitations").json()["invitations"] == []
    mine, yours, _ = [each["token"] for each in invited["invitations"][:3]]
    family = state.client()

    first = family.post(f"{address}/responses", json=response(mine))
    repeat = family.post(f"{address}/responses", json=response(mine))
    other = family.post(f"{address}/responses", json=response(mine, answers={"c1": 1}))
    foreign = family.post(f"{address}/responses", json=response("7H2K-9QWE-5TVX-0BCD-M3NP"))
    out_of_range = family.post(f"{address}/responses", json=response(yours, answers={"c1": 6, "x9": 1}))

    assert (first.status_code, first.json()["created"], first.json()["complete"]) == (201, True, False)
    assert (repeat.status_code, repeat.json()["position"]) == (200, first.json()["position"])
    assert (other.status_code, [error["field"] for error in other.json()["errors"]]) == (409, ["token"])
    assert foreign.status_code == 409
    assert "does not belong to this survey" in foreign.json()["detail"]
    assert [error["field"] for error in foreign.json()["errors"]] == ["token"]
    assert out_of_range.status_code == 422
    assert {error["field"] for error in out_of_range.json()["errors"]} == {"answers.c1", "answers.x9"}

    closed = office.post(f"{address}/close")
    assert closed.status_code == 201
    late = family.post(f"{address}/responses", json=response(yours))
    assert late.status_code == 409
    assert "closed" in late.json()["detail"]
    shown = office.get(address).json()
    assert (shown["status"], shown["invited"], shown["responses"]) == ("closed", households, 1)
    state.wait_for(closed.json()["position"])
    card = office.get(f"/v1/schools/{school}/scorecard", params={"school_year": YEAR}).json()
    assert card["indicators"]["survey_response"] == {
        "numerator": 1,
        "denominator": households,
        "rate": pytest.approx(1 / households),
    }


def test_a_spent_token_of_an_anonymous_survey_is_refused(state: State) -> None:
    school = state.schools["b3"]
    office = state.as_("school", school)
    body = survey(state.districts["Birch City"], school=school, mode="anonymous")
    address = f"/v1/surveys/{office.post('/v1/surveys', json=body).json()['survey']}"
    token = office.post(f"{address}/invitations").json()["invitations"][0]["token"]
    family = state.client()

    first = family.post(f"{address}/responses", json=response(token))
    spent = family.post(f"{address}/responses", json=response(token))

    assert first.status_code == 201
    assert spent.status_code == 409
    assert [error["field"] for error in spent.json()["errors"]] == ["token"]
    assert "already been used" in spent.json()["detail"]


def test_each_of_it_is_in_the_feed_of_the_district_it_belongs_to_and_in_no_others(state: State) -> None:
    district, other = state.districts["Alder County"], state.districts["Birch City"]
    ours, theirs = state.pupil("Alder County"), state.pupil("Birch City")
    for pupil in (ours, theirs):
        signed = state.api.post("/v1/pledges", json=pledge(pupil))
        assert signed.status_code == 201
    state.wait_for(signed.json()["position"])

    everything = events(state.api)
    seen = events(state.as_("district", district))

    assert {event["partitionkey"] for event in seen} == {district, "state"}
    assert seen == [event for event in everything if event["partitionkey"] in (district, "state")]
    assert {event["partitionkey"] for event in everything} == {district, other, "state"}
    only = events(state.as_("integrator", other), types="PledgeSigned")
    assert theirs["student"] in {event["data"]["student"] for event in only}
    assert {event["type"] for event in only} == {"alliance.pledges.PledgeSigned"}
    assert ours["student"] not in str(only)
    # The state reads each source's log without a gap.
    for source in {event["source"] for event in everything}:
        of_source = [int(event["sequence"]) for event in everything if event["source"] == source]
        assert of_source == list(range(1, len(of_source) + 1))


def test_the_pages_open_with_a_link_that_works_once(state: State) -> None:
    token = state.tokens.find(state.platform.token)
    assert token is not None
    link = sessions.create_link(state.tokens.database, token.id)
    with state.client() as visitor, state.client() as second:
        shut = visitor.get("/")
        assert (shut.status_code, shut.headers["Location"]) == (303, "/sign-in")
        entered = visitor.get(link)
        assert entered.status_code == 303
        assert "HttpOnly" in entered.headers["Set-Cookie"]

        page = visitor.get("/")
        assert page.status_code == 200
        assert all(name in page.text for name in DISTRICTS)
        district = state.districts["Alder County"]
        assert f"/districts/{district}" in page.text
        assert "Alder County" in visitor.get(f"/districts/{district}").text

        used = second.get(link)
        assert used.status_code == 401
        assert "has been used" in used.text
        assert second.get("/").status_code == 303


def test_the_embedded_form_prints_such_a_link_and_the_states_token(embedded_state: State) -> None:
    printed = embedded_state.platform.log.read_text()
    found = re.search(rf"{embedded_state.platform.base_url}(/sign-in/\S+)", printed)
    assert found is not None
    assert embedded_state.platform.token in printed
    assert f"{embedded_state.platform.base_url}/docs" in printed

    with embedded_state.client() as visitor:
        assert visitor.get(found[1]).status_code == 303
        assert visitor.get("/").status_code == 200


def test_the_reference_of_the_api_needs_no_token(state: State) -> None:
    for address in ("/docs", "/openapi.json", "/livez", "/readyz"):
        assert httpx.get(f"{state.platform.base_url}{address}").status_code == 200, address
