"""Miss. Code 37-3-67(a): the signed parent pledge. Streams `pledge-<student>-<school year>`."""

from marshmallow import Schema, fields

from .fields import Day, Id, Language, Mode, OptionalId, SchoolYear, Text
from .registry import contract

_where = {"school_year": "2026-27", "school": "sq3o5f2b7kd6mzta", "district": "d7x2jq4mlc5vbn3w"}


@contract(
    "pledges",
    example={
        "student": "k4w6yt2ncz7hq3ra",
        **_where,
        "statement": "2026-1",
        "language": "en",
        "offered_on": "2026-08-10",
    },
)
class PledgeOffered(Schema):
    """A family was given the pledge to read and sign."""

    student = Id()
    school_year = SchoolYear()
    school = Id()
    district = Id()
    statement = Text(32)
    language = Language()
    offered_on = Day()


@contract(
    "pledges",
    example={
        "student": "k4w6yt2ncz7hq3ra",
        "guardian": "u2f7pd3xvs6ajm5e",
        **_where,
        "signed_on": "2026-08-14",
        "mode": "web",
        "language": "es",
        "statement": "2026-1",
        "statement_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "note_on_file": False,
    },
)
class PledgeSigned(Schema):
    """A guardian signed the pledge; the statement's hash says exactly which text."""

    student = Id()
    guardian = OptionalId()
    school_year = SchoolYear()
    school = Id()
    district = Id()
    signed_on = Day()
    mode = Mode()
    language = Language()
    statement = Text(32)
    statement_hash = Text(64)
    note_on_file = fields.Boolean(required=True)


@contract(
    "pledges",
    example={
        "student": "k4w6yt2ncz7hq3ra",
        "guardian": "u2f7pd3xvs6ajm5e",
        **_where,
        "withdrawn_on": "2026-10-02",
    },
)
class PledgeWithdrawn(Schema):
    """The pledge of this school year no longer stands."""

    student = Id()
    guardian = OptionalId()
    school_year = SchoolYear()
    school = Id()
    district = Id()
    withdrawn_on = Day()
