"""Of money, persons, evidence, and what is not shown."""

from __future__ import annotations

from services.evaluation.methods import (
    apportion,
    assignment,
)
from services.evaluation.methods.suppression import Cell, Table, audit, suppress
from services.evaluation.report import charts
from services.evaluation.report.document import Chart
from services.evaluation.report.funding import District, Plan, scenarios

from .shapes import grid


def funding() -> Chart:
    """Made up: six districts with their students and the share of these not yet reached."""
    of = {
        "A": (120, 0.6),
        "B": (400, 0.2),
        "C": (900, 0.5),
        "D": (2_000, 0.3),
        "E": (5_000, 0.25),
        "F": (12_000, 0.4),
    }
    districts = {name: District(n, n * share) for name, (n, share) in of.items()}
    plan = Plan(budget=400_000_00, floor=10_000_00, coordinators=8, coordinator_cost=20_000_00)
    rows = [
        charts.PerStudent(f"District {name}", each.name, of[name][0], amount / 100 / of[name][0])
        for each in scenarios(districts, plan)
        for name, amount in each.amounts.items()
    ]
    return charts.funding("funding", "One budget, three rules", "", rows)


def coordinators() -> Chart:
    """Made up: five districts by their students."""
    students = {"A": 8_750, "B": 5_190, "C": 2_340, "D": 1_160, "E": 490}
    equal = apportion.huntington_hill(list(students.values()), 12)
    major = apportion.webster(list(students.values()), 12, 1)
    rows = [
        [f"{name}: {n:,} students", str(one), f"{n / one:,.0f}", str(two), f"{n / two:,.0f}"]
        for (name, n), one, two in zip(students.items(), equal, major, strict=True)
    ]
    heads = ["District", "Huntington-Hill", "students each", "Webster", "students each"]
    said = "Twelve coordinators for five districts, at least one each. By equal proportions "
    said += (
        ", ".join(f"{name} {held}" for name, held in zip(students, equal, strict=True))
        + "; by Webster's method "
    )
    said += ", ".join(f"{name} {held}" for name, held in zip(students, major, strict=True)) + "."
    return grid("coordinators", "Twelve coordinators", said, heads, rows)


def lottery() -> Chart:
    units = {f"District {letter}": "north" if at < 6 else "south" for at, letter in enumerate("ABCDEFGHIJKL")}
    drawn = assignment.phase_in(list(units), [4, 4, 4], "a made-up seed", units)
    order = sorted(units, key=lambda name: (drawn.wave[name], name))
    rows = [
        [
            f"{name} ({units[name]})",
            *("takes part" if year >= drawn.wave[name] else "is compared" for year in (1, 2, 3)),
        ]
        for name in order
    ]
    waves = "; ".join(
        f"wave {wave}: {', '.join(name[-1] for name in order if drawn.wave[name] == wave)}"
        for wave in (1, 2, 3)
    )
    said = f"Twelve districts of two regions, drawn by lot into three waves of four ({waves}). Until its wave begins, "
    said += "a district is what the others are compared with."
    return grid(
        "phase-in", "A phase-in", said, ["District", "Year 1", "Year 2", "Year 3"], rows, ["takes part"]
    )


def suppression() -> Chart:
    counts = {"A": 40, "B": 12, "C": 4}
    cells = {("all",): Cell(56), **{(name,): Cell(n) for name, n in counts.items()}}
    found = suppress([Table("groups", ("group",), cells, {"group": dict.fromkeys(counts, "all")})])
    ranges = audit(found).ranges
    rows = []
    for name, n in {**counts, "all": 56}.items():
        shown = found.shown["groups", (name,)]
        least, most = ranges.get((("groups", (name,)), "n"), (n, n))
        told = f"{n}" if least == most else f"{least} to {most}"
        rows.append(
            ["together" if name == "all" else f"group {name}", str(n), str(shown.n or "not shown"), told]
        )
    said = "Groups of 40, 12 and 4 persons, together 56. The 4 are hidden because they are few, and the 12 because the "
    said += "4 would follow from them. By the auditor's reckoning a reader can tell of either that it is "
    said += f"{rows[2][3]}, and that both are 16 together."
    heads = ["Group", "recorded", "published", "what a reader can tell"]
    return grid("suppression", "Groups of 40, 12 and 4", said, heads, rows, ["not shown"])
