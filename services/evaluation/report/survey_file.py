"""A survey that somebody else ran, from a CSV file of one row per response and a mapping file (survey_mapping.py)."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from alliance.errors import FieldError, Invalid

from ..methods.inputs import Array, Booleans
from .survey_data import Coded, SurveyData
from .survey_mapping import Inventory, SurveyMapping, read_mapping

#: Mistakes that are told one by one; a wrong mapping makes one of each row.
_TOLD = 20

#: What an empty cell means.
_EMPTY = "empty"


def read(name: str, content: bytes, mapping: bytes) -> SurveyData:
    """Every row is a response, or is counted in `left_out` with the reason; `name` is what errors call the file.

    A row without any answer, to an item or about an activity, is no response. Raises Invalid, naming line and column,
    for a cell that is neither an answer nor a code for none: whoever knows the file says in the mapping what it is.
    """
    known = read_mapping(mapping)
    lines, columns = _columns(name, content, known.used())
    wrong = _Wrong(name, lines)
    answers = [
        _numbers(columns[item.name], known, _on_scale(known.points[item.scale]), item.name, wrong)
        for item in known.items
    ]
    done = [_done(columns[each.activity.name], known, each, wrong) for each in known.activities]
    given = np.column_stack([*answers, *done]) if lines else np.zeros((0, len(answers) + len(done)))
    there = ~np.isnan(given)
    kept: Booleans = np.asarray(there.any(axis=1))
    weights = None
    if (column := known.columns.get("weight")) is not None:
        weights = _numbers(columns[column], known, _weight, column, wrong)
        # A row that is left out needs no weight.
        for row in np.flatnonzero(kept & np.isnan(weights)).tolist():
            wrong.note(row, column, "The response has no weight; give it one, or leave the row out.")
    for column, shares in known.margins.items():
        for row, category in enumerate(columns[column]):
            if kept[row] and category not in shares and category not in known.no_answer and category:
                wrong.note(row, column, f"{category!r} has no share in the mapping's margins; add it there.")
    wrong.check()
    asked = [*(item.name for item in known.items), *(each.activity.name for each in known.activities)]
    places = np.flatnonzero(kept).tolist()

    def coded(part: str | None) -> Coded | None:
        if part is None:
            return None
        of = columns[part]
        return Coded.of("" if of[place] in known.no_answer else of[place] for place in places)

    items = len(known.items)
    return SurveyData(
        title=known.title,
        source=name,
        items=known.items,
        points=known.points,
        answers=given[kept, :items],
        complete=np.asarray((there[kept, :items] if items else there[kept]).all(axis=1)),
        strata=coded(known.columns.get("district")),
        stratum=known.columns.get("district", "district"),
        modes=coded(known.columns.get("mode")),
        languages=coded(known.columns.get("language")),
        activities=tuple(each.activity for each in known.activities),
        done=given[kept, items:] if known.activities else None,
        weights=None if weights is None else weights[kept],
        margins=known.margins,
        variables={column: of for column in known.margins if (of := coded(column)) is not None},
        left_out=_left_out([columns[column] for column in asked], known, np.flatnonzero(~kept).tolist()),
    )


class _Wrong:
    """Cells that cannot be read, with the line each stands on."""

    def __init__(self, name: str, lines: Sequence[int]) -> None:
        self._name, self._lines = name, lines
        self._count = 0
        self._errors: list[FieldError] = []

    def note(self, row: int, column: str, message: str) -> None:
        self._count += 1
        if len(self._errors) < _TOLD:
            place = f"{self._name}, line {self._lines[row]}, column {column}"
            self._errors.append({"field": place, "message": message})

    def check(self) -> None:
        if self._errors:
            first = self._errors[0]
            more = f" ({self._count - 1} more)" if self._count > 1 else ""
            raise Invalid(f"{first['field']}: {first['message']}{more}", errors=self._errors)


def _columns(name: str, content: bytes, wanted: Sequence[str]) -> tuple[list[int], dict[str, list[str]]]:
    """(the line where each row begins, {column: its cells without blanks around them}). Raises Invalid."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Invalid(
            f"{name}, line {line}: byte {content[error.start]:#x} is not UTF-8; save it as UTF-8."
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[int] = []
    header: list[str] = []
    found: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                pass
            elif not header:
                header = [cell.strip() for cell in row]
                found = [(_place(name, header, column), []) for column in wanted]
            elif len(row) != len(header):
                raise Invalid(
                    f"{name}, line {begins}: the row has {len(row)} fields, the header {len(header)}; mend it."
                )
            else:
                lines.append(begins)
                for place, cells in found:
                    cells.append(row[place].strip())
            begins = reader.line_num + 1
    except csv.Error as error:
        raise Invalid(
            f"{name}, line {begins}: it cannot be read ({error}); check its quotation marks."
        ) from None
    if not header:
        raise Invalid(f"{name}: it is empty; its first line must name the columns.")
    return lines, {column: cells for column, (_, cells) in zip(wanted, found, strict=True)}


def _place(name: str, header: Sequence[str], column: str) -> int:
    if header.count(column) != 1:
        how = "twice" if column in header else "not"
        has = ", ".join(header[:_TOLD])
        raise Invalid(
            f"{name}, line 1, column {column}: it is {how} there. The file has {has}; mend the mapping."
        )
    return header.index(column)


def _on_scale(points: tuple[float, float]) -> Callable[[float], str]:
    least, greatest = points

    def check(number: float) -> str:
        if least <= number <= greatest:
            return ""
        return f"not on the scale of {least:g} to {greatest:g}; if it means no answer, say so in no_answer."

    return check


def _weight(number: float) -> str:
    return "" if number > 0 else "no weight: weights are above 0."


def _numbers(
    cells: Sequence[str], known: SurveyMapping, check: Callable[[float], str], column: str, wrong: _Wrong
) -> Array:
    """The column's numbers, NaN for no answer. Each text is read once, and each row of a wrong one is noted."""
    read: dict[str, float] = {}
    faults: dict[str, str] = {}
    for text in set(cells):
        if not text or text in known.no_answer:
            read[text] = math.nan
            continue
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        fault = (
            check(number)
            if math.isfinite(number)
            else "no number; if it means no answer, say so in no_answer."
        )
        read[text] = number
        if fault:
            faults[text] = f"{text!r} is {fault}"
    if faults:
        for row, text in enumerate(cells):
            if text in faults:
                wrong.note(row, column, faults[text])
    return np.array([read[text] for text in cells], dtype=np.float64)


def _done(cells: Sequence[str], known: SurveyMapping, of: Inventory, wrong: _Wrong) -> Array:
    """1 for yes, 0 for no, NaN for no answer."""
    read = dict.fromkeys(set(cells), 0.0) | dict.fromkeys(known.no_answer, math.nan) | {"": math.nan}
    read |= {of.yes: 1.0} | ({} if of.no is None else {of.no: 0.0})
    if of.no is not None and (strange := set(cells) - {"", of.yes, of.no, *known.no_answer}):
        for row, text in enumerate(cells):
            if text in strange:
                told = f"{text!r} is neither yes ({of.yes}) nor no ({of.no}); if it is no answer, say so in no_answer."
                wrong.note(row, of.activity.name, told)
    return np.array([read[text] for text in cells], dtype=np.float64)


def _left_out(asked: Sequence[Sequence[str]], known: SurveyMapping, rows: Sequence[int]) -> dict[str, int]:
    """{why: rows}: what their cells say in place of answers."""
    found: Counter[str] = Counter()
    for row in rows:
        said = sorted({known.no_answer.get(cells[row], _EMPTY) for cells in asked})
        found[f"no answer to anything: {', '.join(said)}"] += 1
    return dict(sorted(found.items()))
