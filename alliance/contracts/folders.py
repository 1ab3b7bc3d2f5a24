"""Miss. Code 37-3-67(b): the folder sent home at least monthly. Streams `folder-<class>-<period>`."""

from marshmallow import Schema, fields, validate

from .fields import Day, Id, Ids, Mode, Period, SchoolYear
from .registry import contract

PROVENANCES = ("single", "class_list", "scan")

_where = {
    "class": "c5t2wz7aq4nhy6mx",
    "school": "sq3o5f2b7kd6mzta",
    "district": "d7x2jq4mlc5vbn3w",
    "period": "2026-09",
    "school_year": "2026-27",
}


class ClassMonth(Schema):
    """One class in one month."""

    # `class` is a word of Python's own, so these fields are included by name.
    class Meta:
        include = {"class": Id()}

    school = Id()
    district = Id()
    period = Period()
    school_year = SchoolYear()


@contract("folders", example={**_where, "sent_on": "2026-09-04", "students": ["k4w6yt2ncz7hq3ra"]})
class FolderSent(ClassMonth):
    """The month's folder went home with these students; a later one of the same month names only the added ones."""

    sent_on = Day()
    students = Ids(validate=validate.Length(min=1))


@contract(
    "folders",
    example={
        **_where,
        "student": "k4w6yt2ncz7hq3ra",
        "signed_on": "2026-09-08",
        "mode": "paper",
        "provenance": "class_list",
    },
)
class FolderReturned(ClassMonth):
    """A parent's signature came back for this student; provenance says how the entry was made."""

    student = Id()
    signed_on = Day()
    mode = Mode()
    provenance = fields.String(required=True, validate=validate.OneOf(PROVENANCES))


@contract("folders", example={**_where, "student": "k4w6yt2ncz7hq3ra"})
class FolderVoided(ClassMonth):
    """A return was entered in error and no longer counts; the reason's text stays with the service."""

    student = Id()
