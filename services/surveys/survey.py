"""A survey of a district, or of one school of it: opened, invitations issued, closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from alliance.decider import Decider
from alliance.errors import Invalid, NotFound, Refused

MODES = ("confidential", "anonymous")

#: Sheets on paper that came back in time are typed or scanned later: until the survey is closed.
AFTERWARDS = ("paper", "scan")


@dataclass(frozen=True, slots=True)
class OpenSurvey:
    """Days are inclusive. `year` holds the first and the last day of the school year."""

    survey: str
    instrument: str
    version: int
    mode: str
    school_year: str
    district: str
    school: str | None
    opens_on: date
    closes_on: date
    year: tuple[date, date]


@dataclass(frozen=True, slots=True)
class IssueInvitations:
    """The households to invite, none of them invited before, each with the schools of its children."""

    households: Mapping[str, Sequence[str]]
    issued_on: date


@dataclass(frozen=True, slots=True)
class CloseSurvey:
    closed_on: date


SurveyCommand = OpenSurvey | IssueInvitations | CloseSurvey


@dataclass(frozen=True, slots=True)
class SurveyOpened:
    survey: str
    instrument: str
    version: int
    mode: str
    school_year: str
    district: str
    school: str | None
    opens_on: date
    closes_on: date


@dataclass(frozen=True, slots=True)
class InvitationsIssued:
    """`count` is households; `schools` counts a household in each of its schools, so its sum can exceed it."""

    survey: str
    district: str
    count: int
    schools: Mapping[str, int]
    issued_on: date


@dataclass(frozen=True, slots=True)
class SurveyClosed:
    survey: str
    district: str
    closed_on: date


SurveyEvent = SurveyOpened | InvitationsIssued | SurveyClosed


@dataclass(frozen=True, slots=True)
class Survey:
    """`opened` is None until the survey exists; `invited` counts households."""

    opened: SurveyOpened | None = None
    invited: int = 0
    closed_on: date | None = None

    @property
    def status(self) -> str:
        return "closed" if self.closed_on else "open"


def decide(survey: Survey, command: SurveyCommand) -> list[SurveyEvent]:
    """Raises Invalid, NotFound or Refused; an empty list means that all this is recorded already."""
    match command:
        case OpenSurvey():
            return _open(survey, command)
        case IssueInvitations(households, issued_on):
            opened = must_be_open(survey)
            if not households:
                return []
            schools: dict[str, int] = {}
            for school in (school for household in sorted(households) for school in households[household]):
                schools[school] = schools.get(school, 0) + 1
            return [InvitationsIssued(opened.survey, opened.district, len(households), schools, issued_on)]
        case CloseSurvey(closed_on):
            opened = must_exist(survey)
            return [] if survey.closed_on else [SurveyClosed(opened.survey, opened.district, closed_on)]


def evolve(survey: Survey, event: SurveyEvent) -> Survey:
    match event:
        case SurveyOpened():
            return replace(survey, opened=event)
        case InvitationsIssued():
            return replace(survey, invited=survey.invited + event.count)
        case SurveyClosed():
            return replace(survey, closed_on=event.closed_on)


def must_exist(survey: Survey) -> SurveyOpened:
    if survey.opened is None:
        raise NotFound(
            "There is no survey of this id; take the id that opening the survey answered with.",
            errors=[{"field": "survey", "message": "is not known"}],
        )
    return survey.opened


def must_be_open(survey: Survey) -> SurveyOpened:
    """The survey if it is not closed; it need not have begun, for invitations are printed before."""
    opened = must_exist(survey)
    if survey.closed_on:
        raise _refused(f"The survey was closed on {survey.closed_on}; open a new one.", "is closed")
    return opened


def must_take(survey: Survey, mode: str, day: date) -> SurveyOpened:
    """The survey if it takes a response that comes in by `mode` on `day`."""
    opened = must_be_open(survey)
    if day < opened.opens_on:
        raise _refused(
            f"The survey opens on {opened.opens_on}; send the response from that day on.", "is not open yet"
        )
    if day > opened.closes_on and mode not in AFTERWARDS:
        raise _refused(
            f"The survey ended on {opened.closes_on}; only paper sheets handed in by then are taken now.",
            "has ended",
        )
    return opened


def stream(survey: str) -> str:
    return f"survey-{survey}"


def _open(survey: Survey, command: OpenSurvey) -> list[SurveyEvent]:
    if command.mode not in MODES:
        raise _invalid("mode", f"must be one of {', '.join(MODES)}")
    first, last = command.year
    for field, day in (("opens_on", command.opens_on), ("closes_on", command.closes_on)):
        if not first <= day <= last:
            raise _invalid(
                field, f"must lie in the school year {command.school_year}, from {first} to {last}"
            )
    if command.closes_on < command.opens_on:
        raise _invalid("closes_on", f"must not be before opens_on, {command.opens_on}")
    event = SurveyOpened(
        command.survey, command.instrument, command.version, command.mode, command.school_year,
        command.district, command.school, command.opens_on, command.closes_on,
    )  # fmt: skip
    if survey.opened is None:
        return [event]
    if survey.opened != event:
        raise _refused(
            "Another survey was opened under this id; use a new Idempotency-Key for a new survey.", "is taken"
        )
    return []


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(
        f"The survey cannot be opened: {field} {message}.", errors=[{"field": field, "message": message}]
    )


def _refused(detail: str, message: str) -> Refused:
    return Refused(detail, errors=[{"field": "survey", "message": message}])


DECIDER: Decider[Survey, SurveyCommand, SurveyEvent] = Decider(
    initial=Survey(), decide=decide, evolve=evolve, events=(SurveyOpened, InvitationsIssued, SurveyClosed)
)
