"""What may be shown of small groups, so that nothing about a child can be told from a published table.

`suppress` makes a release out of tables; `audit` computes what a reader could work out from it, by linear programming.
Primary: too few persons, or nearly all or none of them. Complementary: what would give a hidden figure away by
subtraction along a margin, a hierarchy or earlier releases is hidden too, the smallest first.
Sources: Federal Committee on Statistical Methodology, Working Paper 22 (2005); NCES 2011-603.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .disclosure import Audit, audit, findings, protected
from .finding import Finding, Protected
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
    counted = {table.name for table in given if table.counts}
    of = defaultdict(list)
    for each in sums:
        for figure in each:
            of[figure].append(each)
    status = {figure: primary(cell, rules) for figure, cell in cells.items()}
    cost = _Cost(cells, earlier)
    _cover(status, cells, sums, of, rules, cost)
    safe: set[Protected] = set()
    for _ in range(_ROUNDS):
        shown = {
            figure: show(cell, status[figure], rules, figure[0] in counted) for figure, cell in cells.items()
        }
        release = Release(name, shown, tuple(sums), rated, rules)
        found = findings(release, earlier, safe)
        if not found:
            return release
        if not earlier:
            # To hide more leaves a reader everything that was possible before: what is safe stays so. With an earlier
            # release it need not, since to hide a figure can take away what said that it was amended.
            narrow = {(each.figure, each.quantity) for each in found}
            safe |= {each for each in protected(release) if each[:2] not in narrow}
        # What one sum tells of an earlier release is mended together: who was amended, the findings only guess.
        once = {(each.earlier, each.sums if each.earlier else each): each for each in reversed(found)}
        hidden = [_hide_another(finding, status, of, cost) for finding in reversed(once.values())]
        if not any(hidden):
            break
        _cover(status, cells, sums, of, rules, cost)
    raise BadInput(f"this cannot be published safely: {found[0].text}")


def primary(cell: Cell, rules: Rules) -> Status:
    """What the figure alone allows, whatever stands beside it. That there is nobody is no secret."""
    if not cell.n:
        return "shown"
    persons = cell.n if cell.persons is None else cell.persons
    if min(cell.n, persons) < rules.least:
        return "hidden"
    if cell.k is None:
        return "shown"
    if not rules.low < 100 * cell.k / cell.n < rules.high:
        return "bound"
    return "rate only" if persons <= rules.rate_only else "shown"


def show(cell: Cell, status: Status, rules: Rules, counts: bool = False) -> Shown:
    """A figure as its status lets it be seen, with `counts` the number counted too where it is shown in full.

    Rates without n are rounded so that they do not tell the fraction.
    """
    if status == "hidden":
        # That nobody is there would be shown.
        return Shown("hidden", n_low=1)
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
    return Shown("shown", cell.n, rounded, 1, cell.n, cell.n, low, high, cell.k if counts else None)


class _Cost:
    """What is lost by hiding a figure, the least first."""

    def __init__(self, cells: Mapping[Figure, Cell], earlier: Sequence[Release]) -> None:
        self._cells = cells
        self._told = {
            figure for each in earlier for figure, shown in each.shown.items() if shown.n is not None
        }

    def __call__(self, figure: Figure) -> tuple[bool, int, Figure]:
        """What an earlier release told is no cover, or a poor one, now."""
        return figure in self._told, self._cells[figure].n, figure

    def smallest(self, each: Sum, status: Statuses) -> Figure | None:
        """The visible part with the fewest persons; the total where no part is left to hide. Nobody hides nobody."""
        visible = [part for part in each.parts if self.can_hide(part, status)]
        if visible:
            return min(visible, key=self)
        return each.total if self.can_hide(each.total, status) else None

    def can_hide(self, figure: Figure, status: Statuses) -> bool:
        # Sums of earlier releases may hold figures that this one does not have.
        return status.get(figure, "hidden") != "hidden" and self._cells[figure].n > 0


def _cover(
    status: Statuses,
    cells: Mapping[Figure, Cell],
    sums: Sequence[Sum],
    of: Mapping[Figure, Sequence[Sum]],
    rules: Rules,
    cost: _Cost,
) -> None:
    """In each sum with a hidden part hide the smallest others, until `width` persons are hidden together."""
    waiting = list(sums)
    while waiting:
        each = waiting.pop()
        while (
            not _covered(each, status, cells, rules) and (another := cost.smallest(each, status)) is not None
        ):
            status[another] = "hidden"
            waiting += of[another]


def _covered(each: Sum, status: Statuses, cells: Mapping[Figure, Cell], rules: Rules) -> bool:
    """Whether the sum does not tell a hidden one: two are not told, of enough persons together."""
    hidden = [part for part in each.parts if status[part] == "hidden"]
    if status[each.total] == "hidden":
        return bool(hidden) or not each.parts
    # A bound leaves its number open too; whether by enough, the audit says.
    open_ = hidden + [part for part in each.parts if status[part] == "bound"]
    return not hidden or (len(open_) > 1 and sum(cells[part].n for part in open_) >= rules.width)


def _hide_another(
    finding: Finding, status: Statuses, of: Mapping[Figure, Sequence[Sum]], cost: _Cost
) -> bool:
    """Widen what a finding says is too narrow: hide the figure itself, or the smallest in a sum that tells it."""
    figure = finding.figure
    if finding.earlier is not None:
        # The figure of now is none of what is to be hidden, or the last that was not shown then.
        choices = [each for by in (*finding.sums, *of[figure]) for each in by if cost.can_hide(each, status)]
        if choices:
            status[min(choices, key=lambda each: (cost(each)[0], each == figure, cost(each)))] = "hidden"
        return bool(choices)
    if status[figure] != "hidden":
        # The number behind a bound is open as soon as one beside it is: the bound itself can stay.
        beside = [part for each in finding.sums for part in each.parts if part != figure]
        choices = [part for part in beside if cost.can_hide(part, status)]
        stays = status[figure] == "bound" and finding.quantity == "n" and choices
        status[min(choices, key=cost) if stays else figure] = "hidden"
        return True
    for sums in (finding.sums, of[figure]):
        choices = [another for each in sums if (another := cost.smallest(each, status))]
        if choices:
            status[min(choices, key=cost)] = "hidden"
            return True
    return False
