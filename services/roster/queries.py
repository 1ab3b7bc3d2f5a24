"""What the roster answers, each question one statement. Names only where a caller may see them (`app.py` decides)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, or_, select, tuple_

from .enrolment import Span, place_of
from .tables import classes, enrolments, guardians, links, orgs, students

#: Rows that are enrolments; the others only remember what the source said.
_real = or_(enrolments.c.ends_on.is_(None), enrolments.c.ends_on >= enrolments.c.begins_on)

#: Separates the parts of a page's cursor; no opaque id has it.
_BETWEEN = "~"


def districts(connection: Connection) -> list[dict[str, Any]]:
    query = select(orgs).where(orgs.c.kind == "district", orgs.c.standing).order_by(orgs.c.name, orgs.c.id)
    return [district_json(row) for row in connection.execute(query)]


def org(connection: Connection, kind: str, id_: str) -> Row[Any] | None:
    return connection.execute(select(orgs).where(orgs.c.id == id_, orgs.c.kind == kind)).one_or_none()


def schools(connection: Connection, district: str) -> list[dict[str, Any]]:
    query = (
        select(orgs)
        .where(orgs.c.kind == "school", orgs.c.district == district)
        .order_by(orgs.c.name, orgs.c.id)
    )
    return [school_json(row) for row in connection.execute(query)]


def class_(connection: Connection, id_: str) -> Row[Any] | None:
    return connection.execute(select(classes).where(classes.c.id == id_)).one_or_none()


def classes_of(connection: Connection, school: str, *, titles: bool) -> list[dict[str, Any]]:
    query = select(classes).where(classes.c.school == school).order_by(classes.c.school_year, classes.c.id)
    return [class_json(row, titles=titles) for row in connection.execute(query)]


def students_of(connection: Connection, class_: str, day: date) -> list[dict[str, Any]]:
    """Who is in the class on a day, by family name; with names."""
    query = (
        select(students)
        .join(enrolments, enrolments.c.student == students.c.id)
        .join(classes, classes.c.id == enrolments.c.class_)
        .where(
            enrolments.c.class_ == class_,
            enrolments.c.begins_on <= day,
            classes.c.ends_on >= day,
            or_(enrolments.c.ends_on.is_(None), enrolments.c.ends_on >= day),
        )
        .order_by(students.c.family, students.c.given, students.c.id)
    )
    return [_name_json(row) for row in connection.execute(query)]


def student(connection: Connection, id_: str) -> Row[Any] | None:
    return connection.execute(select(students).where(students.c.id == id_)).one_or_none()


def spans(connection: Connection, student: str) -> list[Span]:
    """All enrolments of a student, effective-dated."""
    query = (
        select(*classes.c, enrolments.c.begins_on.label("first"), enrolments.c.ends_on.label("last"))
        .join(enrolments, enrolments.c.class_ == classes.c.id)
        .where(enrolments.c.student == student, _real)
        .order_by(enrolments.c.begins_on, classes.c.id)
    )
    return [Span(place_of(dict(row._mapping)), row.first, row.last) for row in connection.execute(query)]


def guardians_of(connection: Connection, student: str) -> list[dict[str, Any]]:
    query = (
        select(guardians.c.id, guardians.c.given, guardians.c.family, links.c.relationship)
        .join(links, links.c.guardian == guardians.c.id)
        .where(links.c.student == student)
        .order_by(guardians.c.id)
    )
    return [
        {
            "guardian": row.id,
            "given_name": row.given,
            "family_name": row.family,
            "relationship": row.relationship,
        }
        for row in connection.execute(query)
    ]


def enrolments_of(connection: Connection, district: str, after: str | None, limit: int) -> dict[str, Any]:
    """A page of a district's enrolments without names; `next` is the `after` of the page that follows, null at the
    end. Pages are in the order of (student, class, first day)."""
    key = (enrolments.c.student, enrolments.c.class_, enrolments.c.begins_on)
    query = (
        select(
            *key,
            enrolments.c.ends_on,
            enrolments.c.sourced_id,
            students.c.household,
            classes.c.school,
        )
        .join(classes, classes.c.id == enrolments.c.class_)
        .join(students, students.c.id == enrolments.c.student)
        .where(classes.c.district == district, _real)
        .order_by(*key)
        .limit(limit + 1)
    )
    if after:
        student_, class_, first = after.split(_BETWEEN)
        query = query.where(tuple_(*key) > tuple_(student_, class_, date.fromisoformat(first)))
    rows = connection.execute(query).all()
    page = rows[:limit]
    of_students = _guardian_ids(connection, [row.student for row in page])
    last = page[-1] if len(rows) > limit else None
    return {
        "enrolments": [
            {
                "student": row.student,
                "household": row.household,
                "guardians": of_students.get(row.student, []),
                "guardian": next(iter(of_students.get(row.student, [])), None),
                "class": row.class_,
                "school": row.school,
                "begins_on": row.begins_on.isoformat(),
                "ends_on": row.ends_on and row.ends_on.isoformat(),
                "sourced_id": row.sourced_id,
            }
            for row in page
        ],
        "next": last and _BETWEEN.join((last.student, last.class_, last.begins_on.isoformat())),
    }


def _guardian_ids(connection: Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    query = select(links.c.student, links.c.guardian).where(links.c.student.in_(sorted(set(ids))))
    for student_, guardian in connection.execute(query.order_by(links.c.student, links.c.guardian)):
        found.setdefault(student_, []).append(guardian)
    return found


def district_json(row: Row[Any]) -> dict[str, Any]:
    return {"district": row.id, "name": row.name, "identifier": row.identifier}


def school_json(row: Row[Any]) -> dict[str, Any]:
    return {
        "school": row.id,
        "district": row.district,
        "name": row.name,
        "identifier": row.identifier,
        "closed_on": row.closed_on and row.closed_on.isoformat(),
    }


def class_json(row: Row[Any], *, titles: bool) -> dict[str, Any]:
    """Without `titles` the class has none: it may be called after its teacher."""
    return {
        "class": row.id,
        "school": row.school,
        "district": row.district,
        "school_year": row.school_year,
        "begins_on": row.begins_on.isoformat(),
        "ends_on": row.ends_on.isoformat(),
        "kind": row.kind,
        "grades": row.grades.split(",") if row.grades else [],
        "title": (titles and row.title) or None,
        "closed_on": row.closed_on and row.closed_on.isoformat(),
    }


def span_json(span: Span) -> dict[str, Any]:
    return {
        "class": span.place.class_,
        "school": span.place.school,
        "district": span.place.district,
        "school_year": span.place.school_year,
        "begins_on": span.begins_on.isoformat(),
        "ends_on": span.ends_on and span.ends_on.isoformat(),
    }


def _name_json(row: Row[Any]) -> dict[str, Any]:
    return {"student": row.id, "given_name": row.given, "family_name": row.family, "grade": row.grade}
