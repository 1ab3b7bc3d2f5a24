"""The pledges service on a real database, with a roster whose feed is a list."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import select

from alliance.context import Caller
from alliance.database import Database
from alliance.errors import Forbidden, Invalid, KeyReused, NotFound, Refused
from alliance.log import Log
from alliance.migrations import upgrade
from alliance.rosterview import RosterView
from services.pledges.app import Pledges, shipped_statements
from services.pledges.tables import notes
from tests.builders import YEAR, context
from tests.builders_rosterview import RosterFeed

SIGN = {
    "student": "ana", "guardian": "mother", "school_year": YEAR, "signed_on": "2026-09-01",
    "mode": "web", "language": "en", "statement": "2026-1",
}  # fmt: skip
WITHDRAW = {"student": "ana", "guardian": "mother", "school_year": YEAR, "withdrawn_on": "2026-10-01"}
ASK = {"student": "ana", "school_year": YEAR}


class Roster(RosterFeed):
    def enrol(self, student: str, guardian: str, *, district: str = "north", school: str = "oak") -> None:
        place = {"school": school, "district": district}
        enrolled = {
            "student": student, "household": f"h-{student}", "class": "c-1", **place, "school_year": YEAR,
            "begins_on": "2026-08-06", "ends_on": None, "grade": None,
        }  # fmt: skip
        self.tell("StudentEnrolled", **enrolled)
        link = {"student": student, "guardian": guardian, "district": district, "relationship": None}
        self.tell("GuardianLinked", **link)


@pytest.fixture
def roster() -> Roster:
    feed = Roster()
    feed.enrol("ana", "mother")
    return feed


@pytest.fixture
def app(database: Database, roster: Roster) -> Pledges:
    upgrade(database, "pledges")
    view = RosterView(database, roster)
    view.prepare()
    return Pledges(database, Log(database, "pledges"), view, shipped_statements())


def test_a_signed_pledge_is_one_event_with_the_hash_of_the_text_that_was_signed(app: Pledges) -> None:
    answer = app.sign_pledge(SIGN, context())
    assert (answer["created"], answer["position"]) == (True, {"source": "pledges", "sequence": 1})
    (event,) = app.log.read(0, 10)
    text = next(each for each in app.statements({}, context())["statements"] if each["language"] == "en")
    assert (event.type, event.district, event.data["statement_hash"]) == (
        "PledgeSigned",
        "north",
        text["hash"],
    )


def test_a_pledge_can_be_read_as_it_stands(app: Pledges) -> None:
    assert app.pledge(ASK, context())["status"] == "none"
    app.offer_pledge({"offered_on": "2026-08-10", "statement": "2026-1", "language": "es", **ASK}, context())
    assert app.pledge(ASK, context())["status"] == "offered"
    app.sign_pledge(SIGN, context())
    signed = app.pledge(ASK, context())
    assert (signed["status"], signed["guardian"], signed["signed_on"]) == ("signed", "mother", "2026-09-01")
    app.withdraw_pledge(WITHDRAW, context())
    assert app.pledge(ASK, context())["status"] == "withdrawn"


def test_signing_twice_adds_nothing_and_says_so(app: Pledges) -> None:
    app.sign_pledge(SIGN, context())
    again = app.sign_pledge(SIGN, context())
    assert (again["created"], again["position"]["sequence"]) == (False, 1)


def test_a_repeat_with_its_key_gets_the_first_answer_even_after_a_withdrawal(app: Pledges) -> None:
    key = uuid4()
    first = app.sign_pledge(SIGN, context(key))
    app.withdraw_pledge(WITHDRAW, context())
    repeat = app.sign_pledge(SIGN, context(key))
    assert repeat == {**first, "created": False}
    assert app.pledge(ASK, context())["status"] == "withdrawn"


def test_a_key_with_another_body_is_refused(app: Pledges) -> None:
    key = uuid4()
    app.sign_pledge(SIGN, context(key))
    with pytest.raises(KeyReused):
        app.sign_pledge({**SIGN, "signed_on": "2026-09-02"}, context(key))


def test_a_note_is_kept_beside_the_log_and_in_no_event(app: Pledges) -> None:
    paper = {**SIGN, "guardian": None, "mode": "paper", "note": "signed by her aunt Rosalind Quillfeather"}
    app.sign_pledge(paper, context())
    (event,) = app.log.read(0, 10)
    assert event.data["note_on_file"] is True
    assert "Quillfeather" not in str(event)
    with app.database.reading() as connection:
        assert [row.note for row in connection.execute(select(notes))] == [paper["note"]]


def test_a_refused_pledge_leaves_no_note_behind(app: Pledges) -> None:
    with pytest.raises(Refused):
        app.sign_pledge({**SIGN, "guardian": "neighbour", "note": "a neighbour"}, context())
    with app.database.reading() as connection:
        assert connection.execute(select(notes)).all() == []


@pytest.mark.parametrize(
    "caller",
    [
        Caller("district", ("south",)),
        Caller("school", ("elm",)),
        Caller("teacher", ("c-2",)),
        Caller("school", ()),
    ],
)
def test_a_token_of_another_org_unit_is_refused(app: Pledges, caller: Caller) -> None:
    for ask, body in ((app.sign_pledge, SIGN), (app.withdraw_pledge, WITHDRAW), (app.pledge, ASK)):
        with pytest.raises(Forbidden):
            ask(body, context(caller=caller))
    assert app.log.head()[0] == 0


@pytest.mark.parametrize("unit", ["c-1", "lesson"])
def test_the_homeroom_teacher_and_a_lessons_teacher_sign_and_the_next_rooms_does_not(
    app: Pledges, roster: Roster, unit: str
) -> None:
    place = {"school": "oak", "district": "north", "school_year": YEAR, "begins_on": "2026-08-06"}
    for class_, kind in (("c-1", "homeroom"), ("c-2", "homeroom"), ("lesson", "scheduled")):
        roster.tell("ClassRegistered", **place, class_=class_, ends_on="2027-05-26", kind=kind, grades=["03"])
    stay = {**place, "begins_on": "2026-08-20", "ends_on": None, "grade": None}
    roster.tell("StudentEnrolled", **stay, student="ana", household="h-ana", class_="lesson")
    roster.tell("StudentEnrolled", **stay, student="ben", household="h-ben", class_="c-2")
    app.roster.follow()
    with pytest.raises(Forbidden):
        app.sign_pledge(SIGN, context(caller=Caller("teacher", ("c-2",))))
    teacher = context(caller=Caller("teacher", (unit,)))
    assert app.sign_pledge(SIGN, teacher)["created"]
    assert app.pledge(ASK, teacher)["status"] == "signed"
    with pytest.raises(Forbidden):  # the lesson has not begun, and from the next room nobody ever sees her
        app.sign_pledge(
            {**SIGN, "signed_on": "2026-08-19"}, context(caller=Caller("teacher", ("lesson", "c-2")))
        )


@pytest.mark.parametrize(
    "caller",
    [
        Caller("state"),
        Caller("district", ("north",)),
        Caller("school", ("oak",)),
        Caller("teacher", ("c-1",)),
    ],
)
def test_a_token_that_covers_the_child_signs(app: Pledges, caller: Caller) -> None:
    assert app.sign_pledge(SIGN, context(caller=caller))["created"]


def test_an_unknown_student_is_not_in_the_roster_as_of_a_position(app: Pledges) -> None:
    with pytest.raises(NotFound, match="not in the roster as of position 2"):
        app.sign_pledge({**SIGN, "student": "nobody"}, context())


def test_a_student_whom_the_roster_has_only_just_told_of_is_found(app: Pledges, roster: Roster) -> None:
    app.sign_pledge(SIGN, context())
    roster.enrol("ben", "father")
    assert app.sign_pledge({**SIGN, "student": "ben", "guardian": "father"}, context())["created"]


def test_an_unknown_text_is_refused_with_those_that_there_are(app: Pledges) -> None:
    with pytest.raises(Invalid, match=r"2026-1 \(en\), 2026-1 \(es\)"):
        app.sign_pledge({**SIGN, "statement": "1999-1"}, context())


def test_many_are_signed_in_one_append_and_a_bad_one_leaves_the_others_alone(
    app: Pledges, roster: Roster
) -> None:
    roster.enrol("ben", "father")
    items = [
        SIGN,
        {**SIGN, "guardian": "neighbour"},
        {**SIGN, "student": "nobody"},
        {**SIGN, "student": "ben", "guardian": "father"},
        SIGN,
    ]
    key = uuid4()
    results = app.sign_pledges({"pledges": items}, context(key))["results"]
    assert [result["status"] for result in results] == [201, 409, 404, 201, 200]
    assert [event.data["student"] for event in app.log.read(0, 10)] == ["ana", "ben"]
    repeat = app.sign_pledges({"pledges": items}, context(key))["results"]
    assert [result["status"] for result in repeat] == [200, 409, 404, 200, 200]
    assert app.log.head()[0] == 2


def test_a_withdrawal_is_an_event_of_the_district_in_which_it_was_signed(
    app: Pledges, roster: Roster
) -> None:
    app.sign_pledge(SIGN, context())
    roster.enrol("ana", "mother", district="south", school="elm")
    app.roster.follow()
    app.withdraw_pledge(WITHDRAW, context())
    assert [(event.type, event.district) for event in app.log.read(0, 10)] == [
        ("PledgeSigned", "north"),
        ("PledgeWithdrawn", "north"),
    ]
