"""Students of whom something changed, a few hundred at a time: their events, and their rows as they are to be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from .difference import Difference
from .enrolment import Place, Span, Statement, settled
from .events import StudentEvent
from .student import Student, changes
from .tables import enrolments, links

#: Students looked up and decided on together.
TOGETHER = 500


@dataclass(slots=True)
class StudentChange:
    """One student: events in their order, and the rows that replace those of the tables.

    `enrolments` and `links` are all rows that the student is to have; `new` says that there are none yet to replace.
    """

    student: str
    events: list[StudentEvent]
    row: dict[str, Any]
    new: bool
    enrolments: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)

    def by_district(self) -> Iterator[tuple[str, list[StudentEvent]]]:
        """The events in their order, in runs of one district."""
        for district, run in groupby(self.events, key=lambda event: event.district):
            yield district, list(run)


def student_changes(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    difference: Difference,
    source: str,
    today: date,
) -> Iterator[StudentChange]:
    """`rows` are a slice of `difference.people.students`; what was known of them is read from the tables."""
    old_ids = [row["id"] for row in rows if not row["new"]]
    known_spans = _known_spans(connection, old_ids, difference.old_places)
    known_links = _known_links(connection, old_ids)
    for row in rows:
        id_ = row["id"]
        stated = [
            Statement(e["sourced_id"], e["class_"], e["begins_on"], e["ends_on"]) for e in row["stated"]
        ]
        spans = settled(known_spans.get(id_, ()), stated, difference.places, today)
        before_links = known_links.get(id_, {})
        # The guardians of a child who left stay: what they signed remains theirs.
        now_links = (
            before_links if row["gone"] else {e["guardian"]: e["relationship"] for e in row["guardians"]}
        )
        before = None
        if not row["new"]:
            before = Student(
                id_,
                row["old_household"],
                row["old_district"],
                row["old_grade"],
                known_spans.get(id_, ()),
                before_links,
            )
        after = Student(id_, row["household"], row["district"], row["grade"], spans, now_links)
        yield StudentChange(
            student=id_,
            events=changes(before, after, today),
            row=_student_row(row, source),
            new=row["new"],
            enrolments=[_enrolment_row(id_, span) for span in spans],
            links=[{"student": id_, "guardian": g, "relationship": r} for g, r in now_links.items()],
        )


def _known_spans(
    connection: Connection, students: list[str], places: Mapping[str, Place]
) -> dict[str, tuple[Span, ...]]:
    found: dict[str, list[Span]] = defaultdict(list)
    if students:
        query = select(enrolments).where(enrolments.c.student.in_(students)).order_by(enrolments.c.begins_on)
        for row in connection.execute(query):
            stated = None
            if row.sourced_id is not None:
                stated = Statement(row.sourced_id, row.class_, row.stated_begins_on, row.stated_ends_on)
            found[row.student].append(
                Span(places[row.class_], row.begins_on, row.ends_on, stated, row.claimed_on)
            )
    return {student: tuple(spans) for student, spans in found.items()}


def _known_links(connection: Connection, students: list[str]) -> dict[str, dict[str, str | None]]:
    found: dict[str, dict[str, str | None]] = defaultdict(dict)
    if students:
        for row in connection.execute(select(links).where(links.c.student.in_(students))):
            found[row.student][row.guardian] = row.relationship
    return found


def _student_row(row: Mapping[str, Any], source: str) -> dict[str, Any]:
    return {
        "id": row["id"],
        "source": source,
        "sourced_id": row["sourced_id"],
        "given": row["given"],
        "family": row["family"],
        "grade": row["grade"],
        "household": row["household"],
        "district": row["district"],
        "standing": not row["gone"],
    }


def _enrolment_row(student: str, span: Span) -> dict[str, Any]:
    stated = span.stated
    return {
        "student": student,
        "class_": span.place.class_,
        "begins_on": span.begins_on,
        "ends_on": span.ends_on,
        "claimed_on": span.claimed_on,
        "sourced_id": stated and stated.sourced_id,
        "stated_begins_on": stated and stated.begins_on,
        "stated_ends_on": stated and stated.ends_on,
    }
