"""What a budget becomes: to the cent, three ways, and nothing that tells a hidden district from another."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.evaluation.methods.inputs import BadInput
from services.evaluation.report.choices import Budget, Choices
from services.evaluation.report.folder import Table
from services.evaluation.report.funding import District, Plan, scenarios
from services.evaluation.report.resources import coordinators, dollars, funding, resources, summary
from services.evaluation.scorecards import Scorecard
from tests.builders_report import material, pledges, records, snapshot, tables_of, texts, undrawn

SCENARIOS = ("by_students", "by_need", "coordinators_first")
#: Of these "c" and "d" are hidden: 14 students of whom nobody knows who has how many.
DISTRICTS = {"a": (3000, 4000), "b": (600, 1000), "c": (2, 5), "d": (4, 9)}


def tables(budget: Budget | None, **districts: tuple[int, int]) -> dict[str, Table]:
    found = material(snapshot(pledges(**(districts or DISTRICTS))), Choices(budget=budget))
    with undrawn():
        return tables_of([resources(found)])


def said(budget: Budget | None, **districts: tuple[int, int]) -> list[str]:
    with undrawn():
        return texts(resources(material(snapshot(pledges(**districts)), Choices(budget=budget))))


@pytest.mark.parametrize(
    "budget", [Budget(1_234_567_89), Budget(1_000_000_01, 100_00, 7, 50_000_03), Budget(0), None]
)
def test_each_scenario_adds_up_to_the_budget_to_the_cent(budget: Budget | None) -> None:
    found = tables(budget)
    # Without a budget: 20 dollars for each of 5014 students, or 10,000 for each of four districts.
    whole = Decimal(20 * 5014 if budget is None else budget.budget) / (1 if budget is None else 100)
    given = records(found["funding"])
    for scenario in SCENARIOS:
        assert sum(Decimal(str(each[scenario])) for each in given) == whole
    for each in records(found["funding-scenarios"]):
        assert Decimal(str(each["sum"])) == whole
        amounts = sorted(Decimal(str(row[str(each["scenario"]).replace(" ", "_")])) for row in given)
        assert (Decimal(str(each["least"])), Decimal(str(each["most"]))) == (amounts[0], amounts[-1])
        assert Decimal(str(each["middle"])) in amounts[1:3]


def test_what_a_district_gets_by_students_and_by_need_is_its_share_by_hand() -> None:
    """12,000 dollars, 1,000 for each of two first; then 10,000 by 3000 : 1000 students, and by 300 : 200 in need."""
    found = records(tables(Budget(12_000_00, 1_000_00), a=(2700, 3000), b=(800, 1000))["funding"])
    assert [(each["district"], each["by_students"], each["by_need"]) for each in found] == [
        ("a", "8500.00", "7000.00"), ("b", "3500.00", "5000.00"),
    ]  # fmt: skip


def test_hidden_districts_get_the_same_whatever_they_have() -> None:
    found = {
        str(each["district"]): each
        for each in records(tables(Budget(1_000_000_00, 100_00, 6, 1_00))["funding"])
    }
    for scenario in SCENARIOS:
        pair = [Decimal(str(found[name][scenario])) for name in ("c", "d")]
        # A cent that is left over, and a whole coordinator, go to one of them by name alone.
        assert abs(pair[0] - pair[1]) <= Decimal("1.01")
    # 7 students of 5014 each, of what is left above four floors.
    assert Decimal(str(found["c"]["by_students"])) == pytest.approx(
        Decimal(100) + Decimal(999_600) * 7 / 5014, rel=Decimal("0.0001")
    )


def test_a_district_where_nobody_is_enrolled_is_not_funded() -> None:
    with undrawn():
        found = tables_of([resources(material(snapshot({**pledges(**DISTRICTS), "none": Scorecard()})))])
    assert [each["district"] for each in records(found["funding"])] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (
            Budget(299_99, 100_00),
            r"budget = 29999 cents is below the floors: 4 districts x 10000 cents are 40000",
        ),
        (Budget(100_000_00, 0, 3), r"coordinators = 3: each of 4 districts has one"),
        (
            Budget(100_000_00, 0, 5, 20_000_01),
            r"budget = 10000000 cents is below 5 coordinators, who cost 10000005",
        ),
        (Budget(-1), "budget = -1 is negative"),
    ],
)
def test_a_budget_that_does_not_reach_is_refused_by_its_number(budget: Budget, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        material(snapshot(pledges(**DISTRICTS)), Choices(budget=budget))


def test_where_no_number_of_students_is_shown_there_are_no_scenarios_and_it_says_why() -> None:
    assert said(None, a=(2, 4)) == ["There are no scenarios: no district has students whose number is shown."]


def test_an_example_is_called_an_example_and_a_stated_budget_the_stated_one() -> None:
    example = said(None, a=(700, 1000), b=(200, 500))[0]
    assert "No budget was stated" in example
    assert "which nobody has proposed" in example
    # 20 dollars for each of 1500 students; a tenth as floors for two; coordinators for two and a quarter more.
    assert (
        "30,000.00 dollars, at least 1,500.00 for each district; 3 coordinators at 5,000.00 dollars"
        in example
    )
    stated = said(Budget(40_000_00, 500_00, 2, 9_000_00), a=(700, 1000), b=(200, 500))[0]
    assert stated == (
        "The stated budget: 40,000.00 dollars, at least 500.00 for each district; "
        "2 coordinators at 9,000.00 dollars each."
    )


def test_coordinators_by_population_differ_by_method_where_a_fraction_lies_between_the_two_means() -> None:
    """1000 and 590 students, four coordinators, one for each first and the third to the larger.

    The fourth: 1000 / sqrt(2 x 3) = 408.2 against 590 / sqrt(1 x 2) = 417.2 by equal proportions, so the smaller;
    1000 / 2.5 = 400.0 against 590 / 1.5 = 393.3 by major fractions, so the larger.
    In need are 100 and 200: 200 / sqrt 2 = 141, then 200 / sqrt 6 = 82 against 100 / sqrt 2 = 71, both the smaller.
    """
    found = records(tables(Budget(10_000_00, 0, 4, 1_000_00), a=(900, 1000), b=(390, 590))["coordinators"])
    assert [[each[key] for key in ("district", "need", "population", "webster")] for each in found] == [
        ["a", 1, 2, 3], ["b", 3, 2, 1],
    ]  # fmt: skip


def test_every_district_has_a_coordinator_and_all_are_given_out() -> None:
    found = material(snapshot(pledges(**DISTRICTS)), Choices(budget=Budget(10**9, 0, 11, 100)))
    given = records(coordinators(found))
    for method in ("need", "population", "webster"):
        seats = [int(str(each[method])) for each in given]
        assert sum(seats) == 11
        assert min(seats) >= 1


def test_money_is_written_to_the_cent() -> None:
    plan = Plan(budget=100_000_05, floor=100_00, coordinators=3, coordinator_cost=0)
    names = {"d1": "Magnolia", "d2": "Bay", "d3": "Coast"}
    shared = scenarios({name: District(100, 50) for name in names}, plan)
    found = records(funding(shared, names))
    assert [each["name"] for each in found] == ["Bay", "Coast", "Magnolia"]
    assert [each["by_students"] for each in found] == ["33333.35"] * 3
    assert [each["sum"] for each in records(summary(shared))] == ["100000.05"] * 3
    assert (dollars(5), dollars(100), dollars(123_456_07)) == ("0.05", "1.00", "123456.07")
