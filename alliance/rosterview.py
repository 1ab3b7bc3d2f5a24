"""A service's own view of the roster: students, guardians, classes and enrolments, folded from roster's feed.

Pledges, folders and surveys each keep one in their own database, so that a command needs nobody else to judge it.
It is a read model: made from the feed at position 0, and thrown away rather than migrated.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Date, Index, MetaData, Table, Text, delete, or_, select, update

from . import checkpoints, contracts
from .database import Database
from .envelope import Event
from .errors import Diverged, NotFound, Unavailable, UnknownContract
from .feed import Feed
from .rows import upsert_many

#: Raised with the tables' shape; an older view is left behind and a new one is folded from the start.
VERSION = 1
_NAME = f"roster-view-v{VERSION}"

metadata = MetaData()


def _table(name: str, *columns: Column[Any] | Index) -> Table:
    return Table(f"roster_{name}_v{VERSION}", metadata, *columns)


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


class RosterView:
    """Follows roster's feed; every query sees one position of it. Safe to share between threads."""

    def __init__(self, database: Database, feed: Feed) -> None:
        self.database = database
        self._feed = feed
        self._following = threading.Lock()

    def prepare(self) -> None:
        """Create the tables where they are missing."""
        metadata.create_all(self.database.engine, checkfirst=True)

    def follow(self) -> int:
        """Fold what is new in roster's feed, page by page, each page with its checkpoint in one transaction.

        Returns the number of events folded; raises Unavailable when roster or the database is away or roster is of
        a newer release, Diverged when roster's log is not the one followed so far.
        """
        folded = 0
        with self._following:
            while True:
                with self.database.reading() as connection:
                    position, epoch = checkpoints.load(connection, _NAME)
                page = self._feed.page(position)
                if page.head < position or (epoch and page.epoch != epoch):
                    raise Diverged(
                        f"roster's log ends at {page.head} in epoch {page.epoch}; "
                        f"this view is at {position} of epoch {epoch}"
                    )
                if not page.events:
                    return folded
                with self.database.transaction() as connection:
                    # Another process may have folded this page meanwhile; then its checkpoint stands and we read on.
                    if checkpoints.move(
                        connection,
                        _NAME,
                        expected=position,
                        position=page.events[-1].position,
                        epoch=page.epoch,
                    ):
                        _fold(connection, page.events)
                        folded += len(page.events)

    def position(self) -> int:
        """The position of roster's log that this view is as of."""
        with self.database.reading() as connection:
            return checkpoints.load(connection, _NAME)[0]

    def student(self, student: str) -> Any | None:
        """(student, household, school, district) as of the latest fact, or None."""
        return self._one(select(students).where(students.c.student == student))

    def class_(self, class_: str) -> Any | None:
        """(class_, school, district, school_year, begins_on, ends_on), or None."""
        return self._one(select(classes).where(classes.c.class_ == class_))

    def school(self, school: str) -> Any | None:
        return self._one(select(schools).where(schools.c.school == school))

    def district(self, district: str) -> Any | None:
        return self._one(select(districts).where(districts.c.district == district))

    def enrolment(self, student: str, day: date) -> Any | None:
        """Where the student was enrolled on a day; of overlapping enrolments the one that began last counts."""
        query = (
            select(enrolments)
            .where(enrolments.c.student == student, *_on(day))
            .order_by(enrolments.c.begins_on.desc(), enrolments.c.class_)
            .limit(1)
        )
        return self._one(query)

    def enrolled(self, class_: str, day: date) -> list[str]:
        """The students of a class on a day, in the order of their ids."""
        query = (
            select(enrolments.c.student)
            .where(enrolments.c.class_ == class_, *_on(day))
            .order_by(enrolments.c.student)
            .distinct()
        )
        with self.database.reading() as connection:
            return list(connection.scalars(query))

    def guardians(self, student: str) -> set[str]:
        with self.database.reading() as connection:
            return set(connection.scalars(select(guardians.c.guardian).where(guardians.c.student == student)))

    def facts(self, wanted: Iterable[str]) -> dict[str, tuple[Any, set[str]]]:
        """(student row, guardians) of many students, for bulk commands, after a look at the feed where some are new.

        Those that are unknown even then are absent.
        """
        ids = sorted(set(wanted))
        found = self._facts(ids)
        if len(found) < len(ids):
            self.follow()
            found = self._facts(ids)
        return found

    def _facts(self, ids: list[str]) -> dict[str, tuple[Any, set[str]]]:
        with self.database.reading() as connection:
            found = {row.student: (row, set[str]()) for row in _rows(connection, students, ids)}
            for row in _rows(connection, guardians, ids):
                if row.student in found:
                    found[row.student][1].add(row.guardian)
        return found

    def households(self, district: str, day: date, school: str | None = None) -> dict[str, list[str]]:
        """The households with a child enrolled on a day in the district (in one school), and their schools there."""
        query = (
            select(students.c.household, enrolments.c.school)
            .join(enrolments, enrolments.c.student == students.c.student)
            .where(enrolments.c.district == district, *_on(day))
            .distinct()
            .order_by(students.c.household, enrolments.c.school)
        )
        if school is not None:
            query = query.where(enrolments.c.school == school)
        found: dict[str, list[str]] = {}
        with self.database.reading() as connection:
            for household, of_school in connection.execute(query):
                found.setdefault(household, []).append(of_school)
        return found

    def known(self, find: Callable[[str], Any | None], kind: str, id_: str) -> Any:
        """What `find` finds, after a look at the feed if it is new; else NotFound with the position looked at."""
        found = find(id_)
        if found is None:
            self.follow()
            found = find(id_)
        if found is None:
            raise self.missing(kind, id_)
        return found

    def missing(self, kind: str, id_: str) -> NotFound:
        return NotFound(
            f"The {kind} {id_!r} is not in the roster as of position {self.position()}; "
            "check the id, or import the roster that has it first."
        )

    def _one(self, query: Any) -> Any | None:
        with self.database.reading() as connection:
            return connection.execute(query).one_or_none()


def forget(database: Database) -> None:
    """Drop the view and its checkpoint: the next `prepare` and `follow` make it again from the feed."""
    with database.transaction() as connection:
        metadata.drop_all(connection)
        checkpoints.reset(connection, _NAME)


def _on(day: date) -> list[Any]:
    return [enrolments.c.begins_on <= day, or_(enrolments.c.ends_on.is_(None), enrolments.c.ends_on >= day)]


def _rows(connection: Connection, table: Table, ids: list[str]) -> Iterable[Any]:
    for start in range(0, len(ids), 5000):
        yield from connection.execute(select(table).where(table.c.student.in_(ids[start : start + 5000])))


#: What the view is made of; other events of the roster, also those of a later release, pass by.
_FOLDED = frozenset(
    {
        "DistrictRegistered", "SchoolRegistered", "ClassRegistered", "ClassClosed", "StudentEnrolled",
        "StudentTransferred", "StudentWithdrawn", "GuardianLinked", "GuardianUnlinked", "HouseholdAssigned",
    }
)  # fmt: skip


def _fold(connection: Connection, events: Iterable[Event]) -> None:
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
        except UnknownContract as error:
            # Skipped, it would be missing for good; the view stays where it is, and old facts still serve.
            raise Unavailable(
                f"The roster is of a newer release than this service; upgrade it ({error})."
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
                    **{name: data[name] for name in ("school", "district", "school_year")},
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
