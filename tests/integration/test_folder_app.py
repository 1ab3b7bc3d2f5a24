"""The folders service on a real database, with a roster whose feed is a list."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from alliance.context import Caller, Context
from alliance.database import Database
from alliance.errors import (
    AllianceError,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    Refused,
    Stale,
)
from alliance.log import Log
from alliance.migrations import upgrade
from alliance.rosterview import RosterView
from services.folders.app import Folders
from services.folders.tables import void_reasons
from tests.builders_rosterview import RosterFeed

CLASS = {"class": "c-1", "school": "s-1", "district": "d-1", "school_year": "2026-27"}
FOLDER = {"class": "c-1", "period": "2026-09"}
SENT = {**FOLDER, "sent_on": "2026-09-04", "students": None}
STATE = Caller("state")


class Roster(RosterFeed):
    def enrol(self, student: str, on: str = "2026-08-10", **where: str) -> None:
        place = {**CLASS, **where}
        self.tell(
            "StudentEnrolled",
            student=student,
            household=f"h-{student}",
            **place,
            begins_on=on,
            ends_on=None,
            grade=None,
        )


@pytest.fixture
def feed() -> Roster:
    feed = Roster()
    days = {"begins_on": "2026-08-10", "ends_on": "2027-05-28", "kind": "homeroom", "grades": ["03"]}
    feed.tell("ClassRegistered", **CLASS, **days)
    feed.tell("ClassRegistered", **{**CLASS, "class": "c-2", "school": "s-2", "district": "d-2"}, **days)
    for student in ("ana", "ben", "cleo"):
        feed.enrol(student)
    feed.enrol("zoe", **{"class": "c-2", "school": "s-2", "district": "d-2"})
    return feed


@pytest.fixture
def app(database: Database, feed: Roster) -> Folders:
    upgrade(database, "folders")
    roster = RosterView(database, feed)
    roster.prepare()
    roster.follow()
    return Folders(database, Log(database, "folders"), roster)


def context(caller: Caller = STATE, key: UUID | None = None) -> Context:
    return Context(caller, key or uuid4(), key is not None, datetime(2026, 9, 10, tzinfo=UTC), "correlation")


def line(student: str, on: str = "2026-09-08", mode: str = "paper") -> dict[str, str]:
    return {"student": student, "signed_on": on, "mode": mode}


def row(student: str, on: str = "2026-09-08", **where: str) -> dict[str, str]:
    return {**FOLDER, **line(student, on), **where}


def returns(*lines: dict[str, str], **more: Any) -> dict[str, Any]:
    return {**FOLDER, "returns": list(lines), **more}


def statuses(result: dict[str, Any]) -> list[str]:
    return [each["status"] for each in result["results"]]


def types(app: Folders) -> list[str]:
    return [event.type for event in app.log.read(0, 100)]


def test_sending_answers_whom_the_folder_is_new_to_and_where_it_is_in_the_log(app: Folders) -> None:
    assert app.send_folder(SENT, context()) == {
        "position": {"source": "folders", "sequence": 1},
        "created": True,
        "class": "c-1",
        "period": "2026-09",
        "version": 1,
        "sent_on": "2026-09-04",
        "students": ["ana", "ben", "cleo"],
        "already_sent": [],
    }


def test_the_event_carries_ids_and_days_and_nothing_else(app: Folders) -> None:
    app.send_folder(SENT, context())
    app.return_folders(returns(line("ana")), context())
    first, second = app.log.read(0, 10)
    assert first.stream == "folder-c-1-2026-09"
    assert first.district == "d-1"
    assert first.data == {
        **CLASS,
        "period": "2026-09",
        "sent_on": "2026-09-04",
        "students": ["ana", "ben", "cleo"],
    }
    assert second.data == {**CLASS, "period": "2026-09", **line("ana"), "provenance": "single"}


def test_sending_again_creates_nothing_and_a_late_enrolment_is_added(app: Folders, feed: Roster) -> None:
    app.send_folder(SENT, context())
    assert app.send_folder(SENT, context())["created"] is False
    feed.enrol("dora", on="2026-09-14")
    app.roster.follow()
    later = app.send_folder({**SENT, "sent_on": "2026-09-15"}, context())
    assert later["created"] is True
    assert (later["students"], later["already_sent"]) == (["dora"], ["ana", "ben", "cleo"])


def test_a_student_who_came_to_the_roster_a_moment_ago_is_found(app: Folders, feed: Roster) -> None:
    feed.enrol("dora")
    assert app.send_folder({**SENT, "students": ["dora"]}, context())["students"] == ["dora"]


def test_a_class_that_came_to_the_roster_a_moment_ago_is_found_with_its_students(
    app: Folders, feed: Roster
) -> None:
    feed.tell(
        "ClassRegistered",
        **{**CLASS, "class": "c-9"},
        begins_on="2026-08-10",
        ends_on="2027-05-28",
        kind="homeroom",
        grades=[],
    )
    feed.enrol("nora", **{"class": "c-9"})
    assert app.send_folder({**SENT, "class": "c-9"}, context())["students"] == ["nora"]


def test_with_roster_away_what_the_view_knows_is_enough(app: Folders, feed: Roster) -> None:
    feed.away = True
    assert app.send_folder(SENT, context())["created"] is True
    with pytest.raises(Refused, match="zoe"):
        app.send_folder({**SENT, "students": ["zoe"]}, context())


def test_twenty_five_returns_are_one_append(app: Folders, feed: Roster) -> None:
    children = [f"child-{number:02}" for number in range(25)]
    for child in children:
        feed.enrol(child)
    app.send_folder({**SENT, "students": children}, context())
    result = app.return_folders(returns(*[line(child) for child in children]), context())
    assert statuses(result) == ["recorded"] * 25
    assert result["position"]["sequence"] == 26
    assert result["version"] == 26
    assert len({event.causation_id for event in app.log.read(1, 100)}) == 1


def test_each_line_of_a_list_is_answered_in_its_place(app: Folders) -> None:
    app.send_folder({**SENT, "students": ["ana", "ben"]}, context())
    app.return_folders(returns(line("ben")), context())
    result = app.return_folders(returns(line("cleo"), line("ana"), line("ben"), line("ana")), context())
    assert [each["student"] for each in result["results"]] == ["cleo", "ana", "ben", "ana"]
    assert statuses(result) == ["refused", "recorded", "already_recorded", "already_recorded"]
    assert all(each["detail"] for each in result["results"])
    assert types(app) == ["FolderSent", "FolderReturned", "FolderReturned"]


def test_a_list_that_is_wholly_refused_is_an_error_and_leaves_nothing(app: Folders) -> None:
    app.send_folder({**SENT, "students": ["ana"]}, context())
    with pytest.raises(Refused) as refusal:
        app.return_folders(returns(line("ben"), line("ana", on="2026-09-03")), context())
    assert len(refusal.value.errors) == 2
    assert types(app) == ["FolderSent"]


def test_a_repeated_key_gets_the_first_answer_whatever_has_happened_since(app: Folders, feed: Roster) -> None:
    keys = [uuid4() for _ in range(3)]
    void = {**FOLDER, "student": "ana", "reason": "wrong child"}

    def play() -> list[dict[str, Any]]:
        return [
            app.send_folder(SENT, context(key=keys[0])),
            app.return_folders(returns(line("ana"), line("zoe")), context(key=keys[1])),
            app.void_return(void, context(key=keys[2])),
        ]

    first = play()
    feed.enrol("dora", on="2026-08-20")
    app.roster.follow()
    app.return_folders(returns(line("ana", on="2026-09-09")), context())
    assert play() == [{**each, "created": False} for each in first]
    assert types(app) == ["FolderSent", "FolderReturned", "FolderVoided", "FolderReturned"]


def test_a_key_of_another_command_is_refused(app: Folders) -> None:
    key = uuid4()
    app.send_folder(SENT, context(key=key))
    with pytest.raises(KeyReused):
        app.send_folder({**SENT, "period": "2026-10", "sent_on": "2026-10-02"}, context(key=key))


def test_a_voided_return_is_gone_and_its_reason_stays_out_of_the_log(app: Folders) -> None:
    app.send_folder(SENT, context())
    app.return_folders(returns(line("ana")), context())
    result = app.void_return({**FOLDER, "student": "ana", "reason": "Mrs Canary signed for Ben"}, context())
    assert (result["created"], result["status"], result["version"]) == (True, "voided", 3)
    assert "Canary" not in "".join(str(event) for event in app.log.read(0, 10))
    with app.database.reading() as connection:
        (kept,) = connection.execute(select(void_reasons)).all()
    assert (kept.student, kept.reason) == ("ana", "Mrs Canary signed for Ben")
    assert kept.command_id == app.log.read(2, 1)[0].causation_id


def test_a_refused_void_keeps_no_reason(app: Folders) -> None:
    app.send_folder(SENT, context())
    with pytest.raises(Refused, match="nothing to void"):
        app.void_return({**FOLDER, "student": "ana", "reason": "a slip"}, context())
    with app.database.reading() as connection:
        assert connection.execute(select(void_reasons)).all() == []


def test_a_folder_is_read_student_by_student(app: Folders) -> None:
    app.send_folder({**SENT, "students": ["ben", "ana"]}, context())
    app.return_folders(returns(line("ben", mode="scan")), context())
    assert app.folder(FOLDER, context()) == {
        **CLASS,
        "period": "2026-09",
        "version": 2,
        "sent": 2,
        "returned": 1,
        "students": [
            {
                "student": "ana",
                "status": "sent",
                "sent_on": "2026-09-04",
                "signed_on": None,
                "mode": None,
                "provenance": None,
            },
            {
                "student": "ben",
                "status": "returned",
                "sent_on": "2026-09-04",
                "signed_on": "2026-09-08",
                "mode": "scan",
                "provenance": "scan",
            },
        ],
    }


def test_a_folder_that_was_not_sent_reads_as_version_0_and_nobody(app: Folders) -> None:
    result = app.folder({"class": "c-1", "period": "2026-11"}, context())
    assert (result["version"], result["students"]) == (0, [])


def test_a_stale_version_is_refused_and_the_current_one_taken(app: Folders) -> None:
    app.send_folder({**SENT, "if_match": 0}, context())
    with pytest.raises(Stale):
        app.return_folders(returns(line("ana"), if_match=0), context())
    version = app.folder(FOLDER, context())["version"]
    assert app.return_folders(returns(line("ana"), if_match=version), context())["created"] is True
    with pytest.raises(Stale):
        app.void_return({**FOLDER, "student": "ana", "reason": "a slip", "if_match": version}, context())


def test_a_bulk_records_the_sound_rows_and_answers_each_bad_one_with_its_own_problem(app: Folders) -> None:
    app.send_folder({**SENT, "students": ["ana", "ben"]}, context())
    app.send_folder({**SENT, "period": "2026-10", "sent_on": "2026-10-02"}, context())
    rows = [
        row("ana"),
        row("cleo", on="2026-10-05", period="2026-10"),
        row("cleo"),
        row("ana"),
        row("ben", on="2026-02-30"),
        row("ben", on="2026-06-01"),
        row("ana", **{"class": "c-404"}),
        row("ana", period="2026-07"),
        row("ben", on="2026-09-09"),
    ]
    results = app.return_folders_in_bulk({"returns": rows}, context())["results"]
    assert [each["status"] for each in results] == [201, 201, 409, 200, 422, 422, 404, 422, 201]
    assert [each["created"] for each in results if "created" in each] == [True, True, False, True]
    faults = [
        each["problem"]["errors"][0]["field"] for each in results if "errors" in each.get("problem", {})
    ]
    assert faults == ["student", "signed_on", "signed_on", "period"]
    written = [(event.data["student"], event.data["provenance"]) for event in app.log.read(2, 10)]
    assert written == [("ana", "class_list"), ("cleo", "single"), ("ben", "class_list")]


def test_a_repeated_bulk_records_nothing_more(app: Folders) -> None:
    app.send_folder(SENT, context())
    key = uuid4()
    rows = {"returns": [row("ana"), row("ben")]}
    first = app.return_folders_in_bulk(rows, context(key=key))["results"]
    again = app.return_folders_in_bulk(rows, context(key=key))["results"]
    assert [each["status"] for each in first] == [201, 201]
    assert [(each["status"], each["position"]) for each in again] == [
        (200, each["position"]) for each in first
    ]
    assert types(app) == ["FolderSent", "FolderReturned", "FolderReturned"]


@pytest.mark.parametrize("operation", ["send_folder", "return_folders", "void_return", "folder"])
def test_an_unknown_class_is_named_with_the_position_looked_at(app: Folders, operation: str) -> None:
    body = {**SENT, "class": "c-404", "returns": [line("ana")], "student": "ana", "reason": "a slip"}
    with pytest.raises(NotFound, match="'c-404' is not in the roster as of position 6"):
        getattr(app, operation)(body, context())


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("send_folder", {"sent_on": "2026-09-04", "students": ["ana", "nobody"]}),
        ("return_folders", {"returns": [line("nobody")]}),
        ("void_return", {"student": "nobody", "reason": "a slip"}),
    ],
)
def test_an_unknown_student_is_named_with_the_position_looked_at(
    app: Folders, operation: str, more: dict[str, Any]
) -> None:
    with pytest.raises(NotFound, match="'nobody' is not in the roster as of position 6"):
        getattr(app, operation)({**FOLDER, **more}, context())


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "20260904", "2026-W36-5", "4 September", ""])
def test_an_impossible_day_is_invalid_and_says_how_to_write_one(app: Folders, day: str) -> None:
    with pytest.raises(Invalid, match="such as 2026-09-04") as invalid:
        app.send_folder({**SENT, "sent_on": day}, context())
    assert invalid.value.errors[0]["field"] == "sent_on"
    with pytest.raises(Invalid) as invalid:
        app.return_folders(returns(line("ana"), line("ben", on=day)), context())
    assert invalid.value.errors[0]["field"] == "returns.1.signed_on"


@pytest.mark.parametrize(
    ("caller", "allowed"),
    [
        (Caller("state"), True),
        (Caller("district", ("d-1",)), True),
        (Caller("district", ("d-2",)), False),
        (Caller("school", ("s-1",)), True),
        (Caller("school", ("s-2",)), False),
        (Caller("teacher", ("c-1",)), True),
        (Caller("teacher", ("c-2",)), False),
        (Caller("integrator", ("d-1",)), True),
        (Caller("integrator", ("d-2",)), False),
        (Caller("teacher"), False),
    ],
)
def test_only_a_token_of_the_district_the_school_or_the_class_reaches_a_folder(
    app: Folders, caller: Caller, allowed: bool
) -> None:
    app.send_folder(SENT, context())
    app.return_folders(returns(line("ben")), context())
    calls: list[tuple[str, dict[str, Any]]] = [
        ("send_folder", SENT),
        ("return_folders", returns(line("ana"))),
        ("void_return", {**FOLDER, "student": "ben", "reason": "a slip"}),
        ("folder", FOLDER),
    ]
    for operation, body in calls:
        if allowed:
            getattr(app, operation)(body, context(caller))
        else:
            with pytest.raises(Forbidden):
                getattr(app, operation)(body, context(caller))
    (result,) = app.return_folders_in_bulk({"returns": [row("cleo")]}, context(caller))["results"]
    assert result["status"] == (201 if allowed else 403)


def test_people_who_act_at_once_record_each_child_once_and_each_is_told_the_truth(app: Folders) -> None:
    app.send_folder(SENT, context())
    start = threading.Barrier(6)
    told: list[dict[str, Any]] = []
    failed: list[AllianceError] = []

    def act(students: tuple[str, ...]) -> None:
        start.wait()
        try:
            told.append(app.return_folders(returns(*[line(student) for student in students]), context()))
        except AllianceError as error:
            failed.append(error)

    lists = [("ana", "ben"), ("ben", "cleo"), ("cleo", "ana")] * 2
    threads = [threading.Thread(target=act, args=(students,)) for students in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    recorded = [
        each["student"] for result in told for each in result["results"] if each["status"] == "recorded"
    ]
    assert sorted(recorded) == ["ana", "ben", "cleo"]
    assert types(app) == ["FolderSent"] + ["FolderReturned"] * 3


def another_process(app: Folders) -> Folders:
    """The same service once more, on the same database."""
    return Folders(app.database, Log(app.database, "folders"), app.roster)


def test_a_conflict_is_decided_again_and_the_answer_is_that_of_the_second_look(app: Folders) -> None:
    app.send_folder(SENT, context())
    read, elsewhere = app.log.load, another_process(app)
    others = iter([lambda: elsewhere.return_folders(returns(line("ana")), context())])

    def read_then_somebody_else_is_faster(*asked: Any) -> Any:
        found = read(*asked)
        for other in others:
            other()
        return found

    app.log.load = read_then_somebody_else_is_faster  # type: ignore[method-assign]
    result = app.return_folders(returns(line("ana"), line("ben")), context())
    assert statuses(result) == ["already_recorded", "recorded"]
    assert result["version"] == 3


def test_a_caller_who_insists_on_a_version_loses_the_race_as_stale(app: Folders) -> None:
    app.send_folder(SENT, context())
    read, elsewhere = app.log.load, another_process(app)
    others = iter([lambda: elsewhere.return_folders(returns(line("cleo")), context())])

    def read_then_somebody_else_is_faster(*asked: Any) -> Any:
        found = read(*asked)
        for other in others:
            other()
        return found

    app.log.load = read_then_somebody_else_is_faster  # type: ignore[method-assign]
    with pytest.raises(Stale):
        app.return_folders(returns(line("ana"), if_match=1), context())


def test_the_edge_offers_every_operation_of_the_app() -> None:
    from services.folders.service import FoldersEdge

    operations = {name for name in vars(Folders) if not name.startswith("_")}
    entrypoints = {
        name for name in dir(FoldersEdge) if hasattr(getattr(FoldersEdge, name), "nameko_entrypoints")
    }
    assert operations <= entrypoints
