"""The report's tables: every figure as it may be shown, districts by name, money to the cent."""

from __future__ import annotations

from services.evaluation.effectiveness import compare
from services.evaluation.indicators import INDICATORS, Ratio
from services.evaluation.report import tables
from services.evaluation.report.exemplary import Criteria, Standing, judge
from services.evaluation.report.exemplary import sensitivity as vary
from services.evaluation.report.folder import Table
from services.evaluation.report.funding import District, Plan, scenarios
from services.evaluation.scorecards import Scorecard

NAMES = {"d1": "Magnolia", "d2": "Bay", "d3": "Coast"}


def card(signed: int, enrolled: int) -> Scorecard:
    nothing = dict.fromkeys(INDICATORS, Ratio())
    return Scorecard(indicators={**nothing, "pledges_signed": Ratio(signed, enrolled)})


CARDS = {"d1": card(3000, 4000), "d2": card(200, 300), "d3": card(2, 4)}


def records(table: Table) -> list[dict[str, object]]:
    table.check()
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_districts_are_listed_by_name_with_what_may_be_shown() -> None:
    found = [
        each
        for each in records(tables.districts(compare(CARDS), NAMES))
        if each["indicator"] == "pledges_signed"
    ]
    assert [each["name"] for each in found] == ["Bay", "Coast", "Magnolia"]
    bay, coast, magnolia = found
    assert (magnolia["n"], magnolia["rate"]) == (4000, 0.75)
    told = ("n", "rate", "estimate", "low", "high", "reliability", "verdict", "rank_best", "rank_worst")
    for hidden in (bay, coast):  # the four of the coast would follow from the bay's three hundred
        assert hidden["status"] == "hidden"
        assert [hidden[name] for name in told] == [None] * len(told)


def test_the_states_table_has_a_row_for_each_indicator_and_the_districts_by_verdict() -> None:
    found = records(tables.indicators(compare(CARDS)))
    assert [each["indicator"] for each in found] == list(INDICATORS)
    assert (found[0]["n"], found[0]["consistent"], found[0]["clause"]) == (4304, 1, "37-3-67(a)")


def test_every_reason_for_and_against_is_in_the_table() -> None:
    good = Standing("d1", "pledges_signed", 1.0, 0.9, 0.8, 0.001)
    poor = Standing("d2", "pledges_signed", 0.5, 0.9, 0.8, 0.001)
    found = records(tables.exemplary([judge(each, Criteria()) for each in (good, poor)], NAMES))
    assert [each["name"] for each in found] == ["Bay"] * 5 + ["Magnolia"] * 5
    assert [each["met"] for each in found] == [False, True, None, None, None, True, True, None, None, None]
    assert {each["named"] for each in found if each["name"] == "Bay"} == {False}
    varied = records(tables.sensitivity(vary([good, poor], Criteria(certified=0.4)), NAMES))
    assert varied[0] == {"variant": "the rule", "named": 2, "more": "", "less": ""}
    assert varied[1]["less"] == "Bay (pledges_signed)"


def test_money_is_written_to_the_cent() -> None:
    plan = Plan(budget=100_000_05, floor=100_00, coordinators=3, coordinator_cost=0)
    given = {name: District(100, 50) for name in NAMES}
    found = records(tables.funding(scenarios(given, plan), NAMES))
    assert len(found) == 9
    dollars = [str(each["dollars"]) for each in found if each["scenario"] == "by students"]
    assert sorted(dollars) == ["33333.35", "33333.35", "33333.35"]
    assert [each["coordinators"] for each in found if each["scenario"] == "coordinators first"] == [1, 1, 1]
