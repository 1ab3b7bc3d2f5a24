"""All schools at once against one after the other: the scorecards of a school are the same by either statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine

from services.evaluation import school_queries, scorecards
from services.evaluation.indicators import SCALES, Spread
from services.evaluation.projections import metadata
from services.evaluation.queries import Scope
from services.evaluation.scorecards import Scorecard
from tests.builders_evaluation import YEAR, History, interleaved, store
from tests.world_evaluation import DISTRICT_OF, FIRST_DAY, LAST_DAY, MONTHS, World, worlds


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def one_by_one(connection: Connection, month: str) -> dict[tuple[str, str], Scorecard]:
    """Each school's card by the statement that asks for it alone; the scales, which the other leaves out, emptied."""
    found = {}
    for school, district in DISTRICT_OF.items():
        cards = scorecards.by_district(connection, Scope(YEAR, district, school), month)
        assert set(cards) <= {district}
        found[district, school] = replace(
            cards.get(district, Scorecard()), survey=dict.fromkeys(SCALES, Spread())
        )
    return found


def at_once(connection: Connection, month: str) -> dict[tuple[str, str], Scorecard]:
    cards = scorecards.by_school(connection, YEAR, month)
    assert {school for of in cards.values() for school in of} <= set(DISTRICT_OF)
    return {
        (district, school): cards.get(district, {}).get(school, Scorecard())
        for school, district in DISTRICT_OF.items()
    }


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.sampled_from(MONTHS), st.randoms(use_true_random=False), st.integers(0, 120))
def test_all_schools_at_once_have_the_cards_that_each_has_by_itself(
    engine: Engine, world: World, month: str, random: Random, length: int
) -> None:
    """In a whole history, and while one source is far behind the others."""
    for events in (world.history.events, interleaved(world.history.events, random)[:length]):
        with engine.begin() as connection:
            store(connection, events)
            found, alone = at_once(connection, month), one_by_one(connection, month)
        for place in alone:
            assert found[place] == alone[place], place


def small(engine: Engine, world: World) -> dict[tuple[str, str], Scorecard]:
    with engine.begin() as connection:
        store(connection, world.history.events)
        return at_once(connection, "2026-12")


def test_a_school_with_classes_pledges_folders_and_answers_has_them_all(engine: Engine) -> None:
    """Counted by hand: two children of one class, one pledge, one folder of two back, one household of two answered."""
    world = World()
    world.register("c1", "homeroom", FIRST_DAY, LAST_DAY)
    for student in ("ana", "ben"):
        world.enrol(student, "c1", FIRST_DAY, None)
    world.sign("ana", "s1")
    world.send("c1", "2026-09", {"ana", "ben"}, 10, False)
    world.give_back("c1", "2026-09", "ana")
    world.open_survey("v1", "d1", None, "confidential")
    for household in ("h1", "h2"):
        world.invite("v1", household, {"s1"})
    world.answer("v1", "h1", {"communication-1": 4})
    card = small(engine, world)["d1", "s1"]
    pairs = {name: (each.numerator, each.denominator) for name, each in card.indicators.items()}
    assert pairs["pledges_signed"] == (1, 2)
    assert pairs["folders_returned"] == (1, 2)
    assert pairs["survey_response"] == (1, 2)
    assert pairs["classes_reported"] == pairs["classes_on_time"] == (1, 5)  # August to December


def test_answers_of_a_districts_anonymous_survey_belong_to_no_school(engine: Engine) -> None:
    world = World()
    world.open_survey("v1", "d1", None, "anonymous")
    world.invite("v1", "h1", {"s1"})
    world.answer("v1", "h1", {"communication-1": 4})
    assert small(engine, world)["d1", "s1"].indicators["survey_response"].denominator == 0


def test_a_school_is_called_by_its_name_or_else_by_its_id(engine: Engine) -> None:
    history = History()
    history.district()
    history.school("s1", "d1", "Oak Elementary")
    history.school("s2", "d1")
    with engine.begin() as connection:
        store(connection, history.events)
        assert school_queries.names(connection) == {"d1": {"s1": "Oak Elementary", "s2": "s2"}}
