"""Tables of exemplary programmes: who the rule names and why, what people decided, and what each part of it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .exemplary import Judgement
from .folder import Table, Value
from .snapshot import Decided


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
    title = "Programmes that the rule names, with every reason"
    return Table("exemplary", title, columns, rows, {}, "exemplary")


def sensitivity(found: Mapping[str, frozenset[tuple[str, str]]], names: Mapping[str, str]) -> Table:
    """How many the rule names in each of its variants, and who comes and goes with it."""
    rule, *_ = found.values()
    rows: list[list[Value]] = [
        [variant, len(named), _said(named - rule, names), _said(rule - named, names)]
        for variant, named in found.items()
    ]
    columns = {"variant": "Variant", "named": "Named", "more": "Named besides", "less": "Not named any more"}
    title = "How much hangs on each part of the rule"
    return Table("exemplary-sensitivity", title, columns, rows, {"named": "count"}, "exemplary")


def judgements(found: Sequence[Judgement], names: Mapping[str, str]) -> Table:
    """Every district and indicator that could be judged, named or not: one row each with what is not met."""
    columns = {
        "district": "District", "name": "Name", "indicator": "Indicator", "named": "Named by the rule",
        "unmet": "Not met", "open": "Cannot be judged yet",
    }  # fmt: skip
    rows: list[list[Value]] = [
        [
            each.district, names[each.district], each.indicator, each.named,
            "; ".join(of.criterion for of in each.findings if of.met is False),
            "; ".join(of.criterion for of in each.findings if of.met is None),
        ]
        for each in sorted(found, key=lambda each: (names[each.district], each.district, each.indicator))
    ]  # fmt: skip
    return Table("exemplary-all", "Every programme that was judged", columns, rows, {}, "exemplary")


def decisions(
    decided: Mapping[tuple[str, str], Decided], named: Sequence[Judgement], names: Mapping[str, str]
) -> Table:
    """What people decided on the programmes that the rule names, and on others; whose decision is still awaited."""
    columns = {
        "district": "District", "name": "Name", "indicator": "Indicator", "named": "Named by the rule",
        "decision": "Decision", "reasons": "Reasons", "report": "On report", "decided_on": "Decided on",
    }  # fmt: skip
    by_rule = {(each.district, each.indicator) for each in named}
    rows: list[list[Value]] = []
    for at in sorted(by_rule | set(decided), key=lambda at: (names.get(at[0], at[0]), *at)):
        district, indicator = at
        row: list[Value] = [district, names.get(district, district), indicator, at in by_rule]
        if (of := decided.get(at)) is None:
            rows.append([*row, "awaited", None, None, None])
            continue
        word = "recognised" if of.recognised else "not recognised"
        rows.append(
            [*row, word, ", ".join(each.replace("_", " ") for each in of.reasons), of.report, of.decided_on]
        )
    return Table("exemplary-decisions", "What people decided", columns, rows, {}, "exemplary")


def _said(pairs: frozenset[tuple[str, str]], names: Mapping[str, str]) -> str:
    return "; ".join(sorted(f"{names[district]} ({indicator})" for district, indicator in pairs))
