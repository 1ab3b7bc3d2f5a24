"""The section on funding (37-3-71) and coordinators (37-3-63(c)): what a stated budget becomes, three ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..methods.apportion import huntington_hill, webster
from . import charts
from .charts import PerStudent
from .document import Paragraph, Section, TableBlock
from .figures import completed
from .folder import Kind, Table, Value
from .funding import Plan, Scenario
from .material import Material


def resources(material: Material) -> Section:
    plan = material.plan
    if plan is None or not material.scenarios:
        said = f"There are no scenarios: {material.unfunded}."
        return Section("funding", "Methods and criteria for funding", (Paragraph(said),), page=True)
    table, seats = funding(material.scenarios, material.names), coordinators(material)
    known = completed(material.figures.now, "pledges_signed")
    points = [
        PerStudent(
            material.names[name],
            of.name,
            max(1, round(known[name][1])),
            amount / 100 / max(1, known[name][1]),
        )
        for of in material.scenarios
        for name, amount in of.amounts.items()
    ]
    return Section(
        "funding",
        "Methods and criteria for funding",
        (
            Paragraph(_plan(plan, material.stated)),
            Paragraph(
                "Each scenario is a rule, not a recommendation: by students, by students not yet reached, and with a "
                "coordinator for each district first. The Board chooses; the tables show what each choice does."
            ),
            charts.funding(
                "funding-per-student", "Dollars per student, by the district's size", table.name, points
            ),
            TableBlock(summary(material.scenarios)),
            TableBlock(table, tuple(table.columns)[1:]),
            TableBlock(seats, tuple(seats.columns)[1:]),
        ),
        page=True,
    )


def funding(found: Sequence[Scenario], names: Mapping[str, str]) -> Table:
    """What each district would get in each scenario, in dollars and cents, by name."""
    columns = {
        "district": "District",
        "name": "Name",
        **{of.name.replace(" ", "_"): of.name.capitalize() for of in found},
    }
    rows: list[list[Value]] = [
        [district, names[district], *(dollars(of.amounts[district]) for of in found)]
        for district in sorted(found[0].amounts, key=lambda each: (names[each], each))
    ]
    kinds: dict[str, Kind] = {of.name.replace(" ", "_"): "dollars" for of in found}
    return Table("funding", "What a budget would become", columns, rows, kinds, "funding")


def summary(found: Sequence[Scenario]) -> Table:
    """Each scenario's rule, and the least, the middle and the greatest amount."""
    rows: list[list[Value]] = []
    for of in found:
        amounts = sorted(of.amounts.values())
        least, middle, most = amounts[0], amounts[len(amounts) // 2], amounts[-1]
        rows.append([of.name, of.rule, dollars(least), dollars(middle), dollars(most), dollars(sum(amounts))])
    columns = {
        "scenario": "Scenario", "rule": "Rule", "least": "Least", "middle": "Middle", "most": "Most", "sum": "Together",
    }  # fmt: skip
    kinds: dict[str, Kind] = dict.fromkeys(("least", "middle", "most", "sum"), "dollars")
    return Table("funding-scenarios", "Three scenarios", columns, rows, kinds, "funding")


def coordinators(material: Material) -> Table:
    """Coordinators by need as the third scenario has them, and by population, by both methods."""
    assert material.plan is not None
    known = completed(material.figures.now, "pledges_signed")
    order = sorted(material.scenarios[-1].coordinators, key=lambda each: (material.names[each], each))
    students = [max(1.0, known[name][1]) for name in order]
    equal = huntington_hill(students, material.plan.coordinators)
    major = webster(students, material.plan.coordinators, 1)
    rows: list[list[Value]] = [
        [
            name,
            material.names[name],
            material.scenarios[-1].coordinators[name],
            int(equal[place]),
            int(major[place]),
        ]
        for place, name in enumerate(order)
    ]
    columns = {
        "district": "District", "name": "Name", "need": "By need (Huntington-Hill)",
        "population": "By population (Huntington-Hill)", "webster": "By population (Webster)",
    }  # fmt: skip
    kinds: dict[str, Kind] = dict.fromkeys(("need", "population", "webster"), "count")
    return Table("coordinators", "Coordinators", columns, rows, kinds, "coordinators")


def dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _plan(plan: Plan, stated: bool) -> str:
    said = (
        f"{plan.budget / 100:,.2f} dollars, at least {plan.floor / 100:,.2f} for each district; {plan.coordinators:,} "
        f"coordinators at {plan.coordinator_cost / 100:,.2f} dollars each."
    )
    if stated:
        return f"The stated budget: {said}"
    return f"No budget was stated. To show the method, an example is used, which nobody has proposed: {said}"
