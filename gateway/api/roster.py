"""The roster."""

from __future__ import annotations

from typing import Any

from ..calling import ask
from ..paging import page, read, write
from ..routes import Routes
from ..schemas.position import PageQuery
from ..schemas.roster import (
    ClassList,
    ClassStudentList,
    EnrolmentList,
    RosterImported,
    RosterQuery,
    SchoolList,
    StudentsQuery,
)
from ..uploads import ZIP, import_bundle

routes = Routes(
    "roster", __name__, description="Districts, schools, classes and students, from OneRoster 1.1 and 1.2"
)

_BUNDLE = {
    "requestBody": {
        "required": True,
        "description": "A OneRoster CSV bundle as a zip, at most 512 MiB",
        "content": {
            ZIP: {
                "schema": {"type": "string", "contentMediaType": ZIP},
                "example": "(the bytes of bundle.zip)",
            }
        },
    }
}


@routes.command("/v1/rosters", "roster.import_roster", asks=RosterQuery, answers=RosterImported, doc=_BUNDLE)
def import_roster(query: dict[str, Any]) -> Any:
    """Import a OneRoster bundle, or with `dry_run` see what it would change

    Every problem is told by file, line and column. Importing the same bundle again changes nothing.
    """
    return import_bundle(query)


@routes.query("/v1/districts/<district>/schools", "roster.schools", asks=PageQuery, answers=SchoolList)
def schools(query: dict[str, Any], district: str) -> Any:
    """A district's schools, by name"""
    return page(ask({"district": district})["schools"], ("name", "school"), **query)


@routes.query(
    "/v1/schools/<school>/classes", "roster.classes", asks=PageQuery, answers=ClassList, private=True
)
def classes(query: dict[str, Any], school: str) -> Any:
    """A school's classes, by school year

    Their titles only for those who may see names: the school and its district.
    """
    return page(ask({"school": school})["classes"], ("school_year", "class"), **query)


@routes.query(
    "/v1/classes/<class>/students",
    "roster.students",
    asks=StudentsQuery,
    answers=ClassStudentList,
    private=True,
)
def students(query: dict[str, Any], class_: str) -> Any:
    """The children of a class on a day, by name

    Only for those who see these children: their teacher, their school, their district.
    """
    body = {"class": class_, **({"on": query.pop("on")} if "on" in query else {})}
    return page(ask(body)["students"], ("family_name", "given_name", "student"), **query)


@routes.query(
    "/v1/districts/<district>/enrolments", "roster.enrolments", asks=PageQuery, answers=EnrolmentList
)
def enrolments(query: dict[str, Any], district: str) -> Any:
    """A district's enrolments, by id and without names, for programs"""
    after = read(query["cursor"], [str])[0] if "cursor" in query else None
    answer = ask({"district": district, "after": after, "limit": query["limit"]})
    return {"data": answer["enrolments"], "next": write([answer["next"]]) if answer.get("next") else None}
