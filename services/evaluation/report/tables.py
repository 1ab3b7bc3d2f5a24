"""The report's tables, from what has passed suppression: nothing here sees a figure that is not shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..effectiveness import Compared, Comparison
from ..indicators import DEFINITIONS
from .exemplary import Judgement
from .folder import Table, Value
from .funding import Scenario

_FIGURE: Mapping[str, str] = {
    "status": "Shown as",
    "n": "Of how many",
    "rate": "Rate",
    "at_least": "At least",
    "at_most": "At most",
    "verdict": "Verdict",
    "estimate": "Estimate",
    "low": "95 % from",
    "high": "95 % to",
    "reliability": "Reliability",
}


def indicators(comparisons: Mapping[str, Comparison]) -> Table:
    """The state's figures, and how many districts have which verdict."""
    columns = {
        "indicator": "Indicator", "clause": "Clause", "numerator": "Counted", "denominator": "Of", **_FIGURE,
        "mean": "Mean of the districts", "above": "Districts above", "below": "Districts below",
        "consistent": "Districts consistent with the state", "too_few": "Districts with too few data",
    }  # fmt: skip
    rows: list[list[Value]] = []
    for name, comparison in comparisons.items():
        of = DEFINITIONS[name]
        counted = comparison.verdicts
        rows.append(
            [
                name, of.clause, of.numerator, of.denominator, *_figure(comparison.state), comparison.mean,
                counted.get("above", 0), counted.get("below", 0), counted.get("consistent with the state", 0),
                counted.get("too few data", 0),
            ]
        )  # fmt: skip
    return Table("indicators", "The state, indicator by indicator", columns, rows)


def districts(comparisons: Mapping[str, Comparison], names: Mapping[str, str]) -> Table:
    """Every district on every indicator, by the districts' names: never by rank."""
    columns = {
        "district": "District", "name": "Name", "indicator": "Indicator", **_FIGURE,
        "rank_best": "Best rank that is possible", "rank_worst": "Worst rank that is possible",
    }  # fmt: skip
    rows: list[list[Value]] = []
    for district in sorted(names, key=lambda each: (names[each], each)):
        for indicator, comparison in comparisons.items():
            if (of := comparison.districts.get(district)) is not None:
                best, worst = of.rank or (None, None)
                rows.append([district, names[district], indicator, *_figure(of), best, worst])
    return Table("districts", "Districts compared with the state", columns, rows)


def exemplary(judgements: Sequence[Judgement], names: Mapping[str, str]) -> Table:
    """Who the rule names, with every reason for and against, by name."""
    columns = {
        "district": "District", "name": "Name", "indicator": "Indicator", "named": "Named by the rule",
        "criterion": "Criterion", "met": "Met", "text": "Reason",
    }  # fmt: skip
    ordered = sorted(judgements, key=lambda each: (names[each.district], each.district, each.indicator))
    rows: list[list[Value]] = [
        [each.district, names[each.district], each.indicator, each.named, of.criterion, of.met, of.text]
        for each in ordered
        for of in each.findings
    ]
    return Table("exemplary", "Programmes to be looked at as examples", columns, rows)


def sensitivity(found: Mapping[str, frozenset[tuple[str, str]]], names: Mapping[str, str]) -> Table:
    """How many the rule names in each of its variants, and who comes and goes with it."""
    rule, *_ = found.values()
    rows: list[list[Value]] = [
        [variant, len(named), _said(named - rule, names), _said(rule - named, names)]
        for variant, named in found.items()
    ]
    columns = {"variant": "Variant", "named": "Named", "more": "Named besides", "less": "Not named any more"}
    return Table("exemplary-sensitivity", "How much hangs on each part of the rule", columns, rows)


def funding(scenarios: Sequence[Scenario], names: Mapping[str, str]) -> Table:
    """What each district would get in each scenario, in dollars, by name."""
    columns = {
        "district": "District", "name": "Name", "scenario": "Scenario", "rule": "Rule", "dollars": "Dollars",
        "coordinators": "Coordinators",
    }  # fmt: skip
    rows: list[list[Value]] = [
        [
            district, names[district], of.name, of.rule, _dollars(of.amounts[district]), of.coordinators.get(district),
        ]
        for district in sorted(names, key=lambda each: (names[each], each))
        for of in scenarios
    ]  # fmt: skip
    return Table("funding", "What a budget would become", columns, rows)


def _figure(of: Compared) -> list[Value]:
    told = of.to_json()
    return [told[key] for key in _FIGURE]


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _said(pairs: frozenset[tuple[str, str]], names: Mapping[str, str]) -> str:
    return "; ".join(sorted(f"{names[district]} ({indicator})" for district, indicator in pairs))
