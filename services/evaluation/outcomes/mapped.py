"""Published results in any CSV file, with a mapping file that says what its columns are (mapping.py).

A percentage or proportion is the closed range of what is rounded to it, to the last decimal place that the column is
written with: 45.3 % is 45.25 to 45.35 %; of 53 students that is 24, and exact. A count is exact. A hidden value is 0 to
1, an empty one no outcome.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .mapping import FileMapping, read_mapping
from .outcome import LEVELS, MEASURES, SUBJECTS, Level, Outcome, Problem, Read, whole
from .table import Table, read_table

_NUMBER = re.compile(r"(-?)([0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})?(?:\.([0-9]{0,20}))?")
_SCHOOL_YEAR = re.compile(r"(20[0-9]{2})\s*[-–/]\s*(?:20)?([0-9]{2})")


class _Wrong(Exception):
    """A row cannot be read for what stands in one of its fields."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field, self.text = field, text


def read(name: str, text: bytes, mapping: bytes) -> Read:
    """Every row that is sound; a row with a mistake is reported with its line and column, and left out.

    With a mistake in the mapping nothing is read. `name` is what problems call the file.
    """
    table = read_table(name, text)
    if not table.header:
        return Read((), table.problems)
    known = read_mapping(mapping, table.header)
    if not isinstance(known, FileMapping):
        return Read((), table.problems + known)
    reading = _Reading(known, table)
    try:
        for field in known.constants:
            reading.field(field, {})
    except _Wrong as wrong:
        return Read((), (*table.problems, Problem(f"mapping, constants.{wrong.field}", wrong.text)))
    problems = list(table.problems)
    outcomes: list[Outcome] = []
    lines: dict[tuple[str | None, ...], int] = {}
    for line, row in table.rows:
        try:
            outcome, doubt = reading.outcome(row)
            if outcome is None:
                continue
            if (first := lines.setdefault(outcome.key, line)) != line:
                raise _Wrong("value", f"Line {first} has this figure already; the row was left out.")
            outcomes.append(outcome)
            if doubt:
                raise _Wrong("value", doubt)
        except _Wrong as wrong:
            column = known.columns.get(wrong.field)
            place = f"{name}, line {line}" + (f", column {column}" if column else "")
            problems.append(Problem(place, wrong.text))
    return Read(tuple(outcomes), tuple(problems))


class _Reading:
    def __init__(self, mapping: FileMapping, table: Table) -> None:
        self._mapping = mapping
        written = (row[mapping.columns["value"]].removesuffix("%").strip() for _, row in table.rows)
        places = [len(match[3] or "") for text in written if (match := _NUMBER.fullmatch(text))]
        self._half = 0.5 * 10.0 ** -max(places, default=0)

    def outcome(self, row: Mapping[str, str]) -> tuple[Outcome | None, str]:
        """The row's figure, and a doubt about it or ""."""
        if self._mapping.text("value", row) == "" and "" not in self._mapping.hidden:
            return None, ""
        district, school = self.field("district", row), self.field("school", row)
        level = self._level(row, district, school)
        measure, subject = self.field("measure", row) or "", self.field("subject", row) or ""
        if (measure == "graduated") != (subject == ""):
            raise _Wrong(
                "subject", f"{measure!r} does not go with subject {subject!r}; the row was left out."
            )
        n, mean = self._n(row), self._number("mean_score", row)
        low, high, doubt = self._range(row, n)
        outcome = Outcome(
            level=level,
            district=None if level == "state" else district,
            school=school if level == "school" else None,
            school_year=self.field("school_year", row) or "",
            measure=measure,
            subject=subject,
            grade=self.field("grade", row) or "",
            group=self.field("group", row) or "all",
            n=n,
            low=low,
            high=high,
            mean_score=mean,
            lea=self.field("lea", row) or None,
            ncessch=self.field("ncessch", row) or None,
        )
        return outcome, doubt

    def field(self, field: str, row: Mapping[str, str]) -> str | None:
        """The row's text in our words and spelling, checked where the words are ours."""
        text = self._mapping.text(field, row)
        if text is None or field not in ("level", "measure", "subject", "school_year"):
            return text
        if field == "school_year":
            match = _SCHOOL_YEAR.fullmatch(text)
            if match and (int(match[1]) + 1) % 100 == int(match[2]):
                return f"{match[1]}-{match[2]}"
            raise _Wrong(field, f"{text!r} is no school year such as 2021-22; the row was left out.")
        ours = {"level": LEVELS, "measure": MEASURES, "subject": SUBJECTS}[field]
        if text.casefold() not in ours:
            names = ", ".join(map(repr, ours))
            raise _Wrong(field, f"{text!r} is none of {names}: say which in the mapping's words.{field}.")
        return text.casefold()

    def _level(self, row: Mapping[str, str], district: str | None, school: str | None) -> Level:
        given = self.field("level", row) or ("school" if school else "district")
        level = next(level for level in LEVELS if level == given)
        for field, name in (("district", district), ("school", school)):
            if not name and level in ("school", field):
                raise _Wrong(field, f"A {level} needs the name of its {field}; the row was left out.")
        return level

    def _n(self, row: Mapping[str, str]) -> int | None:
        n = self._number("n", row)
        if n is not None and n != int(n):
            raise _Wrong("n", f"{n} is no number of students; the row was left out.")
        if n == 0:
            raise _Wrong("n", "Nobody was counted: there is no proportion; the row was left out.")
        return None if n is None else int(n)

    def _range(self, row: Mapping[str, str], n: int | None) -> tuple[float, float, str]:
        value, written = self._number("value", row), self._mapping.values
        if value is None:
            return 0.0, 1.0, ""
        if written == "count":
            if n is None:
                raise _Wrong("n", f"{value:g} are a count of a hidden number; the row was left out.")
            if value > n or value != int(value):
                raise _Wrong("value", f"{value:g} is no count of {n} students; the row was left out.")
            return value / n, value / n, ""
        whole_ = 100.0 if written == "percent" else 1.0
        if value > whole_:
            raise _Wrong("value", f"{value:g} is above {whole_:g}; the row was left out.")
        low, high = max(value - self._half, 0.0) / whole_, min(value + self._half, whole_) / whole_
        counted = whole(low, high, n)
        doubt = (
            ""
            if counted
            else f"No whole number of {n} students is this; check n. The value was taken as written."
        )
        return *(counted or (low, high)), doubt

    def _number(self, field: str, row: Mapping[str, str]) -> float | None:
        """None where it is hidden or not there."""
        text = self._mapping.text(field, row)
        if not text or text in self._mapping.hidden:
            return None
        if field == "value" and self._mapping.values == "percent":
            text = text.removesuffix("%").strip()
        match = _NUMBER.fullmatch(text)
        if match is None or not (match[2] or match[3]):
            raise _Wrong(field, f"{text!r} is no number; the row was left out.")
        if match[1]:
            raise _Wrong(field, f"{text} is negative; the row was left out.")
        return float(text.replace(",", ""))
