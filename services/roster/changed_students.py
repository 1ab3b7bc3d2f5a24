"""The students of whom anything changed, with what is stated of them, handed out a slice at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

#: What a student's row of the tables has, besides source and standing.
PERSON = ("id", "sourced_id", "given", "family", "grade", "household", "district")


@dataclass(frozen=True, slots=True)
class ChangedStudents:
    """`rows` has PERSON, `gone` and `new`, and old_grade, old_household, old_district (null when new), by district
    and id. `stated` (enrolments) and `linked` (guardians) name the row that they belong to by its `number`, in whose
    order they are: kept apart, because a state as lists of lists takes twice the memory.
    """

    rows: pl.DataFrame
    stated: pl.DataFrame
    linked: pl.DataFrame

    def slices(self, size: int) -> Iterator[list[dict[str, Any]]]:
        """Rows as dicts, with `stated` and `guardians` as lists of dicts."""
        for start in range(0, self.rows.height, size):
            stated = _by_number(self.stated, start, start + size)
            guardians = _by_number(self.linked, start, start + size)
            yield [
                {**row, "stated": stated.get(number, []), "guardians": guardians.get(number, [])}
                for number, row in enumerate(self.rows.slice(start, size).iter_rows(named=True), start)
            ]


def changed_students(
    ids: pl.Series,
    students: pl.DataFrame,
    gone: pl.DataFrame,
    known: pl.DataFrame,
    enrolments: pl.DataFrame,
    links: pl.DataFrame,
) -> ChangedStudents:
    """`ids` once each; `students` stand and `gone` do not any more; `known` is as of before."""
    wanted = ids.to_frame("id")
    old = known.select("id", old_grade="grade", old_household="household", old_district="district")
    rows = (
        pl.concat(
            [
                students.select(*PERSON, gone=pl.lit(False)).join(wanted, on="id", how="semi"),
                gone.select(*PERSON, gone=pl.lit(True)),
            ]
        )
        .join(old, on="id", how="left")
        .with_columns(new=pl.col("old_district").is_null())
        .sort("district", "id")
    )
    numbers = rows.select(student="id").with_row_index("number")
    return ChangedStudents(
        rows,
        enrolments.join(numbers, on="student").drop("student").sort("number", "class_", "sourced_id"),
        links.join(numbers, on="student").drop("student").sort("number", "guardian"),
    )


def _by_number(frame: pl.DataFrame, start: int, end: int) -> dict[int, list[dict[str, Any]]]:
    first, last = (int(frame["number"].search_sorted(bound)) for bound in (start, end))
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in frame.slice(first, last - first).iter_rows(named=True):
        found[row.pop("number")].append(row)
    return found
