"""The report's tables: every figure as it may be shown, districts by name, nothing that is hidden."""

from __future__ import annotations

from services.evaluation.effectiveness import compare
from services.evaluation.indicators import INDICATORS
from services.evaluation.report import rule_tables, tables
from services.evaluation.report.district_map import Map
from services.evaluation.report.document import Chart
from services.evaluation.report.exemplary import Criteria, Standing, judge
from services.evaluation.report.exemplary import sensitivity as vary
from services.evaluation.report.snapshot import Decided
from tests.builders_report import card, figures_of, month, pledges, records, snapshot

NAMES = {"d1": "Magnolia", "d2": "Bay", "d3": "Coast"}
CARDS = pledges(d1=(3000, 4000), d2=(200, 300), d3=(2, 4))

GOOD = Standing("d1", "pledges_signed", 1.0, 0.9, 0.8, 0.7, 0.001)
POOR = Standing("d2", "pledges_signed", 0.5, 0.9, 0.8, 0.7, 0.001)


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


def test_in_print_a_district_has_its_estimate_or_the_reason_why_there_is_none() -> None:
    cards = pledges(a=(3000, 4000), b=(950, 3000), c=(2900, 4000), d=(8, 14), e=(2, 4), f=(0, 0))
    cards["g"] = card(month("2026-09", (3, 4)), pledges_signed=(2800, 4000))
    cards["h"] = card(pledges_signed=(3960, 4000))
    names = {name: name.upper() for name in cards}
    found = {each["name"]: each for each in records(tables.verdicts(compare(cards), names))}
    assert list(found) == ["A", "B", "C", "D", "E", "F", "G", "H"]
    assert found["E"]["pledges_signed"] is None
    assert found["F"]["pledges_signed"] == "no figure"
    assert found["G"]["classes_reported"] == "75.0 %, few data"
    assert found["H"]["pledges_signed"] in ("nearly all or none", None)
    assert str(found["A"]["pledges_signed"]).startswith("7")
    assert "below" not in str(found["A"]["pledges_signed"])


def test_a_verdict_stands_beside_the_estimate_of_a_district_that_is_far_off() -> None:
    cards = pledges(**{f"d{at:02}": (700, 1000) for at in range(30)}, low=(300, 1000))
    found = {each["name"]: each for each in records(tables.verdicts(compare(cards), {n: n for n in cards}))}
    assert str(found["low"]["pledges_signed"]).endswith("%, below")
    assert str(found["d00"]["pledges_signed"]).endswith("%")


def test_schools_are_listed_by_district_and_name_with_no_more_than_may_be_shown() -> None:
    schools = {
        "d1": pledges(s1=(300, 400), s2=(200, 300), s3=(2, 4)),
        "d2": pledges(s9=(190, 200)),
    }
    cards = pledges(d1=(502, 704), d2=(190, 200))
    of = snapshot(cards, schools)
    found = records(
        tables.schools(figures_of(of).now, NAMES, {"d1": {"s1": "Oak", "s2": "Elm", "s3": "Ash"}})
    )
    signed = [each for each in found if each["indicator"] == "pledges_signed"]
    assert [(each["district_name"], each["name"]) for each in signed] == [
        ("Bay", "s9"), ("Magnolia", "Ash"), ("Magnolia", "Elm"), ("Magnolia", "Oak"),
    ]  # fmt: skip
    bay, ash, elm, oak = signed
    assert (bay["status"], bay["at_least"], bay["n"], bay["estimate"]) in (
        ("bound", 0.95, None, None), ("hidden", None, None, None),
    )  # fmt: skip
    for hidden in (ash, elm):
        assert (hidden["status"], hidden["n"], hidden["rate"], hidden["estimate"]) == (
            "hidden", None, None, None,
        )  # fmt: skip
    assert (oak["n"], oak["rate"]) == (400, 0.75)
    assert {each["indicator"] for each in found} == {"pledges_signed", "folders_returned", "survey_response"}


def test_what_the_map_does_not_show_is_named_with_the_reason() -> None:
    drawn = Map(Chart("map", "Map", "", "<svg/>", "map-not-drawn"), ("Bay",), ("Gulf",))
    found = records(tables.not_drawn(drawn))
    assert [(each["name"], "shape" in str(each["why"])) for each in found] == [("Bay", True), ("Gulf", True)]
    assert found[0]["why"] != found[1]["why"]


def test_every_reason_for_and_against_is_in_the_table() -> None:
    found = records(rule_tables.exemplary([judge(each, Criteria()) for each in (GOOD, POOR)], NAMES))
    assert [each["name"] for each in found] == ["Bay"] * 5 + ["Magnolia"] * 5
    assert [each["criterion"] for each in found[:5]] == [
        "certified",
        "distance",
        "improved",
        "gap",
        "two years",
    ]
    assert [each["met"] for each in found] == [False, True, None, None, None, True, True, None, None, None]
    assert {each["named"] for each in found if each["name"] == "Bay"} == {False}
    varied = records(rule_tables.sensitivity(vary([GOOD, POOR], Criteria(certified=0.4)), NAMES))
    assert varied[0] == {"variant": "the rule", "named": 2, "more": "", "less": ""}
    assert varied[1]["less"] == "Bay (pledges_signed)"


def test_whoever_was_judged_has_a_row_with_what_is_not_met_and_what_is_open() -> None:
    known = Standing("d3", "pledges_signed", 1.0, 0.6, 0.8, 0.7, 0.5, (-0.1, 0.1), (0.2, 0.3), False)
    bay, coast, magnolia = records(
        rule_tables.judgements([judge(each, Criteria()) for each in (GOOD, POOR, known)], NAMES)
    )
    assert (bay["named"], bay["unmet"], bay["open"]) == (False, "certified", "improved; gap; two years")
    assert (coast["named"], coast["unmet"], coast["open"]) == (False, "distance; improved; two years", "")
    assert (magnolia["named"], magnolia["unmet"]) == (True, "")


def test_a_decision_stands_beside_the_rule_and_one_that_is_awaited_is_said_to_be() -> None:
    decided = {
        ("d2", "pledges_signed"): Decided(True, ("family_evenings", "visited"), "4f2a9c", "2027-07-01"),
        ("d3", "survey_response"): Decided(False, ("few_answers",), "4f2a9c", "2027-07-02"),
    }
    bay, coast, magnolia = records(
        rule_tables.decisions(decided, [judge(GOOD, Criteria())], {**NAMES, "d1": "Magnolia"})
    )
    assert (bay["named"], bay["decision"], bay["reasons"]) == (
        False,
        "recognised",
        "family evenings, visited",
    )
    assert (coast["decision"], coast["indicator"], coast["decided_on"]) == (
        "not recognised", "survey_response", "2027-07-02",
    )  # fmt: skip
    assert (magnolia["named"], magnolia["decision"], magnolia["report"]) == (True, "awaited", None)
