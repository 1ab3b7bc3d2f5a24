"""Who is late with a look, and two who act at once, on both forms."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.builders_year import YEAR
from tests.e2e.refusals import refused
from tests.e2e.small_state import CHILDREN
from tests.e2e.state import State, a_return, key, pledge, response, survey

MEBIBYTE = 1024 * 1024
JSON = {"Content-Type": "application/json"}


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
