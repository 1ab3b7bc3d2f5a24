"""The SQL behind every figure: one function, one statement, answered per district.

A scorecard of a district, of a school or of the state is the same statement with another `Scope`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from .indicators import Ratio, Spread
from .projections import TABLES
from .projections.class_months import COUNTS, counted

districts, schools = (TABLES["organisation"][name] for name in ("districts", "schools"))
enrolments = TABLES["participation"]["units"]
of_class, class_months, student_months = (
    TABLES["folders"][name] for name in ("classes", "class_months", "student_months")
)
certified = TABLES["certifications"]["months"]
surveys, survey_units, scale_sums = (TABLES["surveys"][name] for name in ("surveys", "units", "scales"))


@dataclass(frozen=True, slots=True)
class Scope:
    """One school year of the whole state, of one district, or of one school of that district."""

    school_year: str
    district: str | None = None
    school: str | None = None

    def of_students(self, table: Any) -> list[ColumnElement[bool]]:
        """Rows of a table in which school "" stands for the district: a student counts there once."""
        return [table.c.school == (self.school or ""), *self.of_district(table)]

    def of_district(self, table: Any) -> list[ColumnElement[bool]]:
        return [table.c.district == self.district] if self.district is not None else []


class ClassMonths(NamedTuple):
    """One month: classes expected, sent, on time; schools that expected any, and those where all were on time."""

    expected: int
    sent: int
    on_time: int
    schools: int
    met: int


def district_names(connection: Connection) -> dict[str, str]:
    return {
        row.district: row.name for row in connection.execute(select(districts.c.district, districts.c.name))
    }


def district_name(connection: Connection, district: str) -> str | None:
    return connection.scalar(select(districts.c.name).where(districts.c.district == district))


def school(connection: Connection, school: str) -> Any | None:
    """(district, school, name); of a school that two districts have registered, the one where it is open."""
    query = (
        select(schools.c.district, schools.c.school, schools.c.name)
        .where(schools.c.school == school)
        .order_by(schools.c.closed_on.is_not(None), schools.c.district)
    )
    return connection.execute(query.limit(1)).one_or_none()


def school_years(connection: Connection) -> list[str]:
    """The school years in which anybody is enrolled, oldest first."""
    query = (
        select(enrolments.c.school_year)
        .where(enrolments.c.school == "", enrolments.c.enrolled > 0)
        .distinct()
    )
    return sorted(connection.scalars(query))


def last_month_reported(connection: Connection, school_year: str) -> str | None:
    """The newest month for which any class of the state has sent its folder."""
    row = class_months.c
    query = select(func.max(row.period)).where(row.school_year == school_year, row.all_sent > 0)
    newest: str | None = connection.execute(query).scalar_one()
    return newest


def pledges_signed(connection: Connection, scope: Scope) -> dict[str, Ratio]:
    query = select(enrolments.c.district, enrolments.c.pledges, enrolments.c.enrolled).where(
        enrolments.c.school_year == scope.school_year, *scope.of_students(enrolments)
    )
    return {row.district: Ratio(row.pledges, row.enrolled) for row in connection.execute(query)}


def classes(connection: Connection, scope: Scope) -> dict[str, dict[str, ClassMonths]]:
    """{district: {month: counts}}. Of a school with homeroom classes that year these are expected, else all are."""
    of_school = expected_classes(scope).subquery()
    figures = of_school.c
    query = select(
        figures.district,
        figures.period,
        func.sum(figures.expected),
        func.sum(figures.sent),
        func.sum(figures.on_time),
        func.sum(case((figures.expected > 0, 1), else_=0)),
        func.sum(case((and_(figures.expected > 0, figures.on_time == figures.expected), 1), else_=0)),
    ).group_by(figures.district, figures.period)
    found: dict[str, dict[str, ClassMonths]] = defaultdict(dict)
    for district, period, *counts in connection.execute(query):
        found[district][period] = ClassMonths(*map(int, counts))
    return found


def expected_classes(scope: Scope) -> Select[Any]:
    """(district, school, period, expected, sent, on_time): no class in a month after the one in which its school
    closed."""
    row = class_months.c
    homerooms = func.sum(row.homeroom_expected).over(partition_by=(row.district, row.school))
    counts = (
        case((homerooms > 0, row[f"homeroom_{count}"]), else_=row[f"all_{count}"]).label(count)
        for count in ("expected", "sent", "on_time")
    )
    still_open = or_(schools.c.closed_on.is_(None), row.period <= func.substr(schools.c.closed_on, 1, 7))
    return (
        select(row.district, row.school, row.period, *counts)
        .outerjoin(schools, and_(schools.c.district == row.district, schools.c.school == row.school))
        .where(
            row.school_year == scope.school_year,
            still_open,
            *scope.of_district(class_months),
            *([row.school == scope.school] if scope.school is not None else []),
        )
    )


def missing_classes(connection: Connection, scope: Scope, period: str) -> list[str]:
    """The classes of a district that `classes` expects in the month and that have sent no folder for it, by id."""
    row = of_class.c
    query = (
        select(of_class, schools.c.closed_on.label("school_closed_on"))
        .outerjoin(schools, and_(schools.c.district == row.district, schools.c.school == row.school))
        .where(row.district == scope.district, row.school_year == scope.school_year)
    )
    found: dict[str, list[tuple[str, bool, bool]]] = defaultdict(list)
    homerooms: set[str] = set()
    for each in connection.execute(query).mappings():
        counts = counted(dict(each))
        if any(dict(zip(COUNTS, of_month, strict=True))["homeroom_expected"] for of_month in counts.values()):
            homerooms.add(each["school"])
        month = counts.get((each["school"], each["school_year"], period))
        closed = each["school_closed_on"] is not None and period > each["school_closed_on"][:7]
        if month is not None and not closed:
            figures = dict(zip(COUNTS, month, strict=True))
            found[each["school"]].append((each["class"], each["kind"] == "homeroom", figures["all_sent"] > 0))
    return sorted(
        class_
        for school, of_school in found.items()
        for class_, homeroom, sent in of_school
        if not sent and (homeroom or school not in homerooms)
    )


def certified_months(connection: Connection, scope: Scope) -> dict[str, Any]:
    """{month: the newest certification} of a district's school year."""
    row = certified.c
    query = select(certified).where(row.district == scope.district, row.school_year == scope.school_year)
    return {each.period: each for each in connection.execute(query)}


def folders_returned(connection: Connection, scope: Scope) -> dict[str, dict[str, Ratio]]:
    """{district: {month: students with a folder back of students with a folder sent}}."""
    row = student_months.c
    query = select(row.district, row.period, row.returned, row.sent).where(
        row.school_year == scope.school_year, row.sent > 0, *scope.of_students(student_months)
    )
    found: dict[str, dict[str, Ratio]] = defaultdict(dict)
    for district, period, returned, sent in connection.execute(query):
        found[district][period] = Ratio(returned, sent)
    return found


def survey_response(connection: Connection, scope: Scope) -> dict[str, Ratio]:
    """Responses count up to the invitations: a household that has moved since does not answer for its new school."""
    row = survey_units.c
    counted = case((row.responses > row.invitations, row.invitations), else_=row.responses)
    query = (
        select(row.district, func.sum(counted), func.sum(row.invitations))
        .join(surveys, and_(surveys.c.district == row.district, surveys.c.survey == row.survey))
        .where(*_in_scope(scope, survey_units))
        .group_by(row.district)
    )
    return {
        district: Ratio(int(answered), int(asked)) for district, answered, asked in connection.execute(query)
    }


def survey_scales(connection: Connection, scope: Scope) -> dict[str, dict[str, Spread]]:
    """{district: {scale: its spread}}."""
    row = scale_sums.c
    query = (
        select(row.district, row.scale, func.sum(row.n), func.sum(row.total), func.sum(row.squares))
        .join(surveys, and_(surveys.c.district == row.district, surveys.c.survey == row.survey))
        .where(*_in_scope(scope, scale_sums))
        .group_by(row.district, row.scale)
    )
    found: dict[str, dict[str, Spread]] = defaultdict(dict)
    for district, scale, *sums in connection.execute(query):
        found[district][scale] = Spread(*map(int, sums))
    return found


def _in_scope(scope: Scope, table: Any) -> list[ColumnElement[bool]]:
    """A school's figures leave out a district's anonymous surveys: nobody knows which school those answers are from."""
    conditions = [surveys.c.school_year == scope.school_year, *scope.of_students(table)]
    if scope.school is not None:
        conditions.append(or_(surveys.c.mode == "confidential", surveys.c.school == scope.school))
    return conditions
