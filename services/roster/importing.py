"""Bring a bundle into the roster: read, check, compare, and write what differs.

Guarantees
- A batch's events and the rows that they follow from are written in one transaction. An import that dies is healed
  by importing again: what it wrote is known by then, and the rest is still different.
- Of two imports of one source, the one that began later goes on and the other stops.
- An import that changes nothing appends nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from alliance.context import Context
from alliance.errors import Invalid, Refused
from alliance.log import Log

from .difference import Difference, compare
from .known import KnownPeople, districts_of, load
from .oneroster.bundle import open_bundle
from .oneroster.problems import Problem, Problems
from .oneroster.reading import read
from .opaque import OpaqueIds
from .student_batches import TOGETHER, StudentChange, student_changes
from .tables import sources
from .writing import ROWS_TOGETHER, Overtaken, Writer

#: A bundle that drops a larger part of the students of its source needs a confirmation, in per cent.
DROP_PER_CENT = 10
#: Problems that a refusal lists.
LISTED_IN_ERROR = 100

#: Told as people are written: how many are done, and of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """`strict` imports nothing if there is any error, `dry_run` writes nothing at all, `confirm` accepts any drop."""

    path: Path
    source: str
    strict: bool = False
    dry_run: bool = False
    confirm: bool = False


def import_bundle(
    log: Log, secret_key: bytes, request: Request, context: Context, progress: Progress = lambda *_: None
) -> dict[str, Any]:
    """Import one bundle; the result is that of the operation `import_roster`.

    Raises Malformed or TooLarge for a bundle that cannot be opened, Invalid (strict), Refused for a drop that is not
    confirmed, another secret key or a later import, Forbidden when the caller does not cover all of its districts.
    """
    try:
        return _Import(log, OpaqueIds(request.source, secret_key), request, context, progress).run()
    except Overtaken:
        raise Refused(
            f"A later import of {request.source!r} has begun and goes on from what was written so far; "
            "wait for it and compare its result."
        ) from None


class _Import:
    def __init__(
        self, log: Log, ids: OpaqueIds, request: Request, context: Context, progress: Progress
    ) -> None:
        self._log, self._ids, self._request = log, ids, request
        self._context, self._progress = context, progress
        self._today = context.now.date()
        self._owner = uuid4()
        self._problems = Problems()

    def run(self) -> dict[str, Any]:
        bundle = open_bundle(self._request.path, self._problems)
        with self._log.database.reading() as connection:
            self._cover(districts_of(connection, self._ids.source))
        if not self._request.dry_run:
            self._own()
        with self._log.database.streaming() as connection:
            before = load(connection, self._ids.source)
        stated = read(bundle, before.known(), self._today, self._problems)
        counts = dict(stated.counts)
        with self._log.database.streaming() as connection:
            known = KnownPeople(connection, self._ids.source)
            difference = compare(stated, before, known, self._ids, self._today, self._problems)
        self._check(difference)
        if self._request.dry_run:
            changes, position = self._would_change(difference), self._log.head()[0]
        else:
            changes, position = self._write(difference)
        people = difference.people
        return {
            "position": {"source": self._log.source, "sequence": position},
            "created": bool(changes) and not self._request.dry_run,
            "dry_run": self._request.dry_run,
            "needs_confirm": self._drops_too_many(difference),
            "students": {"before": people.standing, "dropped": people.dropped},
            "counts": counts,
            "changes": dict(sorted(changes.items())),
            "errors": self._problems.errors,
            "warnings": self._problems.warnings,
            "problems": [asdict(problem) for problem in self._problems.listed()],
        }

    def _own(self) -> None:
        """From here on an earlier import of this source writes nothing more."""
        table, insert = sources, self._log.database.insert(sources)
        row = {"source": self._ids.source, "owner": str(self._owner), "key_check": self._ids.check()}
        with self._log.database.transaction() as connection:
            connection.execute(
                insert.values(row).on_conflict_do_update(
                    index_elements=["source"], set_={"owner": str(self._owner)}
                )
            )
            key_check = connection.execute(
                select(table.c.key_check).where(table.c.source == self._ids.source)
            ).scalar_one()
            if key_check != self._ids.check():
                raise Refused(
                    "This source was imported under another secret key, and every id would change. "
                    "Give ALLIANCE_SECRET_KEY the value it had, or import under another source name."
                )

    def _cover(self, districts: Iterable[str]) -> None:
        if not self._context.caller.covers(district=""):
            for district in districts:
                self._context.caller.require(district=district)

    def _check(self, difference: Difference) -> None:
        self._cover(difference.districts or {""})
        if self._request.strict and self._problems.errors:
            raise Invalid(
                f"The bundle has {self._problems.errors} errors, and a strict import takes none; nothing was imported. "
                "Mend them, or import without strict to take what is sound.",
                errors=[_field_error(p) for p in self._problems.listed() if p.severity == "error"][
                    :LISTED_IN_ERROR
                ],
            )
        if self._drops_too_many(difference) and not (self._request.confirm or self._request.dry_run):
            people = difference.people
            raise Refused(
                f"The bundle would drop {people.dropped} of {people.standing} students, more than "
                f"{DROP_PER_CENT} per cent; nothing was imported. If they have really left, import with confirm."
            )

    def _drops_too_many(self, difference: Difference) -> bool:
        people = difference.people
        return people.dropped * 100 > people.standing * DROP_PER_CENT

    def _changes(self, difference: Difference, done: int = 0) -> Iterator[StudentChange]:
        total = done + difference.people.students.rows.height
        for students in difference.people.students.slices(TOGETHER):
            with self._log.database.reading() as connection:
                changes = list(
                    student_changes(connection, students, difference, self._ids.source, self._today)
                )
            yield from changes
            done += len(students)
            self._progress(done, total)

    def _would_change(self, difference: Difference) -> Counter[str]:
        changes = Counter(type(c.event).__name__ for c in [*difference.opened, *difference.closed] if c.event)
        for change in self._changes(difference):
            changes.update(type(event).__name__ for event in change.events)
        return changes

    def _write(self, difference: Difference) -> tuple[Counter[str], int]:
        writer = Writer(self._log, self._ids.source, self._owner, self._context)
        writer.sessions(difference.sessions)
        for change in difference.opened:
            writer.org_or_class(change)
        done = 0
        people = difference.people
        for rows in people.guardians.iter_slices(ROWS_TOGETHER):
            writer.guardians([{**row, "source": self._ids.source} for row in rows.rows(named=True)])
            done += len(rows)
            self._progress(done, people.guardians.height + people.students.rows.height)
        for student in self._changes(difference, done):
            writer.student(student)
        for change in difference.closed:
            writer.org_or_class(change)
        writer.flush()
        writer.forget_guardians(people.gone_guardians)
        writer.finish()
        return writer.changes, writer.position


def _field_error(problem: Problem) -> dict[str, str]:
    where = ":".join(part for part in (problem.file, str(problem.line or ""), problem.column) if part)
    return {"field": where, "message": problem.message}
