"""The definitions of the indicators, one sentence each, as small histories and the scorecard they must give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from services.evaluation import scorecards
from services.evaluation.projections import metadata
from services.evaluation.queries import Scope
from services.evaluation.scorecards import Scorecard
from tests.builders_evaluation import YEAR, History, store


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def history() -> History:
    """One homeroom class of one school, with nobody in it yet."""
    history = History()
    history.district()
    history.school()
    history.class_()
    return history


def scorecard(
    engine: Engine,
    history: History,
    month: str = "2026-09",
    *,
    district: str = "d1",
    school: str | None = None,
    school_year: str = YEAR,
) -> Scorecard:
    with engine.begin() as connection:
        store(connection, history.events)
        found = scorecards.by_district(connection, Scope(school_year, district, school), month)
    return found.get(district, Scorecard())


def shown(card: Scorecard, indicator: str) -> tuple[int, int]:
    ratio = card.indicators[indicator]
    return ratio.numerator, ratio.denominator


def test_a_state_in_which_nothing_has_happened_has_a_scorecard_of_nothing(engine: Engine) -> None:
    card = scorecard(engine, History()).to_json()
    assert {name: ratio["rate"] for name, ratio in card["indicators"].items()} == {
        "pledges_signed": None,
        "classes_reported": None,
        "classes_on_time": None,
        "folders_returned": None,
        "months_met": None,
        "survey_response": None,
    }
    nothing = {"n": 0, "mean": None, "sd": None}
    assert card["survey"] == dict.fromkeys(("communication", "school_programmes", "home_learning"), nothing)


def test_a_class_without_a_student_is_expected_to_report_nothing(engine: Engine, history: History) -> None:
    assert shown(scorecard(engine, history, "2027-06"), "classes_reported") == (0, 0)


def test_a_class_is_expected_in_each_due_month_that_it_has_a_day_and_a_student_in(
    engine: Engine, history: History
) -> None:
    history.enrolled("ana", begins_on="2026-09-30")
    history.withdrawn("ana", "2026-12-01")
    assert shown(scorecard(engine, history, "2026-09"), "classes_reported") == (0, 1)
    assert shown(scorecard(engine, history, "2026-11"), "classes_reported") == (0, 3)
    assert shown(scorecard(engine, history, "2027-06"), "classes_reported") == (0, 4)


def test_a_month_is_due_for_all_once_anybody_in_the_state_has_reported_it(
    engine: Engine, history: History
) -> None:
    history.enrolled("ana")
    assert shown(scorecard(engine, history, "2026-08"), "classes_reported") == (0, 1)
    history.district("d2")
    history.school("s9", "d2")
    history.class_("c9", "s9", "d2")
    history.enrolled("zoe", "c9", "s9", "d2")
    history.sent(["zoe"], "2026-10-01", "2026-10", "c9", school="s9", district="d2")
    card = scorecard(engine, history, "2026-08")
    assert shown(card, "classes_reported") == (0, 3)
    assert [(month.period, month.due) for month in card.months[:4]] == [
        ("2026-08", True),
        ("2026-09", True),
        ("2026-10", True),
        ("2026-11", False),
    ]


def test_a_folder_sent_in_the_following_month_is_reported_and_late(engine: Engine, history: History) -> None:
    history.enrolled("ana", begins_on="2026-09-01")
    history.sent(["ana"], "2026-10-03", "2026-09")
    card = scorecard(engine, history, "2026-09")
    assert (shown(card, "classes_reported"), shown(card, "classes_on_time")) == ((1, 1), (0, 1))
    assert shown(card, "months_met") == (0, 1)


def test_a_folder_that_went_to_one_child_in_time_and_to_another_later_was_in_time(
    engine: Engine, history: History
) -> None:
    history.enrolled("ana", begins_on="2026-09-01")
    history.sent(["ana"], "2026-09-30")
    history.sent(["ben"], "2026-10-02")
    card = scorecard(engine, history)
    assert shown(card, "classes_on_time") == (1, 1)
    assert shown(card, "folders_returned") == (0, 2)


def test_where_a_school_has_homerooms_only_these_are_expected_and_count(
    engine: Engine, history: History
) -> None:
    history.class_("c1", begins_on="2026-09-01", ends_on="2026-09-30")
    history.class_("c2", kind="scheduled")
    history.enrolled("ana", begins_on="2026-09-01")
    history.enrolled("ana", "c2", begins_on="2026-09-01")
    history.sent(["ana"], "2026-09-04", class_="c2")
    assert shown(scorecard(engine, history), "classes_reported") == (0, 1)


def test_where_a_school_has_no_homeroom_with_a_student_every_class_is_expected(
    engine: Engine, history: History
) -> None:
    for class_ in ("c2", "c3"):
        history.class_(class_, kind="scheduled")
        history.enrolled("ana", class_, begins_on="2026-09-01")
    history.sent(["ana"], "2026-09-04", class_="c2")
    card = scorecard(engine, history)
    assert (shown(card, "classes_reported"), shown(card, "months_met")) == ((1, 2), (0, 1))


def test_a_month_is_met_by_a_school_when_every_expected_class_was_in_time(
    engine: Engine, history: History
) -> None:
    history.class_("c2")
    for class_ in ("c1", "c2"):
        history.enrolled("ana", class_)
        history.sent(["ana"], "2026-08-20", "2026-08", class_)
    history.sent(["ana"], "2026-09-20", "2026-09", "c1")
    assert shown(scorecard(engine, history), "months_met") == (1, 2)


def test_a_district_adds_up_the_months_of_its_schools(engine: Engine, history: History) -> None:
    history.school("s2")
    history.class_("c2", "s2")
    for class_, school in (("c1", "s1"), ("c2", "s2")):
        history.enrolled(f"child of {class_}", class_, school, begins_on="2026-09-01")
    history.sent(["child of c1"], "2026-09-20")
    assert shown(scorecard(engine, history), "months_met") == (1, 2)
    assert shown(scorecard(engine, history, school="s1"), "months_met") == (1, 1)


def test_a_closed_class_and_the_classes_of_a_closed_school_are_expected_no_longer(
    engine: Engine, history: History
) -> None:
    history.class_("c2")
    history.enrolled("ana", "c1")
    history.enrolled("ben", "c2")
    history.class_closed("c2", "2026-09-15")
    assert shown(scorecard(engine, history, "2026-11"), "classes_reported") == (0, 6)
    history.school_closed("s1", "2026-10-01")
    assert shown(scorecard(engine, history, "2026-11"), "classes_reported") == (0, 5)


def test_a_class_registered_again_after_it_was_closed_is_expected_again(
    engine: Engine, history: History
) -> None:
    history.enrolled("ana")
    history.class_closed("c1", "2026-09-15")
    history.class_()
    assert shown(scorecard(engine, history, "2026-11"), "classes_reported") == (0, 4)


def test_no_class_is_expected_after_its_last_day_however_long_its_students_are_told_to_be_in_it(
    engine: Engine, history: History
) -> None:
    history.class_("c2", kind="scheduled", begins_on="2026-09-01", ends_on="2026-10-30")
    history.class_("c1", kind="scheduled", begins_on="2026-09-01", ends_on="2026-10-30")
    history.enrolled("ana", "c1", begins_on="2026-08-06", ends_on="2027-05-26")
    history.enrolled("ben", "c2", begins_on="2026-08-06")
    assert shown(scorecard(engine, history, "2027-06"), "classes_reported") == (0, 4)


def test_a_child_moves_to_another_class_on_the_day_of_the_transfer(engine: Engine, history: History) -> None:
    history.class_("c2")
    history.enrolled("ana")
    history.transferred("ana", "c1", "c2", "2026-10-01")
    assert shown(scorecard(engine, history, "2026-09"), "classes_reported") == (0, 2)
    assert shown(scorecard(engine, history, "2026-10"), "classes_reported") == (0, 3)


def test_a_folder_of_a_month_in_which_nobody_was_in_the_class_counts_for_no_class(
    engine: Engine, history: History
) -> None:
    history.enrolled("ana", begins_on="2026-10-01")
    history.sent(["ana"], "2026-09-30", "2026-09")
    assert shown(scorecard(engine, history, "2026-09"), "classes_reported") == (0, 0)


def test_a_child_with_folders_of_two_classes_in_a_month_counts_once(engine: Engine, history: History) -> None:
    history.school("s2")
    history.class_("c2", "s2")
    history.sent(["ana"], "2026-09-04")
    history.sent(["ana", "ben"], "2026-09-21", class_="c2", school="s2")
    history.returned("ana")
    history.enrolled("ana")
    assert shown(scorecard(engine, history), "folders_returned") == (1, 2)
    assert shown(scorecard(engine, history, school="s1"), "folders_returned") == (1, 1)
    assert shown(scorecard(engine, history, school="s2"), "folders_returned") == (0, 2)


def test_a_voided_return_counts_no_longer_unless_another_class_has_one(
    engine: Engine, history: History
) -> None:
    history.class_("c2")
    for class_ in ("c1", "c2"):
        history.sent(["ana"], "2026-09-04", class_=class_)
        history.returned("ana", class_=class_)
        assert shown(scorecard(engine, history), "folders_returned") == (1, 1)
    history.voided("ana")
    assert shown(scorecard(engine, history), "folders_returned") == (1, 1)
    history.voided("ana", class_="c2")
    assert shown(scorecard(engine, history), "folders_returned") == (0, 1)


def test_a_folder_sent_again_to_the_same_child_keeps_its_return(engine: Engine, history: History) -> None:
    history.sent(["ana"], "2026-09-04")
    history.returned("ana")
    history.sent(["ana", "ben"], "2026-09-21")
    history.returned("ana")
    assert shown(scorecard(engine, history), "folders_returned") == (1, 2)


def test_a_return_of_a_folder_that_was_never_sent_counts_nothing(engine: Engine, history: History) -> None:
    history.returned("ana")
    assert shown(scorecard(engine, history), "folders_returned") == (0, 0)


def test_only_the_pledges_of_enrolled_students_count(engine: Engine, history: History) -> None:
    history.signed("ana")
    assert shown(scorecard(engine, history), "pledges_signed") == (0, 0)
    history.enrolled("ana")
    history.enrolled("ben")
    assert shown(scorecard(engine, history), "pledges_signed") == (1, 2)
    history.withdrawn("ana", "2026-10-01")
    assert shown(scorecard(engine, history), "pledges_signed") == (0, 1)


def test_a_pledge_withdrawn_and_signed_again_counts_again(engine: Engine, history: History) -> None:
    history.enrolled("ana")
    history.signed("ana")
    history.pledge_withdrawn("ana")
    assert shown(scorecard(engine, history), "pledges_signed") == (0, 1)
    history.signed("ana")
    assert shown(scorecard(engine, history), "pledges_signed") == (1, 1)


def test_a_pledge_counts_in_the_district_in_which_it_was_signed(engine: Engine, history: History) -> None:
    history.district("d2")
    history.school("s9", "d2")
    history.enrolled("ana")
    history.signed("ana")
    history.withdrawn("ana", "2026-10-09")
    history.enrolled("ana", "c9", "s9", "d2", begins_on="2026-10-12")
    assert shown(scorecard(engine, history), "pledges_signed") == (0, 0)
    assert shown(scorecard(engine, history, district="d2"), "pledges_signed") == (0, 1)


def test_a_child_of_two_schools_is_one_child_of_the_district(engine: Engine, history: History) -> None:
    history.enrolled("ana")
    history.enrolled("ana", "c2", "s2")
    history.signed("ana")
    assert shown(scorecard(engine, history), "pledges_signed") == (1, 1)
    for school in ("s1", "s2"):
        assert shown(scorecard(engine, history, school=school), "pledges_signed") == (1, 1)


def test_who_stays_to_the_last_day_of_the_class_is_still_counted_when_the_year_is_over(
    engine: Engine, history: History
) -> None:
    history.enrolled("ana", ends_on="2027-05-26")
    history.enrolled("ben")
    history.enrolled("cleo", ends_on="2027-05-25")
    assert shown(scorecard(engine, history), "pledges_signed") == (0, 2)


def test_an_earlier_time_in_the_same_class_that_is_told_later_ends_no_enrolment(
    engine: Engine, history: History
) -> None:
    history.enrolled("ana", begins_on="2026-11-02")
    history.enrolled("ana", begins_on="2026-08-06", ends_on="2026-09-30")
    assert shown(scorecard(engine, history), "pledges_signed") == (0, 1)
    history.withdrawn("ana", "2026-09-15")
    assert shown(scorecard(engine, history), "pledges_signed") == (0, 1)
    history.withdrawn("ana", "2026-12-18")
    assert shown(scorecard(engine, history), "pledges_signed") == (0, 0)


def test_another_school_year_is_another_scorecard(engine: Engine, history: History) -> None:
    history.enrolled("ana")
    history.signed("ana")
    history.class_("c8", school_year="2027-28", begins_on="2027-08-05", ends_on="2028-05-24")
    history.enrolled("ana", "c8", school_year="2027-28", begins_on="2027-08-05")
    assert shown(scorecard(engine, history), "pledges_signed") == (1, 1)
    later = scorecard(engine, history, "2027-08", school_year="2027-28")
    assert (shown(later, "pledges_signed"), shown(later, "classes_reported")) == ((0, 1), (0, 1))


ITEMS = [("c1", "communication", False), ("c2", "communication", True), ("p1", "school_programmes", False)]


def test_a_survey_has_its_responses_of_its_invitations_and_its_scores(
    engine: Engine, history: History
) -> None:
    history.instrument(ITEMS)
    history.survey()
    history.invited(4, {"s1": 4})
    history.submitted({"c1": 5, "c2": 1, "p1": None}, ["s1"])
    history.submitted({"c1": 4, "c2": 3}, ["s1"])
    card = scorecard(engine, history)
    assert shown(card, "survey_response") == (2, 4)
    scales = card.to_json()["survey"]
    assert scales["communication"] == {"n": 2, "mean": 4.25, "sd": pytest.approx(1.06066, abs=1e-5)}
    assert scales["school_programmes"] == {"n": 0, "mean": None, "sd": None}


def test_a_sheet_that_came_back_empty_is_no_response_and_not_sure_all_over_is_one(
    engine: Engine, history: History
) -> None:
    history.instrument(ITEMS)
    history.survey()
    history.invited(2, {"s1": 2})
    history.submitted({}, ["s1"])
    assert shown(scorecard(engine, history), "survey_response") == (0, 2)
    history.submitted({"c1": None, "c2": None, "p1": None}, ["s1"])
    assert shown(scorecard(engine, history), "survey_response") == (1, 2)


def test_a_household_with_children_in_two_schools_counts_once_in_the_district(
    engine: Engine, history: History
) -> None:
    history.instrument(ITEMS)
    history.survey()
    history.invited(1, {"s1": 1, "s2": 1})
    history.submitted({"c1": 4, "c2": 2}, ["s1", "s2"])
    for school in (None, "s1", "s2"):
        card = scorecard(engine, history, school=school)
        assert shown(card, "survey_response") == (1, 1)
        assert card.survey["communication"].n == 1


def test_a_school_says_nothing_of_a_districts_anonymous_survey_and_all_of_its_own(
    engine: Engine, history: History
) -> None:
    history.instrument(ITEMS)
    history.survey("v1", mode="anonymous")
    history.invited(2, {"s1": 2}, "v1")
    history.submitted({"c1": 4, "c2": 2}, [], "v1")
    history.survey("v2", school="s1", mode="anonymous")
    history.invited(3, {"s1": 3}, "v2")
    history.submitted({"c1": 4, "c2": 2}, ["s1"], "v2")
    assert shown(scorecard(engine, history), "survey_response") == (2, 5)
    card = scorecard(engine, history, school="s1")
    assert shown(card, "survey_response") == (1, 3)
    assert card.survey["communication"].n == 1


def test_responses_beyond_the_invitations_are_not_counted(engine: Engine, history: History) -> None:
    history.instrument(ITEMS)
    history.survey("v1")
    history.invited(1, {"s1": 1}, "v1")
    for _ in range(2):
        history.submitted({"c1": 4, "c2": 2}, ["s1"], "v1")
    history.survey("v2")
    history.invited(5, {"s1": 5}, "v2")
    for school in (None, "s1"):
        assert shown(scorecard(engine, history, school=school), "survey_response") == (1, 6)


def test_the_state_is_the_sum_of_its_districts(engine: Engine, history: History) -> None:
    history.enrolled("ana")
    history.signed("ana")
    history.district("d2")
    history.school("s9", "d2")
    history.enrolled("zoe", "c9", "s9", "d2")
    with engine.begin() as connection:
        store(connection, history.events)
        cards: dict[str, Any] = scorecards.by_district(connection, Scope(YEAR), "2026-09")
    assert set(cards) == {"d1", "d2"}
    state = scorecards.of_state(cards.values())
    assert (shown(state, "pledges_signed"), shown(state, "classes_reported")) == ((1, 2), (0, 2))
