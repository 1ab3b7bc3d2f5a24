"""A student before, a student after, and the events between."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from services.roster.enrolment import Place, Span
from services.roster.events import (
    GuardianLinked,
    GuardianUnlinked,
    HouseholdAssigned,
    StudentEnrolled,
    StudentEvent,
    StudentTransferred,
    StudentWithdrawn,
)
from services.roster.student import Student, changes

AUG, MAY, TODAY = date(2026, 8, 6), date(2027, 5, 26), date(2026, 10, 12)
DAY = timedelta(days=1)
YEAR = "2026-27"

ROOM = Place("c-1", "s-1", "d-1", YEAR, AUG, MAY, True)
OTHER_ROOM = Place("c-2", "s-2", "d-1", YEAR, AUG, MAY, True)
LESSON = Place("c-3", "s-1", "d-1", YEAR, AUG, MAY, False)
ELSEWHERE = Place("c-9", "s-9", "d-9", YEAR, AUG, MAY, True)

ADA = Student("p-1", "h-1", "d-1", "03", (Span(ROOM, AUG),), {"g-1": "parent"})
ENROLLED = StudentEnrolled("p-1", "h-1", "c-1", "s-1", "d-1", YEAR, AUG, None, "03")


def given_then(before: Student | None, after: Student) -> list[StudentEvent]:
    return changes(before, after, TODAY)


def test_a_new_student_is_enrolled_and_the_guardians_are_linked() -> None:
    assert given_then(None, ADA) == [ENROLLED, GuardianLinked("p-1", "g-1", "d-1", "parent")]


def test_a_new_student_without_a_class_has_guardians_only() -> None:
    assert given_then(None, replace(ADA, spans=())) == [GuardianLinked("p-1", "g-1", "d-1", "parent")]


def test_nothing_changed_nothing_said() -> None:
    assert given_then(ADA, ADA) == []


def test_an_end_is_a_withdrawal() -> None:
    after = replace(ADA, spans=(Span(ROOM, AUG, TODAY),))
    assert given_then(ADA, after) == [StudentWithdrawn("p-1", "c-1", "s-1", "d-1", YEAR, TODAY)]


def test_an_end_taken_back_is_an_enrolment_said_again() -> None:
    before = replace(ADA, spans=(Span(ROOM, AUG, TODAY),))
    assert given_then(before, ADA) == [ENROLLED]


def test_an_end_that_is_the_end_of_the_class_says_nothing_new() -> None:
    assert given_then(ADA, replace(ADA, spans=(Span(ROOM, AUG, MAY),))) == []


def test_leaving_one_class_for_another_the_next_day_is_a_transfer() -> None:
    after = replace(ADA, spans=(Span(ROOM, AUG, TODAY - DAY), Span(OTHER_ROOM, TODAY)))
    assert given_then(ADA, after) == [
        StudentTransferred("p-1", "h-1", "c-1", "s-1", "c-2", "s-2", "d-1", YEAR, TODAY)
    ]


def test_a_gap_between_makes_it_a_withdrawal_and_an_enrolment() -> None:
    after = replace(ADA, spans=(Span(ROOM, AUG, TODAY - DAY), Span(OTHER_ROOM, TODAY + DAY)))
    assert given_then(ADA, after) == [
        StudentWithdrawn("p-1", "c-1", "s-1", "d-1", YEAR, TODAY - DAY),
        StudentEnrolled("p-1", "h-1", "c-2", "s-2", "d-1", YEAR, TODAY + DAY, None, "03"),
    ]


def test_a_homeroom_is_not_left_for_a_lesson() -> None:
    after = replace(ADA, spans=(Span(ROOM, AUG, TODAY - DAY), Span(LESSON, TODAY)))
    assert [type(event) for event in given_then(ADA, after)] == [StudentWithdrawn, StudentEnrolled]


def test_a_move_to_another_district_is_a_withdrawal_there_and_an_enrolment_here() -> None:
    after = replace(ADA, district="d-9", spans=(Span(ROOM, AUG, TODAY - DAY), Span(ELSEWHERE, TODAY)))
    assert [(type(event), event.district) for event in given_then(ADA, after)] == [
        (StudentWithdrawn, "d-1"),
        (StudentEnrolled, "d-9"),
    ]


def test_a_school_that_moves_to_another_district_takes_its_students_along() -> None:
    moved = replace(ROOM, district="d-9")
    after = replace(ADA, district="d-9", spans=(Span(moved, AUG),))
    assert given_then(ADA, after) == [
        StudentWithdrawn("p-1", "c-1", "s-1", "d-1", YEAR, AUG - DAY),
        replace(ENROLLED, district="d-9"),
    ]


def test_a_class_that_moves_to_another_school_is_said_again() -> None:
    after = replace(ADA, spans=(Span(replace(ROOM, school="s-2"), AUG),))
    assert given_then(ADA, after) == [replace(ENROLLED, school="s-2")]


def test_an_enrolment_that_never_was_ends_before_it_begins() -> None:
    assert given_then(ADA, replace(ADA, spans=())) == [
        StudentWithdrawn("p-1", "c-1", "s-1", "d-1", YEAR, AUG - DAY)
    ]


def test_a_new_grade_is_said_with_the_enrolment() -> None:
    assert given_then(ADA, replace(ADA, grade="04")) == [replace(ENROLLED, grade="04")]


def test_a_new_household_alone_is_assigned() -> None:
    assert given_then(ADA, replace(ADA, household="h-2")) == [HouseholdAssigned("p-1", "h-2", "d-1")]


def test_a_new_household_is_not_said_twice() -> None:
    after = replace(ADA, household="h-2", grade="04")
    assert given_then(ADA, after) == [replace(ENROLLED, household="h-2", grade="04")]


def test_a_student_who_was_never_enrolled_has_no_household_to_change() -> None:
    before = replace(ADA, spans=())
    assert given_then(before, replace(before, household="h-2")) == []


def test_guardians_come_go_and_change() -> None:
    before = replace(ADA, guardians={"g-1": "parent", "g-2": "parent"})
    after = replace(ADA, guardians={"g-2": "guardian", "g-3": "relative"})
    assert given_then(before, after) == [
        GuardianUnlinked("p-1", "g-1", "d-1"),
        GuardianLinked("p-1", "g-2", "d-1", "guardian"),
        GuardianLinked("p-1", "g-3", "d-1", "relative"),
    ]
