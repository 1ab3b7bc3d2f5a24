"""A roster's events as its feed gives them, each checked against its contract."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from alliance import contracts
from alliance.envelope import Event
from alliance.errors import Unavailable
from alliance.feed import Page
from tests.builders import NOW, YEAR

EPOCH = str(UUID(int=1))


class RosterFeed:
    """Roster's log, as far as a list goes, in pages of `size` events; `away` as if roster did not answer."""

    source = "roster"

    def __init__(self, size: int = 1000) -> None:
        self.size = size
        self.away = False
        self.events: list[Event] = []
        self._versions: Counter[str] = Counter()

    def page(self, after: int, limit: int = 1000) -> Page:
        if self.away:
            raise Unavailable("roster is away")
        return Page(EPOCH, len(self.events), self.events[after : after + self.size])

    def tell(self, type_: str, stream: str = "", **data: Any) -> None:
        """Record an event; `class_` stands for the field `class`, and days may be dates."""
        named = {
            name.removesuffix("_"): value.isoformat() if isinstance(value, date) else value
            for name, value in data.items()
        }
        position = len(self.events) + 1
        stream = stream or f"stream-{position}"
        self._versions[stream] += 1
        self.events.append(
            Event(
                id=str(UUID(int=position)),
                source="roster",
                position=position,
                stream=stream,
                stream_version=self._versions[stream],
                type=type_,
                schema_version=1,
                time=NOW,
                district=named["district"],
                text=msgspec.json.encode(contracts.write(type_, 1, named)).decode(),
                correlation_id="c",
                causation_id=str(UUID(int=0)),
            )
        )


class Roster(RosterFeed):
    """Classes "c1" and "c2" are in school "sc1", "c3" in "sc2", all in "d1"."""

    def class_(self, class_: str, begins_on: date, ends_on: date, kind: str = "homeroom") -> None:
        self.tell(
            "ClassRegistered", f"class-{class_}", class_=class_, school=school_of(class_), district="d1",
            school_year=YEAR, begins_on=begins_on, ends_on=ends_on, kind=kind, grades=["03"],
        )  # fmt: skip

    def class_closed(self, class_: str, closed_on: date) -> None:
        self.tell(
            "ClassClosed", f"class-{class_}", class_=class_, school=school_of(class_), district="d1",
            school_year=YEAR, closed_on=closed_on,
        )  # fmt: skip

    def enrolled(
        self, student: str, class_: str, begins_on: date, ends_on: date | None = None, household: str = ""
    ) -> None:
        self.tell(
            "StudentEnrolled", f"student-{student}", student=student, household=household or f"h-{student}",
            class_=class_, school=school_of(class_), district="d1", school_year=YEAR, begins_on=begins_on,
            ends_on=ends_on, grade=None,
        )  # fmt: skip

    def transferred(self, student: str, from_class: str, to_class: str, day: date) -> None:
        self.tell(
            "StudentTransferred", f"student-{student}", student=student, household=f"h-{student}",
            from_class=from_class, from_school=school_of(from_class), to_class=to_class,
            to_school=school_of(to_class), district="d1", school_year=YEAR, transferred_on=day,
        )  # fmt: skip

    def withdrawn(self, student: str, class_: str, last_day: date) -> None:
        self.tell(
            "StudentWithdrawn", f"student-{student}", student=student, class_=class_, school=school_of(class_),
            district="d1", school_year=YEAR, withdrawn_on=last_day,
        )  # fmt: skip

    def guardian(self, student: str, guardian: str, *, linked: bool = True) -> None:
        if linked:
            self.tell(
                "GuardianLinked", f"student-{student}", student=student, guardian=guardian, district="d1",
                relationship=None,
            )  # fmt: skip
        else:
            self.tell(
                "GuardianUnlinked", f"student-{student}", student=student, guardian=guardian, district="d1"
            )

    def household(self, student: str, household: str) -> None:
        self.tell(
            "HouseholdAssigned", f"student-{student}", student=student, household=household, district="d1"
        )


def school_of(class_: str) -> str:
    return "sc2" if class_ == "c3" else "sc1"
