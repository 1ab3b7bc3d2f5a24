"""Imports into real databases: what is told, what is not told again, what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from alliance.context import Caller
from alliance.database import Database
from alliance.envelope import Event, to_json
from alliance.errors import Forbidden, Invalid, Refused
from alliance.log import Log
from alliance.migrations import upgrade
from services.roster.app import Roster
from services.roster.opaque import opaque_id
from services.roster.tables import enrolments, guardians, links, metadata, sources, students
from services.roster.writing import Overtaken, Writer
from tests.builders_roster import CANARIES, Tables, context, crowd, row, small, texts, without, write_folder

KEY = b"a key of this deployment"


#: Most of this is the same whatever the database; what leans on it runs on both.
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
    yield Roster(database, Log(database, "roster"), KEY)
    database.close()


Import = Callable[..., dict[str, Any]]


@pytest.fixture
def run(roster: Roster, tmp_path: Path) -> Import:
    """Import tables; answers the result of the operation."""

    def import_(
        tables: Tables,
        day: str = "2026-08-20",
        *,
        mode: str = "bulk",
        caller: Caller | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        folder = write_folder(tmp_path / "bundle", texts(tables, mode=mode))
        return roster.import_roster({"path": str(folder), "source": "sis", **options}, context(day, caller))

    return import_


def id_of(kind: Any, sourced_id: str) -> str:
    return opaque_id(KEY, kind, "sis", sourced_id)


def told(roster: Roster, after: int = 0) -> list[Event]:
    return roster.log.read(after, 10_000)


def rows_of(roster: Roster, table: Any) -> int:
    with roster.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def everything(roster: Roster) -> dict[str, Any]:
    """All tables of the roster's own, but who imported when."""
    with roster.database.reading() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in metadata.sorted_tables
            if table is not sources
        }


@on_both
def test_the_first_import_tells_everything_once_and_in_order(roster: Roster, run: Import) -> None:
    result = run(small())
    assert result["changes"] == {
        "DistrictRegistered": 1,
        "SchoolRegistered": 2,
        "ClassRegistered": 3,
        "StudentEnrolled": 3,
        "GuardianLinked": 3,
    }
    assert result["position"] == {"source": "roster", "sequence": 12}
    assert (result["created"], result["errors"], result["problems"]) == (True, 0, [])
    events = told(roster)
    assert [event.type for event in events[:6]] == [
        "DistrictRegistered",
        *["SchoolRegistered"] * 2,
        *["ClassRegistered"] * 3,
    ]
    ada = [event.data for event in events if event.data.get("student") == id_of("student", "p-1")]
    assert ada[0] == {
        "student": id_of("student", "p-1"),
        "household": ada[0]["household"],
        "class": id_of("class", "c-1"),
        "school": id_of("school", "s-1"),
        "district": id_of("district", "d-1"),
        "school_year": "2026-27",
        "begins_on": "2026-08-06",
        "ends_on": None,
        "grade": "03",
    }
    assert {link["guardian"]: link["relationship"] for link in ada[1:]} == {
        id_of("guardian", "g-1"): "parent",
        id_of("guardian", "g-2"): "guardian",
    }


def test_siblings_by_one_guardian_are_one_household_and_others_are_not(roster: Roster, run: Import) -> None:
    run(small())
    households = {e.data["student"]: e.data["household"] for e in told(roster) if e.type == "StudentEnrolled"}
    ada, ben, cy = (households[id_of("student", student)] for student in ("p-1", "p-2", "p-3"))
    assert ada == ben != cy


def test_no_event_holds_a_name_a_contact_or_a_sourced_id(roster: Roster, run: Import) -> None:
    run(small())
    text = b"\n".join(to_json(event) for event in told(roster)).decode()
    assert [word for word in (*CANARIES, "p-1", "g-1", "c-1", "s-1", "d-1") if f'"{word}' in text] == []


@on_both
def test_the_same_bundle_again_tells_nothing_and_changes_nothing(roster: Roster, run: Import) -> None:
    run(small())
    before = everything(roster)
    result = run(small(), "2026-11-02")
    assert (result["changes"], result["created"], result["position"]["sequence"]) == ({}, False, 12)
    assert everything(roster) == before


def test_an_import_under_another_key_is_refused_because_every_id_would_change(
    roster: Roster, run: Import, tmp_path: Path
) -> None:
    run(small())
    other = Roster(roster.database, roster.log, b"another key")
    folder = write_folder(tmp_path / "bundle", texts(small()))
    with pytest.raises(Refused, match="another secret key"):
        other.import_roster({"path": str(folder), "source": "sis"}, context())
    assert len(told(roster)) == 12


ONE_CHANGE: list[tuple[str, Callable[[Tables], Any], list[str]]] = [
    ("a district's name", lambda t: row(t, "orgs", "d-1").update(name="Oktibbeha"), ["DistrictRegistered"]),
    (
        "a school's name",
        lambda t: row(t, "orgs", "s-1").update(name="Sudduth Elementary"),
        ["SchoolRegistered"],
    ),
    ("a class's grades", lambda t: row(t, "classes", "c-3").update(grades="03"), ["ClassRegistered"]),
    ("a class's title, which no event has", lambda t: row(t, "classes", "c-3").update(title="Choir"), []),
    ("a student's name", lambda t: row(t, "users", "p-1").update(givenName="Adah"), []),
    ("a guardian's e-mail", lambda t: row(t, "users", "g-1").update(email="new@example.org"), []),
    ("a grade", lambda t: row(t, "users", "p-1").update(grades="04"), ["StudentEnrolled"]),
    (
        "a guardian more",
        lambda t: row(t, "users", "p-2").update(agentSourcedIds="g-1,g-2"),
        ["GuardianLinked"],
    ),
    ("a guardian's role", lambda t: row(t, "users", "g-2").update(role="relative"), ["GuardianLinked"]),
    ("a guardian less", lambda t: row(t, "users", "p-1").update(agentSourcedIds="g-1"), ["GuardianUnlinked"]),
    (
        "another class",
        lambda t: row(t, "enrollments", "e-1").update(classSourcedId="c-2"),
        ["StudentTransferred"],
    ),
    (
        "another class under another sourcedId",
        lambda t: row(t, "enrollments", "e-1").update(classSourcedId="c-2", sourcedId="e-9"),
        ["StudentTransferred"],
    ),
    ("an end", lambda t: row(t, "enrollments", "e-1").update(endDate="2026-12-18"), ["StudentWithdrawn"]),
    ("only the enrolment's sourcedId", lambda t: row(t, "enrollments", "e-1").update(sourcedId="e-9"), []),
    (
        "a lesson more",
        lambda t: t["enrollments"].append(
            {"sourcedId": "e-9", "classSourcedId": "c-3", "userSourcedId": "p-1", "role": "student"}
        ),
        ["StudentEnrolled"],
    ),
    ("a class gone", lambda t: without(t, "classes", "c-3"), ["ClassClosed"]),
]


@pytest.mark.parametrize(("change", "expected"), [c[1:] for c in ONE_CHANGE], ids=[c[0] for c in ONE_CHANGE])
def test_one_change_is_told_once(
    roster: Roster, run: Import, change: Callable[[Tables], Any], expected: list[str]
) -> None:
    run(small())
    tables = small()
    change(tables)
    result = run(tables, "2026-10-12")
    assert [event.type for event in told(roster, 12)] == expected
    assert sum(result["changes"].values()) == len(expected)
    assert run(tables, "2026-10-13")["changes"] == {}


@on_both
def test_a_transfer_is_from_the_day_of_the_import(roster: Roster, run: Import) -> None:
    run(small())
    tables = small()
    row(tables, "enrollments", "e-1").update(classSourcedId="c-2")
    run(tables, "2026-10-12")
    (event,) = told(roster, 12)
    assert (event.data["transferred_on"], event.data["from_school"], event.data["to_school"]) == (
        "2026-10-12",
        id_of("school", "s-1"),
        id_of("school", "s-2"),
    )


def test_a_guardian_who_joins_two_families_makes_them_one_household(roster: Roster, run: Import) -> None:
    run(small())
    tables = small()
    row(tables, "users", "p-3").update(agentSourcedIds="g-1")
    run(tables)
    events = told(roster, 12)
    assert sorted(event.type for event in events) == ["GuardianLinked", "HouseholdAssigned"]


@on_both
def test_a_student_who_left_is_withdrawn_yesterday_and_keeps_the_guardians(
    roster: Roster, run: Import
) -> None:
    run(small())
    tables = small()
    without(tables, "users", "p-1")
    without(tables, "enrollments", "e-1")
    run(tables, "2026-10-12", confirm=True)
    assert [(e.type, e.data.get("withdrawn_on")) for e in told(roster, 12)] == [
        ("StudentWithdrawn", "2026-10-11")
    ]
    assert rows_of(roster, links) == 3
    run(small(), "2026-10-19")
    assert [(e.type, e.data.get("begins_on")) for e in told(roster, 13)] == [
        ("StudentEnrolled", "2026-10-19")
    ]


def test_who_left_a_school_that_closed_is_withdrawn_before_it_closes(roster: Roster, run: Import) -> None:
    run(small())
    tables = small()
    without(tables, "orgs", "s-2")
    without(tables, "classes", "c-2")
    without(tables, "users", "p-2", "p-3")
    without(tables, "enrollments", "e-2", "e-3")
    run(tables, "2026-10-12", confirm=True)
    assert [e.type for e in told(roster, 12)] == [*["StudentWithdrawn"] * 2, "ClassClosed", "SchoolClosed"]


def test_a_new_year_leaves_the_old_one_as_it_was(roster: Roster, run: Import) -> None:
    run(small())
    tables = small()
    row(tables, "academicSessions", "y-1").update(
        sourcedId="y-2", startDate="2027-08-05", endDate="2028-05-25", schoolYear="2028"
    )
    for table, columns in (
        ("classes", ("sourcedId", "termSourcedIds")),
        ("enrollments", ("sourcedId", "classSourcedId")),
    ):
        for each in tables[table]:
            each.update(
                {column: each[column].replace("y-1", "y-2").replace("c-", "n-") for column in columns}
            )
    result = run(tables, "2027-07-20")
    assert result["changes"] == {"ClassRegistered": 3, "StudentEnrolled": 3}


def test_a_row_that_cannot_be_read_is_no_reason_to_withdraw_a_child(roster: Roster, run: Import) -> None:
    run(small())
    tables = small()
    row(tables, "enrollments", "e-1")["beginDate"] = "soon"
    row(tables, "users", "p-2")["status"] = "perhaps"
    result = run(tables, "2026-10-12")
    assert result["errors"] > 0
    assert told(roster, 12) == []


def test_delta_files_add_and_change_and_leave_the_rest(roster: Roster, run: Import) -> None:
    run(small())
    delta: Tables = {
        "users": [{**row(small(), "users", "p-2"), "agentSourcedIds": "g-1,g-2"}],
        "enrollments": [
            {
                "sourcedId": "e-9",
                "classSourcedId": "c-3",
                "userSourcedId": "p-1",
                "role": "student",
                "status": "active",
            }
        ],
    }
    result = run(delta, "2026-10-12", mode="delta")
    assert result["changes"] == {"GuardianLinked": 1, "StudentEnrolled": 1}
    assert result["errors"] == 0


@on_both
def test_delta_files_withdraw_what_they_say_is_gone(roster: Roster, run: Import) -> None:
    tables = small()
    crowd(tables, 20)
    run(tables)
    position = roster.log.head()[0]
    gone: Tables = {
        "users": [{**row(small(), "users", "g-2"), "status": "tobedeleted"}],
        "enrollments": [{**row(small(), "enrollments", "e-3"), "status": "tobedeleted"}],
    }
    run(gone, "2026-10-12", mode="delta")
    assert sorted(e.type for e in told(roster, position)) == ["GuardianUnlinked", "StudentWithdrawn"]
    assert rows_of(roster, guardians) == 1


def test_a_bundle_that_drops_more_than_a_tenth_is_refused_with_the_numbers(
    roster: Roster, run: Import
) -> None:
    tables = small()
    crowd(tables, 17)
    run(tables)
    position, before = roster.log.head()[0], everything(roster)
    fewer = small()
    crowd(fewer, 14)
    with pytest.raises(Refused, match="drop 3 of 20 students"):
        run(fewer, "2026-10-12")
    assert (roster.log.head()[0], everything(roster)) == (position, before)
    assert run(fewer, "2026-10-12", confirm=True)["changes"] == {"StudentWithdrawn": 3}


def test_a_tenth_exactly_is_let_through(roster: Roster, run: Import) -> None:
    tables = small()
    crowd(tables, 17)
    run(tables)
    fewer = small()
    crowd(fewer, 15)
    assert run(fewer, "2026-10-12")["changes"] == {"StudentWithdrawn": 2}


def test_an_enrolments_file_without_rows_is_caught_as_well(roster: Roster, run: Import) -> None:
    run(small())
    tables = small()
    tables["enrollments"] = []
    with pytest.raises(Refused, match="drop 3 of 3"):
        run(tables, "2026-10-12")


@on_both
def test_a_dry_run_tells_the_difference_and_writes_nothing(roster: Roster, run: Import) -> None:
    first = run(small(), dry_run=True)
    assert sum(first["changes"].values()) == 12
    assert (first["created"], first["dry_run"], first["position"]["sequence"]) == (False, True, 0)
    assert (told(roster), rows_of(roster, students), rows_of(roster, sources)) == ([], 0, 0)
    run(small())
    before = everything(roster)
    tables = small()
    without(tables, "users", "p-1")
    without(tables, "enrollments", "e-1")
    second = run(tables, "2026-10-12", dry_run=True)
    assert (second["changes"], second["needs_confirm"]) == ({"StudentWithdrawn": 1}, True)
    assert (everything(roster), roster.log.head()[0]) == (before, 12)


def test_strict_imports_nothing_if_there_is_an_error(roster: Roster, run: Import) -> None:
    tables = small()
    row(tables, "users", "p-3")["agentSourcedIds"] = "nobody"
    with pytest.raises(Invalid) as refused:
        run(tables, strict=True)
    assert [error["field"] for error in refused.value.errors] == ["users.csv:4:agentSourcedIds"]
    assert (told(roster), rows_of(roster, students)) == ([], 0)
    assert run(tables)["created"]


def test_strict_lets_warnings_pass(roster: Roster, run: Import) -> None:
    tables = small()
    row(tables, "classes", "c-3")["classType"] = "Scheduled"
    assert run(tables, strict=True)["warnings"] == 1


@pytest.mark.parametrize(
    ("kind", "dies_after"),
    [("sqlite", 0), ("sqlite", 1), ("sqlite", 2), ("sqlite", 4), ("sqlite", 6), ("postgresql", 3)],
)
def test_an_import_that_dies_is_healed_by_importing_again(
    roster: Roster, run: Import, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dies_after: int
) -> None:
    tables = small()
    crowd(tables, 20)
    whole = Database(f"sqlite:///{tmp_path / 'whole.db'}")
    upgrade(whole, "roster")
    folder = write_folder(tmp_path / "whole", texts(tables))
    undisturbed = Roster(whole, Log(whole, "roster"), KEY)
    undisturbed.import_roster({"path": str(folder), "source": "sis"}, context("2026-10-05"))

    monkeypatch.setattr("services.roster.writing.EVENTS_TOGETHER", 5)
    append_all, left = roster.log.append_all, [dies_after]

    def dying(appends: Any) -> Any:
        if not left[0]:
            raise ConnectionError("pulled the plug")
        left[0] -= 1
        return append_all(appends)

    monkeypatch.setattr(roster.log, "append_all", dying)
    with pytest.raises(ConnectionError):
        run(tables, "2026-10-05")
    monkeypatch.setattr(roster.log, "append_all", append_all)
    run(tables, "2026-10-12")
    assert everything(roster) == everything(undisturbed)
    contents = [
        sorted((e.stream, e.stream_version, repr(e.data)) for e in told(each))
        for each in (roster, undisturbed)
    ]
    assert contents[0] == contents[1]
    whole.close()


@on_both
def test_an_import_that_is_overtaken_stops(
    roster: Roster, run: Import, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow, finish = small(), Writer.finish
    row(slow, "orgs", "s-1")["name"] = "An older name"

    def overtaken(writer: Writer) -> None:
        monkeypatch.setattr(Writer, "finish", finish)
        folder = write_folder(tmp_path / "later", texts(small()))
        roster.import_roster({"path": str(folder), "source": "sis"}, context())
        finish(writer)

    monkeypatch.setattr(Writer, "finish", overtaken)
    with pytest.raises(Refused, match="later import"):
        run(slow)
    assert [e.data["name"] for e in told(roster) if e.type == "SchoolRegistered"][-1] == "Sudduth"


@on_both
def test_who_no_longer_owns_the_source_writes_neither_row_nor_event(roster: Roster, run: Import) -> None:
    run(small())
    before = everything(roster)
    with roster.database.transaction() as connection:
        connection.execute(sources.update().values(owner="somebody later"))
    writer = Writer(roster.log, "sis", uuid4(), context())
    with pytest.raises(Overtaken):
        writer.guardians([])
    assert (everything(roster), roster.log.head()[0]) == (before, 12)


def test_two_sources_do_not_mix(roster: Roster, run: Import) -> None:
    run(small())
    result = run(small(), source="other")
    assert sum(result["changes"].values()) == 12
    assert run(small())["changes"] == {}


def test_a_district_imports_its_own_and_no_other(roster: Roster, run: Import) -> None:
    own = Caller("district", (id_of("district", "d-1"),))
    assert run(small(), caller=own)["created"]
    with pytest.raises(Forbidden):
        run(small(), caller=Caller("district", ("another",)))
    tables = small()
    tables["orgs"].append({"sourcedId": "d-2", "name": "Starkville", "type": "district"})
    with pytest.raises(Forbidden):
        run(tables, caller=own)


def test_progress_is_told_to_the_end(roster: Roster, run: Import) -> None:
    seen: list[tuple[int, int]] = []
    roster.progress = lambda done, total: seen.append((done, total))
    run(small())
    assert seen[-1] == (5, 5)


def test_an_enrolment_is_never_told_twice_by_a_bundle_that_states_it_twice(
    roster: Roster, run: Import
) -> None:
    tables = small()
    tables["enrollments"].append({**row(tables, "enrollments", "e-1"), "sourcedId": "e-9"})
    assert run(tables)["changes"]["StudentEnrolled"] == 3
    assert run(tables, "2026-10-12")["changes"] == {}
    assert rows_of(roster, enrolments) == 3


@on_both
def test_a_student_in_two_schools_is_where_the_later_enrolment_says(roster: Roster, run: Import) -> None:
    tables = small()
    tables["enrollments"].append(
        {
            "sourcedId": "e-9",
            "classSourcedId": "c-2",
            "userSourcedId": "p-1",
            "role": "student",
            "beginDate": "2026-09-14",
        }
    )
    run(tables)
    ada = id_of("student", "p-1")
    spans = roster.student({"student": ada}, context())["enrolments"]
    assert [(s["school"], s["begins_on"], s["ends_on"]) for s in spans] == [
        (id_of("school", "s-1"), "2026-08-06", "2026-09-13"),
        (id_of("school", "s-2"), "2026-09-14", None),
    ]
    assert run(tables, "2026-10-12")["changes"] == {}
