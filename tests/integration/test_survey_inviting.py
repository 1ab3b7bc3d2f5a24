"""Invitations: one token a household, shown once."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliance.database import Database
from alliance.errors import Refused
from tests.builders_surveys import World

MODES = ("confidential", "anonymous")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Database(f"sqlite:///{tmp_path / 'surveys.db'}"))


@pytest.fixture
def each_world(database: Database) -> World:
    """Once on SQLite and once on PostgreSQL, where the SQL is what is tested."""
    return World(database)


def test_each_household_of_the_unit_gets_one_token_whatever_number_of_children_and_schools(
    each_world: World,
) -> None:
    each_world.households(["ana", "ben"], "s-1")
    each_world.households(["ben", "cleo"], "s-2")
    each_world.feed.enrol("another child of ana", "ana", "s-1")
    each_world.households(["zoe"], "s-9")
    survey = each_world.open()

    result = each_world.app.invite({"survey": survey}, each_world.context())
    assert [(each["household"], each["schools"]) for each in result["invitations"]] == [
        ("ana", ["s-1"]), ("ben", ["s-1", "s-2"]), ("cleo", ["s-2"])
    ]  # fmt: skip
    assert len({each["token"] for each in result["invitations"]}) == result["issued"] == 3
    [event] = each_world.events("InvitationsIssued")
    assert event.data == {
        "survey": survey, "district": "d-1", "count": 3, "schools": {"s-1": 2, "s-2": 2},
        "issued_on": "2026-10-07",
    }  # fmt: skip


def test_a_schools_survey_invites_the_schools_households(world: World) -> None:
    world.households(["ana", "ben"], "s-1")
    world.households(["ben", "cleo"], "s-2")
    survey = world.open(school="s-2")

    result = world.app.invite({"survey": survey}, world.context())
    assert [(each["household"], each["schools"]) for each in result["invitations"]] == [
        ("ben", ["s-2"]), ("cleo", ["s-2"])
    ]  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_inviting_again_reaches_only_households_that_are_new_since(each_world: World, mode: str) -> None:
    each_world.households(["ana", "ben"])
    survey = each_world.open(mode=mode)
    first = each_world.invite(survey)
    assert each_world.app.invite({"survey": survey}, each_world.context())["created"] is False
    each_world.households(["cleo"])
    second = each_world.invite(survey)

    assert (set(first), set(second)) == ({"ana", "ben"}, {"cleo"})
    assert [event.data["count"] for event in each_world.events("InvitationsIssued")] == [2, 1]
    for token in (*first.values(), *second.values()):
        assert each_world.submit(survey, token)["created"]


def test_a_repeated_key_does_not_show_the_tokens_again(world: World) -> None:
    world.households(["ana"])
    survey = world.open()
    first = world.app.invite({"survey": survey}, world.context(key=9))
    again = world.app.invite({"survey": survey}, world.context(key=9))

    assert (len(first["invitations"]), again["invitations"]) == (1, [])
    assert (first["created"], again["created"]) == (True, False)
    assert again["position"] == first["position"]


def test_tokens_that_got_lost_are_replaced_for_those_who_have_not_answered(each_world: World) -> None:
    survey, lost = each_world.confidential("ana", "ben")
    each_world.submit(survey, lost["ana"])
    each_world.households(["cleo"])
    replaced = each_world.invite(survey, replace=True)

    assert set(replaced) == {"ben", "cleo"}
    with pytest.raises(Refused, match="newer one"):
        each_world.submit(survey, lost["ben"])
    assert each_world.submit(survey, replaced["ben"])["created"]
    assert each_world.submit(survey, replaced["cleo"])["created"]
    assert [event.data["count"] for event in each_world.events("InvitationsIssued")] == [2, 1]


def test_anonymous_tokens_are_replaced_only_while_nobody_has_answered(each_world: World) -> None:
    survey, lost = each_world.anonymous("ana", "ben")
    replaced = each_world.invite(survey, replace=True)
    with pytest.raises(Refused, match="already been used"):
        each_world.submit(survey, lost["ana"])
    each_world.submit(survey, replaced["ana"])

    with pytest.raises(Refused, match="only while none is spent"):
        each_world.invite(survey, replace=True)
    assert each_world.submit(survey, replaced["ben"])["created"]
