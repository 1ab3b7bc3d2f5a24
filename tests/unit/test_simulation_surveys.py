"""A district's survey as the simulation plays it: tokens are shown once, and an interruption must not cost them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulation.client import Api, Refusal
from simulation.counts import Counts
from simulation.district import play_survey, read_pupils, survey_items
from simulation.plan import DistrictPlan, Item, Pupil
from simulation.truth import draw_propensities

ITEMS = [Item("c1", "communication", False), Item("c2", "communication", True)]


@dataclass
class Platform:
    """Shows tokens once, takes each token once, and says so when it is sent again."""

    households: list[str]
    shown: bool = False
    shut: bool = False
    closed: bool = False
    spent: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        position = {"position": {"source": "surveys", "sequence": 1 + len(self.spent)}, "created": True}
        match request.method, request.url.path.rsplit("/", 1)[-1]:
            case "GET", "s1":
                return httpx.Response(200, json={"status": "closed" if self.closed else "open"})
            case "POST", "surveys":
                return httpx.Response(201, json={**position, "survey": "s1"})
            case "POST", "invitations":
                tokens = self._invite(bool(json.loads(request.content).get("replace")))
                return httpx.Response(201, json={**position, "invitations": tokens})
            case "POST", "responses":
                results = [self._take(json.loads(line)["token"]) for line in request.content.splitlines()]
                return httpx.Response(200, text="\n".join(json.dumps(result) for result in results))
            case "POST", "close":
                self.shut = self.closed = True
                return httpx.Response(201, json=position)
            case unknown:
                raise AssertionError(unknown)

    def _invite(self, replace: bool) -> list[dict[str, str]]:
        if self.shown and not replace:
            return []
        self.shown = True
        return [{"household": each, "token": f"token of {each}"} for each in self.households]

    def _take(self, token: str) -> dict[str, Any]:
        if self.shut:
            return {"status": 409, "problem": {"detail": "The survey is closed; it takes nothing more."}}
        if token in self.spent:
            return {"status": 409, "problem": {"detail": "This invitation has already been used."}}
        self.spent.append(token)
        return {"status": 201}


@pytest.fixture
def plan() -> DistrictPlan:
    pupils = [Pupil(f"s{n}", f"h{n // 2}", (f"g{n // 2}",), "c", "k", f"p-{n:04d}") for n in range(400)]
    return DistrictPlan(pupils, draw_propensities(1, "a"), 1)


def played(platform: Platform, plan: DistrictPlan, folder: Path) -> Counts:
    counts = Counts()
    api = Api("http://platform", "secret", 1, -1.0, httpx.MockTransport(platform.answer))
    play_survey(api, plan, counts, "d1", ITEMS, folder)
    return counts


def test_every_household_is_invited_and_those_who_answer_do_so_with_their_own_token(
    plan: DistrictPlan, tmp_path: Path
) -> None:
    platform = Platform(list(plan.households()))
    counts = played(platform, plan, tmp_path)
    expected = {f"token of {each}" for each, key in plan.households().items() if plan.response(key, ITEMS)}
    assert set(platform.spent) == expected
    assert counts.responded == len(platform.spent) == len(expected)
    assert counts.invited == 200
    assert platform.closed


def test_played_again_it_counts_the_same_without_asking_for_tokens_a_second_time(
    plan: DistrictPlan, tmp_path: Path
) -> None:
    platform = Platform(list(plan.households()))
    first = played(platform, plan, tmp_path)
    platform.asked.clear()
    assert played(platform, plan, tmp_path) == first
    assert platform.asked == ["/v1/surveys/s1", "/v1/surveys/s1/close"]


def test_responses_that_came_in_before_an_interruption_are_sent_again_and_counted_once(
    plan: DistrictPlan, tmp_path: Path
) -> None:
    platform = Platform(list(plan.households()))
    first = played(platform, plan, tmp_path)
    platform.shut = platform.closed = False
    before = list(platform.spent)
    assert played(platform, plan, tmp_path) == first
    assert platform.spent == before


def test_a_closing_that_was_broken_off_half_way_is_finished(plan: DistrictPlan, tmp_path: Path) -> None:
    platform = Platform(list(plan.households()))
    first = played(platform, plan, tmp_path)
    platform.closed = False  # shut, and not yet in the log
    assert played(platform, plan, tmp_path) == first
    assert platform.closed


def test_tokens_that_were_lost_before_they_were_kept_are_replaced(plan: DistrictPlan, tmp_path: Path) -> None:
    platform = Platform(list(plan.households()), shown=True)
    assert played(platform, plan, tmp_path).responded == len(platform.spent) > 0


def test_a_platform_that_invites_other_households_than_the_roster_has_is_refused(
    plan: DistrictPlan, tmp_path: Path
) -> None:
    with pytest.raises(Refusal, match="invited 199 households; the roster has 200"):
        played(Platform(list(plan.households())[1:]), plan, tmp_path)


def reading(page: dict[str, Any]) -> Api:
    return Api(
        "http://platform", "secret", 1, -1.0, httpx.MockTransport(lambda _: httpx.Response(200, json=page))
    )


ENROLMENT = {
    "student": "s1", "household": "h1", "guardians": ["g1", "g2"], "class": "c1", "school": "k1",
    "begins_on": "2026-08-06", "ends_on": "2027-05-28", "sourced_id": "e-1",
}  # fmt: skip


def test_pupils_are_read_from_the_enrolments() -> None:
    pupils = read_pupils(reading({"data": [ENROLMENT], "next": None}), "d1")
    assert pupils == [Pupil("s1", "h1", ("g1", "g2"), "c1", "k1", "e-1")]


@pytest.mark.parametrize(
    "rows",
    [
        [ENROLMENT, {**ENROLMENT, "class": "c2"}],
        [{**ENROLMENT, "begins_on": "2026-09-01"}],
        [{**ENROLMENT, "ends_on": "2027-01-31"}],
    ],
    ids=["two classes", "comes late", "leaves early"],
)
def test_a_roster_that_is_none_of_the_simulations_own_is_refused(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(Refusal, match="can only be played on a bundle of"):
        read_pupils(reading({"data": rows, "next": None}), "d1")


def test_the_shipped_instruments_items_are_found_and_a_platform_without_it_is_told() -> None:
    scales = [{"scale": "communication", "items": [{"item": "c1", "reversed": True}]}]
    instrument = {"instrument": "home-survey", "version": 1, "scales": scales}
    assert survey_items(reading({"data": [instrument], "next": None})) == [Item("c1", "communication", True)]
    with pytest.raises(Refusal, match="no instrument home-survey version 1"):
        survey_items(reading({"data": [{**instrument, "version": 2}], "next": None}))
