"""A surveys service on a given database, with a small roster, those who ask, and answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select

from alliance.context import Caller, Context
from alliance.database import Database
from alliance.envelope import Event
from alliance.log import Log
from alliance.migrations import upgrade
from alliance.rosterview import RosterView
from services.surveys import instrument_file
from services.surveys.app import FOLDER, Surveys
from services.surveys.instrument import Instrument
from services.surveys.survey import (
    CloseSurvey,
    IssueInvitations,
    OpenSurvey,
    Survey,
    SurveyCommand,
    SurveyEvent,
    decide,
    evolve,
)
from tests.builders_rosterview import RosterFeed

STATE = Caller("state")
FAMILY = Caller("family")
SECRET = b"the deployment's secret"

#: Noon in Jackson on a day within the surveys below.
NOON = datetime(2026, 10, 7, 17, tzinfo=UTC)

YEAR = (date(2026, 7, 1), date(2027, 6, 30))
OPENING: Mapping[str, Any] = {
    "instrument": "home-survey",
    "version": 1,
    "mode": "confidential",
    "school_year": "2026-27",
    "district": "d-1",
    "school": None,
    "opens_on": "2026-10-05",
    "closes_on": "2026-10-23",
}


def document() -> dict[str, Any]:
    """The shipped instrument's document, to be changed at will."""
    return instrument_file.load((FOLDER / "home-survey-1.json").read_bytes())


@cache
def shipped() -> Instrument:
    return instrument_file.read(document())


def answers(*values: int | None, every: int | None = None) -> dict[str, int | None]:
    """Answers to the first items in the instrument's order, or the same one to `every` item."""
    items = [item.item for item in shipped().items]
    return dict.fromkeys(items, every) if not values else dict(zip(items, values, strict=False))


def open_(**changes: Any) -> OpenSurvey:
    days = {"opens_on": date(2026, 10, 5), "closes_on": date(2026, 10, 23)}
    return OpenSurvey(**{"survey": "v-1", **OPENING, **days, "year": YEAR, **changes})


def given(*commands: SurveyCommand) -> Survey:
    """The survey after these commands."""
    survey = Survey()
    for command in commands:
        for event in decide(survey, command):
            survey = evolve(survey, event)
    return survey


def when(survey: Survey, command: SurveyCommand) -> list[SurveyEvent]:
    return decide(survey, command)


def invite(households: Mapping[str, list[str]], on: str = "2026-10-05") -> IssueInvitations:
    return IssueInvitations(households, date.fromisoformat(on))


def close(on: str = "2026-10-24") -> CloseSurvey:
    return CloseSurvey(date.fromisoformat(on))


class Roster(RosterFeed):
    """Schools s-1 and s-2 in district d-1, s-9 in d-9."""

    def __init__(self) -> None:
        super().__init__()
        for district in ("d-1", "d-9"):
            self.tell("DistrictRegistered", district=district, name=district, identifier=None)
        for school, district in (("s-1", "d-1"), ("s-2", "d-1"), ("s-9", "d-9")):
            self.tell("SchoolRegistered", school=school, district=district, name=school, identifier=None)

    def enrol(self, student: str, household: str, school: str = "s-1") -> None:
        self.tell(
            "StudentEnrolled",
            **{"class": f"c-{school}", "student": student, "household": household, "school": school},
            district="d-9" if school == "s-9" else "d-1",
            school_year="2026-27",
            begins_on="2026-08-10",
            ends_on="2027-05-28",
            grade="03",
        )


class World:
    """The service and those who use it. Randomness is seeded; command ids are 1, 2, 3 …"""

    def __init__(self, database: Database, seed: int = 1) -> None:
        upgrade(database, "surveys")
        self.database = database
        self.feed = Roster()
        self.log = Log(database, "surveys")
        roster = RosterView(database, self.feed)
        roster.prepare()
        self.app = Surveys(database, self.log, roster, SECRET, Random(seed))
        self.now = NOON
        self._commands = 0
        self.app.publish_shipped({}, self.context())

    def context(self, caller: Caller = STATE, key: int | None = None, **changes: Any) -> Context:
        """With a `key` the command can be repeated; without it each context is another command's."""
        self._commands += 1
        id_ = UUID(int=key) if key is not None else UUID(int=1_000_000 + self._commands)
        return Context(caller, id_, key is not None, self.now, f"correlation-{id_}", **changes)

    def households(self, names: Iterable[str], school: str = "s-1") -> None:
        for name in names:
            self.feed.enrol(f"student-of-{name}-{school}", name, school)

    def open(self, **changes: Any) -> str:
        survey: str = self.app.open_survey({**OPENING, **changes}, self.context())["survey"]
        return survey

    def invite(self, survey: str, **options: Any) -> dict[str, str]:
        """The tokens of the households that this call invited."""
        result = self.app.invite({"survey": survey, **options}, self.context())
        return {invitation["household"]: invitation["token"] for invitation in result["invitations"]}

    def submit(
        self,
        survey: str,
        token: str,
        given: Mapping[str, Any] | None = None,
        context: Context | None = None,
        **body: Any,
    ) -> dict[str, Any]:
        sheet = {
            "token": token,
            "language": "en",
            "mode": "web",
            "answers": given or answers(every=4),
            **body,
        }
        return self.app.submit_response({"survey": survey, **sheet}, context or self.context(FAMILY))

    def close(self, survey: str, **context: Any) -> dict[str, Any]:
        return self.app.close_survey({"survey": survey}, self.context(**context))

    def anonymous(self, *households: str, **changes: Any) -> tuple[str, dict[str, str]]:
        """An anonymous survey with its tokens by household."""
        self.households(households)
        survey = self.open(mode="anonymous", **changes)
        return survey, self.invite(survey)

    def confidential(self, *households: str, **changes: Any) -> tuple[str, dict[str, str]]:
        self.households(households)
        survey = self.open(**changes)
        return survey, self.invite(survey)

    def events(self, type_: str, survey: str | None = None) -> list[Event]:
        found = [event for event in self.log.read(0, 10_000) if event.type == type_]
        return [event for event in found if survey is None or event.data["survey"] == survey]

    def responses(self, survey: str) -> list[Event]:
        return self.events("SurveySubmitted", survey)

    def rows(self, table: Any) -> list[dict[str, Any]]:
        with self.database.reading() as connection:
            return [dict(row._mapping) for row in connection.execute(select(table))]


def names(count: int) -> list[str]:
    return [f"household-{number:03}" for number in range(count)]
