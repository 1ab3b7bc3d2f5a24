"""A made-up state of any size, and what happens in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from alliance.context import Caller, Context
from alliance.log import Append, NewEvent
from simulation.families import School, spans
from simulation.state import District

SCHOOLS = 6
YEAR, DAY = "2026-27", "2026-09-14"


def made_up_districts(districts: int, students: int) -> Iterator[District]:
    """So many districts of six schools each, the students spread evenly."""
    for number in range(districts):
        schools = tuple(
            School(f"s-{number}-{at}", f"School {at}", f"99{number:04d}{at:02d}", first, last)
            for at, (first, last) in enumerate(spans(SCHOOLS))
        )
        pupils = students // districts + (number < students % districts)
        yield District(f"b{number}", f"District {number}", f"99{number:04d}", pupils, schools)


def change(known: Any, turn: int) -> Append:
    """What (student, school, district, guardian) appends in its turn: signed, withdrawn, signed again …"""
    student, school, district, guardian = known
    data = {
        "student": student, "guardian": guardian, "school_year": YEAR, "school": school, "district": district,
    }  # fmt: skip
    if turn % 2:
        event = NewEvent("PledgeWithdrawn", {**data, "withdrawn_on": "2026-10-02"})
    else:
        more = {"signed_on": DAY, "mode": "web", "language": "en", "statement": "2026-1"}
        event = NewEvent("PledgeSigned", {**data, **more, "statement_hash": "0f" * 32, "note_on_file": False})
    context = Context(Caller("system"), uuid4(), False, datetime.now(UTC), str(uuid4()))
    return Append(f"pledge-{student}-{YEAR}", turn, (event,), district, context)


def returned(student: str) -> dict[str, str]:
    """A folder that came back, as a line of a class's list."""
    return {"student": student, "signed_on": DAY, "mode": "paper"}
