"""The use cases of the roster. Each public method is an operation: a JSON body in, a JSON result out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance import metrics
from alliance.context import Context
from alliance.database import Database
from alliance.errors import AllianceError, Malformed, NotFound
from alliance.log import Append, Log
from alliance.positions import reach
from alliance.settings import Settings

from . import queries
from .enrolment import where

if TYPE_CHECKING:
    from .importing import Progress

Body = Mapping[str, Any]
Result = dict[str, Any]

#: The source of a bundle that does not name one: a state that exports everything from one system.
DEFAULT_SOURCE = "state"
#: Who may see names, and so the title of a class; the state and programs work with ids.
SEES_NAMES = frozenset({"district", "school", "teacher"})
#: Rows of a page of enrolments, when the caller does not say, and at most.
PAGE, LARGEST_PAGE = 500, 5000


class Roster:
    """Imports bundles, and answers who is where. `progress` is told as an import goes on."""

    def __init__(self, database: Database, log: Log, secret_key: bytes) -> None:
        self.database = database
        self.log = log
        self.progress: Progress = lambda done, total: None
        self._secret_key = secret_key

    def import_roster(self, body: Body, context: Context) -> Result:
        """Import the OneRoster bundle at `path`, a zip or a folder on this service's own disk."""
        # Here and not above: what reads bundles takes a quarter of a second and 24 MB to load, and imports have a
        # process of their own (`import_process.py`).
        from .importing import Request, import_bundle

        started, label = time.perf_counter(), "error"
        try:
            request = Request(
                path=Path(body["path"]),
                source=body.get("source") or DEFAULT_SOURCE,
                strict=bool(body.get("strict")),
                dry_run=bool(body.get("dry_run")),
                confirm=bool(body.get("confirm")),
            )
            fingerprint = _fingerprint(body, request.path) if context.keyed else ""
            first = self.log.first_result(context, fingerprint)
            if first is not None:
                label = "repeated"
                return {**first.result, "created": False}
            result = import_bundle(
                self.log, self._secret_key, request, context, lambda *at: self.progress(*at)
            )
            label = "accepted" if result["created"] else "unchanged"
            if context.keyed and not request.dry_run:
                self._remember(context, fingerprint, result)
            return result
        except AllianceError as error:
            label = error.code
            raise
        finally:
            metrics.commands.labels(self.log.source, "ImportRoster", label).inc()
            metrics.command_seconds.labels(self.log.source, "ImportRoster").observe(
                time.perf_counter() - started
            )

    def _remember(self, context: Context, fingerprint: str, result: Result) -> None:
        """For a repeat under the same key. An import that died before is healed by its repeat, which compares anew."""
        stream = f"import-{context.command_id}"
        self.log.append(Append(stream, 0, (), "state", context, fingerprint=fingerprint, result=result))

    def reach(self, body: Body, context: Context) -> Result:
        """Return when the reads below hold what was written up to the positions `at_least`."""
        reach(body["at_least"], self.log)
        return {}

    def districts(self, body: Body, context: Context) -> Result:
        """The districts that the caller's org units lie in or cover; their names are public."""
        with self.database.reading() as connection:
            found = queries.districts(connection)
        return {"districts": [row for row in found if context.caller.covers(district=row["district"])]}

    def district(self, body: Body, context: Context) -> Result:
        context.caller.require(district=body["district"])
        with self.database.reading() as connection:
            row = queries.org(connection, "district", body["district"])
        return queries.district_json(self._found(row, "district", body["district"]))

    def schools(self, body: Body, context: Context) -> Result:
        """Every school of a district, closed ones included."""
        context.caller.require(district=body["district"])
        with self.database.reading() as connection:
            self._found(queries.org(connection, "district", body["district"]), "district", body["district"])
            return {"schools": queries.schools(connection, body["district"])}

    def school(self, body: Body, context: Context) -> Result:
        with self.database.reading() as connection:
            return queries.school_json(self._school(body["school"], connection, context))

    def classes(self, body: Body, context: Context) -> Result:
        """Every class of a school, of all school years; with titles for those who may see names."""
        with self.database.reading() as connection:
            self._school(body["school"], connection, context)
            titles = context.caller.role in SEES_NAMES
            return {"classes": queries.classes_of(connection, body["school"], titles=titles)}

    def class_(self, body: Body, context: Context) -> Result:
        with self.database.reading() as connection:
            row = self._class(body["class"], connection, context)
            return queries.class_json(row, titles=context.caller.role in SEES_NAMES)

    def students(self, body: Body, context: Context) -> Result:
        """Who is in a class on a day (`on`, today by default), with names: for callers who cover the class."""
        day = _day(body.get("on"), context)
        with self.database.reading() as connection:
            self._class(body["class"], connection, context)
            return {
                "class": body["class"],
                "on": day.isoformat(),
                "students": queries.students_of(connection, body["class"], day),
            }

    def student(self, body: Body, context: Context) -> Result:
        """One student with names, guardians and enrolments: for callers who cover where the student is (`on`)."""
        day = _day(body.get("on"), context)
        with self.database.reading() as connection:
            row = self._found(queries.student(connection, body["student"]), "student", body["student"])
            spans = queries.spans(connection, row.id)
            # Between enrolments, e.g. in the holidays, the last place still may look.
            here = where(spans, day) or (spans[-1] if spans else None)
            context.caller.require(
                district=here.place.district if here else row.district,
                school=here.place.school if here else None,
                class_=here.place.class_ if here else None,
            )
            return {
                "student": row.id,
                "given_name": row.given,
                "family_name": row.family,
                "grade": row.grade,
                "household": row.household,
                "district": row.district,
                "guardians": queries.guardians_of(connection, row.id),
                "enrolments": [queries.span_json(span) for span in spans],
            }

    def enrolments(self, body: Body, context: Context) -> Result:
        """A page of a district's enrolments by opaque ids; `after` is the `next` of the page before."""
        context.caller.require(district=body["district"])
        limit = min(int(body.get("limit") or PAGE), LARGEST_PAGE)
        with self.database.reading() as connection:
            self._found(queries.org(connection, "district", body["district"]), "district", body["district"])
            try:
                return queries.enrolments_of(connection, body["district"], body.get("after"), limit)
            except ValueError as error:
                raise Malformed("`after` is not the `next` of an earlier page; start without it.") from error

    def _school(self, id_: str, connection: Any, context: Context) -> Any:
        row = queries.org(connection, "school", id_)
        if row is not None:
            context.caller.require(district=row.district, school=id_)
        return self._found(row, "school", id_)

    def _class(self, id_: str, connection: Any, context: Context) -> Any:
        row = queries.class_(connection, id_)
        if row is not None:
            context.caller.require(district=row.district, school=row.school, class_=id_)
        return self._found(row, "class", id_)

    def _found(self, row: Any, kind: str, id_: str) -> Any:
        if row is None:
            raise NotFound(
                f"The {kind} {id_!r} is not in the roster as of position {self.log.head()[0]}; "
                "check the id, or import the roster that has it first."
            )
        return row


def _fingerprint(options: Body, path: Path) -> str:
    """Tells two uploads apart: what is asked for, and every byte of the file."""
    asked = {name: value for name, value in options.items() if name != "path"}
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode())
    if path.is_file():
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _day(written: str | None, context: Context) -> date:
    return date.fromisoformat(written) if written else context.now.date()


def build(settings: Settings) -> Roster:
    """The composition root."""
    database = Database(settings.database_url("roster"))
    return Roster(database, Log(database, "roster"), settings.secret_key)
