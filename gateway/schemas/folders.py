"""Folders sent home for a parent's signature: Miss. Code 37-3-67(b)."""

from __future__ import annotations

from marshmallow import fields, validate

from .kinds import CLASS, DISTRICT, SCHOOL, STUDENT, Day, Id, Mode, Period, Text
from .position import Accepted
from .shape import Answer, Shape

#: Students of one class, at most; far above any class there is.
_MOST_STUDENTS = 1000
_OTHER = "m3qz7wd2k5vxh4nc"

_return = {"student": STUDENT, "signed_on": "2026-09-14", "mode": "paper"}
_folder = {"class": CLASS, "period": "2026-09"}


class SendFolder(Shape):
    """A folder goes home: with all who are enrolled that day, or with the students named."""

    sent_on = Day("the day on which the folder goes home", "2026-09-11")
    students = fields.List(
        Id("id of a student"),
        load_default=None,
        allow_none=True,
        validate=validate.Length(
            1, _MOST_STUDENTS, error=f"must name 1 to {_MOST_STUDENTS} students, or be null"
        ),
        metadata={"description": "null or left out: everybody enrolled in the class that day"},
    )
    example = {"sent_on": "2026-09-11", "students": None}


class Return(Shape):
    """A folder that came back signed."""

    student = Id("id of the student")
    signed_on = Day("the day of the signature", "2026-09-14")
    mode = Mode()
    example = _return


class ReturnFolders(Shape):
    """The folders of a class that came back signed."""

    returns = fields.List(
        fields.Nested(Return),
        required=True,
        validate=validate.Length(1, _MOST_STUDENTS, error=f"must hold 1 to {_MOST_STUDENTS} returns"),
    )
    example = {"returns": [_return, {**_return, "student": _OTHER, "mode": "web"}]}


class ReturnLine(Return):
    """A folder that came back signed, of any class and month."""

    class_ = Id("id of the class", CLASS, data_key="class", attribute="class")
    period = Period()
    example = {**_folder, **_return}


class VoidReturn(Shape):
    """A recorded return that does not count."""

    student = Id("id of the student")
    reason = Text(
        200, "why it does not count; kept by the service, in no event", "Ticked for the wrong child."
    )
    example = {"student": STUDENT, "reason": "Ticked for the wrong child."}


class FolderPlace(Answer):
    class_ = fields.String(data_key="class", attribute="class")
    period = fields.String()


class FolderAccepted(FolderPlace, Accepted):
    """What the sending recorded."""

    sent_on = Day("the day on which the folder went home")
    students = fields.List(fields.String(), metadata={"description": "students to whom this folder is new"})
    already_sent = fields.List(fields.String(), metadata={"description": "students who were sent it before"})
    version = fields.Integer(metadata={"description": "the folder's version after this command"})
    example = {
        "position": {"source": "folders", "sequence": 17}, "created": True, **_folder,
        "sent_on": "2026-09-11", "students": [STUDENT, _OTHER], "already_sent": [], "version": 1,
    }  # fmt: skip


class ReturnOutcome(Answer):
    """What became of one return."""

    student = fields.String()
    status = fields.String(validate=validate.OneOf(("recorded", "already_recorded", "refused")))
    detail = fields.String()
    example = {"student": STUDENT, "status": "recorded", "detail": "Recorded as signed on 2026-09-14."}


class ReturnsAccepted(FolderPlace, Accepted):
    """What became of each return, in the order sent."""

    returns = fields.List(fields.Nested(ReturnOutcome), attribute="results")
    version = fields.Integer(metadata={"description": "the folder's version after this command"})
    example = {
        "position": {"source": "folders", "sequence": 19}, "created": True, **_folder,
        "returns": [ReturnOutcome.example], "version": 3,
    }  # fmt: skip


class ReturnAccepted(FolderPlace, Accepted):
    """One recorded return."""

    student = fields.String()
    detail = fields.String()
    example = {
        "position": {"source": "folders", "sequence": 19}, "created": True, **_folder, "student": STUDENT,
        "detail": "Recorded.",
    }  # fmt: skip


class VoidAccepted(FolderPlace, Accepted):
    """The return no longer counts."""

    student = fields.String()
    status = fields.String(validate=validate.Equal("voided"))
    version = fields.Integer(metadata={"description": "the folder's version after this command"})
    example = {
        "position": {"source": "folders", "sequence": 20}, "created": True, **_folder, "student": STUDENT,
        "status": "voided", "version": 4,
    }  # fmt: skip


class FolderStudent(Answer):
    """One student's folder of the month."""

    student = fields.String()
    status = fields.String(validate=validate.OneOf(("sent", "returned")))
    sent_on = Day("the day on which it went home")
    signed_on = Day("the day of the signature; null while it is out", allow_none=True)
    mode = fields.String(allow_none=True)
    provenance = fields.String(
        allow_none=True, metadata={"description": "single, class_list or scan: how the return became known"}
    )
    example = {**_return, "status": "returned", "sent_on": "2026-09-11", "provenance": "class_list"}


class Folder(FolderPlace):
    """A class's folder of one month, with what was sent and what came back."""

    school = fields.String()
    district = fields.String()
    school_year = fields.String()
    version = fields.Integer(metadata={"description": "0 before the first sending; part of the ETag"})
    students = fields.List(fields.Nested(FolderStudent))
    sent = fields.Integer(metadata={"description": "students whom the folder was sent to"})
    returned = fields.Integer(metadata={"description": "students whose folder came back signed"})
    example = {
        **_folder, "school": SCHOOL, "district": DISTRICT, "school_year": "2026-27", "version": 3,
        "sent": 1, "returned": 1, "students": [FolderStudent.example],
    }  # fmt: skip
