"""A service's own view of the roster: students, guardians, classes and enrolments, folded from roster's feed.

Pledges, folders and surveys each keep one in their own database, so that a command needs nobody else to judge it.
It is a read model: made from the feed at position 0, and thrown away rather than migrated.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Date, bindparam, or_, select

from . import checkpoints
from .compiled import Compiled
from .database import Database
from .errors import Diverged, NotFound
from .feed import Feed
from .lookup import Lookup
from .rosterfold import (
    NAME,
    classes,
    districts,
    drop_earlier,
    enrolments,
    fold,
    guardians,
    metadata,
    schools,
    students,
)

T = TypeVar("T")


_DAY: Any = bindparam("day", type_=Date)
_ON = (enrolments.c.begins_on <= _DAY, or_(enrolments.c.ends_on.is_(None), enrolments.c.ends_on >= _DAY))

_STUDENTS = Compiled(lambda among: select(students).where(among(students.c.student, "ids")))
_CLASSES = Compiled(lambda among: select(classes).where(among(classes.c.class_, "ids")))
_SCHOOLS = Compiled(lambda among: select(schools).where(among(schools.c.school, "ids")))
_DISTRICTS = Compiled(lambda among: select(districts).where(among(districts.c.district, "ids")))
#: A row for each guardian, and one for a student who has none. One SELECT sees one state without a transaction. The ids
#: are said of both tables: of one that has just been filled the planner knows nothing, and would read it whole.
_WITH_GUARDIANS = Compiled(
    lambda among: (
        select(students, guardians.c.guardian)
        .outerjoin(guardians, (guardians.c.student == students.c.student) & among(guardians.c.student, "ids"))
        .where(among(students.c.student, "ids"))
    )
)
#: A student's enrolments begun by a day and not ended before it, although their class may have.
_STAYS = Compiled(
    lambda _: (
        select(enrolments, classes.c.kind, classes.c.ends_on.label("class_ends_on"))
        .outerjoin(classes, classes.c.class_ == enrolments.c.class_)
        .where(enrolments.c.student == bindparam("student"), *_ON)
    )
)
_ENROLLED = Compiled(
    lambda _: (
        select(enrolments.c.student)
        .where(enrolments.c.class_ == bindparam("class_"), *_ON)
        .order_by(enrolments.c.student)
        .distinct()
    )
)


class RosterView:
    """Follows roster's feed; what is told of a student or a class is as of one position. Safe to share between
    threads."""

    def __init__(self, database: Database, feed: Feed) -> None:
        self.database = database
        self._feed = feed
        self._following = threading.Lock()
        self._students, self._with_guardians, self._classes, self._schools, self._districts = (
            Lookup(database, query) for query in (_STUDENTS, _WITH_GUARDIANS, _CLASSES, _SCHOOLS, _DISTRICTS)
        )

    def prepare(self) -> None:
        """Create the tables where they are missing, and drop those of earlier shapes."""
        with self.database.transaction() as connection:
            metadata.create_all(connection)
            drop_earlier(connection)

    def follow(self) -> int:
        """Fold what is new in roster's feed, page by page, each page with its checkpoint in one transaction.

        Returns the number of events folded; raises Unavailable when roster or the database is away or roster is of
        a newer release, Diverged when roster's log is not the one followed so far.
        """
        folded = 0
        with self._following:
            while True:
                with self.database.asking() as connection:
                    position, epoch = checkpoints.load(connection, NAME)
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
                        NAME,
                        expected=position,
                        position=page.events[-1].position,
                        epoch=page.epoch,
                    ):
                        fold(connection, page.events)
                        folded += len(page.events)

    def position(self) -> int:
        """The position of roster's log that this view is as of."""
        with self.database.asking() as connection:
            return checkpoints.load(connection, NAME)[0]

    def student(self, student: str) -> Any | None:
        """(student, household, school, district) as of the latest fact, or None."""
        return self._students.one(student)

    def class_(self, class_: str) -> Any | None:
        """(class_, school, district, school_year, begins_on, ends_on, kind), or None."""
        return self._classes.one(class_)

    def classes(self, wanted: Iterable[str]) -> dict[str, Any]:
        """The rows of many classes, for bulk commands; those that are unknown even after a look at the feed are
        absent."""
        return self._all(self._class_rows, wanted)

    def _class_rows(self, ids: list[str]) -> dict[str, Any]:
        return {row.class_: row for row in self._classes.rows(ids)}

    def school(self, school: str) -> Any | None:
        return self._schools.one(school)

    def district(self, district: str) -> Any | None:
        return self._districts.one(district)

    def enrolment(self, student: str, day: date) -> Any | None:
        """Where the student was enrolled on a day, the one answer that roster itself gives: the homeroom before any
        lesson, then the class begun last, then the last by id. None where it was in no class."""
        covering = [stay for stay in self._stays(student, day) if _last(stay) >= day]
        # Ordered here: a database may order text by the rules of a language.
        return max(
            covering, key=lambda stay: (stay.kind == "homeroom", stay.begins_on, stay.class_), default=None
        )

    def classes_of(self, student: str, day: date) -> set[str]:
        """The classes whose teachers may act for the student on a day: all that it is in. In the holidays those
        that ended last, until the student is in another or withdrawn."""
        stays = self._stays(student, day)
        latest = max((_last(stay) for stay in stays), default=day)
        return {stay.class_ for stay in stays if _last(stay) >= min(day, latest)}

    def _stays(self, student: str, day: date) -> Sequence[Any]:
        with self.database.asking() as connection:
            return _STAYS.all(connection, student=student, day=day)

    def enrolled(self, class_: str, day: date) -> list[str]:
        """The students of a class on a day, in the order of their ids."""
        with self.database.asking() as connection:
            return [row.student for row in _ENROLLED.all(connection, class_=class_, day=day)]

    def facts(self, wanted: Iterable[str]) -> dict[str, tuple[Any, set[str]]]:
        """(student row, guardians) of one or many students, after a look at the feed where some are new.

        Those that are unknown even then are absent.
        """
        return self._all(self._facts, wanted)

    def _facts(self, ids: list[str]) -> dict[str, tuple[Any, set[str]]]:
        found: dict[str, tuple[Any, set[str]]] = {}
        for row in self._with_guardians.rows(ids):
            of_student = found.setdefault(row.student, (row, set()))[1]
            if row.guardian is not None:
                of_student.add(row.guardian)
        return found

    def households(self, district: str, day: date, school: str | None = None) -> dict[str, list[str]]:
        """The households with a child enrolled on a day in the district (in one school), and their schools there."""
        query = (
            select(students.c.household, enrolments.c.school)
            .join(enrolments, enrolments.c.student == students.c.student)
            .where(enrolments.c.district == district, *_ON)
            .distinct()
            .order_by(students.c.household, enrolments.c.school)
        )
        if school is not None:
            query = query.where(enrolments.c.school == school)
        found: dict[str, list[str]] = {}
        with self.database.asking() as connection:
            for household, of_school in connection.execute(query, {"day": day}):
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

    def _all(self, find: Callable[[list[str]], dict[str, T]], wanted: Iterable[str]) -> dict[str, T]:
        """As `known`, for many at once: what `find` finds, after a look at the feed if any of them is new."""
        ids = sorted(set(wanted))
        found = find(ids)
        if len(found) < len(ids):
            self.follow()
            found = find(ids)
        return found

    def missing(self, kind: str, id_: str) -> NotFound:
        return NotFound(
            f"The {kind} {id_!r} is not in the roster as of position {self.position()}; "
            "check the id, or import the roster that has it first."
        )


def forget(database: Database) -> None:
    """Drop the view and its checkpoint: the next `prepare` and `follow` make it again from the feed."""
    with database.transaction() as connection:
        metadata.drop_all(connection)
        checkpoints.reset(connection, NAME)


def _last(stay: Any) -> date:
    """The last day of the stay's class; a class that the roster has not told of yet is open."""
    return stay.class_ends_on or date.max
