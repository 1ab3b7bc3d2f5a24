"""The surveys service: instruments, opening, who may do what, and closing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alliance import contracts
from alliance.context import Caller
from alliance.database import Database
from alliance.errors import AllianceError, Forbidden, Invalid, KeyReused, NotFound, Refused
from services.surveys.tables import anonymous_tokens, confidential_tokens, waiting_responses
from tests.builders_surveys import FAMILY, OPENING, STATE, World, document, names

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


# --- instruments


def test_the_shipped_instrument_can_be_read_with_its_texts_and_its_hash(each_world: World) -> None:
    [instrument] = each_world.app.instruments({}, each_world.context())["instruments"]

    [event] = each_world.events("InstrumentPublished")
    assert instrument == {**document(), "hash": event.data["hash"]}


def test_publishing_the_shipped_instruments_again_adds_nothing(each_world: World) -> None:
    head = each_world.log.head()

    assert [
        each["created"] for each in each_world.app.publish_shipped({}, each_world.context())["results"]
    ] == [False]
    assert each_world.log.head() == head


def test_a_new_version_stands_beside_the_old_one(world: World) -> None:
    world.app.publish_instrument({**document(), "version": 2}, world.context())

    listed = world.app.instruments({}, world.context())["instruments"]
    assert [(each["instrument"], each["version"]) for each in listed] == [
        ("home-survey", 1),
        ("home-survey", 2),
    ]


def test_changed_content_under_a_published_version_is_refused(world: World) -> None:
    changed = document()
    changed["title"]["en"] = "Another survey"
    with pytest.raises(Refused, match="new version"):
        world.app.publish_instrument(changed, world.context())


@pytest.mark.parametrize("role", ["district", "school", "teacher", "integrator", "family"])
def test_only_the_state_publishes(world: World, role: str) -> None:
    with pytest.raises(Forbidden):
        world.app.publish_instrument({**document(), "version": 2}, world.context(Caller(role, ("d-1",))))


# --- opening


def test_an_opened_survey_can_be_read(world: World) -> None:
    survey = world.open(school="s-1")

    shown = world.app.survey({"survey": survey}, world.context())
    assert shown == {
        **OPENING, "school": "s-1", "survey": survey, "status": "open", "closed_on": None,
        "invited": 0, "responses": 0,
    }  # fmt: skip


def test_opening_with_the_same_idempotency_key_gives_the_same_survey(each_world: World) -> None:
    first = each_world.app.open_survey(OPENING, each_world.context(key=7))
    again = each_world.app.open_survey(OPENING, each_world.context(key=7))

    assert (first["created"], again["created"]) == (True, False)
    assert (first["survey"], first["position"]) == (again["survey"], again["position"])


def test_an_idempotency_key_of_another_survey_is_refused(world: World) -> None:
    world.app.open_survey(OPENING, world.context(key=7))
    with pytest.raises(KeyReused):
        world.app.open_survey({**OPENING, "mode": "anonymous"}, world.context(key=7))


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"district": "d-0"}, NotFound, None),
        ({"school": "s-0"}, NotFound, None),
        ({"school": "s-9"}, Invalid, "school"),
        ({"version": 9}, NotFound, "instrument"),
        ({"instrument": "other"}, NotFound, "instrument"),
        ({"school_year": "2026-28"}, Invalid, "school_year"),
        ({"opens_on": "2026-02-30"}, Invalid, "opens_on"),
        ({"opens_on": "2025-10-05"}, Invalid, "opens_on"),
        ({"closes_on": "2026-10-01"}, Invalid, "closes_on"),
    ],
)
def test_an_impossible_survey_says_what_is_wrong(
    world: World, changes: dict[str, Any], error: type[AllianceError], field: str | None
) -> None:
    with pytest.raises(error) as refused:
        world.open(**changes)
    assert [each["field"] for each in refused.value.errors] == ([field] if field else [])


# --- who may


@pytest.mark.parametrize(
    ("caller", "allowed"),
    [
        (Caller("state"), {"district", "school"}),
        (Caller("integrator"), {"district", "school"}),
        (Caller("district", ("d-1",)), {"district", "school"}),
        (Caller("school", ("s-1",)), {"school"}),
        (Caller("school", ("s-2",)), set()),
        (Caller("teacher", ("c-s-1",)), set()),
        (Caller("district", ("d-9",)), set()),
        (Caller("family"), set()),
    ],
)
@pytest.mark.parametrize("unit", ["district", "school"])
def test_a_survey_is_opened_run_and_closed_by_those_whose_unit_covers_it(
    world: World, caller: Caller, allowed: set[str], unit: str
) -> None:
    school = "s-1" if unit == "school" else None
    survey = world.open(school=school)
    operations = (
        lambda: world.app.open_survey({**OPENING, "school": school}, world.context(caller)),
        lambda: world.app.invite({"survey": survey}, world.context(caller)),
        lambda: world.app.survey({"survey": survey}, world.context(caller)),
        lambda: world.app.close_survey({"survey": survey}, world.context(caller)),
    )
    for operation in operations:
        if unit in allowed:
            operation()
        else:
            with pytest.raises(Forbidden):
                operation()


def test_who_types_in_sheets_needs_a_token_of_the_unit_and_a_family_its_invitation_only(
    world: World, survey: tuple[str, dict[str, str]]
) -> None:
    id_, issued = survey
    with pytest.raises(Forbidden):
        world.submit(id_, issued["ana"], context=world.context(Caller("district", ("d-9",))))

    assert world.submit(id_, issued["ana"], context=world.context(Caller("district", ("d-1",))))["created"]
    assert world.submit(id_, issued["ben"], context=world.context(FAMILY))["created"]


# --- closing


def test_closing_brings_what_waits_to_the_log_before_the_closing_itself(each_world: World) -> None:
    survey, issued = each_world.anonymous("ana", "ben", "cleo")
    for token in issued.values():
        each_world.submit(survey, token)
    assert each_world.responses(survey) == []
    result = each_world.close(survey)

    assert [event.type for event in each_world.log.read(0, 100)][-4:] == [
        *["SurveySubmitted"] * 3,
        "SurveyClosed",
    ]
    assert result["position"]["sequence"] == each_world.log.head()[0]
    assert each_world.rows(waiting_responses) == []


def test_closing_again_is_no_news_and_a_repeat_gets_the_first_answer(each_world: World) -> None:
    survey, _ = each_world.anonymous("ana")
    first = each_world.close(survey, key=5)
    repeat = each_world.close(survey, key=5)
    again = each_world.close(survey)

    assert (first["created"], repeat["created"], again["created"]) == (True, False, False)
    assert repeat["position"] == first["position"]
    assert len(each_world.events("SurveyClosed")) == 1


@pytest.mark.parametrize("mode", MODES)
def test_the_survey_counts_who_was_invited_and_who_answered_waiting_or_not(
    each_world: World, mode: str
) -> None:
    households = names(13)
    each_world.households(households)
    survey = each_world.open(mode=mode)
    issued = each_world.invite(survey)
    for household in households[:11]:
        each_world.submit(survey, issued[household])

    shown = each_world.app.survey({"survey": survey}, each_world.context(Caller("district", ("d-1",))))
    assert (shown["invited"], shown["responses"], shown["status"]) == (13, 11, "open")
    each_world.close(survey)
    shown = each_world.app.survey({"survey": survey}, each_world.context(STATE))
    assert (shown["invited"], shown["responses"], shown["status"]) == (13, 11, "closed")
    assert len(each_world.responses(survey)) == 11


def test_every_event_fits_its_contract(each_world: World) -> None:
    for mode in MODES:
        each_world.households(["ana"])
        survey = each_world.open(mode=mode)
        each_world.submit(survey, each_world.invite(survey)["ana"])
        each_world.close(survey)

    recorded = each_world.log.read(0, 100)
    assert {event.type for event in recorded} == {
        each.type for each in contracts.contracts() if each.source == "surveys"
    }
    for event in recorded:
        contracts.write(event.type, event.schema_version, event.data)


def test_the_two_modes_keep_their_tokens_apart(world: World) -> None:
    survey, _ = world.anonymous("ana", "ben")
    assert (len(world.rows(anonymous_tokens)), len(world.rows(confidential_tokens))) == (2, 0)
    other = world.open()
    world.invite(other)
    assert {row["survey"] for row in world.rows(confidential_tokens)} == {other}
    assert {row["survey"] for row in world.rows(anonymous_tokens)} == {survey}
