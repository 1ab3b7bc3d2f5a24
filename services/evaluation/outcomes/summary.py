"""The state's figures on a workbook's summary: counts and percentages of each test, in tables of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .outcome import Problem
from .sheet import Figures, Table

#: Subject and grade; the grade is empty for all tests of a subject.
Test = tuple[str, str]

_ELA, _MATHEMATICS = re.compile(r"\b(?:ela|english language arts)\b"), re.compile(r"\bmath(?:ematics)?\b")
_GRADE = re.compile(r"\bg(?:rade)?\s*([3-8])\b")


@dataclass(frozen=True, slots=True)
class State:
    """The state's `figures` in a test, percentages as proportions, and `half` of their last decimal place."""

    test: Test
    figures: Figures
    half: float
    sheet: str


def test_of(text: str) -> Test | None:
    """The test that a header, a title or a sheet's name speaks of."""
    text = text.casefold()
    if re.search(r"\benglish (?:ii|2)\b", text):
        return "ela", "English II"
    if re.search(r"\balgebra (?:i|1)\b", text):
        return "mathematics", "Algebra I"
    grade, subject = _GRADE.search(text), _subject(text)
    return (subject, grade[1]) if grade and subject else None


def read_summary(tables: Sequence[Table], problems: list[Problem]) -> list[State]:
    """Each test's figures, and each subject's under grade "". Counts and percentages that disagree are reported, and
    the percentages taken."""
    counts: dict[Test, State] = {}
    shares: dict[Test, State] = {}
    for table in tables:
        subject = _subject(" ".join(text for _, text in table.titles).casefold())
        counted = any(sum(row.levels or ()) > 1.5 for row in table.rows)
        if counted:
            _check_total(table, problems)
        for row in (*table.rows, *([table.total] if table.total else ())):
            place = f"sheet {table.sheet!r}, row {row.row}"
            test = test_of(row.name)
            if row is table.total:
                subject = subject or next((t[0] for r in table.rows if (t := test_of(r.name))), None)
                test = (subject, "") if subject else None
            if test is None or row.levels is None:
                wrong = "is no test that is known" if test is None else "has no levels"
                problems.append(Problem(place, f"{row.name!r} {wrong}; it was left out."))
                continue
            (counts if counted else shares).setdefault(test, State(test, row, table.half, table.sheet))
    return [_one(counts.get(test), shares.get(test), problems) for test in {**counts, **shares}]


def _one(count: State | None, share: State | None, problems: list[Problem]) -> State:
    if count is None or count.figures.n is None:
        # Only one of the two tables has the test, or it has no number of test-takers.
        only = share or count
        assert only is not None
        return only if share else replace(only, figures=replace(only.figures, levels=None))
    n, levels = count.figures.n, count.figures.levels or ()
    parts = tuple(level / n for level in levels) if n else levels
    if share is None:
        return replace(count, half=0.0, figures=replace(count.figures, levels=parts))
    place, taken = f"sheet {count.sheet!r}, row {count.figures.row}", "the percentages were taken."
    if sum(levels) != n:
        wrong = f"The levels have {sum(levels):,.0f} test-takers together, the total says {n:,}; {taken}"
        problems.append(Problem(place, wrong))
    elif any(abs(a - b) > share.half + 1e-9 for a, b in zip(parts, share.figures.levels or (), strict=True)):
        problems.append(Problem(place, f"The counts are not those of the percentages; {taken}"))
    figures = replace(share.figures, n=n, least=n, most=n)
    return replace(share, figures=figures)


def _check_total(table: Table, problems: list[Problem]) -> None:
    """Whether a table of counts adds up to its Grand Total."""
    total = table.total
    if total is None or total.levels is None:
        return
    sums = [sum(part) for part in zip(*(row.levels or (0,) * 5 for row in table.rows), strict=True)]
    takers = sum(row.n or 0 for row in table.rows)
    if sums != list(total.levels) or (total.n is not None and takers != total.n):
        wrong = f"The rows above do not add up to {total.name!r}: they have {takers:,} test-takers together."
        problems.append(Problem(f"sheet {table.sheet!r}, row {total.row}", wrong))


def _subject(text: str) -> str | None:
    return "ela" if _ELA.search(text) else "mathematics" if _MATHEMATICS.search(text) else None
