"""The home survey: Miss. Code 37-3-67(g)."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from alliance.contracts.fields import LANGUAGES
from alliance.contracts.surveys import SURVEY_MODES

from .kinds import DISTRICT, SCHOOL, SURVEY, Choice, Day, Flag, Id, Language, Mode, SchoolYear, Text, Whole
from .position import Accepted
from .shape import Answer, Shape

_TOKEN = "7H2K-9QWE-5TVX-0BCD-M3NP"  # noqa: S105 - an example of an invitation, valid nowhere


def _words(description: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=Text(600, "the text in this language", "Not sure"),
        required=True,
        metadata={"description": description + ", in every language"},
    )


class InstrumentChoice(Shape):
    answer = Whole("1 to 5, or null for not sure", 1, least=1, most=5, strict=True, allow_none=True)
    text = _words("the words of the choice")


class InstrumentItem(Shape):
    item = Id("name of the item, as answers use it", "c1")
    reversed = Flag(
        "whether agreeing speaks against the scale; it is then scored 6 - x", False, required=True
    )
    text = _words("the statement")


class InstrumentScale(Shape):
    scale = Id("name of the scale", "communication")
    title = _words("the heading")
    items = fields.List(fields.Nested(InstrumentItem), required=True)


_document: dict[str, Any] = {
    "instrument": "home-survey",
    "version": 1,
    "source": "Miss. Code 37-3-67(g)",
    "languages": ["en"],
    "points": 5,
    "title": {"en": "Home survey"},
    "introduction": {"en": "Tell us how things are going between your home and the school."},
    "choices": [
        {"answer": 1, "text": {"en": "No, not at all"}},
        {"answer": 2, "text": {"en": "Mostly no"}},
        {"answer": 3, "text": {"en": "Half and half"}},
        {"answer": 4, "text": {"en": "Mostly yes"}},
        {"answer": 5, "text": {"en": "Yes, fully"}},
        {"answer": None, "text": {"en": "Not sure"}},
    ],
    "scales": [
        {
            "scale": "communication",
            "title": {"en": "Talking with the school"},
            "items": [
                {"item": "c1", "reversed": False, "text": {"en": "I know how my child is doing in school."}}
            ],
        }
    ],
}


class PublishInstrument(Shape):
    """A version of an instrument with all its texts; once published it cannot be changed."""

    instrument = Id("name of the instrument", "home-survey")
    version = Whole("its version", 1, least=1, most=9999, strict=True)
    source = Text(200, "what asks for it", "Miss. Code 37-3-67(g)")
    languages = fields.List(Choice(LANGUAGES, "a language"), required=True)
    points = Whole("points of each scale; only 5 are scored", 5, least=5, most=5, strict=True)
    title = _words("the heading")
    introduction = _words("what families read first")
    choices = fields.List(fields.Nested(InstrumentChoice), required=True)
    scales = fields.List(fields.Nested(InstrumentScale), required=True)
    example = _document


class Instrument(Answer):
    """A published instrument, with its texts and the hash that fixes them."""

    instrument = fields.String()
    version = fields.Integer()
    source = fields.String()
    languages = fields.List(fields.String())
    points = fields.Integer()
    title = fields.Dict()
    introduction = fields.Dict()
    choices = fields.List(fields.Dict())
    scales = fields.List(fields.Dict())
    hash = fields.String(metadata={"description": "SHA-256 of the whole document"})
    example = {**_document, "hash": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}


class InstrumentAccepted(Accepted):
    """The instrument is published."""

    instrument = fields.String()
    version = fields.Integer()
    hash = fields.String()
    example = {
        "position": {"source": "surveys", "sequence": 1}, "created": True,
        "instrument": "home-survey", "version": 1, "hash": Instrument.example["hash"],
    }  # fmt: skip


class InstrumentList(Answer):
    """A page of instruments."""

    data = fields.List(fields.Nested(Instrument))
    next = fields.String(allow_none=True)
    example = {"data": [Instrument.example], "next": None}


_survey = {
    "instrument": "home-survey", "version": 1, "mode": "confidential", "school_year": "2026-27", "district": DISTRICT,
    "school": None, "opens_on": "2027-02-01", "closes_on": "2027-02-26",
}  # fmt: skip


class OpenSurvey(Shape):
    """A survey of a district's families, or of one school's."""

    instrument = Id("name of a published instrument", "home-survey")
    version = Whole("its version", 1, least=1, most=9999, strict=True)
    mode = Choice(SURVEY_MODES, "whether a response is tied to the household's id, or to nothing")
    school_year = SchoolYear()
    district = Id("id of the district", DISTRICT)
    school = Id(
        "id of one school of it; null for the whole district",
        SCHOOL,
        required=False,
        load_default=None,
        allow_none=True,
    )
    opens_on = Day("first day on which responses are taken", "2027-02-01")
    closes_on = Day("last day on which responses are taken", "2027-02-26")
    example = _survey


class Survey(Answer):
    """A survey and how far it has come."""

    survey = fields.String()
    instrument = fields.String()
    version = fields.Integer()
    mode = fields.String()
    school_year = fields.String()
    district = fields.String()
    school = fields.String(allow_none=True)
    opens_on = Day("first day")
    closes_on = Day("last day")
    status = fields.String(validate=validate.OneOf(("open", "closed")))
    closed_on = Day("the day on which it was closed; null while it is open", allow_none=True)
    invited = fields.Integer(metadata={"description": "households invited"})
    responses = fields.Integer(metadata={"description": "households that have answered"})
    example = {
        "survey": SURVEY, **_survey, "status": "open", "closed_on": None, "invited": 412, "responses": 187,
    }  # fmt: skip


class SurveyAccepted(Accepted):
    """The survey is opened, or closed."""

    survey = fields.String()
    example = {"position": {"source": "surveys", "sequence": 2}, "created": True, "survey": SURVEY}


class Invite(Shape):
    """Who gets a token; the body may be left out."""

    replace = Flag(
        "give those who have not answered a new token too, and let their earlier one die: for a list lost on its way",
        False,
        load_default=False,
    )
    example = {"replace": False}


class Invitation(Answer):
    """One household's invitation."""

    household = fields.String()
    token = fields.String(metadata={"description": "works once, and is shown once"})
    schools = fields.List(fields.String())
    example = {"household": "h6r4mz2tqk7cwd3n", "token": _TOKEN, "schools": [SCHOOL]}


class InvitationsAccepted(Accepted):
    """New invitations, with the tokens to print or send; nothing shows these again."""

    survey = fields.String()
    issued = fields.Integer(metadata={"description": "how many tokens there are"})
    invitations = fields.List(
        fields.Nested(Invitation), metadata={"description": "empty for a repeat: tokens are shown once"}
    )
    example = {
        "position": {"source": "surveys", "sequence": 3}, "created": True,
        "survey": SURVEY, "issued": 1, "invitations": [Invitation.example],
    }  # fmt: skip


class SubmitResponse(Shape):
    """A family's answers, with the token of its invitation."""

    token = Text(64, "the invitation's token; blanks, hyphens and case do not matter", _TOKEN)
    language = Language()
    mode = Mode()
    answers = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(allow_none=True),
        required=True,
        metadata={
            "description": "item: 1 to 5, or null for not sure; an item left out is unanswered",
            "additionalProperties": {"type": ["integer", "null"], "minimum": 1, "maximum": 5},
        },
    )
    example = {"token": _TOKEN, "language": "en", "mode": "web", "answers": {"c1": 4, "c2": None, "p1": 5}}


class ResponseAccepted(Accepted):
    """The response is taken and the token spent."""

    survey = fields.String()
    complete = fields.Boolean(metadata={"description": "whether every item was answered or marked not sure"})
    example = {
        "position": {"source": "surveys", "sequence": 4}, "created": True, "survey": SURVEY, "complete": False,
    }  # fmt: skip


class CloseSurvey(Shape):
    """No fields; the body may be left out."""

    example: ClassVar[Any] = {}
