"""The tables of a workbook's sheet: a header with "Level 1" to "Level 5", and the rows below it to its Grand Total.

Titles, blank rows, notes and links around a table are no rows of it. Marks in place of a figure: `*` hides fewer than
10 test-takers, a dagger results under investigation for test security.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .explanation import UNKNOWN
from .outcome import TEST_LEVELS, Problem

Cells = Sequence[Sequence[object]]

_FEW = {"*", "<10", "< 10"}
_DAGGERS = "†‡"
_TAKERS = re.compile(r"test.?takers|testers|grand total|students tested")
_TOTALS = {"grand total", "state total", "state", "total"}
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(%?)")


@dataclass(frozen=True, slots=True)
class Figures:
    """One row of a table. `levels` as printed, None where hidden; so is `n`, which is then `least` to `most`."""

    row: int
    name: str
    levels: tuple[float, ...] | None
    n: int | None
    least: int
    most: int
    mean_score: float | None


@dataclass(frozen=True, slots=True)
class Table:
    """`row` is the header's, `label` what heads the names, `titles` the texts above it, each with its row, and `label`
    itself. `half` is half of the last decimal place that the levels are printed with."""

    sheet: str
    row: int
    label: str
    titles: tuple[tuple[int, str], ...]
    rows: tuple[Figures, ...]
    total: Figures | None
    half: float


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a table's columns are, from 0; `n` and `mean` are None where it has no such column."""

    header: int
    name: int
    levels: int
    n: int | None
    mean: int | None


def tables(sheet: str, cells: Cells, problems: list[Problem]) -> list[Table]:
    """From top to bottom and from left to right."""
    headers = [
        columns
        for row, values in enumerate(cells)
        for place in range(1, len(values))
        if _texts(values[place : place + 5]) == list(TEST_LEVELS)
        and (columns := _columns(row, values, place)) is not None
    ]
    found = []
    ended: dict[int, int] = {}
    for at in headers:
        ends = min(
            (other.header for other in headers if other.name == at.name and other.header > at.header),
            default=len(cells),
        )
        reading = _Reading(sheet, cells, at, ends, problems)
        rows, total = reading.rows()
        found.append(reading.table(ended.get(at.name, 0), rows, total))
        ended[at.name] = total.row if total else ends
    return found


def _texts(values: Sequence[object]) -> list[str]:
    """Header cells: the first two words, so that "Level 1\\n(PCT)" is "level 1"."""
    return [" ".join(str(value).casefold().split()[:2]) for value in values]


def _columns(row: int, values: Sequence[object], level: int) -> _Columns | None:
    """The columns beside "Level 1" to "Level 5", up to an empty one or the next table's names."""
    headings = [" ".join(str(value).casefold().split()) for value in values]
    name = n = mean = None
    for place in range(level - 1, -1, -1):
        if "score" in headings[place]:
            mean = place
        elif _TAKERS.search(headings[place]):
            n = place
        else:
            name = place if headings[place] else None
            break
    for place in range(level + 5, len(values)):
        if not headings[place] or "school" in headings[place] or "grade" in headings[place]:
            break
        if n is None and _TAKERS.search(headings[place]):
            n = place
        elif mean is None and "score" in headings[place]:
            mean = place
    return None if name is None else _Columns(row, name, level, n, mean)


class _Reading:
    """One table, whose rows stand above `ends`."""

    def __init__(self, sheet: str, cells: Cells, at: _Columns, ends: int, problems: list[Problem]) -> None:
        self._sheet, self._cells, self._at, self._ends, self._problems = sheet, cells, at, ends, problems

    def table(self, begins: int, rows: list[Figures], total: Figures | None) -> Table:
        at = self._at
        printed = [level for row in rows for level in row.levels or ()]
        places = max((-int(Decimal(repr(level)).as_tuple().exponent) for level in printed), default=0)
        label = " ".join(str(self._cells[at.header][at.name]).split())
        above = [
            (row + 1, " ".join(value.split()))
            for row in range(begins, at.header)
            for value in self._cells[row][at.name : at.levels + 5]
            if isinstance(value, str) and value.strip()
        ]
        titles = (*above, (at.header + 1, label))
        return Table(self._sheet, at.header + 1, label, titles, tuple(rows), total, 0.5 * 10.0**-places)

    def rows(self) -> tuple[list[Figures], Figures | None]:
        """The rows above the Grand Total, and that."""
        at, rows = self._at, list[Figures]()
        for row in range(at.header + 1, self._ends):
            values = list(self._cells[row])
            name = " ".join(str(values[at.name]).split())
            chosen = [*values[at.levels : at.levels + 5], *([] if at.n is None else [values[at.n]])]
            if not any(str(value).strip() for value in chosen):
                if name:
                    self._problem(row, f"{name!r} has no figures; it was left out.")
            elif not name:
                self._problem(row, "The figures have no name; they were left out.")
            else:
                figures = self._figures(row, name, values)
                if name.casefold() in _TOTALS:
                    self._below(row + 1)
                    return rows, figures
                rows.append(figures)
        self._problem(at.header, "The table has no Grand Total, against which its rows could be checked.")
        return rows, None

    def _below(self, first: int) -> None:
        """Notes, links and the next table's title stand below a Grand Total; figures should not."""
        at = self._at
        for row in range(first, self._ends):
            if any(isinstance(value, float) for value in self._cells[row][at.levels : at.levels + 5]):
                self._problem(row, "There are figures below the Grand Total; they were not read.")

    def _figures(self, row: int, name: str, values: list[object]) -> Figures:
        at = self._at
        used = (*range(at.levels, at.levels + 5), at.n, at.mean)
        marks = {str(values[place]).strip() for place in used if place is not None}
        investigated = name.endswith(tuple(_DAGGERS)) or not marks.isdisjoint(_DAGGERS)
        name = name.rstrip(_DAGGERS + " ")
        read = [self._number(row, at.levels + place, values) for place in range(5)]
        count = self._number(row, at.n, values)
        mean = self._number(row, at.mean, values)
        if investigated:
            self._problem(row, f"{name!r} is under investigation for test security; its results are hidden.")
        levels = tuple(level for level in read if level is not None)
        shown = len(levels) == 5 and not investigated
        n = None if count is None else int(count)
        if n is not None and n != count:
            self._problem(row, f"{count} is no number of test-takers; it was left out.", at.n)
            n = None
        few = at.n is not None and str(values[at.n]).strip() in _FEW
        least, most = (n, n) if n is not None else (1, 9) if few else (0, UNKNOWN)
        return Figures(row + 1, name, levels if shown else None, n, least, most, mean if shown else None)

    def _number(self, row: int, column: int | None, values: list[object]) -> float | None:
        """None for a mark, and, reported, for what is no figure, for a negative one and for an empty cell."""
        if column is None:
            return None
        value = values[column]
        if isinstance(value, str):
            text = value.strip()
            if text in _FEW or (text and text in _DAGGERS):
                return None
            match = _NUMBER.fullmatch(text)
            number = float(match[1]) / (100 if match[2] else 1) if match else math.nan
        elif isinstance(value, bool) or not isinstance(value, int | float):
            number = math.nan
        else:
            number = float(value)
        if not 0 <= number < math.inf:
            self._problem(row, f"{value!r} is no figure; it was left out.", column)
            return None
        return number

    def _problem(self, row: int, text: str, column: int | None = None) -> None:
        place = f"sheet {self._sheet!r}, row {row + 1}"
        if column is not None:
            heading = " ".join(str(self._cells[self._at.header][column]).split())
            place = f"{place}, column {heading}"
        self._problems.append(Problem(place, text))
