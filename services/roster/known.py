"""What the tables hold of one source before an import, as frames: read once, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, Row, Select, select

from .oneroster.stated import Class, Known, Org, Session
from .tables import classes, enrolments, guardians, links, orgs, sessions, students

_CHUNK = 50_000

STUDENTS = {
    **dict.fromkeys(("id", "sourced_id", "given", "family", "grade", "household", "district"), pl.String),
    "standing": pl.Boolean,
}
GUARDIANS = dict.fromkeys(
    ("id", "sourced_id", "given", "family", "email", "sms", "phone", "relationship"), pl.String
)
LINKS = dict.fromkeys(("student", "guardian", "relationship"), pl.String)
ENROLMENTS = {
    **dict.fromkeys(("student", "class_", "sourced_id"), pl.String),
    "begins_on": pl.Date,
    "ends_on": pl.Date,
}


@dataclass(frozen=True, slots=True)
class Before:
    """`orgs` by (kind, sourcedId) and `classes` by id, standing or not; of `enrolments` only what the source still
    states, with its own days."""

    orgs: Mapping[tuple[str, str], Row[Any]]
    sessions: Mapping[str, Session]
    classes: Mapping[str, Row[Any]]
    students: pl.DataFrame
    guardians: pl.DataFrame
    links: pl.DataFrame
    enrolments: pl.DataFrame

    def known(self) -> Known:
        """The same by sourcedIds, as far as it stands: what a bundle may refer to."""
        sourced = {row.id: row.sourced_id for row in self.orgs.values()}
        standing = self.students.filter("standing")
        return Known(
            orgs={
                row.sourced_id: Org(
                    row.sourced_id,
                    row.kind,
                    row.name,
                    row.identifier,
                    row.parent,
                    sourced.get(row.district),
                    row.made,
                )
                for row in self.orgs.values()
                if row.standing and not row.made
            },
            sessions=self.sessions,
            classes={
                row.sourced_id: Class(
                    row.sourced_id,
                    sourced[row.school],
                    row.school_year,
                    row.begins_on,
                    row.ends_on,
                    row.kind,
                    tuple(row.grades.split(",")) if row.grades else (),
                    row.title,
                )
                for row in self.classes.values()
                if row.standing
            },
            students=standing["sourced_id"],
            guardians=self.guardians.select("sourced_id", "relationship"),
        )


def load(connection: Connection, source: str) -> Before:
    """Everything of one source. About 400 bytes a person."""
    org_rows = connection.execute(select(orgs).where(orgs.c.source == source)).all()
    session_rows = connection.execute(select(sessions).where(sessions.c.source == source)).all()
    class_rows = connection.execute(select(classes).where(classes.c.source == source)).all()
    of_student = students.c.source == source
    return Before(
        orgs={(row.kind, row.sourced_id): row for row in org_rows},
        sessions={
            row.sourced_id: Session(row.sourced_id, row.school_year, row.begins_on, row.ends_on)
            for row in session_rows
        },
        classes={row.id: row for row in class_rows},
        students=_frame(
            connection, select(*(students.c[name] for name in STUDENTS)).where(of_student), STUDENTS
        ),
        guardians=_frame(
            connection,
            select(*(guardians.c[name] for name in GUARDIANS)).where(guardians.c.source == source),
            GUARDIANS,
        ),
        links=_frame(
            connection,
            select(links).join(students, students.c.id == links.c.student).where(of_student),
            LINKS,
        ),
        enrolments=_frame(
            connection,
            select(
                enrolments.c.student,
                enrolments.c.class_,
                enrolments.c.sourced_id,
                enrolments.c.stated_begins_on,
                enrolments.c.stated_ends_on,
            )
            .join(students, students.c.id == enrolments.c.student)
            .where(of_student, enrolments.c.standing)
            .distinct(),
            ENROLMENTS,
        ),
    )


def districts_of(connection: Connection, source: str) -> list[str]:
    """The ids of a source's districts, made ones included."""
    return list(
        connection.scalars(select(orgs.c.id).where(orgs.c.source == source, orgs.c.kind == "district"))
    )


def _frame(connection: Connection, query: Select[Any], schema: dict[str, Any]) -> pl.DataFrame:
    result = connection.execution_options(stream_results=True, max_row_buffer=_CHUNK).execute(query)
    frames = [
        pl.DataFrame(list(zip(*rows, strict=True)), schema=schema, orient="col")
        for rows in result.partitions(_CHUNK)
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)
