"""The SQL behind the figures of schools, all of them at once: one function, one statement. As `queries.py`, {district:
{school: figure}}."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, and_, case, func, or_, select

from .indicators import Ratio
from .queries import (
    ClassMonths,
    Scope,
    enrolments,
    expected_classes,
    schools,
    student_months,
    survey_units,
    surveys,
)

Figures = dict[str, dict[str, Ratio]]


def names(connection: Connection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(select(schools.c.district, schools.c.school, schools.c.name)):
        found[row.district][row.school] = row.name or row.school
    return found


def pledges_signed(connection: Connection, school_year: str) -> Figures:
    row = enrolments.c
    query = select(row.district, row.school, row.pledges, row.enrolled).where(
        row.school_year == school_year, row.school != "", row.enrolled > 0
    )
    found: Figures = defaultdict(dict)
    for each in connection.execute(query):
        found[each.district][each.school] = Ratio(each.pledges, each.enrolled)
    return found


def classes(connection: Connection, school_year: str) -> dict[str, dict[str, dict[str, ClassMonths]]]:
    """{district: {school: {month: counts}}}; a school's month is met when every class was on time."""
    found: dict[str, dict[str, dict[str, ClassMonths]]] = defaultdict(lambda: defaultdict(dict))
    for row in connection.execute(expected_classes(Scope(school_year))):
        if row.expected:
            counts = (int(row.expected), int(row.sent), int(row.on_time))
            met = int(row.expected == row.on_time)
            found[row.district][row.school][row.period] = ClassMonths(*counts, 1, met)
    return found


def folders_returned(connection: Connection, school_year: str) -> dict[str, dict[str, dict[str, Ratio]]]:
    """{district: {school: {month: students with a folder back of students with a folder sent}}}"""
    row = student_months.c
    query = select(row.district, row.school, row.period, row.returned, row.sent).where(
        row.school_year == school_year, row.school != "", row.sent > 0
    )
    found: dict[str, dict[str, dict[str, Ratio]]] = defaultdict(lambda: defaultdict(dict))
    for each in connection.execute(query):
        found[each.district][each.school][each.period] = Ratio(each.returned, each.sent)
    return found


def survey_response(connection: Connection, school_year: str) -> Figures:
    """Of a district's anonymous survey nothing: nobody knows which school its answers are from."""
    row = survey_units.c
    counted: Any = case((row.responses > row.invitations, row.invitations), else_=row.responses)
    query = (
        select(row.district, row.school, func.sum(counted), func.sum(row.invitations))
        .join(surveys, and_(surveys.c.district == row.district, surveys.c.survey == row.survey))
        .where(
            surveys.c.school_year == school_year,
            row.school != "",
            or_(surveys.c.mode == "confidential", surveys.c.school == row.school),
        )
        .group_by(row.district, row.school)
    )
    found: Figures = defaultdict(dict)
    for district, school, answered, asked in connection.execute(query):
        if asked:
            found[district][school] = Ratio(int(answered), int(asked))
    return found
