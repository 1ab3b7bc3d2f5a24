"""classes.csv: school, school year, days, kind and grades of each class."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from .. import schoolyear
from .layout import CLASS_TYPES, spelled
from .orgs import school_of
from .rowchecks import Rows
from .stated import Class, Org, Session

#: First and last day that the enrolments of a class name; None where they name none.
Days = tuple[date | None, date | None]

#: The grades that an event may hold: the words of CEDS, as OneRoster asks, and plain numbers. Any other text could be
#: a name in the wrong column, and an event is for ever.
GRADE = r"(?i)^(IT|PR|PK|TK|KG|K|PS|UG|Other|\d{1,2})$"


def read_classes(
    rows: Rows,
    known: Mapping[str, Class],
    orgs: Mapping[tuple[str, str], Org],
    sessions: Mapping[str, Session],
    enrolled: Mapping[str, Days],
    today: date,
) -> dict[str, Class]:
    """Every class that stands, in schools that stand."""
    rows.require("schoolSourcedId", "a class belongs to a school.")
    schools = {id_: school_of(orgs, id_) for id_ in rows.frame["schoolSourcedId"].unique()}
    any_kind = {sourced_id for _, sourced_id in orgs}
    nowhere = [id_ for id_ in schools if id_ not in any_kind]
    no_school = [id_ for id_, school in schools.items() if school is None and id_ in any_kind]
    column = pl.col("schoolSourcedId")
    rows.reject(
        rows.frame.filter(column.is_in(nowhere)),
        "schoolSourcedId",
        "dangling",
        lambda value: (
            f"{value!r} is not in orgs.csv; add it there or correct it here. The class was left out."
        ),
    )
    rows.reject(
        rows.frame.filter(column.is_in(no_school)),
        "schoolSourcedId",
        "not_a_school",
        lambda value: (
            f"{value!r} is neither a school nor a part of one; name the class's school. It was left out."
        ),
    )
    classes = {
        class_.sourced_id: class_
        for class_ in known.values()
        if (not rows.complete or class_.sourced_id in rows.held) and ("school", class_.school) in orgs
    }
    for sourced_id in rows.removed:
        classes.pop(sourced_id, None)
    for row in rows.frame.to_dicts():
        year, begins_on, ends_on = _days(
            rows, row, sessions, enrolled.get(row["sourcedId"], (None, None)), today
        )
        school = schools[row["schoolSourcedId"]]
        assert school is not None
        classes[row["sourcedId"]] = Class(
            sourced_id=row["sourcedId"],
            school=school,
            school_year=year,
            begins_on=begins_on,
            ends_on=ends_on,
            kind=_kind(rows, row),
            grades=tuple(grade for grade in split(row["grades"]) if re.search(GRADE, grade)),
            title=row["title"],
        )
    return classes


def split(written: str) -> list[str]:
    """A list in one field, separated by commas."""
    return [part.strip() for part in written.split(",") if part.strip()]


def _kind(rows: Rows, row: Mapping[str, Any]) -> str:
    written = row["classType"]
    kind = spelled(written, CLASS_TYPES)
    if kind is None:
        message = f"{written!r} is neither homeroom nor scheduled; it was read as scheduled."
        rows.problems.error(rows.file, row["line"], "classType", "class_type", message)
        return "scheduled"
    if kind != written:
        rows.problems.warning(
            rows.file, row["line"], "classType", "spelling", f"{written!r} was read as {kind}."
        )
    return kind


def _days(
    rows: Rows, row: Mapping[str, Any], sessions: Mapping[str, Session], enrolled: Days, today: date
) -> tuple[str, date, date]:
    """School year, first and last day: from the terms, else from the enrolments, else the usual ones."""
    terms: list[Session] = []
    for term in split(row["termSourcedIds"]):
        if term in sessions:
            terms.append(sessions[term])
        else:
            message = f"{term!r} is not in academicSessions.csv; add it there or correct it here."
            rows.problems.error(rows.file, row["line"], "termSourcedIds", "dangling", message)
    if terms:
        terms.sort(key=lambda term: term.begins_on)
        year = terms[-1].school_year
        of_year = [term for term in terms if term.school_year == year]
        if len(of_year) < len(terms):
            message = f"The terms lie in more than one school year; those of {year} count."
            rows.problems.warning(rows.file, row["line"], "termSourcedIds", "terms_of_two_years", message)
        return year, of_year[0].begins_on, max(term.ends_on for term in of_year)
    first, last = enrolled
    if first or last:
        year = (
            schoolyear.between(first, last)
            if first and last
            else schoolyear.school_year_of(first or last or today)
        )
        begin, end = schoolyear.usual_days(year)
        earliest, latest = schoolyear.bounds(year)
        begins_on, ends_on = max(first or begin, earliest), min(last or end, latest)
        if begins_on <= ends_on:
            message = (
                f"The class has no term; its days are those of its enrolments, {begins_on} to {ends_on}."
            )
            rows.problems.warning(rows.file, row["line"], "termSourcedIds", "class_without_term", message)
            return year, begins_on, ends_on
    year = max(
        (session.school_year for session in sessions.values()), default=schoolyear.school_year_of(today)
    )
    begins_on, ends_on = schoolyear.usual_days(year)
    message = f"The class has no term; its days were taken as {begins_on} to {ends_on}."
    rows.problems.warning(rows.file, row["line"], "termSourcedIds", "class_without_term", message)
    return year, begins_on, ends_on
