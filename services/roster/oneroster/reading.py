"""One bundle, read and checked from front to back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from .bundle import Bundle
from .classes import read_classes
from .csvtable import Table, empty_table, read_table
from .enrolments import check_enrolments, days_of_classes, read_enrolments
from .layout import FILES
from .links import read_links
from .manifest import Manifest, read_manifest
from .orgs import read_orgs
from .people import read_people
from .problems import Problems
from .rowchecks import Rows, names
from .sessions import read_sessions
from .stated import Known, Stated


def read(bundle: Bundle, known: Known, today: date, problems: Problems) -> Stated:
    """What the bundle states, by its own ids; everything wrong with it is in `problems` afterwards."""
    reading = _Reading(bundle, read_manifest(bundle, problems), problems)
    class_rows = reading.rows("classes")
    taught = {
        *class_rows.frame["schoolSourcedId"].unique(),
        *(class_.school for class_ in known.classes.values()),
    }
    orgs = read_orgs(reading.rows("orgs"), known.orgs, taught)
    sessions = read_sessions(reading.rows("academicSessions"), known.sessions)
    users = reading.rows("users")
    roles = reading.rows("roles") if reading.manifest.version == "1.2" else None
    people = read_people(users, roles, known, orgs)
    links = read_links(users, people, known)
    enrolment_rows = reading.rows("enrollments")
    check_enrolments(enrolment_rows, people, known, users)
    reading.check_courses(class_rows, names({sourced_id for _, sourced_id in orgs}))
    reading.check_others(pl.concat([users.frame["sourcedId"], people.kept]))
    classes = read_classes(class_rows, known.classes, orgs, sessions, days_of_classes(enrolment_rows), today)
    enrolments = read_enrolments(enrolment_rows, classes)
    return Stated(
        orgs, sessions, classes, people.students, people.guardians, links, enrolments, reading.counts
    )


class _Reading:
    def __init__(self, bundle: Bundle, manifest: Manifest, problems: Problems) -> None:
        self._bundle, self.manifest, self._problems = bundle, manifest, problems
        self._counts: dict[str, int] = {}

    @property
    def counts(self) -> Mapping[str, int]:
        return dict(self._counts)

    def rows(self, name: str) -> Rows:
        table = self._table(name)
        mode = self.manifest.modes[name]
        return Rows(table, mode, self._problems)

    def _table(self, name: str) -> Table:
        layout = FILES[name]
        member = self._bundle.members.get(name)
        if member is None or self.manifest.modes[name] == "absent":
            return empty_table(f"{name}.csv", layout)
        table = read_table(member, layout, self._problems)
        self._counts[member.name] = table.rows
        return table

    def check_courses(self, classes: Rows, orgs: pl.Series) -> None:
        """Courses are not kept; they are checked against orgs and sessions, and classes against them."""
        if "courses" not in self._bundle.members or self.manifest.modes["courses"] == "absent":
            return
        courses = self.rows("courses")
        courses.refer("orgSourcedId", orgs, "orgs.csv", reject=False)
        if courses.complete:
            classes.refer("courseSourcedId", courses.frame["sourcedId"], "courses.csv", reject=False)

    def check_others(self, users: pl.Series) -> None:
        """Files that say more about a user: checked and counted, and nothing of them is kept."""
        if self._bundle.members.get("demographics"):
            demographics = self.rows("demographics")
            demographics.dates("birthDate")
            demographics.refer("sourcedId", users, "users.csv")
        if self._bundle.members.get("userProfiles"):
            self.rows("userProfiles").refer("userSourcedId", users, "users.csv")
        if self._bundle.members.get("roles") and self.manifest.version != "1.2":
            message = "The manifest says version 1.1, which has no roles.csv; it was not read. Write 1.2."
            self._problems.error("roles.csv", 0, "", "file_of_other_version", message)
