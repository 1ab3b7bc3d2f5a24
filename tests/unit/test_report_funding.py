"""What a budget becomes in each scenario: to the cent, with every floor, or an error that says what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.methods.inputs import BadInput
from services.evaluation.report.funding import District, Plan, scenarios

PLAN = Plan(budget=1_000_000_00, floor=1_000_00, coordinators=8, coordinator_cost=50_000_00)
THREE = {"a": District(4000, 1000), "b": District(1000, 900), "c": District(50, 5)}


def test_a_budget_is_shared_by_students_above_the_floors() -> None:
    by_students, _, _ = scenarios(THREE, PLAN)
    # 997,000 dollars by 4000, 1000 and 50 of 5050 students.
    assert by_students.amounts == {
        "a": 1_000_00 + 78_970_297,
        "b": 1_000_00 + 19_742_574,
        "c": 1_000_00 + 987_129,
    }


def test_by_need_the_students_not_yet_reached_count() -> None:
    _, by_need, _ = scenarios(THREE, PLAN)
    assert by_need.amounts["a"] < 2 * by_need.amounts["b"]
    assert by_need.amounts["c"] == 1_000_00 + round(997_000_00 * 5 / 1905)


def test_coordinators_come_first_one_for_each_district() -> None:
    _, _, first = scenarios(THREE, PLAN)
    assert first.coordinators == {"a": 4, "b": 3, "c": 1}
    assert first.amounts["c"] == 50_000_00 + round(600_000_00 * 50 / 5050)


districts = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3),
    st.integers(1, 50_000).flatmap(lambda n: st.builds(District, st.just(n), st.floats(0, n))),
    min_size=1,
    max_size=30,
)


@given(districts, st.integers(0, 10**10), st.integers(0, 10**6), st.integers(0, 20), st.integers(0, 10**7))
def test_every_scenario_spends_the_budget_to_the_cent_and_keeps_the_floors(
    given: dict[str, District], extra: int, floor: int, more: int, cost: int
) -> None:
    coordinators = len(given) + more
    budget = max(floor * len(given), coordinators * cost) + extra
    for scenario in scenarios(given, Plan(budget, floor, coordinators, cost)):
        assert sum(scenario.amounts.values()) == budget
        assert set(scenario.amounts) == set(given)
        least = floor if not scenario.coordinators else cost
        assert min(scenario.amounts.values()) >= least


@given(districts)
def test_the_order_of_the_districts_does_not_matter(given: dict[str, District]) -> None:
    plan = replace(PLAN, coordinators=len(given) + 3, budget=10**10)
    assert scenarios(given, plan) == scenarios(dict(reversed(given.items())), plan)


def test_where_nobody_is_in_need_all_students_count() -> None:
    nobody = {name: District(of.students, 0) for name, of in THREE.items()}
    by_students, by_need, _ = scenarios(nobody, PLAN)
    assert by_need.amounts == by_students.amounts


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (
            replace(PLAN, budget=0),
            r"budget = 0 cents is below the floors: 3 districts x 100000 cents are 300000",
        ),
        (replace(PLAN, budget=299_999), "is below the floors"),
        (replace(PLAN, budget=300_000), "is below 8 coordinators, who cost 40000000"),
        (replace(PLAN, coordinators=2), r"coordinators = 2: each of 3 districts has one"),
        (replace(PLAN, floor=-1), "floor = -1 is negative"),
    ],
)
def test_a_budget_that_does_not_reach_says_what_it_would_take(plan: Plan, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        scenarios(THREE, plan)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "there is none to fund"),
        ({"a": District(-1, 0)}, r"districts\['a'\]"),
        ({"a": District(10, 11)}, r"districts\['a'\]: 11 of 10 students"),
        ({"a": District(10, float("nan"))}, r"districts\['a'\]"),
        ({"a": District(0, 0)}, "none has a student"),
    ],
)
def test_districts_that_cannot_be_funded_are_named(given: dict[str, District], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        scenarios(given, PLAN)


def test_with_no_money_and_no_floor_everybody_gets_nothing() -> None:
    for scenario in scenarios(THREE, Plan(0, 0, 3, 0)):
        assert set(scenario.amounts.values()) == {0}
