"""One student before and after an import, and the events between: only what changed is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from .enrolment import Span
from .events import (
    GuardianLinked,
    GuardianUnlinked,
    HouseholdAssigned,
    StudentEnrolled,
    StudentEvent,
    StudentTransferred,
    StudentWithdrawn,
)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Student:
    """All that events tell of a student. `guardians` gives the relationship of each."""

    student: str
    household: str
    district: str
    grade: str | None = None
    spans: tuple[Span, ...] = ()
    guardians: Mapping[str, str | None] = field(default_factory=dict)


def changes(before: Student | None, after: Student, today: date) -> list[StudentEvent]:
    """The events that lead from one to the other: leaving first, then arriving, then the family."""
    enrolments = _enrolments(before or Student(after.student, after.household, after.district), after, today)
    told = any(isinstance(event, StudentEnrolled | StudentTransferred) for event in enrolments)
    household: list[StudentEvent] = []
    # A student who was never enrolled has no household outside yet; the first enrolment brings it.
    if before and any(s.is_real for s in before.spans) and before.household != after.household and not told:
        household = [HouseholdAssigned(after.student, after.household, after.district)]
    return [*enrolments, *_guardians(before.guardians if before else {}, after), *household]


def _enrolments(before: Student, after: Student, today: date) -> list[StudentEvent]:
    old = {(span.place.class_, span.begins_on): span for span in before.spans if span.is_real}
    new = {(span.place.class_, span.begins_on): span for span in after.spans if span.is_real}
    left: list[tuple[Span, date]] = []
    entered: list[Span] = []
    for key, span in old.items():
        now = new.get(key)
        if now is None or now.place.district != span.place.district:
            # It never was, or not in this district: the last day lies before the first.
            left.append((span, span.begins_on - _DAY))
            entered.extend([now] if now else [])
        elif now.ends_on != span.ends_on and now.last < span.last:
            left.append((now, now.last))
        elif _says_more(span, now) or (before.grade != after.grade and now.last >= today):
            entered.append(now)
    entered.extend(span for key, span in new.items() if key not in old)
    same_grade = before.grade == after.grade
    moved = _moves(left, entered) if same_grade else []
    return [
        *(_withdrawn(after, span, last) for span, last in left if not any(span is one for one, _ in moved)),
        *(_transferred(after, one, other) for one, other in moved),
        *(_enrolled(after, span) for span in entered if not any(span is other for _, other in moved)),
    ]


def _says_more(old: Span, new: Span) -> bool:
    """Whether the same enrolment has a later end, or its class another school."""
    return (new.ends_on != old.ends_on and new.last != old.last) or new.place.school != old.place.school


def _moves(left: list[tuple[Span, date]], entered: list[Span]) -> list[tuple[Span, Span]]:
    """Pairs of a class left and one entered the day after, in one district and year, of one kind."""
    pairs: list[tuple[Span, Span]] = []
    free = [span for span in entered if span.ends_on is None]
    for span, last in left:
        if last < span.begins_on:
            continue
        for other in free:
            if other.begins_on == last + _DAY and _alike(span, other):
                pairs.append((span, other))
                free.remove(other)
                break
    return pairs


def _alike(one: Span, other: Span) -> bool:
    places = (one.place, other.place)
    return len({(place.district, place.school_year, place.homeroom) for place in places}) == 1


def _enrolled(student: Student, span: Span) -> StudentEnrolled:
    place = span.place
    return StudentEnrolled(
        student.student, student.household, place.class_, place.school, place.district, place.school_year,
        span.begins_on, span.ends_on, student.grade,
    )  # fmt: skip


def _withdrawn(student: Student, span: Span, last: date) -> StudentWithdrawn:
    place = span.place
    return StudentWithdrawn(
        student.student, place.class_, place.school, place.district, place.school_year, last
    )


def _transferred(student: Student, one: Span, other: Span) -> StudentTransferred:
    return StudentTransferred(
        student.student, student.household, one.place.class_, one.place.school, other.place.class_, other.place.school,
        other.place.district, other.place.school_year, other.begins_on,
    )  # fmt: skip


def _guardians(before: Mapping[str, str | None], after: Student) -> list[StudentEvent]:
    gone = sorted(before.keys() - after.guardians.keys())
    told = [
        guardian
        for guardian, relationship in sorted(after.guardians.items())
        if guardian not in before or before[guardian] != relationship
    ]
    return [
        *(GuardianUnlinked(after.student, guardian, after.district) for guardian in gone),
        *(
            GuardianLinked(after.student, guardian, after.district, after.guardians[guardian])
            for guardian in told
        ),
    ]
