"""The tables of a view of the roster (`rosterview.py`), and the fold of roster's events into them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Date, Index, MetaData, Table, Text, delete, or_, update
from sqlalchemy.schema import DropTable

from . import checkpoints, contracts
from .envelope import Event
from .errors import Unavailable, UnknownContract
from .rows import upsert_many

#: Raised with the tables' shape; an older view is dropped and a new one is folded from the start.
VERSION = 2

metadata = MetaData()


def _name(version: int) -> str:
    """What the checkpoint of a view of this shape is called."""
    return f"roster-view-v{version}"


def _table_name(name: str, version: int) -> str:
    return f"roster_{name}_v{version}"


NAME = _name(VERSION)


def _table(name: str, *columns: Column[Any] | Index) -> Table:
    return Table(_table_name(name, VERSION), metadata, *columns)


districts = _table(
    "districts", Column("district", Text, primary_key=True), Column("name", Text, nullable=False)
)
schools = _table(
    "schools",
    Column("school", Text, primary_key=True),
    Column("district", Text, nullable=False),
    Column("name", Text, nullable=False),
)
classes = _table(
    "classes",
    Column("class_", Text, primary_key=True),
    Column("school", Text, nullable=False),
    Column("district", Text, nullable=False),
    Column("school_year", Text, nullable=False),
    Column("begins_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("kind", Text, nullable=False),
)
students = _table(
    "students",
    Column("student", Text, primary_key=True),
    Column("household", Text, nullable=False),
    Column("school", Text, nullable=False),
    Column("district", Text, nullable=False, index=True),
)
guardians = _table(
    "guardians",
    Column("student", Text, primary_key=True),
    Column("guardian", Text, primary_key=True),
)
enrolments = _table(
    "enrolments",
    Column("student", Text, primary_key=True),
    Column("class_", Text, primary_key=True, index=True),
    Column("begins_on", Date, primary_key=True),
    Column("ends_on", Date),
    Column("school", Text, nullable=False),
    Column("district", Text, nullable=False),
    Column("school_year", Text, nullable=False),
)

#: The tables that a view of an earlier shape had.
_EARLIER = ("districts", "schools", "classes", "students", "guardians", "enrolments")


def drop_earlier(connection: Connection) -> None:
    """Drop every view of an earlier shape with its checkpoint, where there is one."""
    for version in range(1, VERSION):
        for name in _EARLIER:
            connection.execute(DropTable(Table(_table_name(name, version), MetaData()), if_exists=True))
        checkpoints.reset(connection, _name(version))


#: What the view is made of; other events of the roster, also those of a later release, pass by.
_FOLDED = frozenset(
    {
        "DistrictRegistered", "SchoolRegistered", "ClassRegistered", "ClassClosed", "StudentEnrolled",
        "StudentTransferred", "StudentWithdrawn", "GuardianLinked", "GuardianUnlinked", "HouseholdAssigned",
    }
)  # fmt: skip


def fold(connection: Connection, events: Iterable[Event]) -> None:
    """Apply a page in the order of the log. Runs of rows of one table are written together; what ends an enrolment
    is written after what began before it."""
    pending: dict[str, tuple[Table, dict[tuple[Any, ...], dict[str, Any]]]] = {}

    def put(table: Table, **row: Any) -> None:
        key = tuple(row[column.name] for column in table.primary_key)
        pending.setdefault(table.name, (table, {}))[1][key] = row

    def flush(*tables: Table) -> None:
        for table in tables:
            _, rows = pending.pop(table.name, (table, {}))
            if rows:
                upsert_many(connection, table, list(rows.values()))

    def ended(student: str, class_: str, day: date) -> None:
        flush(enrolments)
        connection.execute(
            update(enrolments)
            .where(
                enrolments.c.student == student,
                enrolments.c.class_ == class_,
                # A later stay in the same class is not meant; one that never was ends the day before its first.
                enrolments.c.begins_on <= day + timedelta(days=1),
                or_(enrolments.c.ends_on.is_(None), enrolments.c.ends_on > day),
            )
            .values(ends_on=day)
        )

    for event in events:
        if event.type not in _FOLDED:
            continue
        try:
            data = contracts.upcast(event.type, event.schema_version, event.data)
        # Skipped, it would be missing for good; the view stays where it is, and old facts still serve.
        except UnknownContract as error:
            raise Unavailable(
                f"The roster is of a newer release than this service; upgrade it ({error})."
            ) from error
        except ValueError as error:
            raise Unavailable(
                f"Position {event.position} of the roster's log cannot be read ({error})."
            ) from error
        match event.type:
            case "DistrictRegistered":
                put(districts, district=data["district"], name=data["name"])
            case "SchoolRegistered":
                put(schools, school=data["school"], district=data["district"], name=data["name"])
            case "ClassRegistered":
                put(
                    classes,
                    class_=data["class"],
                    **{name: data[name] for name in ("school", "district", "school_year", "kind")},
                    begins_on=_day(data["begins_on"]),
                    ends_on=_day(data["ends_on"]),
                )
            case "ClassClosed":
                flush(classes)
                day = _day(data["closed_on"])
                earlier = update(classes).where(classes.c.class_ == data["class"], classes.c.ends_on > day)
                connection.execute(earlier.values(ends_on=day))
            case "StudentEnrolled":
                put(students, **{name: data[name] for name in ("student", "household", "school", "district")})
                put(
                    enrolments,
                    class_=data["class"],
                    **{name: data[name] for name in ("student", "school", "district", "school_year")},
                    begins_on=_day(data["begins_on"]),
                    ends_on=_day(data["ends_on"]) if data["ends_on"] else None,
                )
            case "StudentTransferred":
                day = _day(data["transferred_on"])
                ended(data["student"], data["from_class"], day - timedelta(days=1))
                put(
                    students,
                    student=data["student"],
                    household=data["household"],
                    school=data["to_school"],
                    district=data["district"],
                )
                put(
                    enrolments,
                    student=data["student"],
                    class_=data["to_class"],
                    school=data["to_school"],
                    district=data["district"],
                    school_year=data["school_year"],
                    begins_on=day,
                    ends_on=None,
                )
            case "StudentWithdrawn":
                ended(data["student"], data["class"], _day(data["withdrawn_on"]))
            case "GuardianLinked":
                put(guardians, student=data["student"], guardian=data["guardian"])
            case "GuardianUnlinked":
                flush(guardians)
                connection.execute(
                    delete(guardians).where(
                        guardians.c.student == data["student"], guardians.c.guardian == data["guardian"]
                    )
                )
            case "HouseholdAssigned":
                flush(students)
                moved = update(students).where(students.c.student == data["student"])
                connection.execute(moved.values(household=data["household"]))
    flush(districts, schools, classes, students, guardians, enrolments)


def _day(text: str) -> date:
    return date.fromisoformat(text)
