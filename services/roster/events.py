"""The events of the roster, field by field as in their contracts (alliance/contracts/roster.py)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class DistrictRegistered:
    district: str
    name: str
    identifier: str | None


@dataclass(frozen=True, slots=True)
class SchoolRegistered:
    school: str
    district: str
    name: str
    identifier: str | None


@dataclass(frozen=True, slots=True)
class SchoolClosed:
    school: str
    district: str
    closed_on: date


@dataclass(frozen=True, slots=True)
class ClassRegistered:
    class_: str
    school: str
    district: str
    school_year: str
    begins_on: date
    ends_on: date
    kind: str
    grades: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClassClosed:
    class_: str
    school: str
    district: str
    school_year: str
    closed_on: date


@dataclass(frozen=True, slots=True)
class StudentEnrolled:
    student: str
    household: str
    class_: str
    school: str
    district: str
    school_year: str
    begins_on: date
    ends_on: date | None
    grade: str | None


@dataclass(frozen=True, slots=True)
class StudentTransferred:
    student: str
    household: str
    from_class: str
    from_school: str
    to_class: str
    to_school: str
    district: str
    school_year: str
    transferred_on: date


@dataclass(frozen=True, slots=True)
class StudentWithdrawn:
    student: str
    class_: str
    school: str
    district: str
    school_year: str
    withdrawn_on: date


@dataclass(frozen=True, slots=True)
class GuardianLinked:
    student: str
    guardian: str
    district: str
    relationship: str | None


@dataclass(frozen=True, slots=True)
class GuardianUnlinked:
    student: str
    guardian: str
    district: str


@dataclass(frozen=True, slots=True)
class HouseholdAssigned:
    student: str
    household: str
    district: str


StudentEvent = (
    StudentEnrolled
    | StudentTransferred
    | StudentWithdrawn
    | GuardianLinked
    | GuardianUnlinked
    | HouseholdAssigned
)
RosterEvent = (
    DistrictRegistered | SchoolRegistered | SchoolClosed | ClassRegistered | ClassClosed | StudentEvent
)
