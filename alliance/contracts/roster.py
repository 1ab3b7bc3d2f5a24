"""The roster: the denominators of every rate. Opaque ids only; names stay in roster's own tables.

Streams `district-<id>`, `school-<id>`, `class-<id>`, `student-<id>`. Names of districts and schools are public.
"""

from marshmallow import Schema, fields, validate

from .fields import Day, Id, SchoolYear, Text
from .registry import contract

_district = {"district": "d7x2jq4mlc5vbn3w"}
_school = {"school": "sq3o5f2b7kd6mzta", **_district}
_class = {"class": "c5t2wz7aq4nhy6mx", **_school}
_student = {"student": "k4w6yt2ncz7hq3ra"}


class _OfClass(Schema):
    class Meta:
        include = {"class": Id()}

    school = Id()
    district = Id()


def _identifier() -> fields.String:
    return Text(
        64, allow_none=True, metadata={"description": "the public number, e.g. NCES LEAID or NCESSCH"}
    )


@contract(
    "roster", example={**_district, "name": "Oktibbeha County School District", "identifier": "2803450"}
)
class DistrictRegistered(Schema):
    """A district takes part, or its name or number changed."""

    district = Id()
    name = Text()
    identifier = _identifier()


@contract("roster", example={**_school, "name": "Sudduth Elementary School", "identifier": "280345000651"})
class SchoolRegistered(Schema):
    """A school of a district, or its name or number changed."""

    school = Id()
    district = Id()
    name = Text()
    identifier = _identifier()


@contract("roster", example={**_school, "closed_on": "2027-05-28"})
class SchoolClosed(Schema):
    """The school no longer exists after this day."""

    school = Id()
    district = Id()
    closed_on = Day()


@contract(
    "roster",
    example={
        **_class,
        "school_year": "2026-27",
        "begins_on": "2026-08-06",
        "ends_on": "2027-05-26",
        "kind": "homeroom",
        "grades": ["03"],
    },
)
class ClassRegistered(_OfClass):
    """A class of a school year, or its dates, kind or grades changed."""

    school_year = SchoolYear()
    begins_on = Day()
    ends_on = Day()
    kind = fields.String(required=True, validate=validate.OneOf(("homeroom", "scheduled")))
    grades = fields.List(Text(8), required=True)


@contract("roster", example={**_class, "school_year": "2026-27", "closed_on": "2027-01-15"})
class ClassClosed(_OfClass):
    """The class was given up; it is not expected to report after this day."""

    school_year = SchoolYear()
    closed_on = Day()


@contract(
    "roster",
    example={
        **_student,
        "household": "h3v6kq7wd2ym5tzc",
        **_class,
        "school_year": "2026-27",
        "begins_on": "2026-08-06",
        "ends_on": None,
        "grade": "03",
    },
)
class StudentEnrolled(_OfClass):
    """The student is in this class from `begins_on` (to `ends_on` where that is known)."""

    student = Id()
    household = Id()
    school_year = SchoolYear()
    begins_on = Day()
    ends_on = Day(allow_none=True)
    grade = Text(8, allow_none=True)


@contract(
    "roster",
    example={
        **_student,
        "household": "h3v6kq7wd2ym5tzc",
        "from_class": "c5t2wz7aq4nhy6mx",
        "from_school": "sq3o5f2b7kd6mzta",
        "to_class": "c2n7xb4ye6kqw3sf",
        "to_school": "sq3o5f2b7kd6mzta",
        **_district,
        "school_year": "2026-27",
        "transferred_on": "2026-10-12",
    },
)
class StudentTransferred(Schema):
    """Inside one district: out of one class the day before, in the other from this day."""

    student = Id()
    household = Id()
    from_class = Id()
    from_school = Id()
    to_class = Id()
    to_school = Id()
    district = Id()
    school_year = SchoolYear()
    transferred_on = Day()


@contract("roster", example={**_student, **_class, "school_year": "2026-27", "withdrawn_on": "2027-02-01"})
class StudentWithdrawn(_OfClass):
    """The student's last day in this class."""

    student = Id()
    school_year = SchoolYear()
    withdrawn_on = Day()


@contract(
    "roster",
    example={**_student, "guardian": "u2f7pd3xvs6ajm5e", **_district, "relationship": "parent"},
)
class GuardianLinked(Schema):
    """This guardian may sign for this student."""

    student = Id()
    guardian = Id()
    district = Id()
    relationship = Text(32, allow_none=True)


@contract("roster", example={**_student, "guardian": "u2f7pd3xvs6ajm5e", **_district})
class GuardianUnlinked(Schema):
    """This guardian no longer signs for this student."""

    student = Id()
    guardian = Id()
    district = Id()


@contract("roster", example={**_student, "household": "h3v6kq7wd2ym5tzc", **_district})
class HouseholdAssigned(Schema):
    """The student's household is now this one (children of one guardian are one household)."""

    student = Id()
    household = Id()
    district = Id()
