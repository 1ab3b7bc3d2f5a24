"""The use cases of the surveys service. Each public method is an operation: JSON body in, JSON result out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from random import Random, SystemRandom
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select

from alliance.bulk import answer
from alliance.context import Context
from alliance.contracts.fields import is_school_year, school_year_days
from alliance.database import Database
from alliance.decider import Command, Commands, encode
from alliance.errors import AllianceError, Forbidden, Invalid, NotFound
from alliance.feed import Feed, RemoteFeed
from alliance.log import Log
from alliance.positions import reach
from alliance.rosterview import RosterView
from alliance.settings import Settings

from . import instrument, instrument_file, ledger
from . import survey as domain
from .anonymous import AnonymousResponses
from .closing import Closing
from .confidential import ConfidentialResponses
from .invitations import Invitations
from .measured import measured
from .tables import instruments

#: The instruments that are shipped, one file a version.
FOLDER = Path(__file__).parent / "instruments"

#: A survey's first and last day are days where the families live.
_MISSISSIPPI = ZoneInfo("America/Chicago")

Body = Mapping[str, Any]


class Surveys:
    """`random` must be fit for secrets; it makes tokens, the ids of anonymous responses and their order."""

    def __init__(
        self, database: Database, log: Log, roster: RosterView, secret: bytes, random: Random
    ) -> None:
        self.database = database
        self.log = log
        self.roster = roster
        self._instruments = Commands(log, instrument.DECIDER)
        self._surveys = Commands(log, domain.DECIDER)
        self._invitations = Invitations(self._surveys, roster, secret, random)
        self._anonymous = AnonymousResponses(log, secret, random)
        self._confidential = ConfidentialResponses(log, secret)
        self._closing = Closing(self._surveys, self._anonymous, random)
        self._published: dict[str, instrument.Instrument] = {}

    def publish_instrument(self, body: Body, context: Context) -> dict[str, Any]:
        """Publish a document as `instrument_file.py` describes it; the same content again adds nothing."""
        if context.caller.role not in ("state", "system"):
            raise Forbidden("Only the state publishes instruments: its districts are compared by them.")
        new = instrument_file.read(body)
        row = {
            "instrument": new.instrument,
            "version": new.version,
            "hash": new.hash,
            "document": json.dumps(body),
        }
        command = Command(
            stream=new.stream,
            command=instrument.PublishInstrument(new),
            district="state",
            context=context,
            body=body,
            beside=partial(_insert_document, row=row),
            result={"instrument": new.instrument, "version": new.version, "hash": new.hash},
        )
        return answer(self.log.source, self._instruments.run(command))

    def publish_shipped(self, body: Body, context: Context) -> dict[str, Any]:
        """Publish every shipped instrument; those that are published already are left alone."""
        documents = [instrument_file.load(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))]
        return {
            "results": [
                self.publish_instrument(document, context.item(index))
                for index, document in enumerate(documents)
            ]
        }

    def instruments(self, body: Body, context: Context) -> dict[str, Any]:
        """Every published document, texts included, with its hash."""
        query = select(instruments).order_by(instruments.c.instrument, instruments.c.version)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return {"instruments": [{**json.loads(row.document), "hash": row.hash} for row in rows]}

    def open_survey(self, body: Body, context: Context) -> dict[str, Any]:
        """Open a survey of a district, or of one `school` of it. The command's id becomes the survey's."""
        district, school = body["district"], body.get("school")
        self.roster.known(self.roster.district, "district", district)
        if (
            school is not None
            and self.roster.known(self.roster.school, "school", school).district != district
        ):
            raise _invalid("school", f"{school} is a school of another district than {district}")
        context.caller.require(district=district, school=school)
        if not is_school_year(body["school_year"]):
            raise _invalid("school_year", "must be a school year such as 2026-27")
        used = self._instrument(body["instrument"], body["version"])
        survey = context.command_id.hex
        opening = domain.OpenSurvey(
            survey=survey,
            instrument=used.instrument,
            version=used.version,
            mode=body["mode"],
            school_year=body["school_year"],
            district=district,
            school=school,
            opens_on=_day(body, "opens_on"),
            closes_on=_day(body, "closes_on"),
            year=school_year_days(body["school_year"]),
        )
        command: Command[domain.SurveyCommand] = Command(
            stream=domain.stream(survey),
            command=opening,
            district=district,
            context=context,
            body=body,
            beside=partial(ledger.open_gate, survey=survey),
            result={"survey": survey},
        )
        return answer(self.log.source, self._surveys.run(command))

    def invite(self, body: Body, context: Context) -> dict[str, Any]:
        """Issue tokens to the households that have none; with `replace` true see `Invitations.issue`.

        `invitations` shows them this once: only digests are kept, so neither a later call nor a repeat with
        the same Idempotency-Key shows one again.
        """
        opened = self._opened(body, context)
        with measured("IssueInvitations") as results:
            appended, issued = self._invitations.issue(
                opened.survey, context, _today(context), replace=bool(body.get("replace"))
            )
            results.labels.append("repeated" if appended.repeated else "accepted" if issued else "unchanged")
        # Tokens that replace others are new, though no event says so.
        return {**answer(self.log.source, appended), "created": bool(issued), "invitations": issued}

    def submit_response(self, body: Body, context: Context) -> dict[str, Any]:
        """One response. A confidential repeat gets the household's first result, an anonymous is refused."""
        [result] = self._submit(body["survey"], [body], [context], context)
        if isinstance(result, AllianceError):
            raise result
        return result

    def submit_responses(self, body: Body, context: Context) -> dict[str, Any]:
        """Many `responses` to one survey, a result for each in their order; a bad one leaves the others."""
        sheets: Sequence[Body] = body["responses"]
        results = self._submit(
            body["survey"], sheets, [context.item(index) for index in range(len(sheets))], context
        )
        return {
            "results": [
                {"status": result.status, "problem": result.to_problem()}
                if isinstance(result, AllianceError)
                else {"status": 201 if result["created"] else 200, **result}
                for result in results
            ]
        }

    def close_survey(self, body: Body, context: Context) -> dict[str, Any]:
        """Take no more responses, and bring those that still wait to the log, however few they are."""
        opened = self._opened(body, context)
        with measured("CloseSurvey") as results:
            appended = self._closing.close(opened.survey, context, _today(context))
            results.labels.append(
                "repeated" if appended.repeated else "accepted" if appended.events else "unchanged"
            )
        return answer(self.log.source, appended)

    def reach(self, body: Body, context: Context) -> dict[str, Any]:
        """Return when the reads below hold what was written up to the positions `at_least`."""
        reach(body["at_least"], self.log, self.roster)
        return {}

    def survey(self, body: Body, context: Context) -> dict[str, Any]:
        """The survey as it stands. `responses` counts who has answered, in the log or still waiting."""
        opened = self._opened(body, context)
        state, _ = self._surveys.state(domain.stream(opened.survey))
        with self.database.reading() as connection:
            unspent = ledger.unspent(connection, opened.survey)
        return {
            **encode(opened),
            "status": state.status,
            "closed_on": state.closed_on and state.closed_on.isoformat(),
            "invited": state.invited,
            "responses": state.invited - unspent,
        }

    def _submit(
        self, survey: str, sheets: Sequence[Body], contexts: Sequence[Context], context: Context
    ) -> list[dict[str, Any] | AllianceError]:
        state, _ = self._surveys.state(domain.stream(survey))
        opened = domain.must_exist(state)
        if context.caller.role != "family":
            # A family's authority is its token; whoever types in sheets for families needs their own.
            context.caller.require(district=opened.district, school=opened.school)
        used = self._instrument(opened.instrument, opened.version)
        with measured("SubmitResponse") as results:
            if opened.mode == "anonymous":
                outcomes = self._anonymous.submit(state, used, sheets, _today(context))
            else:
                pairs = list(zip(sheets, contexts, strict=True))
                outcomes = self._confidential.submit(state, used, pairs, _today(context))
            results.labels.extend(map(_label, outcomes))
        return [
            outcome
            if isinstance(outcome, AllianceError)
            else {
                "survey": survey,
                **outcome,
                "position": {"source": self.log.source, "sequence": outcome["position"]},
            }
            for outcome in outcomes
        ]

    def _opened(self, body: Body, context: Context) -> domain.SurveyOpened:
        state, _ = self._surveys.state(domain.stream(body["survey"]))
        opened = domain.must_exist(state)
        context.caller.require(district=opened.district, school=opened.school)
        return opened

    def _instrument(self, name: str, version: int) -> instrument.Instrument:
        """A published version; kept once read, for it never changes."""
        stream = instrument.stream(name, version)
        if stream not in self._published:
            state, _ = self._instruments.state(stream)
            if state.instrument is None:
                raise NotFound(
                    f"No instrument {name} version {version} is published; publish it first, or take one of "
                    "the list of instruments.",
                    errors=[{"field": "instrument", "message": "is not published in this version"}],
                )
            self._published[stream] = state.instrument
        return self._published[stream]


def _insert_document(connection: Connection, *, row: Mapping[str, Any]) -> None:
    connection.execute(insert(instruments).values(row))


def _label(outcome: dict[str, Any] | AllianceError) -> str:
    if isinstance(outcome, AllianceError):
        return outcome.code
    return "accepted" if outcome["created"] else "repeated"


def _today(context: Context) -> date:
    return context.now.astimezone(_MISSISSIPPI).date()


def _day(body: Body, field: str) -> date:
    try:
        return date.fromisoformat(body[field])
    except ValueError:
        raise _invalid(field, "must be a day such as 2026-10-05") from None


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(
        f"The survey cannot be opened: {field} {message}.", errors=[{"field": field, "message": message}]
    )


def build(settings: Settings, roster_feed: Feed | None = None) -> Surveys:
    """The composition root; `roster_feed` is given where roster runs in the same process."""
    database = Database(settings.database_url("surveys"))
    feed = roster_feed or RemoteFeed("roster", settings.service_url("roster"), settings.edge_secret)
    return Surveys(
        database, Log(database, "surveys"), RosterView(database, feed), settings.secret_key, SystemRandom()
    )
