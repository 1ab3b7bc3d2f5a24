"""The answers of the home survey: from events to the arrays that the report's analysis works on."""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from alliance.database import Database
from services.evaluation import survey_answers
from services.evaluation.projections import metadata
from services.evaluation.projections.cells import bucket
from services.evaluation.projections.responses import Responses
from services.evaluation.report.survey_data import Item
from tests.builders_evaluation import YEAR, History, MemoryRows, State, fold, interleaved, store
from tests.world_evaluation import ITEMS, World, worlds

#: Responses that are kept in one row together.
STREAMS_OF_ONE_ROW = [name for n in range(6000) if bucket(name := f"response-{n}") == 0][:8]
TWO_ITEMS = [("c1", "communication", False), ("h1", "home_learning", True)]


def kept(state: State) -> list[tuple[str, str, list[Any]]]:
    """(district, survey, response) of each."""
    return [
        (district, survey, response)
        for (district, survey, _), row in state.get("responses", {}).items()
        for response in json.loads(row["responses"])
    ]


def open_survey(answers: list[dict[str, int | None]]) -> History:
    history = History()
    history.instrument(TWO_ITEMS)
    history.survey()
    for each in answers:
        history.submitted(each)
    return history


@given(worlds())
def test_every_response_of_a_state_is_there_once_with_its_answers_in_the_items_order(world: World) -> None:
    expected = Counter(
        (survey, tuple(answers.get(item) for item, _, _ in ITEMS))
        for survey, of in world.surveys.items()
        for _, answers in of.responses
    )
    found = kept(fold(Responses(), world.history.events))
    assert Counter((survey, tuple(response[-1])) for _, survey, response in found) == expected
    assert all(world.surveys[survey].district == district for district, survey, _ in found)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["c1", "h1"]), st.integers(1, 5) | st.none(), min_size=1), max_size=8
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_families_answered_cannot_be_told(
    answers: list[dict[str, int | None]], random: Random
) -> None:
    history = open_survey([])
    for stream, each in zip(STREAMS_OF_ONE_ROW, answers, strict=False):
        history.record(
            "SurveySubmitted", stream, survey="v1", instrument="home-survey", version=1, district="d1",
            schools=[], household=None, language="en", mode="web", answers=each, complete=False,
            submitted_on="2027-02-03",
        )  # fmt: skip
    instrument, *others = history.events
    mixed = fold(Responses(), [instrument, *interleaved(others, random, by="stream")])
    assert mixed == fold(Responses(), history.events)
    assert len(mixed.get("responses", {})) <= 1
    assert len(kept(mixed)) == len(answers)


def test_nothing_of_a_household_a_school_or_a_day_is_kept() -> None:
    history = open_survey([])
    history.submitted({"c1": 4}, ["a-school"], household="a-household")
    text = json.dumps(kept(fold(Responses(), history.events)))
    assert json.loads(text) == [["d1", "v1", ["home-survey", 1, "web", "en", True, [4, None]]]]
    for secret in ("a-household", "a-school", "2027-02-03"):
        assert secret not in text


def test_a_sheet_that_came_back_empty_is_no_response_but_one_that_is_not_sure_is() -> None:
    found = kept(fold(Responses(), open_survey([{}, {"c1": None, "h1": None}]).events))
    assert [response[-1] for _, _, response in found] == [[None, None]]


def test_a_response_to_an_unknown_instrument_is_refused_and_changes_nothing() -> None:
    history = open_survey([{"c1": 4}])
    history.submitted({"c1": 4}, instrument="another")
    projection, state = Responses(), State()
    *before, last = history.events
    for event in before:
        projection.fold(MemoryRows(state, projection.keys(event)), event)
    as_before = deepcopy(state)
    with pytest.raises(LookupError, match="another version 1 has not been published"):
        projection.fold(MemoryRows(state, projection.keys(last)), last)
    assert state == as_before


def filled(database: Database, history: History) -> Connection:
    metadata.create_all(database.engine)
    connection = database.engine.connect()
    store(connection, history.events)
    return connection


def test_the_years_answers_come_as_arrays_of_each_instrument(database: Database) -> None:
    history = open_survey([{"c1": 4, "h1": 2}, {"c1": None}])
    history.instrument([("x", "trust", False)], "another")
    history.survey("v2", "d2", instrument="another")
    history.submitted({"x": 5}, survey="v2", district="d2", instrument="another")
    history.survey("v3", school_year="2025-26")
    history.submitted({"c1": 1, "h1": 1}, survey="v3")
    with filled(database, history) as connection:
        another, home = survey_answers.answers(connection, YEAR)
        again = survey_answers.answers(connection, YEAR)
        assert survey_answers.versions(connection, YEAR) == [("another", 1), ("home-survey", 1)]
        assert survey_answers.answers(connection, "2020-21") == ()
    assert (another.title, home.title) == ("another, version 1", "home-survey, version 1")
    assert home.source == f"home survey {YEAR}"
    assert home.items == (Item("c1", "communication"), Item("h1", "home_learning", reversed=True))
    assert home.points == {"communication": (1.0, 5.0), "home_learning": (1.0, 5.0)}
    assert sorted(map(str, home.answers.tolist())) == ["[4.0, 2.0]", "[nan, nan]"]
    assert home.strata is not None
    assert home.strata.counts() == {"d1": 2}
    assert another.strata is not None
    assert another.strata.counts() == {"d2": 1}
    assert home.modes is not None
    assert home.languages is not None
    assert (home.modes.counts(), home.languages.counts()) == ({"web": 2}, {"en": 2})
    assert home.complete.tolist() == [True, True]  # as it came with the responses
    np.testing.assert_array_equal(home.answers, again[1].answers)


def test_districts_come_in_order_and_each_answer_stays_with_its_district(database: Database) -> None:
    history = History()
    history.instrument(TWO_ITEMS)
    of_district = {"d1": 1, "d2": 2, "d3": 3}
    for district, answer in reversed(of_district.items()):
        history.survey(f"v-{district}", district)
        for _ in range(20):
            history.submitted({"c1": answer, "h1": answer}, survey=f"v-{district}", district=district)
    with filled(database, history) as connection:
        (found,) = survey_answers.answers(connection, YEAR)
    assert found.strata is not None
    names = [found.strata.names[code] for code in found.strata.codes]
    assert names == ["d1"] * 20 + ["d2"] * 20 + ["d3"] * 20
    assert [of_district[name] for name in names] == found.answers[:, 0].tolist()


def test_invitations_are_counted_by_district_of_the_years_surveys_of_the_instrument(
    database: Database,
) -> None:
    history = open_survey([])
    history.invited(40, {"s1": 30, "s2": 10})
    history.survey("v2")
    history.invited(5, {"s1": 5}, "v2")
    history.survey("v3", "d2")
    history.invited(7, {}, "v3", "d2")
    history.survey("v4", "d2", school_year="2025-26")
    history.invited(100, {}, "v4", "d2")
    history.survey("v5", "d2", instrument="another")
    history.invited(1000, {}, "v5", "d2")
    history.record(
        "SurveyOpened", "survey-v6", survey="v6", instrument="home-survey", version=2, mode="anonymous",
        school_year=YEAR, district="d2", school=None, opens_on="2027-02-01", closes_on="2027-02-26",
    )  # fmt: skip
    history.invited(10000, {}, "v6", "d2")
    with filled(database, history) as connection:
        asked = survey_answers.asked(connection, YEAR, "home-survey", 1)
    assert asked.invited == {"d1": 45, "d2": 7}
