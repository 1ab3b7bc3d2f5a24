"""One student's pledge in one school year: offered, signed, withdrawn, signed again (Miss. Code 37-3-67(a))."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from alliance.contracts.fields import school_year_days
from alliance.decider import Decider
from alliance.errors import Invalid, Refused


@dataclass(frozen=True, slots=True)
class OfferPledge:
    student: str
    school_year: str
    school: str
    district: str
    statement: str
    language: str
    offered_on: date


@dataclass(frozen=True, slots=True)
class SignPledge:
    """`guardians` are those of the roster at this moment: who may sign is judged on what is known now."""

    student: str
    guardian: str | None
    guardians: frozenset[str]
    school_year: str
    school: str
    district: str
    signed_on: date
    mode: str
    language: str
    statement: str
    statement_hash: str
    note_on_file: bool


@dataclass(frozen=True, slots=True)
class WithdrawPledge:
    student: str
    guardian: str | None
    guardians: frozenset[str]
    school_year: str
    school: str
    district: str
    withdrawn_on: date


@dataclass(frozen=True, slots=True)
class PledgeOffered:
    student: str
    school_year: str
    school: str
    district: str
    statement: str
    language: str
    offered_on: date


@dataclass(frozen=True, slots=True)
class PledgeSigned:
    student: str
    guardian: str | None
    school_year: str
    school: str
    district: str
    signed_on: date
    mode: str
    language: str
    statement: str
    statement_hash: str
    note_on_file: bool


@dataclass(frozen=True, slots=True)
class PledgeWithdrawn:
    student: str
    guardian: str | None
    school_year: str
    school: str
    district: str
    withdrawn_on: date


@dataclass(frozen=True, slots=True)
class Pledge:
    """`signature` is the one that stands, `withdrawn_on` the day on which the last one was withdrawn."""

    offer: PledgeOffered | None = None
    signature: PledgeSigned | None = None
    withdrawn_on: date | None = None


Command = OfferPledge | SignPledge | WithdrawPledge
Event = PledgeOffered | PledgeSigned | PledgeWithdrawn


def stream(student: str, school_year: str) -> str:
    return f"pledge-{student}-{school_year}"


def decide(pledge: Pledge, command: Command) -> list[Event]:
    """The events of a command; none when it says what is so already. Raises Invalid or Refused."""
    match command:
        case OfferPledge():
            _require_day("offered_on", command.offered_on, command.school_year)
            offer = PledgeOffered(
                command.student,
                command.school_year,
                command.school,
                command.district,
                command.statement,
                command.language,
                command.offered_on,
            )
            told = pledge.offer and replace(pledge.offer, offered_on=offer.offered_on) == offer
            return [] if told or pledge.signature else [offer]
        case SignPledge():
            _require_day("signed_on", command.signed_on, command.school_year)
            _require_signer(command)
            if _stands_for(pledge, command):
                return []  # signing twice records nothing new
            return [
                PledgeSigned(
                    command.student,
                    command.guardian,
                    command.school_year,
                    command.school,
                    command.district,
                    command.signed_on,
                    command.mode,
                    command.language,
                    command.statement,
                    command.statement_hash,
                    command.note_on_file,
                )
            ]
        case WithdrawPledge():
            return _withdraw(pledge, command)


def evolve(pledge: Pledge, event: Event) -> Pledge:
    match event:
        case PledgeOffered():
            return replace(pledge, offer=event)
        case PledgeSigned():
            return replace(pledge, signature=event, withdrawn_on=None)
        case PledgeWithdrawn():
            return replace(pledge, signature=None, withdrawn_on=event.withdrawn_on)


def _stands_for(pledge: Pledge, command: SignPledge) -> bool:
    """Whether the signature that stands is for this text and this district; a move asks for a new one."""
    standing = pledge.signature
    return standing is not None and (standing.statement_hash, standing.district) == (
        command.statement_hash,
        command.district,
    )


def _withdraw(pledge: Pledge, command: WithdrawPledge) -> list[Event]:
    _require_day("withdrawn_on", command.withdrawn_on, command.school_year)
    if command.guardian is not None and command.guardian not in command.guardians:
        raise Refused("Only a guardian of the student can withdraw the pledge; check the guardian's id.")
    if pledge.signature is None:
        if pledge.withdrawn_on is not None:
            return []  # withdrawn before
        raise Refused("There is no signed pledge of this student and school year to withdraw.")
    if command.withdrawn_on < pledge.signature.signed_on:
        message = f"The pledge was signed on {pledge.signature.signed_on}; give that day or a later one."
        raise Invalid(message, errors=[{"field": "withdrawn_on", "message": message}])
    # Where the pledge was signed is where it no longer counts, also when the child has moved since.
    return [
        PledgeWithdrawn(
            command.student,
            command.guardian,
            command.school_year,
            pledge.signature.school,
            pledge.signature.district,
            command.withdrawn_on,
        )
    ]


def _require_signer(command: SignPledge) -> None:
    if command.guardian in command.guardians or (command.mode == "paper" and command.note_on_file):
        return
    if command.guardian is None:
        message = "Name the guardian who signed; only a paper pledge with a note can do without."
        raise Invalid(message, errors=[{"field": "guardian", "message": message}])
    raise Refused(
        "The signer is not a guardian of this student in the roster; "
        "link the guardian there first, or send mode 'paper' with a note that says who signed.",
        errors=[{"field": "guardian", "message": "not a guardian of this student"}],
    )


def _require_day(field: str, day: date, school_year: str) -> None:
    first, last = school_year_days(school_year)
    if not first <= day <= last:
        message = f"{day} lies outside the school year {school_year}; give a day from {first} to {last}."
        raise Invalid(message, errors=[{"field": field, "message": message}])


DECIDER: Decider[Pledge, Command, Event] = Decider(
    initial=Pledge(), decide=decide, evolve=evolve, events=(PledgeOffered, PledgeSigned, PledgeWithdrawn)
)
