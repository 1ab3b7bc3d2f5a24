"""Which answers are taken, checked against rules written down a second time here."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.errors import Invalid
from services.surveys import response
from tests.builders_surveys import answers, shipped

INSTRUMENT = shipped()
ITEMS = [item.item for item in INSTRUMENT.items]
SOUND = st.sampled_from([1, 2, 3, 4, 5, None])
ANYTHING = st.one_of(SOUND, st.integers(), st.booleans(), st.floats(), st.text(), st.lists(st.integers()))


def fields_at_fault(language: str = "en", mode: str = "web", given: dict[str, Any] | None = None) -> set[str]:
    with pytest.raises(Invalid) as refused:
        response.read(INSTRUMENT, language, mode, answers(every=3) if given is None else given)
    return {error["field"] for error in refused.value.errors}


@given(st.dictionaries(st.sampled_from(ITEMS), SOUND, min_size=1))
def test_sound_answers_are_kept_as_they_are_and_complete_only_with_every_item(
    sound: dict[str, int | None],
) -> None:
    taken = response.read(INSTRUMENT, "es", "paper", sound)

    assert (taken.answers, taken.language, taken.mode) == (sound, "es", "paper")
    assert taken.complete == (len(sound) == 15)


@given(st.dictionaries(st.one_of(st.sampled_from(ITEMS), st.text(max_size=3)), ANYTHING, min_size=1))
def test_exactly_the_unsound_answers_are_named(given_: dict[str, Any]) -> None:
    allowed = (1, 2, 3, 4, 5)
    unsound = {
        f"answers.{item}"
        for item, answer in given_.items()
        if item not in ITEMS
        or (
            answer is not None
            and not (isinstance(answer, int) and not isinstance(answer, bool) and answer in allowed)
        )
    }
    if unsound:
        assert fields_at_fault(given=given_) == unsound
    else:
        assert response.read(INSTRUMENT, "en", "web", given_).answers == given_


@given(st.permutations(ITEMS))
def test_the_order_in_which_somebody_answered_is_not_kept(order: list[str]) -> None:
    assert list(response.read(INSTRUMENT, "en", "web", dict.fromkeys(order, 2)).answers) == ITEMS


def test_not_sure_is_an_answer_and_an_item_left_out_is_none() -> None:
    assert response.read(INSTRUMENT, "en", "web", answers(every=None)).complete
    assert not response.read(INSTRUMENT, "en", "web", answers(None)).complete


def test_a_sheet_that_came_back_empty_is_no_response() -> None:
    assert fields_at_fault(given={}) == {"answers"}


def test_every_fault_is_named_at_once() -> None:
    assert fields_at_fault("fr", "post", {"c1": 6, "x": 1}) == {"language", "mode", "answers.c1", "answers.x"}


def test_the_message_says_what_to_do_about_an_answer_out_of_range() -> None:
    with pytest.raises(Invalid) as refused:
        response.read(INSTRUMENT, "en", "web", {"c1": 0})
    assert refused.value.detail == (
        "The response cannot be taken: answers.c1 must be a whole number from 1 to 5, or null for not sure."
    )
