"""Districts compared: what a reader is shown of each, and what not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.effectiveness import Compared, Comparison, compare
from services.evaluation.indicators import DEFINITIONS, INDICATORS, Ratio
from services.evaluation.scorecards import Month, Scorecard

PLEDGES = "pledges_signed"


def card(**ratios: tuple[int, int]) -> Scorecard:
    given = {name: Ratio(*ratios.get(name, (0, 0))) for name in INDICATORS}
    folders = given["folders_returned"]
    month = Month("2026-09", True, {"folders_returned": folders})
    return Scorecard(indicators=given, months=(month,))


def pledges(*districts: tuple[int, int]) -> Comparison:
    cards = {f"d{number}": card(pledges_signed=of) for number, of in enumerate(districts)}
    return compare(cards)[PLEDGES]


def told(compared: Compared) -> dict[str, Any]:
    return {name: value for name, value in compared.to_json().items() if value is not None}


def test_a_large_district_is_shown_with_estimate_interval_reliability_and_verdict() -> None:
    found = pledges((300, 400), (250, 400), (700, 1000), (90, 120)).districts["d0"].to_json()
    assert (found["status"], found["n"], found["rate"]) == ("shown", 400, 0.75)
    assert found["verdict"] == "consistent with the state"
    assert found["low"] < found["estimate"] < found["high"]
    assert 0 < found["reliability"] < 1
    best, worst = found["rank"]
    assert 1 <= best <= worst <= 4


def test_a_small_district_shows_its_rate_in_steps_of_five_and_nothing_that_tells_its_size() -> None:
    found = pledges((300, 400), (250, 400), (9, 13), (10, 14), (11, 16)).districts["d2"]
    assert told(found) == {"status": "rate only", "rate": 0.7}


def test_a_tiny_district_shows_nothing_at_all() -> None:
    found = pledges((300, 400), (250, 400), (2, 3), (4, 9))
    assert told(found.districts["d2"]) == told(found.districts["d3"]) == {"status": "hidden"}


def test_a_tiny_district_alone_takes_the_next_smallest_along() -> None:
    found = pledges((300, 400), (250, 400), (60, 100), (2, 3))
    assert [district for district, each in found.districts.items() if each.shown.status == "hidden"] == [
        "d2",
        "d3",
    ]


def test_nearly_everybody_is_shown_as_a_bound_without_number_or_estimate() -> None:
    found = pledges((30_000, 40_000), (395, 400), (250, 400)).districts["d1"]
    assert told(found) == {"status": "bound", "at_least": 0.95}


def test_a_bound_whose_rate_would_follow_from_the_states_is_hidden() -> None:
    found = pledges((300, 400), (395, 400), (250, 400)).districts
    assert told(found["d1"]) == {"status": "hidden"}


def test_nothing_that_is_shown_depends_on_what_is_hidden() -> None:
    """Two states that differ only where nothing is shown look the same to the last digit."""
    alike = [(300, 400), (250, 400), (700, 1000), (60, 100)]
    assert pledges(*alike, (2, 3)) == pledges(*alike[:3], (60, 100), (1, 3))


def test_a_district_in_which_nobody_takes_part_hides_no_other() -> None:
    found = pledges((300, 400), (250, 400), (60, 100), (0, 0)).districts
    assert [each.shown.status for each in found.values()] == ["shown"] * 4
    assert found["d3"].to_json()["n"] == 0


def test_two_children_of_nine_months_are_two_children() -> None:
    one = Scorecard(
        indicators={**card().indicators, "folders_returned": Ratio(5, 9)},
        months=(Month("2026-09", True, {"folders_returned": Ratio(1, 1)}),) * 9,
    )
    large = card(folders_returned=(600, 900))
    found = compare({"a": one, "b": one, "c": large, "d": large})["folders_returned"].districts
    assert sum(each.shown.status == "hidden" for each in found.values()) == 3


def test_nearly_nobody_likewise() -> None:
    assert told(pledges((30_000, 40_000), (4, 400), (250, 400)).districts["d1"])["at_most"] == 0.05


def test_months_of_a_child_do_not_make_a_small_district_large() -> None:
    month = Month("2026-09", True, {"folders_returned": Ratio(3, 4)})
    small = Scorecard(
        indicators={**card().indicators, "folders_returned": Ratio(27, 36)}, months=(month,) * 9
    )
    large = card(folders_returned=(600, 900))
    found = compare({"small": small, "large": large, "other": large})["folders_returned"].districts
    assert found["small"].shown.status == "hidden"


def test_classes_are_no_persons_and_are_always_shown() -> None:
    found = compare({"a": card(classes_reported=(3, 4)), "b": card(classes_reported=(50, 60))})
    shown = found["classes_reported"].districts["a"].to_json()
    assert (shown["status"], shown["n"], shown["rate"], shown["verdict"]) == (
        "shown",
        4,
        0.75,
        "too few data",
    )


def test_the_state_has_its_own_rate_and_the_mean_of_its_districts() -> None:
    found = pledges((300, 400), (250, 400), (700, 1000))
    assert found.state.to_json()["rate"] == pytest.approx(0.694)
    # From the rate as it is shown: the exact one would tell what rounding leaves open.
    assert found.state.estimate == pytest.approx(0.694)
    assert sum(found.verdicts.values()) == 3


def test_a_state_without_districts_has_every_indicator_and_no_figure() -> None:
    found = compare({})
    assert set(found) == set(DEFINITIONS)
    assert found[PLEDGES].districts == {}
    assert (found[PLEDGES].state.shown.status, found[PLEDGES].state.shown.n) == ("shown", 0)


def test_figures_are_the_same_for_the_same_cards() -> None:
    cards = {f"d{number}": card(pledges_signed=(60 + number, 100 + number)) for number in range(8)}
    assert compare(cards) == compare(dict(reversed(cards.items())))


ratios = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=40)
@given(st.lists(st.tuples(ratios, ratios, ratios), max_size=6))
def test_any_state_can_be_shown_and_no_number_is_missing(districts: list[tuple[Any, Any, Any]]) -> None:
    cards = {
        f"d{number}": card(pledges_signed=one, folders_returned=two, survey_response=three)
        for number, (one, two, three) in enumerate(districts)
    }
    for comparison in compare(cards).values():
        for each in comparison.districts.values():
            found = each.to_json()
            numbers = [value for value in found.values() if isinstance(value, float)]
            assert all(0 <= number <= 1 for number in numbers)
            assert (found["status"] == "shown") == (found["n"] is not None)
