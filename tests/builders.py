"""Example contexts, events and appends for the tests of the kit: a test names only what it is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection

from alliance.context import Caller, Context
from alliance.decider import Command, Decider
from alliance.errors import Refused
from alliance.log import Append, NewEvent

YEAR = "2026-27"
NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


def context(key: UUID | None = None, **changes: Any) -> Context:
    """A command's surroundings; with a key, one that came with that Idempotency-Key."""
    plain = {"caller": Caller("state"), "now": NOW, "correlation_id": "a-correlation"}
    return Context(command_id=key or uuid4(), keyed=key is not None, **{**plain, **changes})


def stream(student: str) -> str:
    return f"pledge-{student}-{YEAR}"


def signed(student: str = "s1", district: str = "d1", **changes: Any) -> NewEvent:
    data = {
        "student": student, "guardian": "g1", "school_year": YEAR, "school": "sc1", "district": district,
        "signed_on": "2026-09-01", "mode": "web", "language": "en", "statement": "2026-1",
        "statement_hash": "0" * 64, "note_on_file": False,
    }  # fmt: skip
    return NewEvent("PledgeSigned", {**data, **changes})


def withdrawn(student: str = "s1", district: str = "d1") -> NewEvent:
    data = {"student": student, "guardian": "g1", "school_year": YEAR, "school": "sc1", "district": district}
    return NewEvent("PledgeWithdrawn", {**data, "withdrawn_on": "2026-10-01"})


def append(
    student: str = "s1",
    expected: int = 0,
    events: Sequence[NewEvent] | None = None,
    *,
    district: str = "d1",
    in_context: Context | None = None,
    **options: Any,
) -> Append:
    """One signed pledge at the beginning of its own stream, unless said otherwise."""
    return Append(
        stream(student),
        expected,
        (signed(student, district),) if events is None else events,
        district,
        in_context or context(),
        **options,
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """The toy command of the kit's tests: offer a text to a student; "forbidden" is refused."""

    student: str
    statement: str


@dataclass(frozen=True, slots=True)
class PledgeOffered:
    student: str
    school_year: str
    school: str
    district: str
    statement: str
    language: str
    offered_on: str


def decide(offered: str, command: Offer) -> list[PledgeOffered]:
    if command.statement == "forbidden":
        raise Refused("This text may not be offered.")
    if command.statement == offered:
        return []
    return [PledgeOffered(command.student, YEAR, "sc1", "d1", command.statement, "en", "2026-08-10")]


def evolve(offered: str, event: PledgeOffered) -> str:
    return event.statement


#: State: the text that was offered last, "" for none.
OFFERS: Decider[str, Offer, PledgeOffered] = Decider("", decide, evolve, (PledgeOffered,))


def offer(
    statement: str,
    student: str = "s1",
    key: UUID | None = None,
    beside: Callable[[Connection], None] | None = None,
) -> Command[Offer]:
    return Command(
        stream=stream(student),
        command=Offer(student, statement),
        district="d1",
        context=context(key),
        body={"statement": statement},
        beside=beside,
        result={"offered": statement},
    )
