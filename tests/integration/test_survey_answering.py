"""Responses, one and many, and every wrong turn."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alliance.database import Database
from alliance.errors import Invalid, NotFound, Refused
from services.surveys import tokens
from tests.builders_surveys import FAMILY, World, answers

MODES = ("confidential", "anonymous")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Database(f"sqlite:///{tmp_path / 'surveys.db'}"))


@pytest.fixture
def each_world(database: Database) -> World:
    """Once on SQLite and once on PostgreSQL, where the SQL is what is tested."""
    return World(database)


@pytest.fixture(params=MODES)
def survey(request: pytest.FixtureRequest, world: World) -> tuple[str, dict[str, str]]:
    """An open survey of either mode with its tokens by household: ana, ben and cleo."""
    world.households(["ana", "ben", "cleo"])
    id_ = world.open(mode=request.param)
    return id_, world.invite(id_)


# --- answering


def test_a_confidential_response_carries_its_household_and_schools(each_world: World) -> None:
    each_world.households(["ana"], "s-1")
    survey, issued = each_world.confidential("ana", mode="confidential")
    result = each_world.submit(survey, issued["ana"], answers(5, 4, None), language="es", mode="sms")

    [event] = each_world.responses(survey)
    assert event.data == {
        "survey": survey, "instrument": "home-survey", "version": 1, "district": "d-1", "schools": ["s-1"],
        "household": "ana", "language": "es", "mode": "sms", "answers": {"c1": 5, "c2": 4, "c3": None},
        "complete": False, "submitted_on": "2026-10-07",
    }  # fmt: skip
    assert result == {
        "survey": survey, "created": True, "complete": False,
        "position": {"source": "surveys", "sequence": event.position},
    }  # fmt: skip


def test_an_anonymous_response_of_a_district_carries_no_school_and_that_of_a_school_its_school(
    world: World,
) -> None:
    for school, schools in ((None, []), ("s-1", ["s-1"])):
        survey, issued = world.anonymous("ana", school=school)
        world.submit(survey, issued["ana"], answers(1))
        world.close(survey)

        [event] = world.responses(survey)
        assert (event.data["household"], event.data["schools"]) == (None, schools)
        assert (event.data["answers"], event.data["complete"]) == ({"c1": 1}, False)


def test_a_confidential_household_that_answers_again_gets_its_first_result(each_world: World) -> None:
    survey, issued = each_world.confidential("ana")
    first = each_world.submit(survey, issued["ana"], answers(every=5))
    again = each_world.submit(survey, issued["ana"], answers(every=5))
    each_world.close(survey)
    after_closing = each_world.submit(survey, issued["ana"], answers(every=5))

    assert again == after_closing == {**first, "created": False}
    assert [event.data["answers"] for event in each_world.responses(survey)] == [answers(every=5)]


@pytest.mark.parametrize("closed", [False, True])
def test_a_confidential_token_is_spent_for_other_answers_which_are_checked_first(
    each_world: World, closed: bool
) -> None:
    survey, issued = each_world.confidential("ana")
    each_world.submit(survey, issued["ana"], answers(every=5))
    if closed:
        each_world.close(survey)

    with pytest.raises(Refused, match="already been used, with other answers") as spent:
        each_world.submit(survey, issued["ana"], answers(1))
    with pytest.raises(Invalid):
        each_world.submit(survey, issued["ana"], {"c1": 6})

    assert [error["field"] for error in spent.value.errors] == ["token"]
    assert [event.data["answers"] for event in each_world.responses(survey)] == [answers(every=5)]


def test_of_two_confidential_sheets_of_one_household_in_a_bulk_the_second_is_refused(
    each_world: World,
) -> None:
    survey, issued = each_world.confidential("ana")
    sheet = {"token": issued["ana"], "language": "en", "mode": "web"}
    sheets = [{**sheet, "answers": answers(1)}, {**sheet, "answers": answers(2)}]

    result = each_world.app.submit_responses({"survey": survey, "responses": sheets}, each_world.context())

    assert [each["status"] for each in result["results"]] == [201, 409]


def test_a_confidential_repeat_with_the_same_key_gets_its_first_result(world: World) -> None:
    survey, issued = world.confidential("ana")
    first, again = (
        world.submit(survey, issued["ana"], context=world.context(FAMILY, key=3)) for _ in range(2)
    )

    assert again == {**first, "created": False}


@pytest.mark.parametrize("key", [None, 3])
def test_an_anonymous_token_works_once_and_the_repeat_hears_that_the_answers_have_arrived(
    each_world: World, key: int | None
) -> None:
    survey, issued = each_world.anonymous("ana")
    each_world.submit(survey, issued["ana"], context=each_world.context(FAMILY, key=key))
    with pytest.raises(Refused, match="already been used") as refused:
        each_world.submit(survey, issued["ana"], context=each_world.context(FAMILY, key=key))

    assert "they have arrived" in refused.value.detail
    assert refused.value.errors[0]["field"] == "token"
    each_world.close(survey)
    assert len(each_world.responses(survey)) == 1


def test_a_token_of_another_survey_is_foreign(world: World, survey: tuple[str, dict[str, str]]) -> None:
    id_, _ = survey
    other = world.open()
    foreign = world.invite(other)["ana"]

    with pytest.raises(Refused, match="does not belong to this survey"):
        world.submit(id_, foreign)
    assert world.submit(other, foreign)["created"]


def test_a_made_up_token_does_not_open_a_survey(world: World, survey: tuple[str, dict[str, str]]) -> None:
    id_, _ = survey
    with pytest.raises(Refused):
        world.submit(id_, tokens.make(b"another secret", id_, b"0123456789"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"given": {"c1": 6}}, "answers.c1"),
        ({"given": {"c9": 3}}, "answers.c9"),
        ({"language": "fr"}, "language"),
        ({"mode": "pigeon"}, "mode"),
        ({"token": "7H2K"}, "token"),
    ],
)
def test_a_response_that_cannot_be_taken_names_the_field_and_spends_nothing(
    world: World, survey: tuple[str, dict[str, str]], body: dict[str, Any], field: str
) -> None:
    id_, issued = survey
    with pytest.raises(Invalid) as refused:
        world.submit(id_, **{"token": issued["ana"], **body})

    assert [error["field"] for error in refused.value.errors] == [field]
    assert world.submit(id_, issued["ana"])["created"]


@pytest.mark.parametrize(
    ("now", "mode", "says"),
    [
        # Midnight in Mississippi is five in the morning of UTC in October.
        (datetime(2026, 10, 5, 4, 59, tzinfo=UTC), "web", "opens on 2026-10-05"),
        (datetime(2026, 10, 5, 5, 0, tzinfo=UTC), "web", None),
        (datetime(2026, 10, 24, 4, 59, tzinfo=UTC), "web", None),
        (datetime(2026, 10, 24, 5, 0, tzinfo=UTC), "web", "ended on 2026-10-23"),
        (datetime(2026, 10, 24, 5, 0, tzinfo=UTC), "paper", None),
    ],
)
def test_a_day_of_the_survey_is_a_day_in_mississippi(
    world: World, survey: tuple[str, dict[str, str]], now: datetime, mode: str, says: str | None
) -> None:
    id_, issued = survey
    world.now = now
    if says is None:
        assert world.submit(id_, issued["ana"], mode=mode)["created"]
    else:
        with pytest.raises(Refused, match=says):
            world.submit(id_, issued["ana"], mode=mode)


def test_a_closed_survey_takes_nothing_more(world: World, survey: tuple[str, dict[str, str]]) -> None:
    id_, issued = survey
    world.close(id_)
    with pytest.raises(Refused, match="was closed on 2026-10-07"):
        world.submit(id_, issued["ana"])
    with pytest.raises(Refused, match="was closed"):
        world.invite(id_)


def test_an_unknown_survey_is_not_found(world: World) -> None:
    for operation in (world.app.invite, world.app.survey, world.app.close_survey):
        with pytest.raises(NotFound):
            operation({"survey": "v-0"}, world.context())
    with pytest.raises(NotFound):
        world.submit("v-0", "7H2K-9QWE-5TVX-0BCD-M3NP")


# --- many at once


def test_of_many_responses_each_has_its_own_result_in_the_order_given(
    world: World, survey: tuple[str, dict[str, str]]
) -> None:
    id_, issued = survey
    confidential = world.app.survey({"survey": id_}, world.context())["mode"] == "confidential"
    sheets = [
        {"token": issued["ana"], "language": "en", "mode": "paper", "answers": answers(every=5)},
        {"token": issued["ben"], "language": "en", "mode": "paper", "answers": {"c1": 9}},
        {"token": "nonsense", "language": "en", "mode": "paper", "answers": answers(1)},
        {"token": issued["ana"], "language": "en", "mode": "paper", "answers": answers(every=5)},
        {"token": issued["cleo"], "language": "es", "mode": "scan", "answers": answers(1)},
    ]

    results = world.app.submit_responses({"survey": id_, "responses": sheets}, world.context())["results"]
    assert [each["status"] for each in results] == [201, 422, 422, 200 if confidential else 409, 201]
    assert [each.get("complete") for each in results] == [
        True,
        None,
        None,
        True if confidential else None,
        False,
    ]
    assert results[1]["problem"]["errors"][0]["field"] == "answers.c1"
    world.close(id_)
    assert sorted(len(event.data["answers"]) for event in world.responses(id_)) == [1, 15]


def test_many_responses_to_a_closed_survey_are_each_refused(
    world: World, survey: tuple[str, dict[str, str]]
) -> None:
    id_, issued = survey
    world.close(id_)
    sheets = [
        {"token": token, "language": "en", "mode": "paper", "answers": answers(1)}
        for token in issued.values()
    ]

    results = world.app.submit_responses({"survey": id_, "responses": sheets}, world.context())["results"]
    assert [each["status"] for each in results] == [409, 409, 409]
