"""What is wrong with a bundle: where, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

Severity = Literal["error", "warning"]

#: Problems of one kind in one column of one file that are listed; the rest is counted.
LISTED = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `line` is the line of the file, 1 for its header and 0 for the file as a whole.

    An error is against the standard, and the row or that part of it was left out; a warning was imported as the
    message says. `column` is the column's name, empty for the row as a whole.
    """

    file: str
    line: int
    column: str
    code: str
    severity: Severity
    message: str


class Problems:
    """Collects problems in bounded memory: all are counted, `LISTED` of each kind are kept."""

    def __init__(self) -> None:
        self._listed: list[Problem] = []
        self._counts: Counter[tuple[str, str, str, Severity]] = Counter()

    def add(self, file: str, line: int, column: str, code: str, severity: Severity, message: str) -> None:
        kind = (file, column, code, severity)
        self._counts[kind] += 1
        if self._counts[kind] <= LISTED:
            self._listed.append(Problem(file, line, column, code, severity, message))

    def error(self, file: str, line: int, column: str, code: str, message: str) -> None:
        self.add(file, line, column, code, "error", message)

    def warning(self, file: str, line: int, column: str, code: str, message: str) -> None:
        self.add(file, line, column, code, "warning", message)

    def rows(
        self,
        file: str,
        rows: pl.DataFrame,
        column: str,
        code: str,
        severity: Severity,
        message: Callable[[str], str],
    ) -> None:
        """The same problem on many rows; `rows` has `line`, and `value`, which the message names."""
        kind = (file, column, code, severity)
        free = max(0, LISTED - self._counts[kind])
        for line, value in rows.select("line", "value").head(free).iter_rows():
            self._listed.append(Problem(file, line, column, code, severity, message(value)))
        self._counts[kind] += rows.height

    @property
    def errors(self) -> int:
        return sum(count for (*_, severity), count in self._counts.items() if severity == "error")

    @property
    def warnings(self) -> int:
        return sum(self._counts.values()) - self.errors

    def count(self, code: str) -> int:
        """How many problems of this code there are, listed or not."""
        return sum(count for (_, _, found, _), count in self._counts.items() if found == code)

    def listed(self) -> list[Problem]:
        """By file and line; a kind with more than `LISTED` problems ends with one that counts the others."""
        more = [
            Problem(
                file,
                0,
                column,
                code,
                severity,
                f"… and {count - LISTED} more of this kind in {column or 'rows'}.",
            )
            for (file, column, code, severity), count in self._counts.items()
            if count > LISTED
        ]
        return sorted(self._listed, key=lambda problem: (problem.file, problem.line, problem.column)) + more
