"""What is known of one class, and the months in which it is expected to send a folder home. Pure: dicts in and out.

A class row holds text: `students` {student: spans}, also of those who have left, and `sent` {month: the day its folder
first went home}.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from services.evaluation.school_year import day_before, months_between

from .cells import decode, encode
from .spans import left

ClassRow = dict[str, Any]
Unit = tuple[str, str, str]

#: A class of which no event has come yet; a folder or a student may be heard of before the class itself.
UNKNOWN: ClassRow = {
    "school": None,
    "school_year": None,
    "kind": None,
    "begins_on": None,
    "ends_on": None,
    "closed_on": None,
    "students": "{}",
    "sent": "{}",
}

#: What a class adds to a month of its school, with homeroom classes counted apart: which of the two sets is expected
#: depends on the school's other classes, and is chosen by the query.
COUNTS = (
    "homeroom_expected",
    "homeroom_sent",
    "homeroom_on_time",
    "all_expected",
    "all_sent",
    "all_on_time",
)


def counted(row: Mapping[str, Any]) -> dict[Unit, tuple[int, ...]]:
    """COUNTS of each (school, school year, month) in which the class is expected: it has a day of its time in that
    month on which a student is in it. A folder sent in any other month counts nowhere."""
    if row["kind"] is None:
        return {}
    first, last = row["begins_on"], min(row["ends_on"], row["closed_on"] or row["ends_on"])
    months = {
        month
        for begins, ends in _spans(row["students"])
        for month in months_between(max(begins, first), min(ends or last, last))
    }
    sent = decode(row["sent"])
    counts: dict[Unit, tuple[int, ...]] = {}
    for month in months:
        sent_on = sent.get(month)
        every = (1, int(sent_on is not None), int(sent_on is not None and sent_on[:7] <= month))
        homeroom = every if row["kind"] == "homeroom" else (0, 0, 0)
        counts[row["school"], row["school_year"], month] = homeroom + every
    return counts


def after(rows: Mapping[str, ClassRow], type_: str, data: Mapping[str, Any]) -> dict[str, ClassRow]:
    """The rows, by class, as one event leaves them; `rows` holds the class or the two classes that it names."""
    new = dict(rows)
    match type_:
        case "ClassRegistered":
            told = ("school", "school_year", "kind", "begins_on", "ends_on")
            # Registered again after it was closed, a class is open again.
            changes = {name: data[name] for name in told} | {"closed_on": None}
            new[data["class"]] = {**rows[data["class"]], **changes}
        case "ClassClosed":
            new[data["class"]] = {**rows[data["class"]], "closed_on": data["closed_on"]}
        case "FolderSent":
            sent = decode(rows[data["class"]]["sent"])
            sent[data["period"]] = min(data["sent_on"], sent.get(data["period"], data["sent_on"]))
            new[data["class"]] = {**rows[data["class"]], "sent": encode(sent)}
        case "StudentEnrolled":
            row = rows[data["class"]]
            new[data["class"]] = _in(row, data["student"], data["begins_on"], data["ends_on"])
        case "StudentTransferred":
            from_class, to_class, day = data["from_class"], data["to_class"], data["transferred_on"]
            new[from_class] = _out(rows[from_class], data["student"], day_before(day))
            new[to_class] = _in(new[to_class], data["student"], day, None)
        case "StudentWithdrawn":
            new[data["class"]] = _out(rows[data["class"]], data["student"], data["withdrawn_on"])
    return new


def _in(row: ClassRow, student: str, begins_on: str, ends_on: str | None) -> ClassRow:
    students = decode(row["students"])
    students[student] = {**students.get(student, {}), begins_on: ends_on}
    return {**row, "students": encode(students)}


def _out(row: ClassRow, student: str, last_day: str) -> ClassRow:
    students = decode(row["students"])
    students[student] = left(students.get(student, {}), last_day)
    return {**row, "students": encode(students)}


# What one event leaves is what the next one of the class finds, so every other look is one that was taken before.
@lru_cache(maxsize=1024)
def _spans(students: str) -> frozenset[tuple[str, str | None]]:
    """The spans of all students; most of a class share one, so there are few."""
    return frozenset(span for spans in decode(students).values() for span in spans.items())
