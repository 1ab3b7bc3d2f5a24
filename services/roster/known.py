"""What the tables hold of one source before an import, as frames: read once, in one transaction."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, Row, Select, exists, select

from alliance import driver

from .oneroster.stated import Class, Known, Org, Session
from .tables import classes, enrolments, guardians, links, orgs, sessions, students

_CHUNK = 50_000
#: How COPY writes what would end a value, and a backslash.
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

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
    """`orgs` by (kind, sourcedId) and `classes` by id, standing or not; of the people only who they are."""

    orgs: Mapping[tuple[str, str], Row[Any]]
    sessions: Mapping[str, Session]
    classes: Mapping[str, Row[Any]]
    students: pl.Series
    guardians: pl.DataFrame

    def known(self) -> Known:
        """The same by sourcedIds, as far as it stands: what a bundle may refer to."""
        sourced = {row.id: row.sourced_id for row in self.orgs.values()}
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
            students=self.students,
            guardians=self.guardians,
        )


def load(connection: Connection, source: str) -> Before:
    org_rows = connection.execute(select(orgs).where(orgs.c.source == source)).all()
    session_rows = connection.execute(select(sessions).where(sessions.c.source == source)).all()
    class_rows = connection.execute(select(classes).where(classes.c.source == source)).all()
    standing = select(students.c.sourced_id).where(students.c.source == source, students.c.standing)
    roles = select(guardians.c.sourced_id, guardians.c.relationship).where(guardians.c.source == source)
    return Before(
        orgs={(row.kind, row.sourced_id): row for row in org_rows},
        sessions={
            row.sourced_id: Session(row.sourced_id, row.school_year, row.begins_on, row.ends_on)
            for row in session_rows
        },
        classes={row.id: row for row in class_rows},
        students=_frame(connection, standing, {"sourced_id": pl.String})["sourced_id"],
        guardians=_frame(connection, roles, dict.fromkeys(("sourced_id", "relationship"), pl.String)),
    )


@dataclass(frozen=True, slots=True)
class KnownPeople:
    """The people of one source. Each method reads its table anew, so that only what is at work is in memory."""

    connection: Connection
    source: str

    def students(self) -> pl.DataFrame:
        """All students, standing or not."""
        query = select(*(students.c[name] for name in STUDENTS)).where(students.c.source == self.source)
        return _frame(self.connection, query, STUDENTS)

    def guardians(self) -> pl.DataFrame:
        query = select(*(guardians.c[name] for name in GUARDIANS)).where(guardians.c.source == self.source)
        return _frame(self.connection, query, GUARDIANS)

    def links(self) -> pl.DataFrame:
        return _frame(self.connection, self._of_source(select(links), links.c.student), LINKS)

    def enrolments(self) -> pl.DataFrame:
        """What the source stated last, with its own days."""
        table = enrolments.c
        columns = (
            table.student,
            table.class_,
            table.sourced_id,
            table.stated_begins_on,
            table.stated_ends_on,
        )
        stated = select(*columns).where(table.sourced_id.is_not(None))
        # A statement that was cut in two has two rows.
        return _frame(self.connection, self._of_source(stated, table.student), ENROLMENTS).unique()

    def _of_source(self, query: Select[Any], student: Any) -> Select[Any]:
        others = exists().where(students.c.source != self.source)
        if not self.connection.execute(select(others)).scalar_one():
            return query  # most deployments have one source, and a state's join costs as much as the reading
        return query.join(students, students.c.id == student).where(students.c.source == self.source)


def districts_of(connection: Connection, source: str) -> list[str]:
    """The ids of a source's districts, made ones included."""
    return list(
        connection.scalars(select(orgs.c.id).where(orgs.c.source == source, orgs.c.kind == "district"))
    )


def _frame(connection: Connection, query: Select[Any], schema: dict[str, Any]) -> pl.DataFrame:
    read = _copied if connection.dialect.name == "postgresql" else _fetched
    frames = list(read(connection, query, schema))
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)


def _fetched(connection: Connection, query: Select[Any], schema: dict[str, Any]) -> Iterator[pl.DataFrame]:
    result = connection.execute(query, execution_options={"stream_results": True, "max_row_buffer": _CHUNK})
    for rows in result.partitions(_CHUNK):
        yield pl.DataFrame(list(zip(*rows, strict=True)), schema=schema, orient="col")


def _copied(connection: Connection, query: Select[Any], schema: dict[str, Any]) -> list[pl.DataFrame]:
    """In a fifth of the time: no value becomes an object of Python's on its way."""
    frames: list[pl.DataFrame] = []
    rows: list[bytes] = []

    def take(row: bytes) -> None:
        rows.append(row)
        if len(rows) == _CHUNK:
            frames.append(_read(rows, schema))
            rows.clear()

    driver.copy_out(connection, query, take)
    return [*frames, *([_read(rows, schema)] if rows else [])]


def _read(rows: list[bytes], schema: dict[str, Any]) -> pl.DataFrame:
    """Rows in COPY's text format, in which a tab or a line's end inside a value is written with a backslash."""
    flags = [name for name, kind in schema.items() if kind == pl.Boolean]
    # The mark is taken off the beginning, and so a value that begins with one keeps its own.
    written = codecs.BOM_UTF8 + b"".join(rows)
    frame = pl.read_csv(
        written,
        has_header=False,
        separator="\t",
        quote_char=None,
        null_values="\\N",
        empty_string_is_null=False,
        schema={**schema, **dict.fromkeys(flags, pl.String)},
    ).with_columns(pl.col(name) == "t" for name in flags)
    if written.count(b"\\") == written.count(b"\\N"):
        return frame  # no backslash but those of what is missing
    texts = [name for name, kind in schema.items() if kind == pl.String]
    return frame.with_columns(_unescaped(frame[name]) for name in texts)


def _unescaped(values: pl.Series) -> pl.Series:
    return pl.Series(values.name, [value and _ESCAPE.sub(_meant, value) for value in values], dtype=pl.String)


def _meant(escape: re.Match[str]) -> str:
    return _ESCAPED.get(escape[1], escape[1])
