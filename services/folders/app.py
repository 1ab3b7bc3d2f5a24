"""The use cases of the folders service. Each public method is an operation: JSON body in, JSON result out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert

from alliance.bulk import answer, answers
from alliance.context import Context
from alliance.database import Database
from alliance.decider import Command, Commands
from alliance.errors import AllianceError, Invalid, Refused, Unavailable
from alliance.feed import Feed, RemoteFeed
from alliance.log import Log
from alliance.positions import reach
from alliance.rosterview import RosterView
from alliance.settings import Settings

from . import folder as domain
from .class_month import ClassMonth
from .signed_folder import SignedFolder
from .tables import void_reasons

Body = Mapping[str, Any]
Result = dict[str, Any]


class Folders:
    """Send a class's folder home, record what came back signed, void what was recorded in error."""

    def __init__(self, database: Database, log: Log, roster: RosterView) -> None:
        self.database = database
        self.log = log
        self.roster = roster
        self._folders = Commands(log, domain.DECIDER)

    def send_folder(self, body: Body, context: Context) -> Result:
        """`students` null or absent means all enrolled that day. Answers whom the folder is new to."""
        month = self._month(body, context)
        sent_on = _day(body["sent_on"], "sent_on")
        named = None if body.get("students") is None else tuple(body["students"])
        enrolled = self._enrolled(month, sent_on, named or ())
        command = domain.SendFolder(month, sent_on, named, enrolled, body.get("if_match"))
        return self._run(
            command,
            body,
            context,
            lambda folder: {
                "sent_on": sent_on.isoformat(),
                "students": list(domain.new_students(folder, command)),
                "already_sent": sorted(folder.sent),
            },
        )

    def return_folders(self, body: Body, context: Context) -> Result:
        """A list of returns in one append; `results` says of each line, in order, what became of it."""
        month = self._month(body, context)
        lines = tuple(_line(each, f"returns.{index}.") for index, each in enumerate(body["returns"]))
        command = domain.ReturnFolders(month, lines, body.get("if_match"))
        try:
            return self._run(
                command,
                body,
                context,
                lambda folder: {
                    "results": [
                        {"student": each.line.student, "status": each.status, "detail": each.detail}
                        for each in domain.outcomes(folder, command)
                    ]
                },
            )
        except Refused:
            self._all_known({line.student for line in lines})
            raise

    def return_folders_in_bulk(self, body: Body, context: Context) -> Result:
        """Returns of any classes and months in one append; each row stands or falls alone."""
        rows: list[Body] = body["returns"]
        together = Counter((row["class"], row["period"]) for row in rows)
        classes = self.roster.classes(row["class"] for row in rows)
        commands: list[Command[domain.FolderCommand] | AllianceError] = []
        for index, row in enumerate(rows):
            try:
                month = self._month_of(classes.get(row["class"]), row, context)
                told_with = together[row["class"], row["period"]] - 1
                command = domain.ReturnFolders(month, (_line(row, ""),), told_with=told_with)
                said = {"class": month.class_, "period": month.period, "student": row["student"]}
                commands.append(_command(command, row, context.item(index), said))
            except AllianceError as error:
                commands.append(error)
        return {"results": [_row(each) for each in answers(self.log.source, self._folders, commands)]}

    def void_return(self, body: Body, context: Context) -> Result:
        month = self._month(body, context)
        command = domain.VoidReturn(month, body["student"], body["reason"], body.get("if_match"))

        def keep_reason(connection: Connection) -> None:
            row = {
                "command_id": str(context.command_id),
                "class_": month.class_,
                "period": month.period,
                "student": command.student,
                "reason": command.reason,
                "voided_at": context.now,
            }
            connection.execute(insert(void_reasons).values(row))

        try:
            said = {"student": command.student, "status": "voided"}
            return self._run(command, body, context, lambda folder: said, keep_reason)
        except Refused:
            self._all_known({command.student})
            raise

    def reach(self, body: Body, context: Context) -> dict[str, Any]:
        """Return when the reads below hold what was written up to the positions `at_least`."""
        reach(body["at_least"], self.log, self.roster)
        return {}

    def folder(self, body: Body, context: Context) -> Result:
        """The folder as it stands, student by student; version 0 means that none was sent."""
        month = self._month(body, context)
        month.check_period()
        state, version = self._folders.state(month.stream)
        return {
            "class": month.class_,
            "school": month.school,
            "district": month.district,
            "school_year": month.school_year,
            "period": month.period,
            "version": version,
            "sent": len(state.sent),
            "returned": len(state.returned),
            "students": [_student(state, student) for student in sorted(state.sent)],
        }

    def _month(self, body: Body, context: Context) -> ClassMonth:
        return self._month_of(self.roster.known(self.roster.class_, "class", body["class"]), body, context)

    def _month_of(self, row: Any | None, body: Body, context: Context) -> ClassMonth:
        if row is None:
            raise self.roster.missing("class", body["class"])
        context.caller.require(district=row.district, school=row.school, class_=row.class_)
        return ClassMonth(
            class_=row.class_,
            school=row.school,
            district=row.district,
            school_year=row.school_year,
            period=body["period"],
            begins_on=row.begins_on,
            ends_on=row.ends_on,
        )

    def _enrolled(self, month: ClassMonth, day: date, named: Sequence[str]) -> tuple[str, ...]:
        """Who is in the class that day; NotFound for a named student whom the roster does not know at all."""
        enrolled = self.roster.enrolled(month.class_, day)
        if enrolled and set(named) <= set(enrolled):
            return tuple(enrolled)
        # Somebody is missing: the view may be a moment behind. With roster away it is judged as it is.
        with suppress(Unavailable):
            self.roster.follow()
        enrolled = self.roster.enrolled(month.class_, day)
        for student in named:
            if student not in enrolled and self.roster.student(student) is None:
                raise self.roster.missing("student", student)
        return tuple(enrolled)

    def _all_known(self, students: set[str]) -> None:
        """After a refusal: NotFound is the better answer when the roster knows none of the students."""
        if students and not self.roster.facts(students):
            raise self.roster.missing("student", min(students))

    def _run(
        self,
        command: domain.FolderCommand,
        body: Body,
        context: Context,
        say: Callable[[domain.Folder], Result],
        beside: Callable[[Connection], None] | None = None,
    ) -> Result:
        """`say` tells what became of the command, given the folder that it met; a repeat is told the same."""

        def tell(folder: domain.Folder, events: Sequence[domain.FolderEvent]) -> Result:
            return {"version": folder.version + len(events), **say(folder)}

        said = {"class": command.month.class_, "period": command.month.period}
        sent = replace(_command(command, body, context, said), beside=beside, tell=tell)
        return answer(self.log.source, self._folders.run(sent))


def _command(
    command: domain.FolderCommand,
    body: Body,
    context: Context,
    said: Result,
) -> Command[domain.FolderCommand]:
    return Command(command.month.stream, command, command.month.district, context, body, result=said)


def _line(body: Body, field: str) -> SignedFolder:
    return SignedFolder(body["student"], _day(body["signed_on"], f"{field}signed_on"), body["mode"])


def _row(result: Result) -> Result:
    """The answer to one row of a bulk: it was no list, so a problem names the row's own field."""
    if problem := result.get("problem"):
        for error in problem.get("errors", ()):
            error["field"] = error["field"].removeprefix("returns.0.")
        return result
    return {
        **result,
        "detail": "Recorded." if result["created"] else "Recorded already; the first record stays.",
    }


def _student(folder: domain.Folder, student: str) -> Result:
    returned = folder.returned.get(student)
    return {
        "student": student,
        "status": "returned" if returned else "sent",
        "sent_on": folder.sent[student].isoformat(),
        "signed_on": returned and returned.signed_on.isoformat(),
        "mode": returned and returned.mode,
        "provenance": returned and returned.provenance,
    }


def _day(text: str, field: str) -> date:
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text:
            return day
    message = "must be a day of the calendar such as 2026-09-04"
    raise Invalid(f"{text!r} is no day; {field} {message}.", errors=[{"field": field, "message": message}])


def build(settings: Settings, roster_feed: Feed | None = None) -> Folders:
    """The composition root; `roster_feed` is given where roster runs in the same process."""
    database = Database(settings.database_url("folders"))
    feed = roster_feed or RemoteFeed("roster", settings.service_url("roster"), settings.edge_secret)
    return Folders(database, Log(database, "folders"), RosterView(database, feed))
