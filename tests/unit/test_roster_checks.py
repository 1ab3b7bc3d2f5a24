"""What a bundle says: references, dates, roles, places. Each problem by file, line and column."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from services.roster.oneroster.bundle import open_bundle
from services.roster.oneroster.problems import Problems
from services.roster.oneroster.reading import read
from services.roster.oneroster.stated import Known, Stated
from tests.builders_roster import Tables, row, small, texts, write_folder

TODAY = date(2026, 8, 20)


def stated_by(
    tables: Tables, folder: Path, version: str = "1.1"
) -> tuple[Stated, list[tuple[str, int, str, str, str]]]:
    problems = Problems()
    path = write_folder(folder, texts(tables, version=version))
    stated = read(open_bundle(path, problems), Known(), TODAY, problems)
    return stated, [(p.file, p.line, p.column, p.code, p.severity) for p in problems.listed()]


def _set(table: str, sourced_id: str, **values: str) -> Callable[[Tables], None]:
    return lambda tables: row(tables, table, sourced_id).update(values)


def _add(table: str, **values: str) -> Callable[[Tables], None]:
    return lambda tables: tables[table].append(values)


CASES: list[tuple[str, Callable[[Tables], None], list[tuple[str, int, str, str, str]]]] = [
    (
        "an org type that does not exist, and what refers to that org",
        _set("orgs", "s-2", type="scool"),
        [
            ("classes.csv", 3, "schoolSourcedId", "dangling", "error"),
            ("enrollments.csv", 3, "classSourcedId", "dangling", "error"),
            ("enrollments.csv", 4, "classSourcedId", "dangling", "error"),
            ("orgs.csv", 4, "type", "org_type", "error"),
            ("users.csv", 3, "orgSourcedIds", "dangling", "error"),
            ("users.csv", 4, "orgSourcedIds", "dangling", "error"),
        ],
    ),
    (
        "an org type in capitals",
        _set("orgs", "s-2", type="School"),
        [("orgs.csv", 4, "type", "spelling", "warning")],
    ),
    (
        "a parent that is not there",
        _set("orgs", "s-2", parentSourcedId="d-9"),
        [
            ("orgs.csv", 4, "parentSourcedId", "dangling", "error"),
            ("orgs.csv", 4, "parentSourcedId", "school_without_district", "warning"),
        ],
    ),
    (
        "parents in a circle",
        _set("orgs", "d-1", parentSourcedId="s-1"),
        [("orgs.csv", 2, "parentSourcedId", "cycle", "error")],
    ),
    (
        "a department without a class",
        _add("orgs", sourcedId="x-1", name="History", type="department", parentSourcedId="s-1"),
        [("orgs.csv", 5, "type", "department", "warning")],
    ),
    (
        "a session's parent that is not there",
        _set("academicSessions", "y-1", parentSourcedId="y-0"),
        [("academicSessions.csv", 2, "parentSourcedId", "dangling", "error")],
    ),
    (
        "a date in another form",
        _add("academicSessions", sourcedId="t-1", type="term", startDate="1/05/2023", endDate="2027-01-01"),
        [("academicSessions.csv", 3, "startDate", "date", "error")],
    ),
    (
        "a day that does not exist",
        _set("enrollments", "e-2", beginDate="2026-02-30"),
        [("enrollments.csv", 3, "beginDate", "date", "error")],
    ),
    (
        "an end before the beginning",
        _set("enrollments", "e-2", beginDate="2026-11-02", endDate="2026-10-02"),
        [("enrollments.csv", 3, "endDate", "date_order", "error")],
    ),
    (
        "a school year that the days contradict",
        _set("academicSessions", "y-1", schoolYear="2026"),
        [("academicSessions.csv", 2, "schoolYear", "school_year", "warning")],
    ),
    (
        "an enrolment wholly outside its class",
        _set("enrollments", "e-2", beginDate="2025-08-02", endDate="2025-12-19"),
        [("enrollments.csv", 3, "beginDate", "outside_class", "error")],
    ),
    (
        "a class of a district",
        _set("classes", "c-3", schoolSourcedId="d-1"),
        [("classes.csv", 4, "schoolSourcedId", "not_a_school", "error")],
    ),
    (
        "a term that is not there",
        _set("classes", "c-3", termSourcedIds="y-1,y-9"),
        [("classes.csv", 4, "termSourcedIds", "dangling", "error")],
    ),
    (
        "a class without a term",
        _set("classes", "c-3", termSourcedIds=""),
        [("classes.csv", 4, "termSourcedIds", "class_without_term", "warning")],
    ),
    (
        "a kind of class in capitals",
        _set("classes", "c-3", classType="Scheduled"),
        [("classes.csv", 4, "classType", "spelling", "warning")],
    ),
    (
        "a kind of class that does not exist",
        _set("classes", "c-3", classType="club"),
        [("classes.csv", 4, "classType", "class_type", "error")],
    ),
    (
        "an empty sourcedId; nothing absent can be taken as gone then",
        _add("users", sourcedId="", role="parent", givenName="No", familyName="Id"),
        [
            ("users.csv", 0, "", "absence_ignored", "warning"),
            ("users.csv", 8, "sourcedId", "empty", "error"),
        ],
    ),
    (
        "a sourcedId twice with different rows",
        _add("orgs", sourcedId="s-2", name="Another", type="school", parentSourcedId="d-1"),
        [("orgs.csv", 5, "sourcedId", "duplicate", "error")],
    ),
    (
        "a row twice",
        lambda tables: tables["orgs"].append(dict(tables["orgs"][2])),
        [("orgs.csv", 5, "sourcedId", "row_twice", "warning")],
    ),
    (
        "a status that does not exist",
        _set("enrollments", "e-2", status="gone"),
        [("enrollments.csv", 3, "status", "status", "error")],
    ),
    (
        "tobedeleted in a bulk file",
        _set("enrollments", "e-2", status="tobedeleted"),
        [("enrollments.csv", 3, "status", "tobedeleted", "warning")],
    ),
    (
        "inactive",
        _set("enrollments", "e-2", status="inactive"),
        [("enrollments.csv", 3, "status", "inactive", "warning")],
    ),
    (
        "a user role that does not exist",
        _set("users", "t-1", role="pilot"),
        [
            ("enrollments.csv", 5, "userSourcedId", "dangling", "error"),
            ("users.csv", 7, "role", "role", "error"),
        ],
    ),
    (
        "a user without a role",
        _set("users", "t-1", role=""),
        [
            ("enrollments.csv", 5, "userSourcedId", "dangling", "error"),
            ("users.csv", 7, "role", "empty", "error"),
        ],
    ),
    (
        "a user of an org that is not there",
        _set("users", "t-1", orgSourcedIds="s-1,s-9"),
        [("users.csv", 7, "orgSourcedIds", "dangling", "error")],
    ),
    (
        "a guardian who is not there",
        _set("users", "p-3", agentSourcedIds="g-9"),
        [("users.csv", 4, "agentSourcedIds", "dangling", "error")],
    ),
    (
        "a teacher as a guardian",
        _set("users", "p-3", agentSourcedIds="t-1"),
        [("users.csv", 4, "agentSourcedIds", "agent_role", "error")],
    ),
    (
        "a guardian who names the child",
        _set("users", "g-2", agentSourcedIds="p-3"),
        [("users.csv", 6, "agentSourcedIds", "link_reversed", "warning")],
    ),
    (
        "a teacher enrolled as a student",
        _set("enrollments", "e-4", role="student"),
        [("enrollments.csv", 5, "role", "role_contradiction", "error")],
    ),
    (
        "a student enrolled as a teacher",
        _set("enrollments", "e-1", role="teacher"),
        [("enrollments.csv", 2, "role", "role_contradiction", "error")],
    ),
    (
        "an enrolment of nobody",
        _set("enrollments", "e-1", userSourcedId="p-9"),
        [("enrollments.csv", 2, "userSourcedId", "dangling", "error")],
    ),
    (
        "an enrolment with another school than its class",
        _set("enrollments", "e-1", schoolSourcedId="s-2"),
        [("enrollments.csv", 2, "schoolSourcedId", "school_differs", "warning")],
    ),
    (
        "a student in two schools",
        _add("enrollments", sourcedId="e-5", classSourcedId="c-2", userSourcedId="p-1", role="student"),
        [("enrollments.csv", 6, "beginDate", "two_schools", "warning")],
    ),
    (
        "a student twice in a class",
        _add("enrollments", sourcedId="e-5", classSourcedId="c-1", userSourcedId="p-1", role="student"),
        [("enrollments.csv", 6, "beginDate", "enrolled_twice", "warning")],
    ),
    (
        "a student in a homeroom and a lesson: no problem",
        _add("enrollments", sourcedId="e-5", classSourcedId="c-3", userSourcedId="p-1", role="student"),
        [],
    ),
    (
        "a time that is none",
        _set("orgs", "d-1", dateLastModified="yesterday"),
        [("orgs.csv", 2, "dateLastModified", "date", "warning")],
    ),
    (
        "a course that is not there",
        lambda tables: (
            tables.update(courses=[{"sourcedId": "k-1", "orgSourcedId": "d-9"}]),
            row(tables, "classes", "c-1").update(courseSourcedId="k-2"),
        )[0],
        [
            ("classes.csv", 2, "courseSourcedId", "dangling", "error"),
            ("courses.csv", 2, "orgSourcedId", "dangling", "error"),
        ],
    ),
    (
        "demographics of nobody, and a birthday that is none",
        lambda tables: tables.update(
            demographics=[
                {"sourcedId": "p-9", "birthDate": "2018-01-01"},
                {"sourcedId": "p-1", "birthDate": "2018"},
            ]
        ),
        [
            ("demographics.csv", 2, "sourcedId", "dangling", "error"),
            ("demographics.csv", 3, "birthDate", "date", "error"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("change", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_each_problem_is_reported_where_it_is(
    tmp_path: Path, change: Callable[[Tables], None], expected: list[tuple[str, int, str, str, str]]
) -> None:
    tables = small()
    change(tables)
    assert stated_by(tables, tmp_path / "b")[1] == expected


def test_a_school_without_a_district_goes_under_the_only_one(tmp_path: Path) -> None:
    tables = small()
    row(tables, "orgs", "s-2")["parentSourcedId"] = ""
    stated, _ = stated_by(tables, tmp_path / "b")
    assert stated.orgs["school", "s-2"].district == "d-1"


def test_among_several_districts_a_school_without_one_gets_its_own(tmp_path: Path) -> None:
    tables = small()
    tables["orgs"].append({"sourcedId": "d-2", "name": "Starkville", "type": "district"})
    row(tables, "orgs", "s-2")["parentSourcedId"] = ""
    stated, problems = stated_by(tables, tmp_path / "b")
    made = stated.orgs["district", "s-2"]
    assert (made.made, made.name) == (True, "Ward-Stewart")
    assert problems == [("orgs.csv", 4, "parentSourcedId", "school_without_district", "warning")]


def test_a_class_of_a_department_belongs_to_the_school_above_it(tmp_path: Path) -> None:
    tables = small()
    tables["orgs"].append(
        {"sourcedId": "x-1", "name": "History", "type": "department", "parentSourcedId": "s-1"}
    )
    row(tables, "classes", "c-3")["schoolSourcedId"] = "x-1"
    stated, _ = stated_by(tables, tmp_path / "b")
    assert stated.classes["c-3"].school == "s-1"


def test_a_district_above_a_district_or_a_state_above_it_changes_nothing(tmp_path: Path) -> None:
    tables = small()
    tables["orgs"].append({"sourcedId": "ms", "name": "Mississippi", "type": "state"})
    row(tables, "orgs", "d-1")["parentSourcedId"] = "ms"
    stated, problems = stated_by(tables, tmp_path / "b")
    assert problems == []
    assert stated.orgs["school", "s-1"].district == "d-1"


def test_the_days_of_a_class_are_those_of_its_terms(tmp_path: Path) -> None:
    tables = small()
    tables["academicSessions"] += [
        {
            "sourcedId": "q-1",
            "type": "term",
            "startDate": "2026-08-06",
            "endDate": "2026-10-09",
            "schoolYear": "2027",
        },
        {
            "sourcedId": "q-2",
            "type": "term",
            "startDate": "2026-10-12",
            "endDate": "2026-12-18",
            "schoolYear": "2027",
        },
    ]
    row(tables, "classes", "c-3")["termSourcedIds"] = "q-2,q-1"
    stated, problems = stated_by(tables, tmp_path / "b")
    class_ = stated.classes["c-3"]
    assert (class_.school_year, class_.begins_on, class_.ends_on) == (
        "2026-27",
        date(2026, 8, 6),
        date(2026, 12, 18),
    )
    assert problems == []


def test_without_terms_they_are_those_of_its_enrolments(tmp_path: Path) -> None:
    tables = small()
    row(tables, "classes", "c-1")["termSourcedIds"] = ""
    row(tables, "enrollments", "e-1").update(beginDate="2026-08-10", endDate="2027-05-21")
    stated, _ = stated_by(tables, tmp_path / "b")
    class_ = stated.classes["c-1"]
    assert (class_.begins_on, class_.ends_on) == (date(2026, 8, 10), date(2027, 5, 21))


def test_without_either_they_are_august_to_may(tmp_path: Path) -> None:
    tables = small()
    row(tables, "classes", "c-1")["termSourcedIds"] = ""
    stated, _ = stated_by(tables, tmp_path / "b")
    class_ = stated.classes["c-1"]
    assert (class_.school_year, class_.begins_on, class_.ends_on) == (
        "2026-27",
        date(2026, 8, 1),
        date(2027, 5, 31),
    )


def test_the_relationship_is_the_guardians_role(tmp_path: Path) -> None:
    stated, _ = stated_by(small(), tmp_path / "b")
    assert sorted(stated.links.rows()) == [
        ("p-1", "g-1", "parent"),
        ("p-1", "g-2", "guardian"),
        ("p-2", "g-1", "parent"),
    ]


def as_1p2(tables: Tables) -> Tables:
    """The same with roles.csv."""
    tables["roles"] = [
        {
            "sourcedId": f"r-{user['sourcedId']}",
            "userSourcedId": user["sourcedId"],
            "roleType": "primary",
            "role": user.pop("role"),
            "orgSourcedId": user.pop("orgSourcedIds"),
        }
        for user in tables["users"]
    ]
    return tables


def test_version_1p2_says_the_same_by_roles(tmp_path: Path) -> None:
    one, _ = stated_by(small(), tmp_path / "1.1")
    two, problems = stated_by(as_1p2(small()), tmp_path / "1.2", version="1.2")
    assert problems == []
    assert two.students.rows.sort("sourced_id").rows() == one.students.rows.sort("sourced_id").rows()
    assert two.guardians.rows.sort("sourced_id").rows() == one.guardians.rows.sort("sourced_id").rows()
    assert sorted(two.links.rows()) == sorted(one.links.rows())
    assert two.enrolments.rows.rows() == one.enrolments.rows.rows()


def test_in_1p2_a_teacher_may_also_be_a_parent(tmp_path: Path) -> None:
    tables = as_1p2(small())
    tables["roles"].append(
        {
            "sourcedId": "r-x",
            "userSourcedId": "t-1",
            "roleType": "secondary",
            "role": "parent",
            "orgSourcedId": "s-1",
        }
    )
    row(tables, "users", "p-3")["agentSourcedIds"] = "t-1"
    stated, problems = stated_by(tables, tmp_path / "b", version="1.2")
    assert problems == []
    assert ("p-3", "t-1", "parent") in stated.links.rows()


def test_in_1p2_a_users_own_role_must_not_contradict_roles(tmp_path: Path) -> None:
    tables = as_1p2(small())
    files = texts(tables, version="1.2")
    header, *rows = files["users.csv"].splitlines()
    files["users.csv"] = "\n".join(
        [f"{header},role", *(f"{line},{'teacher' if line.startswith('p-1') else ''}" for line in rows)]
    )
    problems = Problems()
    read(open_bundle(write_folder(tmp_path / "b", files), problems), Known(), TODAY, problems)
    assert [(p.file, p.line, p.column, p.code) for p in problems.listed()] == [
        ("users.csv", 2, "role", "role_contradiction")
    ]


def test_in_1p2_a_user_without_any_role_is_reported(tmp_path: Path) -> None:
    tables = as_1p2(small())
    tables["roles"] = [r for r in tables["roles"] if r["userSourcedId"] != "g-2"]
    stated, problems = stated_by(tables, tmp_path / "b", version="1.2")
    assert ("users.csv", 6, "sourcedId", "no_role", "warning") in problems
    assert stated.guardians.rows["sourced_id"].to_list() == ["g-1"]


def test_a_name_in_the_column_of_grades_never_becomes_a_grade(tmp_path: Path) -> None:
    tables = small()
    row(tables, "users", "p-1").update(grades="Ada")
    row(tables, "classes", "c-3").update(grades="03,Ms Bell,KG")

    stated, problems = stated_by(tables, tmp_path)

    assert ("users.csv", 2, "grades", "grade", "warning") in problems
    students = {student["sourced_id"]: student["grade"] for student in stated.students.rows.to_dicts()}
    assert students["p-1"] is None
    assert stated.classes["c-3"].grades == ("03", "KG")
