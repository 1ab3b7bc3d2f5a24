"""What may happen to a survey, given what has happened to it."""

from __future__ import annotations

from datetime import date

import pytest

from alliance.errors import Invalid, NotFound, Refused
from services.surveys.survey import InvitationsIssued, Survey, SurveyClosed, SurveyOpened, must_take
from tests.builders_surveys import close, given, invite, open_, when

OPENED = SurveyOpened(
    survey="v-1",
    instrument="home-survey",
    version=1,
    mode="confidential",
    school_year="2026-27",
    district="d-1",
    school=None,
    opens_on=date(2026, 10, 5),
    closes_on=date(2026, 10, 23),
)


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


# --- opening


def test_opening_records_the_unit_the_instrument_and_the_days() -> None:
    assert when(Survey(), open_()) == [OPENED]


def test_opening_again_with_the_same_facts_records_nothing() -> None:
    assert when(given(open_()), open_()) == []


def test_another_survey_under_the_same_id_is_refused() -> None:
    with pytest.raises(Refused):
        when(given(open_()), open_(mode="anonymous"))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("mode", {"mode": "secret"}),
        ("opens_on", {"opens_on": date(2026, 6, 30)}),
        ("closes_on", {"closes_on": date(2027, 7, 1)}),
        ("closes_on", {"closes_on": date(2026, 10, 4)}),
    ],
)
def test_an_impossible_opening_names_the_field(field: str, changes: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        when(Survey(), open_(**changes))
    assert [error["field"] for error in refused.value.errors] == [field]


def test_a_survey_of_one_day_is_possible() -> None:
    assert when(Survey(), open_(closes_on=date(2026, 10, 5)))


# --- inviting


def test_a_household_with_children_in_two_schools_is_one_invitation_and_counted_in_both_schools() -> None:
    issued = when(given(open_()), invite({"h-1": ["s-1", "s-2"], "h-2": ["s-2"]}))

    assert issued == [InvitationsIssued("v-1", "d-1", 2, {"s-1": 1, "s-2": 2}, day("10-05"))]


def test_inviting_nobody_records_nothing() -> None:
    assert when(given(open_(), invite({"h-1": ["s-1"]})), invite({})) == []


def test_invitations_add_up() -> None:
    assert given(open_(), invite({"h-1": ["s-1"]}), invite({"h-2": ["s-1"], "h-3": ["s-1"]})).invited == 3


def test_invitations_can_be_issued_before_the_first_day() -> None:
    assert when(given(open_()), invite({"h-1": ["s-1"]}, on="2026-09-20"))


def test_a_closed_survey_invites_nobody() -> None:
    with pytest.raises(Refused, match="was closed on 2026-10-24"):
        when(given(open_(), close()), invite({"h-1": ["s-1"]}))


# --- closing


def test_closing_records_the_day() -> None:
    assert when(given(open_()), close("2026-10-24")) == [SurveyClosed("v-1", "d-1", day("10-24"))]


def test_closing_again_records_nothing() -> None:
    assert when(given(open_(), close("2026-10-24")), close("2026-10-25")) == []


@pytest.mark.parametrize("command", [invite({"h-1": ["s-1"]}), close()])
def test_an_unknown_survey_is_not_found(command: object) -> None:
    with pytest.raises(NotFound):
        when(Survey(), command)  # type: ignore[arg-type]


# --- taking responses


@pytest.mark.parametrize("on", ["10-05", "10-14", "10-23"])
@pytest.mark.parametrize("mode", ["web", "paper", "sms", "scan"])
def test_from_the_first_day_to_the_last_every_mode_is_taken(mode: str, on: str) -> None:
    assert must_take(given(open_()), mode, day(on)) == OPENED


@pytest.mark.parametrize("mode", ["web", "paper"])
def test_nothing_is_taken_before_the_first_day(mode: str) -> None:
    with pytest.raises(Refused, match="opens on 2026-10-05"):
        must_take(given(open_()), mode, day("10-04"))


@pytest.mark.parametrize("mode", ["web", "sms"])
def test_a_family_cannot_answer_after_the_last_day(mode: str) -> None:
    with pytest.raises(Refused, match="ended on 2026-10-23"):
        must_take(given(open_()), mode, day("10-24"))


@pytest.mark.parametrize("mode", ["paper", "scan"])
def test_sheets_that_came_back_in_time_are_typed_in_until_the_survey_is_closed(mode: str) -> None:
    assert must_take(given(open_()), mode, day("10-30")) == OPENED
    with pytest.raises(Refused, match="was closed"):
        must_take(given(open_(), close("2026-10-29")), mode, day("10-30"))
