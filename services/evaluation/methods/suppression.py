"""What may be shown of small groups, so that nothing about a child can be told from a published table.

`suppress` makes a release out of tables; `audit` computes what a reader could work out from it, by linear programming.
Primary: too few persons, or nearly all or none of them. Complementary: what would give a hidden figure away by
subtraction along a margin, a hierarchy or earlier releases is hidden too, the smallest first.
Sources: Federal Committee on Statistical Methodology, Working Paper 22 (2005); NCES 2011-603.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .disclosure import Audit, Finding, audit
from .inputs import BadInput
from .release import STATE_RULES, Cell, Figure, Release, Rules, Shown, Status, Sum, Table, sums_of

__all__ = [
    "Audit",
    "Cell",
    "Finding",
    "Release",
    "Rules",
    "Shown",
    "Sum",
    "Table",
    "audit",
    "primary",
    "show",
    "suppress",
]

#: Rounds of hiding more and auditing again; each hides at least one figure for each finding.
_ROUNDS = 50

#: Per cents: how a rate is rounded that is shown without its number.
RATE_ONLY_STEP = 5

Statuses = dict[Figure, Status]


def suppress(
    tables: Iterable[Table],
    rules: Rules = STATE_RULES,
    earlier: Sequence[Release] = (),
    name: str = "release",
) -> Release:
    """The tables as they may be published. Guarantee: `audit` of the release, with the earlier ones, passes.

    Errors: BadInput for figures that are no counts, and where an earlier release has already told too much.
    """
    given = list(tables)
    cells: dict[Figure, Cell] = {}
    sums: list[Sum] = []
    for table in given:
        table.check()
        cells.update({(table.name, key): cell for key, cell in table.cells.items()})
        sums += sums_of(table)
    rated = frozenset(
        table.name for table in given if any(cell.k is not None for cell in table.cells.values())
    )
    of = defaultdict(list)
    for each in sums:
        for figure in each:
            of[figure].append(each)
    status = {figure: primary(cell, rules) for figure, cell in cells.items()}
    _cover(status, cells, sums, of, rules)
    for _ in range(_ROUNDS):
        shown = {figure: show(cell, status[figure], rules) for figure, cell in cells.items()}
        release = Release(name, shown, tuple(sums), rated, rules)
        found = audit(release, earlier)
        if found.passed:
            return release
        hidden = [_hide_another(finding, status, cells, of) for finding in found.findings]
        if not any(hidden):
            break
        _cover(status, cells, sums, of, rules)
    raise BadInput(f"this cannot be published safely: {found.findings[0].text}")


def primary(cell: Cell, rules: Rules) -> Status:
    """What the figure alone allows, whatever stands beside it."""
    persons = cell.n if cell.persons is None else cell.persons
    if min(cell.n, persons) < rules.least:
        return "hidden"
    if cell.k is None:
        return "shown"
    if not rules.low < 100 * cell.k / cell.n < rules.high:
        return "bound"
    return "rate only" if persons <= rules.rate_only else "shown"


def show(cell: Cell, status: Status, rules: Rules) -> Shown:
    """A figure as its status lets it be seen. Rates without n are rounded so that they do not tell the fraction."""
    if status == "hidden":
        return Shown("hidden")
    rate = None if cell.k is None or not cell.n else 100 * cell.k / cell.n
    if status == "bound" and rate is not None:
        if rate >= rules.high:
            return Shown("bound", n_low=rules.least, rate_low=rules.high)
        return Shown("bound", n_low=rules.least, rate_high=rules.low)
    if status == "rate only" and rate is not None:
        # In steps of five: of ten to twenty persons, 9 % can only be 1 of 11.
        whole = RATE_ONLY_STEP * round(rate / RATE_ONLY_STEP)
        low, high = max(0.0, whole - RATE_ONLY_STEP / 2), min(100.0, whole + RATE_ONLY_STEP / 2)
        most = rules.rate_only if cell.persons is None else None
        return Shown("rate only", None, whole, 0, rules.least, most, low, high)
    if rate is None:
        return Shown("shown", cell.n, None, 0, cell.n, cell.n)
    rounded = round(rate, 1)
    low, high = max(0.0, rounded - 0.05), min(100.0, rounded + 0.05)
    return Shown("shown", cell.n, rounded, 1, cell.n, cell.n, low, high)


def _cover(
    status: Statuses,
    cells: Mapping[Figure, Cell],
    sums: Sequence[Sum],
    of: Mapping[Figure, Sequence[Sum]],
    rules: Rules,
) -> None:
    """In each sum with a hidden part hide the smallest others, until `width` persons are hidden together."""
    waiting = list(sums)
    while waiting:
        each = waiting.pop()
        while (another := _uncovered(each, status, cells, rules)) is not None:
            status[another] = "hidden"
            waiting += of[another]


def _uncovered(each: Sum, status: Statuses, cells: Mapping[Figure, Cell], rules: Rules) -> Figure | None:
    """The figure to hide so that the sum does not tell a hidden one; None where it tells none."""
    hidden = [part for part in each.parts if status[part] == "hidden"]
    if status[each.total] == "hidden":
        safe = bool(hidden) or not each.parts
    else:
        safe = not hidden or (len(hidden) > 1 and sum(cells[part].n for part in hidden) >= rules.width)
    return None if safe else _smallest(each, status, cells)


def _smallest(each: Sum, status: Statuses, cells: Mapping[Figure, Cell]) -> Figure | None:
    """The visible part with the fewest persons; the total where no part is left to hide."""
    visible = [part for part in each.parts if status[part] != "hidden"]
    if visible:
        return min(visible, key=lambda part: (cells[part].n, part))
    return each.total if status[each.total] != "hidden" else None


def _hide_another(
    finding: Finding, status: Statuses, cells: Mapping[Figure, Cell], of: Mapping[Figure, Sequence[Sum]]
) -> bool:
    """Widen what a finding says is too narrow: hide the figure itself, or the smallest in a sum that tells it."""
    figure = finding.figure
    if status[figure] != "hidden":
        status[figure] = "hidden"
        return True
    # Sums of earlier releases may hold figures that this one does not have.
    named = [each for each in finding.sums if each.total in status]
    for sums in (named, of[figure]):
        choices = [another for each in sums if (another := _smallest(each, status, cells))]
        if choices:
            status[min(choices, key=lambda another: (cells[another].n, another))] = "hidden"
            return True
    return False
