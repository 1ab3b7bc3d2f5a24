"""What the roster answers, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import inspect

from alliance.context import Caller
from alliance.database import Database
from alliance.errors import Forbidden, Malformed, NotFound
from alliance.feed import LocalFeed
from alliance.log import Log
from alliance.migrations import pending, upgrade
from alliance.rosterview import RosterView
from services.roster import queries
from services.roster.app import Roster
from services.roster.enrolment import where
from services.roster.opaque import opaque_id
from services.roster.tables import metadata
from tests.builders_roster import context, crowd, row, small, texts, write_folder

KEY = b"k"


def id_of(kind: Any, sourced_id: str) -> str:
    return opaque_id(KEY, kind, "state", sourced_id)


DISTRICT, SCHOOL, CLASS, ADA = (
    id_of("district", "d-1"),
    id_of("school", "s-1"),
    id_of("class", "c-1"),
    id_of("student", "p-1"),
)


on_both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@pytest.fixture
def kind() -> str:
    return "sqlite"


@pytest.fixture
def roster(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Roster]:
    if kind == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'roster.db'}")
    else:
        database = Database(request.getfixturevalue("postgres").create_database(f"roster_{uuid4().hex}"))
    upgrade(database, "roster")
    roster = Roster(database, Log(database, "roster"), KEY)
    tables = small()
    tables["enrollments"].append(
        {"sourcedId": "e-9", "classSourcedId": "c-3", "userSourcedId": "p-1", "role": "student"}
    )
    folder = write_folder(tmp_path / "bundle", texts(tables))
    roster.import_roster({"path": str(folder)}, context())
    yield roster
    database.close()


@on_both
def test_the_migration_makes_the_tables_of_the_code(roster: Roster) -> None:
    database = roster.database
    assert pending(database, "roster") == []
    inspector = inspect(database.engine)
    for table in metadata.sorted_tables:
        made = {(c["name"], c["nullable"]) for c in inspector.get_columns(table.name)}
        assert made == {(c.name, bool(c.nullable)) for c in table.columns}
        indexes = {
            (i["name"], tuple(i["column_names"]), bool(i["unique"]))
            for i in inspector.get_indexes(table.name)
        }
        assert indexes == {(i.name, tuple(c.name for c in i.columns), bool(i.unique)) for i in table.indexes}


def test_districts_schools_and_classes_by_name_and_number(roster: Roster) -> None:
    assert roster.districts({}, context())["districts"] == [
        {"district": DISTRICT, "name": "Oktibbeha County", "identifier": "2803450"}
    ]
    assert roster.district({"district": DISTRICT}, context())["name"] == "Oktibbeha County"
    schools = roster.schools({"district": DISTRICT}, context())["schools"]
    assert [school["name"] for school in schools] == ["Sudduth", "Ward-Stewart"]
    assert roster.school({"school": SCHOOL}, context())["district"] == DISTRICT
    school = context(caller=Caller("school", (SCHOOL,)))
    classes = roster.classes({"school": SCHOOL}, school)["classes"]
    assert {class_["title"] for class_ in classes} == {"3 A", "Music"}
    assert roster.class_({"class": CLASS}, school) == {
        "class": CLASS,
        "school": SCHOOL,
        "district": DISTRICT,
        "school_year": "2026-27",
        "begins_on": "2026-08-06",
        "ends_on": "2027-05-26",
        "kind": "homeroom",
        "grades": ["03"],
        "title": "3 A",
        "closed_on": None,
    }


@on_both
def test_a_teacher_sees_the_children_of_the_own_class_by_name(roster: Roster) -> None:
    teacher = Caller("teacher", (CLASS,))
    answer = roster.students({"class": CLASS, "on": "2026-09-01"}, context(caller=teacher))
    assert answer["students"] == [
        {"student": ADA, "given_name": "Ada", "family_name": "Quillfeather", "grade": "03"}
    ]
    with pytest.raises(Forbidden):
        roster.students({"class": id_of("class", "c-2")}, context(caller=teacher))


@pytest.mark.parametrize("day", ["2026-08-05", "2027-05-27"])
def test_outside_the_days_of_a_class_nobody_is_in_it(roster: Roster, day: str) -> None:
    assert roster.students({"class": CLASS, "on": day}, context())["students"] == []


@on_both
def test_a_student_with_guardians_for_whoever_covers_the_place(roster: Roster) -> None:
    answer = roster.student({"student": ADA, "on": "2026-09-01"}, context(caller=Caller("school", (SCHOOL,))))
    assert (answer["given_name"], answer["district"]) == ("Ada", DISTRICT)
    assert {guardian["given_name"] for guardian in answer["guardians"]} == {"Dot", "Eli"}
    assert len(answer["enrolments"]) == 2
    assert "email" not in repr(answer)
    with pytest.raises(Forbidden):
        roster.student({"student": ADA}, context(caller=Caller("school", (id_of("school", "s-2"),))))


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("district", {"district": "x"}),
        ("schools", {"district": "x"}),
        ("school", {"school": "x"}),
        ("classes", {"school": "x"}),
        ("class_", {"class": "x"}),
        ("students", {"class": "x"}),
        ("student", {"student": "x"}),
        ("enrolments", {"district": "x"}),
    ],
)
def test_what_is_unknown_says_as_of_which_position(
    roster: Roster, operation: str, body: dict[str, str]
) -> None:
    with pytest.raises(NotFound, match="as of position 13"):
        getattr(roster, operation)(body, context())


def test_another_district_hears_nothing(roster: Roster) -> None:
    stranger = context(caller=Caller("district", ("another",)))
    assert roster.districts({}, stranger) == {"districts": []}
    for operation, body in (
        ("district", {"district": DISTRICT}),
        ("schools", {"district": DISTRICT}),
        ("classes", {"school": SCHOOL}),
        ("students", {"class": CLASS}),
        ("student", {"student": ADA}),
        ("enrolments", {"district": DISTRICT}),
    ):
        with pytest.raises(Forbidden):
            getattr(roster, operation)(body, stranger)


@on_both
def test_enrolments_come_in_pages_without_names(roster: Roster, tmp_path: Path) -> None:
    tables = small()
    crowd(tables, 10)
    folder = write_folder(tmp_path / "more", texts(tables))
    roster.import_roster({"path": str(folder), "source": "second"}, context())
    district = opaque_id(KEY, "district", "second", "d-1")
    seen: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = roster.enrolments({"district": district, "after": after, "limit": 4}, context())
        assert len(page["enrolments"]) <= 4
        seen += page["enrolments"]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == 13
    assert len({row["student"] for row in seen}) == 13
    assert sorted(row["sourced_id"] for row in seen) == [
        "e-1",
        "e-2",
        "e-3",
        *(f"e-more-{n:03d}" for n in range(10)),
    ]
    ada = next(row for row in seen if row["sourced_id"] == "e-1")
    assert ada["guardians"] == sorted(opaque_id(KEY, "guardian", "second", g) for g in ("g-1", "g-2"))
    assert "Quillfeather" not in repr(seen)


def test_a_cursor_that_is_none_says_so(roster: Roster) -> None:
    with pytest.raises(Malformed, match="start without it"):
        roster.enrolments({"district": DISTRICT, "after": "nonsense"}, context())


@pytest.mark.parametrize("role", ["state", "integrator"])
def test_the_title_of_a_class_is_for_those_who_may_see_names(roster: Roster, role: str) -> None:
    without = context(caller=Caller(role))
    classes = roster.classes({"school": SCHOOL}, without)["classes"]
    assert [class_["title"] for class_ in [*classes, roster.class_({"class": CLASS}, without)]] == [None] * 3
    teacher = context(caller=Caller("teacher", (CLASS,)))
    assert roster.class_({"class": CLASS}, teacher)["title"] == "3 A"


@on_both
def test_a_view_names_the_same_class_as_the_roster_on_every_day(roster: Roster, tmp_path: Path) -> None:
    """With a homeroom and a lesson that began later, two lessons begun at once, and last year's class still open."""
    tables = small()
    tables["academicSessions"].append({
        "sourcedId": "y-0", "title": "2025-26", "type": "schoolYear", "startDate": "2025-08-06",
        "endDate": "2026-05-26", "schoolYear": "2026",
    })  # fmt: skip
    lesson = row(tables, "classes", "c-3")
    tables["classes"] += [
        {**lesson, "sourcedId": "c-5", "title": "Choir"},
        {**row(tables, "classes", "c-1"), "sourcedId": "c-0", "title": "2 A", "termSourcedIds": "y-0"},
    ]
    entered = {"schoolSourcedId": "s-1", "role": "student"}
    tables["users"].append({**row(tables, "users", "p-1"), "sourcedId": "p-4"})
    tables["enrollments"] += [
        {"sourcedId": "e-6", "classSourcedId": "c-3", "userSourcedId": "p-1", "beginDate": "2026-10-12", **entered},
        {"sourcedId": "e-7", "classSourcedId": "c-3", "userSourcedId": "p-4", "beginDate": "2026-08-06", **entered},
        {"sourcedId": "e-8", "classSourcedId": "c-5", "userSourcedId": "p-4", "beginDate": "2026-08-06", **entered},
        {"sourcedId": "e-9", "classSourcedId": "c-0", "userSourcedId": "p-4", **entered},
    ]  # fmt: skip
    roster.import_roster({"path": str(write_folder(tmp_path / "next", texts(tables)))}, context())
    database = Database(f"sqlite:///{tmp_path / 'pledges.db'}")
    upgrade(database, "pledges")
    view = RosterView(database, LocalFeed(roster.log))
    view.prepare()
    view.follow()
    answers: dict[str, set[str | None]] = {}
    for student in ("p-1", "p-2", "p-4"):
        with roster.database.reading() as connection:
            spans = queries.spans(connection, id_of("student", student))
        for number in range(0, 700, 6):
            day = date(2025, 8, 1) + timedelta(number)
            span, found = where(spans, day), view.enrolment(id_of("student", student), day)
            assert (found and found.class_) == (span and span.place.class_), (student, day)
            answers.setdefault(student, set()).add(span and span.place.class_)
    database.close()
    last_lesson = max(id_of("class", "c-3"), id_of("class", "c-5"))
    assert answers["p-1"] == {None, CLASS}, "the homeroom answers, also once the lesson has begun"
    assert answers["p-4"] == {None, id_of("class", "c-0"), last_lesson}


@on_both
def test_the_views_of_the_other_services_agree_with_the_roster(roster: Roster, tmp_path: Path) -> None:
    """After moves, ends and returns, a fold of the events says the same about every child on every day."""
    changed = small()
    row(changed, "enrollments", "e-1")["classSourcedId"] = "c-2"
    row(changed, "enrollments", "e-2")["endDate"] = "2026-11-20"
    again = small()
    row(again, "enrollments", "e-3")["beginDate"] = "2026-08-20"
    for day, tables in (("2026-10-12", changed), ("2026-12-01", again), ("2026-12-08", changed)):
        folder = write_folder(tmp_path / "next", texts(tables))
        roster.import_roster({"path": str(folder)}, context(day))
    database = Database(f"sqlite:///{tmp_path / 'pledges.db'}")
    upgrade(database, "pledges")
    view = RosterView(database, LocalFeed(roster.log))
    view.prepare()
    view.follow()
    for student in ("p-1", "p-2", "p-3"):
        spans = roster.student({"student": id_of("student", student)}, context())["enrolments"]
        for day in (
            date(2026, month, number) for month in (8, 9, 10, 11, 12) for number in (1, 6, 11, 12, 20, 21)
        ):
            own = {
                s["class"]
                for s in spans
                if s["begins_on"] <= day.isoformat() and (s["ends_on"] or "9") >= day.isoformat()
            }
            enrolled = {
                class_
                for class_ in (id_of("class", name) for name in ("c-1", "c-2", "c-3"))
                if id_of("student", student) in view.enrolled(class_, day)
            }
            assert enrolled == own, (student, day)
    database.close()
