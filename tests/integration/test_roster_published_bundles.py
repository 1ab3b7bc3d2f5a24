"""OneRoster bundles that others published, with the dirt that they are known for, by file and line."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from alliance.database import Database
from alliance.log import Log
from alliance.migrations import upgrade
from services.roster.app import Roster
from services.roster.oneroster.problems import LISTED
from services.roster.opaque import opaque_id
from services.roster.tables import enrolments, guardians, links, students
from tests.builders_roster import context

KEY = b"k"


@pytest.fixture
def roster(tmp_path: Path) -> Roster:
    database = Database(f"sqlite:///{tmp_path / 'roster.db'}")
    upgrade(database, "roster")
    return Roster(database, Log(database, "roster"), KEY)


def import_(roster: Roster, path: Path, **options: Any) -> dict[str, Any]:
    return roster.import_roster({"path": str(path), "source": "sis", **options}, context("2023-09-15"))


def found(result: dict[str, Any]) -> list[tuple[str, int, str, str, str]]:
    return [(p["file"], p["line"], p["column"], p["code"], p["severity"]) for p in result["problems"]]


def count(roster: Roster, table: Any) -> int:
    with roster.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


MOODLE_FULL = [
    ("academicSessions.csv", 2, "status", "tobedeleted", "warning"),
    ("academicSessions.csv", 3, "parentSourcedId", "dangling", "error"),
    ("academicSessions.csv", 4, "status", "inactive", "warning"),
    ("academicSessions.csv", 6, "parentSourcedId", "dangling", "error"),
    ("classes.csv", 2, "classType", "spelling", "warning"),
    ("classes.csv", 3, "status", "tobedeleted", "warning"),
    ("enrollments.csv", 3, "role", "role_contradiction", "error"),
    ("enrollments.csv", 4, "beginDate", "outside_class", "error"),
    ("enrollments.csv", 6, "role", "role_contradiction", "error"),
    ("enrollments.csv", 7, "classSourcedId", "dangling", "error"),
    ("orgs.csv", 2, "parentSourcedId", "dangling", "error"),
    ("orgs.csv", 2, "parentSourcedId", "school_without_district", "warning"),
    ("orgs.csv", 2, "type", "department", "warning"),
    ("users.csv", 3, "agentSourcedIds", "agent_role", "error"),
    ("users.csv", 4, "agentSourcedIds", "link_reversed", "warning"),
    ("users.csv", 6, "agentSourcedIds", "agent_role", "error"),
    ("users.csv", 7, "agentSourcedIds", "agent_role", "error"),
]


def test_every_problem_of_the_full_moodle_bundle_is_found_where_it_is(roster: Roster, data: Path) -> None:
    result = import_(roster, data / "oneroster-moodle" / "Test_full_data_set.zip")
    assert found(result) == MOODLE_FULL
    assert result["counts"] == {
        "academicSessions.csv": 5,
        "classes.csv": 2,
        "enrollments.csv": 6,
        "orgs.csv": 1,
        "users.csv": 6,
    }


def test_what_is_sound_in_it_is_imported_under_a_district_made_for_its_only_org(
    roster: Roster, data: Path
) -> None:
    result = import_(roster, data / "oneroster-moodle" / "Test_full_data_set.zip")
    assert result["changes"] == {
        "DistrictRegistered": 1,
        "SchoolRegistered": 1,
        "ClassRegistered": 1,
        "GuardianLinked": 1,
    }
    (district,) = roster.districts({}, context())["districts"]
    assert district["name"] == "History Department"
    assert (count(roster, students), count(roster, guardians), count(roster, links)) == (3, 1, 1)


def test_the_moodle_bundle_of_version_1p2_enrols_its_one_student(roster: Roster, data: Path) -> None:
    result = import_(roster, data / "oneroster-moodle" / "oneroster_test_data.zip")
    assert found(result) == [
        ("academicSessions.csv", 2, "schoolYear", "school_year", "warning"),
        ("orgs.csv", 2, "parentSourcedId", "school_without_district", "warning"),
    ]
    assert set(result["counts"].values()) == {1}
    assert len(result["counts"]) == 9
    (enrolled,) = [event for event in roster.log.read(0, 10) if event.type == "StudentEnrolled"]
    assert (enrolled.data["school_year"], enrolled.data["begins_on"]) == ("2023-24", "2023-09-04")


@pytest.fixture
def mocker(data: Path, tmp_path: Path) -> Path:
    """The users that were published with two orgs, of which they name a third."""
    source, folder = data / "oneroster-mocker", tmp_path / "mocker"
    folder.mkdir()
    for name in ("academicSessions", "classes", "enrollments", "manifest"):
        shutil.copy(source / f"header-{name}.csv", folder / f"{name}.csv")
    shutil.copy(source / "outputs-orgs.csv", folder / "orgs.csv")
    shutil.copy(source / "outputs-test-csv.csv", folder / "users.csv")
    return folder


def test_the_missing_org_of_the_mocker_is_listed_for_its_first_users_and_counted_for_the_rest(
    roster: Roster, mocker: Path
) -> None:
    result = import_(roster, mocker)
    missing = [p for p in result["problems"] if p["code"] == "dangling"]
    assert [p["line"] for p in missing if p["line"]] == list(range(2, LISTED + 2))
    assert {p["column"] for p in missing} == {"orgSourcedIds"}
    assert "slksldkmlsk49303" in missing[0]["message"]
    assert f"… and {1999 - LISTED} more" in "".join(p["message"] for p in result["problems"] if not p["line"])


def test_the_counts_of_the_mocker_are_the_published_ones(roster: Roster, mocker: Path) -> None:
    result = import_(roster, mocker)
    assert result["counts"]["users.csv"] == 1999
    assert (count(roster, guardians), count(roster, students), count(roster, links)) == (812, 1187, 2390)
    assert result["changes"] == {"DistrictRegistered": 1, "SchoolRegistered": 1, "GuardianLinked": 2390}
    assert count(roster, enrolments) == 0
    with roster.database.reading() as connection:
        each = Counter(connection.scalars(select(func.count()).select_from(links).group_by(links.c.student)))
    assert each == {1: 401, 2: 369, 3: 417}


def test_its_students_without_a_class_belong_to_the_only_district(roster: Roster, mocker: Path) -> None:
    import_(roster, mocker)
    district = opaque_id(KEY, "district", "sis", "aa27a9a5-7f12-4e9f-ab95-fb77cfd3d158")
    assert {event.district for event in roster.log.read(0, 5000)} == {district}


def test_its_households_are_the_connected_families(roster: Roster, mocker: Path) -> None:
    """The oracle floods from child to guardian to child over the file itself."""
    import_(roster, mocker)
    with (mocker / "users.csv").open(newline="") as file:
        family = {
            row["sourcedId"]: row["agentSourcedIds"].split(",")
            for row in csv.DictReader(file)
            if row["role"] == "student"
        }
    children: dict[str, list[str]] = {}
    for child, parents in family.items():
        for parent in parents:
            children.setdefault(parent, []).append(child)
    households, seen = 0, set[str]()
    for child in family:
        if child not in seen:
            households += 1
            wave = [child]
            while wave:
                one = wave.pop()
                if one not in seen:
                    seen.add(one)
                    wave.extend(other for parent in family[one] for other in children[parent])
    with roster.database.reading() as connection:
        assert (
            connection.execute(select(func.count(students.c.household.distinct()))).scalar_one() == households
        )


def test_the_mocker_again_changes_nothing(roster: Roster, mocker: Path) -> None:
    import_(roster, mocker)
    assert import_(roster, mocker)["changes"] == {}


def test_the_users_file_that_fits_its_orgs_has_one_warning_about_the_school(
    roster: Roster, mocker: Path, data: Path
) -> None:
    shutil.copy(data / "oneroster-mocker" / "outputs-users.csv", mocker / "users.csv")
    result = import_(roster, mocker)
    assert [p for p in found(result) if p[0] != "manifest.csv"] == [
        ("orgs.csv", 3, "parentSourcedId", "school_without_district", "warning")
    ]
    assert result["counts"]["users.csv"] == 4
