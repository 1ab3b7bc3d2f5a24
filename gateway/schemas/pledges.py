"""Pledges: Miss. Code 37-3-67(a)."""

from __future__ import annotations

from marshmallow import fields, validate

from .kinds import GUARDIAN, STUDENT, Day, Flag, Id, Language, Mode, SchoolYear, Text
from .position import Accepted
from .shape import Answer, Shape

_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

_signed = {
    "student": STUDENT,
    "guardian": GUARDIAN,
    "school_year": "2026-27",
    "signed_on": "2026-08-14",
    "mode": "web",
    "language": "es",
    "statement": "2026-1",
}


def _guardian() -> fields.String:
    return Id(
        "id of the guardian who signs; null only for a paper pledge with a note",
        GUARDIAN,
        required=False,
        load_default=None,
        allow_none=True,
    )


class OfferPledge(Shape):
    """A family is given the text of the pledge, on paper or on a screen."""

    student = Id("id of the student")
    school_year = SchoolYear()
    offered_on = Day("the day on which the family was given the text, within the school year", "2026-08-07")
    language = Language()
    statement = Id("which text was given; GET /v1/statements lists them", "2026-1")
    example = {
        "student": STUDENT,
        "school_year": "2026-27",
        "offered_on": "2026-08-07",
        "language": "es",
        "statement": "2026-1",
    }


class SignPledge(Shape):
    """A guardian's signature under the pledge of one school year."""

    student = Id("id of the student")
    guardian = _guardian()
    school_year = SchoolYear()
    signed_on = Day("the day of the signature, within the school year")
    mode = Mode()
    language = Language()
    statement = Id("which text was signed; GET /v1/statements lists them", "2026-1")
    note = Text(
        500, "on a paper pledge that no listed guardian signed: who did, and why", "Signed by the foster parent.",
        required=False, load_default=None, allow_none=True,
    )  # fmt: skip
    example = _signed


class WithdrawPledge(Shape):
    """A family takes its pledge back."""

    student = Id("id of the student")
    guardian = _guardian()
    school_year = SchoolYear()
    withdrawn_on = Day("the day on which the pledge was taken back", "2026-10-02")
    example = {
        "student": STUDENT,
        "guardian": GUARDIAN,
        "school_year": "2026-27",
        "withdrawn_on": "2026-10-02",
    }


class Pledge(Answer):
    """The pledge of a student and school year as it stands."""

    student = fields.String()
    guardian = fields.String(allow_none=True)
    school_year = fields.String()
    status = fields.String(validate=validate.OneOf(("none", "offered", "signed", "withdrawn")))
    version = fields.Integer(metadata={"description": "grows with every change of this pledge"})
    offered_on = Day("the day on which the family was given the text", allow_none=True)
    signed_on = Day("the day of the signature that stands", allow_none=True)
    withdrawn_on = Day("the day on which the last signature was withdrawn", allow_none=True)
    mode = fields.String(allow_none=True)
    language = fields.String(allow_none=True)
    statement = fields.String(allow_none=True)
    statement_hash = fields.String(
        allow_none=True, metadata={"description": "SHA-256 of the text that was signed"}
    )
    note_on_file = Flag("whether a note was kept beside a paper pledge", False)
    example = {
        **_signed, "status": "signed", "version": 1, "offered_on": None, "withdrawn_on": None,
        "statement_hash": _HASH, "note_on_file": False,
    }  # fmt: skip


class PledgeAccepted(Accepted):
    """The pledge is recorded, or was already."""

    student = fields.String()
    school_year = fields.String()
    example = {**Accepted.example, "student": STUDENT, "school_year": "2026-27"}


class Statement(Answer):
    """One version of the pledge's text in one language."""

    statement = fields.String(metadata={"description": "what `statement` of a pledge refers to"})
    language = fields.String()
    title = fields.String()
    text = fields.String()
    hash = fields.String(
        metadata={"description": "SHA-256 of title and text in UTF-8, joined by a line break"}
    )
    example = {
        "statement": "2026-1",
        "language": "en",
        "title": "Our family's pledge",
        "text": "I will help find ways for my child to do better in school.",
        "hash": _HASH,
    }


class StatementList(Answer):
    """A page of pledge texts."""

    data = fields.List(fields.Nested(Statement))
    next = fields.String(allow_none=True)
    example = {"data": [Statement.example], "next": None}
