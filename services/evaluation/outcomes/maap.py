"""The state's workbook of test results (MAAP): a summary, and a sheet for each test with districts and their schools.

Nothing is taken from the name of the file or from fixed cells: the year is in the titles, the test in the sheets'
headers, and which rows are districts is found by their sums (explanation.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date

from ..school_year import school_year_of
from .explanation import Row, certain, explain
from .outcome import TEST_LEVELS, Level, Outcome, Problem, Read, whole
from .sheet import Figures, Table, tables
from .summary import State, Test, read_summary, test_of
from .workbook import sheets

#: Which of the five levels a measure adds up.
_MEASURES = {
    "proficient": (3, 4),
    "passing": (2, 3, 4),
    **{level: (place,) for place, level in enumerate(TEST_LEVELS)},
}
_YEAR = re.compile(r"\b(20[0-9]{2})(?:\s*[-–/]\s*((?:20)?[0-9]{2})\b)?")


def read(workbook: bytes) -> Read:
    """All measures of every row: the state, its districts and their schools, for each test and each subject.

    The results of 2022 belong to the school year 2021-22. Where titles name different years, most of them decide, and
    the latest of as many: a title is left over from the year before. A hidden row has the range 0 to 1.
    """
    problems: list[Problem] = []
    cells = sheets(workbook)
    if isinstance(cells, Problem):
        return Read((), (cells,))
    found = [table for name, rows in cells.items() for table in tables(name, rows, problems)]
    year = _school_year(found, problems)
    if year is None:
        return Read((), tuple(problems))
    tests, summary = _sorted(found, problems)
    known = frozenset[tuple[str, ...]]().union(*(certain(_rows(table)) for _, table in tests))
    reading = _Reading(year, problems)
    states = {state.test: state for state in read_summary(summary, problems)}
    for test, state in states.items():
        if test not in {of for of, _ in tests}:
            reading.add(state, test, state.figures, "state")
    for test, table in tests:
        reading.test(test, table, known)
        if test in states:
            _compare(table, states[test], problems)
    return Read(tuple(reading.outcomes), tuple(problems))


class _Reading:
    def __init__(self, school_year: str, problems: list[Problem]) -> None:
        self.outcomes: list[Outcome] = []
        self._school_year, self._problems = school_year, problems
        self._places: dict[tuple[str | None, ...], str] = {}

    def test(self, test: Test, table: Table, known: frozenset[tuple[str, ...]]) -> None:
        """The rows of a sheet: its districts, each with its schools, and the state."""
        explanation = explain(_rows(table), known)
        for ranges, wrong in (
            (explanation.by_name, "The test-takers add up in more than one way, and the names decided"),
            (
                explanation.ambiguous,
                "The test-takers add up in more than one way, and the names do not decide",
            ),
            (
                explanation.unexplained,
                "The test-takers of schools do not add up to a district's; read by their names",
            ),
        ):
            for first, end in ranges:
                place = f"sheet {table.sheet!r}, rows {table.rows[first].row} to {table.rows[end - 1].row}"
                self._problem(place, f"{wrong}: {_told(table.rows, explanation.district, first, end)}.")
        least = most = 0
        for index, (figures, owner) in enumerate(zip(table.rows, explanation.district, strict=True)):
            if owner == index:
                least, most = least + figures.least, most + figures.most
                self.add(table, test, figures, "district", figures.name)
            elif owner is not None:
                self.add(table, test, figures, "school", table.rows[owner].name, figures.name)
        if table.total is None:
            return
        if table.total.n is not None and not least <= table.total.n <= most:
            wrong = f"The districts have {least:,} to {most:,} test-takers, {table.total.name!r} {table.total.n:,}."
            self._problem(f"sheet {table.sheet!r}, row {table.total.row}", wrong)
        self.add(table, test, table.total, "state")

    def add(
        self,
        at: Table | State,
        test: Test,
        figures: Figures,
        level: Level,
        district: str | None = None,
        school: str | None = None,
    ) -> None:
        """One outcome for each measure of the row."""
        place, n, levels = f"sheet {at.sheet!r}, row {figures.row}", figures.n, figures.levels
        if n == 0:
            self._problem(place, f"Nobody of {figures.name!r} was tested; the row was left out.")
            return
        if levels is not None and abs(sum(levels) - 1) > 5 * at.half + 1e-6:
            wrong = f"The levels of {figures.name!r} add up to {sum(levels):.1%}; the row was left out."
            self._problem(place, wrong)
            return
        about = (level, district, school, self._school_year)
        if (first := self._places.setdefault((*about, *test), place)) != place:
            self._problem(place, f"{figures.name!r} has results in {first} already; the row was left out.")
            return
        ranges = _ranges(levels, at.half, n)
        for measure, parts in _MEASURES.items():
            low, high = 0.0, 1.0
            if ranges:
                rest = [part for part in range(5) if part not in parts]
                low = max(sum(ranges[part][0] for part in parts), 1 - sum(ranges[part][1] for part in rest))
                high = min(sum(ranges[part][1] for part in parts), 1 - sum(ranges[part][0] for part in rest))
                low, high = whole(low, high, n) or (max(min(low, high), 0.0), min(high, 1.0))
            self.outcomes.append(Outcome(*about, measure, *test, "all", n, low, high, figures.mean_score))
        if any(whole(low, high, n) is None for low, high in ranges):
            wrong = f"No whole numbers of {n} students have the shares of {figures.name!r}; they were taken as printed."
            self._problem(place, wrong)

    def _problem(self, place: str, text: str) -> None:
        self._problems.append(Problem(place, text))


def _ranges(levels: tuple[float, ...] | None, half: float, n: int | None) -> list[tuple[float, float]]:
    """What each level may be before it was rounded, of n students where that is possible; none where hidden."""
    printed = [(max(level - half, 0.0), min(level + half, 1.0)) for level in levels or ()]
    return [whole(low, high, n) or (low, high) for low, high in printed]


def _rows(table: Table) -> list[Row]:
    return [Row(row.name, row.least, row.most) for row in table.rows]


def _told(rows: Sequence[Figures], district: Sequence[int | None], first: int, end: int) -> str:
    """What the rows were taken for."""
    districts = [repr(rows[place].name) for place in range(first, end) if district[place] == place]
    lost = [repr(rows[place].name) for place in range(first, end) if district[place] is None]
    told = [f"districts are {', '.join(districts)}"] if districts else []
    return "; ".join(told + ([f"left out are {', '.join(lost)}"] if lost else []))


def _sorted(found: list[Table], problems: list[Problem]) -> tuple[list[tuple[Test, Table]], list[Table]]:
    """The tables of districts and schools with their tests, and those of the summary."""
    tests, summary = [], []
    for table in found:
        if "school" not in table.label.casefold():
            summary.append(table)
        elif test := test_of(" ".join(text for _, text in table.titles)) or test_of(table.sheet):
            tests.append((test, table))
        else:
            wrong = f"{table.label!r} names no test that is known; the table was left out."
            problems.append(Problem(f"sheet {table.sheet!r}, row {table.row}", wrong))
    return tests, summary


def _school_year(found: list[Table], problems: list[Problem]) -> str | None:
    """The year that the titles name, the rest of them reported."""
    named = {
        (f"sheet {table.sheet!r}, row {row}", text): _ends(match)
        for table in found
        for row, text in table.titles
        if (match := _YEAR.search(text))
    }
    if not named:
        wrong = "No title above a table of levels says a year; write it there. Nothing was read."
        problems.append(Problem("workbook", wrong))
        return None
    votes = Counter(named.values())
    year = max(votes, key=lambda year: (votes[year], year))
    school_year = school_year_of(date(year, 6, 30))
    for (place, text), other in named.items():
        if other != year:
            wrong = f"The title {text!r} says {other}; it was read as {year}, school year {school_year}."
            problems.append(Problem(place, wrong))
    return school_year


def _ends(match: re.Match[str]) -> int:
    """The year in which the school year ends: 2022, 2021-22 and 2021-2022 are the same."""
    first, second = int(match[1]), match[2]
    return first + 1 if second and int(second) % 100 == (first + 1) % 100 else first


def _compare(table: Table, state: State, problems: list[Problem]) -> None:
    total = table.total
    if total is None or total.levels is None or state.figures.levels is None:
        return
    apart = max(abs(a - b) for a, b in zip(total.levels, state.figures.levels, strict=True))
    if apart > table.half + state.half + 1e-9 or (total.n and state.figures.n and total.n != state.figures.n):
        there = f"sheet {state.sheet!r}, row {state.figures.row}"
        wrong = f"{total.name!r} is not what the summary says ({there}); this one was taken."
        problems.append(Problem(f"sheet {table.sheet!r}, row {total.row}", wrong))
