"""To hide more and audit again asks only what is open, and comes to what a full audit says."""

from __future__ import annotations

import random
from typing import Any

import pytest

from services.evaluation.methods import disclosure, suppression
from services.evaluation.methods.polytope import Polytope
from services.evaluation.methods.release import Release, sums_of
from services.evaluation.methods.suppression import STATE_RULES, Cell, Table


def grid(size: int, seed: int) -> Table:
    chance = random.Random(seed)
    rows, columns = [f"r{number}" for number in range(size)], [f"c{number}" for number in range(size)]
    cells = {}
    for row in rows:
        for column in columns:
            n = chance.randint(0, 50)
            cells[row, column] = Cell(n, chance.randint(0, n))
    for row in rows:
        cells[row, "all"] = together(cells[row, column] for column in columns)
    for column in [*columns, "all"]:
        cells["all", column] = together(cells[row, column] for row in rows)
    parents = {"row": dict.fromkeys(rows, "all"), "column": dict.fromkeys(columns, "all")}
    return Table("pledges", ("row", "column"), cells, parents)


def together(cells: Any) -> Cell:
    given = list(cells)
    return Cell(sum(each.n for each in given), sum(each.k or 0 for each in given))


def careless(table: Table) -> Release:
    """Each figure as its own numbers allow, nothing hidden beside it."""
    shown = {
        (table.name, key): suppression.show(cell, suppression.primary(cell, STATE_RULES), STATE_RULES)
        for key, cell in table.cells.items()
    }
    return Release("careless", shown, tuple(sums_of(table)), frozenset({table.name}))


@pytest.mark.parametrize("seed", range(3))
def test_the_findings_are_those_of_the_full_audit(seed: int) -> None:
    release = careless(grid(5, seed))
    full = suppression.audit(release).findings
    assert full
    brief = disclosure.findings(release)
    assert {(each.figure, each.quantity, each.least, each.greatest) for each in brief} == {
        (each.figure, each.quantity, each.least, each.greatest) for each in full
    }
    first = (full[0].figure, full[0].quantity)
    safe = {each for each in disclosure.protected(release) if each[:2] == first}
    assert first not in {(each.figure, each.quantity) for each in disclosure.findings(release, safe=safe)}


@pytest.mark.parametrize("seed", range(3))
def test_a_release_made_in_several_rounds_passes_the_full_audit_for_fewer_programs_than_it(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    solved = []
    solve = Polytope._solve

    def counting(*arguments: Any) -> Any:
        solved.append(1)
        return solve(*arguments)

    monkeypatch.setattr(Polytope, "_solve", counting)
    release = suppression.suppress([grid(10, seed)])
    rounds = len(solved)
    assert suppression.audit(release).passed
    assert rounds < len(solved) - rounds
