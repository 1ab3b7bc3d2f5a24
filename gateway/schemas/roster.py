"""The roster: bundles going in, and the districts, schools, classes and children that it knows."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from .kinds import CLASS, DISTRICT, GUARDIAN, HOUSEHOLD, SCHOOL, STUDENT, Day, Id, Switch
from .position import Accepted, PageQuery
from .shape import Answer, Shape


class RosterQuery(Shape):
    """How a bundle is taken."""

    dry_run = Switch("only tell what would change; nothing is changed")
    strict = Switch("import nothing when anything is wrong; else what is sound is imported")
    confirm = Switch("import although more than a tenth of the students would be dropped")
    source = Id(
        "which system the bundle comes from; its ids are known under this name", "sis", required=False
    )
    example = {"dry_run": "true"}


class RosterProblem(Answer):
    """One thing wrong in the bundle."""

    file = fields.String()
    line = fields.Integer(allow_none=True)
    column = fields.String(allow_none=True)
    code = fields.String(allow_none=True, metadata={"description": "names this kind of problem"})
    severity = fields.String(validate=validate.OneOf(("error", "warning")))
    message = fields.String(metadata={"description": "what is wrong and how to mend it"})
    example = {
        "file": "enrollments.csv", "line": 18, "column": "userSourcedId", "code": "dangling", "severity": "error",
        "message": "no user has this sourcedId; add the user or leave the enrolment out",
    }  # fmt: skip


class Dropped(Answer):
    """How many students stood in the roster before, and how many of them the bundle no longer has."""

    before = fields.Integer()
    dropped = fields.Integer()
    example = {"before": 6000, "dropped": 12}


class RosterImported(Accepted):
    """What an import changed, or would change, and what was wrong with the bundle."""

    dry_run = fields.Boolean()
    needs_confirm = fields.Boolean(
        metadata={"description": "whether so many are dropped that it takes `confirm`"}
    )
    students = fields.Nested(Dropped)
    counts = fields.Dict(
        keys=fields.String(), values=fields.Raw(), metadata={"description": "what the bundle holds, by kind"}
    )
    changes = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "events by type"}
    )
    errors = fields.Integer(
        metadata={"description": "how many problems are errors; their rows were left out"}
    )
    warnings = fields.Integer(metadata={"description": "how many problems are warnings"})
    problems = fields.List(
        fields.Nested(RosterProblem), metadata={"description": "the problems, or the first of many"}
    )
    example: ClassVar[Any] = {
        "position": {"source": "roster", "sequence": 13037}, "created": True, "dry_run": False, "needs_confirm": False,
        "students": Dropped.example, "counts": {"students": 6000, "classes": 310},
        "changes": {"StudentEnrolled": 6000, "GuardianLinked": 8412}, "errors": 1, "warnings": 0,
        "problems": [RosterProblem.example],
    }  # fmt: skip


class School(Answer):
    """A school of a district."""

    school = fields.String()
    district = fields.String()
    name = fields.String()
    identifier = fields.String(allow_none=True, metadata={"description": "the number that the state gave it"})
    closed_on = Day("the day on which it was closed; null while it is open", allow_none=True)
    example = {
        "school": SCHOOL, "district": DISTRICT, "name": "Magnolia Elementary", "identifier": "280129001234",
        "closed_on": None,
    }  # fmt: skip


class SchoolList(Answer):
    """A page of schools, by name."""

    data = fields.List(fields.Nested(School))
    next = fields.String(allow_none=True)
    example = {"data": [School.example], "next": None}


class Class(Answer):
    """A class of a school in one school year."""

    class_ = fields.String(data_key="class", attribute="class")
    school = fields.String()
    district = fields.String()
    school_year = fields.String()
    begins_on = Day("its first day")
    ends_on = Day("its last day")
    kind = fields.String(validate=validate.OneOf(("homeroom", "scheduled")))
    grades = fields.List(fields.String())
    title = fields.String(
        allow_none=True,
        metadata={
            "description": "what the school calls it, which can be a teacher's name; null unless the token is a "
            "school's or a district's"
        },
    )
    closed_on = Day("the day on which it was closed; null while it is open", allow_none=True)
    example = {
        "class": CLASS, "school": SCHOOL, "district": DISTRICT, "school_year": "2026-27", "title": "Grade 3, Room 12",
        "begins_on": "2026-08-05", "ends_on": "2027-05-27", "kind": "homeroom", "grades": ["03"], "closed_on": None,
    }  # fmt: skip


class ClassList(Answer):
    """A page of classes."""

    data = fields.List(fields.Nested(Class))
    next = fields.String(allow_none=True)
    example = {"data": [Class.example], "next": None}


class StudentsQuery(PageQuery):
    """On which day, and which page."""

    on = Day("who is enrolled on this day; today when left out", "2026-09-14", required=False)
    example = {"on": "2026-09-14"}


class ClassStudent(Answer):
    """A child of a class, by name, for those who teach it."""

    student = fields.String()
    given_name = fields.String()
    family_name = fields.String()
    grade = fields.String(allow_none=True)
    example = {"student": STUDENT, "given_name": "Ada", "family_name": "Example", "grade": "03"}


class ClassStudentList(Answer):
    """A page of the children of a class."""

    data = fields.List(fields.Nested(ClassStudent))
    next = fields.String(allow_none=True)
    example = {"data": [ClassStudent.example], "next": None}


class Enrolment(Answer):
    """Who is in which class from when to when: ids only, for programs."""

    student = fields.String()
    household = fields.String(allow_none=True)
    guardian = fields.String(allow_none=True, metadata={"description": "one guardian of the student"})
    guardians = fields.List(fields.String())
    class_ = fields.String(data_key="class", attribute="class")
    school = fields.String()
    begins_on = Day("first day in the class")
    ends_on = Day("last day in the class; null while it is open", allow_none=True)
    sourced_id = fields.String(
        allow_none=True, metadata={"description": "the enrolment's id in the system it came from"}
    )
    example = {
        "student": STUDENT, "household": HOUSEHOLD, "guardian": GUARDIAN, "class": CLASS, "school": SCHOOL,
        "begins_on": "2026-08-05", "ends_on": "2027-05-27", "sourced_id": "e-10442",
    }  # fmt: skip


class EnrolmentList(Answer):
    """A page of enrolments."""

    data = fields.List(fields.Nested(Enrolment))
    next = fields.String(allow_none=True)
    example = {"data": [Enrolment.example], "next": "WyJlLTEwNDQyIl0"}
