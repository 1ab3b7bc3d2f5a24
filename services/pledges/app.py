"""The use cases of the pledges service. Each public method is an operation: a JSON body in, a JSON result out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from alliance.bulk import answer, answers
from alliance.context import Context
from alliance.database import Database
from alliance.decider import Command, Commands
from alliance.errors import AllianceError
from alliance.feed import Feed, RemoteFeed
from alliance.log import Log
from alliance.positions import reach
from alliance.rosterview import RosterView
from alliance.settings import Settings

from . import pledge as domain
from .statements import Statements
from .tables import notes

Body = Mapping[str, Any]

#: The texts of the pledge that come with this release, a file a version.
STATEMENTS = Path(__file__).parent / "statements"


class Pledges:
    """Offer, sign and withdraw pledges, one at a time or many in one append."""

    def __init__(self, database: Database, log: Log, roster: RosterView, statements: Statements) -> None:
        self.database = database
        self.log = log
        self.roster = roster
        self._statements = statements
        self._pledges = Commands(log, domain.DECIDER)

    def offer_pledge(self, body: Body, context: Context) -> dict[str, Any]:
        return self._run(body, context, self._offer(body, *self._facts(body["student"]), context))

    def sign_pledge(self, body: Body, context: Context) -> dict[str, Any]:
        return self._run(body, context, self._sign(body, *self._facts(body["student"]), context))

    def withdraw_pledge(self, body: Body, context: Context) -> dict[str, Any]:
        return self._run(body, context, self._withdraw(body, *self._facts(body["student"]), context))

    def sign_pledges(self, body: Body, context: Context) -> dict[str, Any]:
        """Sign many in one append; one bad item leaves the others alone."""
        items: list[Body] = body["pledges"]
        facts = self.roster.facts(item["student"] for item in items)
        commands: list[Command[domain.Command] | AllianceError] = []
        for index, item in enumerate(items):
            try:
                found = facts.get(item["student"])
                if found is None:
                    raise self.roster.missing("student", item["student"])
                own = context.item(index)
                commands.append(self._command(item, own, self._sign(item, *found, own)))
            except AllianceError as error:
                commands.append(error)
        return {"results": answers(self.log.source, self._pledges, commands)}

    def reach(self, body: Body, context: Context) -> dict[str, Any]:
        """Return when the reads below hold what was written up to the positions `at_least`."""
        reach(body["at_least"], self.log, self.roster)
        return {}

    def pledge(self, body: Body, context: Context) -> dict[str, Any]:
        """The pledge of one student and school year as it stands."""
        student, _ = self._facts(body["student"])
        self._require(student, context)
        state, version = self._pledges.state(domain.stream(body["student"], body["school_year"]))
        signature, offer = state.signature, state.offer
        status = (
            "signed" if signature else "withdrawn" if state.withdrawn_on else "offered" if offer else "none"
        )
        return {
            "student": body["student"],
            "school_year": body["school_year"],
            "status": status,
            "version": version,
            "offered_on": offer and offer.offered_on.isoformat(),
            "withdrawn_on": state.withdrawn_on and state.withdrawn_on.isoformat(),
            "signed_on": signature and signature.signed_on.isoformat(),
            "guardian": signature and signature.guardian,
            "mode": signature and signature.mode,
            "language": signature and signature.language,
            "statement": signature and signature.statement,
            "statement_hash": signature and signature.statement_hash,
            "note_on_file": bool(signature and signature.note_on_file),
        }

    def statements(self, body: Body, context: Context) -> dict[str, Any]:
        """Every pledge text, version by version, with the hash that a signature records."""
        return {
            "statements": [
                {
                    "statement": each.statement,
                    "language": each.language,
                    "title": each.title,
                    "text": each.text,
                    "hash": each.hash,
                }
                for each in self._statements.all()
            ]
        }

    def _facts(self, student: str) -> tuple[Any, set[str]]:
        found = self.roster.facts([student]).get(student)
        if found is None:
            raise self.roster.missing("student", student)
        return found

    def _require(self, student: Any, context: Context, day: date | None = None) -> None:
        class_ = None
        if context.caller.role == "teacher":
            # Homeroom and lessons have a teacher each, and every one of them may act for the child.
            found = self.roster.classes_of(student.student, day or context.now.date())
            class_ = next((unit for unit in context.caller.units if unit in found), None)
        context.caller.require(district=student.district, school=student.school, class_=class_)

    def _offer(self, body: Body, student: Any, guardians: set[str], context: Context) -> domain.OfferPledge:
        day = date.fromisoformat(body["offered_on"])
        self._require(student, context, day)
        self._statements.get(body["statement"], body["language"])
        return domain.OfferPledge(
            student=student.student,
            school_year=body["school_year"],
            school=student.school,
            district=student.district,
            statement=body["statement"],
            language=body["language"],
            offered_on=day,
        )

    def _sign(self, body: Body, student: Any, guardians: set[str], context: Context) -> domain.SignPledge:
        day = date.fromisoformat(body["signed_on"])
        self._require(student, context, day)
        statement = self._statements.get(body["statement"], body["language"])
        return domain.SignPledge(
            student=student.student,
            guardian=body.get("guardian"),
            guardians=frozenset(guardians),
            school_year=body["school_year"],
            school=student.school,
            district=student.district,
            signed_on=day,
            mode=body["mode"],
            language=body["language"],
            statement=statement.statement,
            statement_hash=statement.hash,
            note_on_file=bool(body.get("note")),
        )

    def _withdraw(
        self, body: Body, student: Any, guardians: set[str], context: Context
    ) -> domain.WithdrawPledge:
        day = date.fromisoformat(body["withdrawn_on"])
        self._require(student, context, day)
        return domain.WithdrawPledge(
            student=student.student,
            guardian=body.get("guardian"),
            guardians=frozenset(guardians),
            school_year=body["school_year"],
            school=student.school,
            district=student.district,
            withdrawn_on=day,
        )

    def _command(self, body: Body, context: Context, command: domain.Command) -> Command[domain.Command]:
        return Command(
            stream=domain.stream(command.student, command.school_year),
            command=command,
            district=command.district,
            context=context,
            body=body,
            beside=_write_note(body, context),
            result={"student": command.student, "school_year": command.school_year},
        )

    def _run(self, body: Body, context: Context, command: domain.Command) -> dict[str, Any]:
        return answer(self.log.source, self._pledges.run(self._command(body, context, command)))


def _write_note(body: Body, context: Context) -> Callable[[Connection], None] | None:
    note = body.get("note")
    return partial(_insert_note, body=body, context=context) if note else None


def _insert_note(connection: Connection, *, body: Body, context: Context) -> None:
    row = {
        "command_id": str(context.command_id),
        "student": body["student"],
        "school_year": body["school_year"],
        "note": body["note"],
        "written_at": context.now,
    }
    connection.execute(insert(notes).values(row))


def shipped_statements() -> Statements:
    return Statements(json.loads(path.read_text("utf-8")) for path in sorted(STATEMENTS.glob("*.json")))


def build(settings: Settings, roster_feed: Feed | None = None) -> Pledges:
    """The composition root; `roster_feed` is given where roster runs in the same process."""
    database = Database(settings.database_url("pledges"))
    feed = roster_feed or RemoteFeed("roster", settings.service_url("roster"), settings.edge_secret)
    return Pledges(database, Log(database, "pledges"), RosterView(database, feed), shipped_statements())
