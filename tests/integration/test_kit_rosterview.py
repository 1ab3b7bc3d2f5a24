"""A service's view of the roster: page by page, and with one answer for every day."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import inspect

from alliance import checkpoints, rosterview
from alliance.database import Database
from alliance.errors import Diverged, NotFound, Unavailable
from alliance.feed import Page
from alliance.migrations import upgrade
from alliance.rosterview import RosterView
from tests.builders_rosterview import Roster

AUGUST = date(2026, 8, 1)


def day(number: int) -> date:
    return AUGUST + timedelta(days=number)


@pytest.fixture
def roster() -> Roster:
    return Roster()


@pytest.fixture
def view(database: Database, roster: Roster) -> RosterView:
    upgrade(database, "pledges")
    view = RosterView(database, roster)
    view.prepare()
    return view


def test_a_withdrawn_error_leaves_the_later_stay_in_the_same_class(view: RosterView, roster: Roster) -> None:
    roster.enrolled("s1", "c1", day(0), day(10))
    roster.enrolled("s1", "c1", day(20))
    roster.withdrawn("s1", "c1", day(-1))  # the first stay never was
    view.follow()
    assert [number for number in range(30) if view.enrolled("c1", day(number))] == list(range(20, 30))


# The rest of the view


def test_the_latest_fact_about_a_student_counts(view: RosterView, roster: Roster) -> None:
    roster.enrolled("s1", "c1", day(0))
    roster.guardian("s1", "g1")
    roster.guardian("s1", "g2")
    roster.guardian("s1", "g1", linked=False)
    roster.guardian("s1", "g1")
    roster.guardian("s1", "g2", linked=False)
    roster.household("s1", "h9")
    roster.transferred("s1", "c1", "c3", day(5))
    roster.household("s1", "h10")
    view.follow()
    assert tuple(view.student("s1")) == ("s1", "h10", "sc2", "d1")
    [(row, linked)] = view.facts(["s1"]).values()
    assert (row.household, linked) == ("h10", {"g1"})
    assert view.facts(["nobody"]) == {}


def test_a_class_ends_on_the_day_it_was_closed_and_not_later(view: RosterView, roster: Roster) -> None:
    roster.class_("c1", day(0), day(100))
    roster.class_("c2", day(0), day(100))
    roster.class_("c3", day(0), day(100))
    roster.class_closed("c1", day(30))
    roster.class_closed("c2", day(200))
    roster.class_closed("c3", day(30))
    roster.class_("c3", day(0), day(90))  # registered again after it was closed, it is open again
    view.follow()
    ends = {class_: view.class_(class_).ends_on for class_ in ("c1", "c2", "c3")}
    assert ends == {"c1": day(30), "c2": day(100), "c3": day(90)}


def test_a_household_is_in_every_school_of_its_children_and_once(view: RosterView, roster: Roster) -> None:
    roster.enrolled("s1", "c1", day(0), household="h1")
    roster.enrolled("s2", "c3", day(0), household="h1")
    roster.enrolled("s3", "c2", day(0), household="h1")
    roster.enrolled("s4", "c3", day(0), day(3), household="h2")
    roster.enrolled("s5", "c3", day(9), household="h3")
    view.follow()
    assert view.households("d1", day(5)) == {"h1": ["sc1", "sc2"]}
    assert view.households("d1", day(5), school="sc2") == {"h1": ["sc2"]}
    assert view.households("d1", day(2), school="sc2") == {"h1": ["sc2"], "h2": ["sc2"]}
    assert view.households("d2", day(5)) == {}


def test_a_new_student_is_looked_for_in_the_feed_before_it_is_called_unknown(
    view: RosterView, roster: Roster
) -> None:
    view.follow()
    roster.enrolled("s1", "c1", day(0))
    assert view.student("s1") is None
    assert view.known(view.student, "student", "s1").school == "sc1"
    roster.enrolled("s2", "c1", day(0))
    roster.guardian("s2", "g2")
    facts = view.facts(["s1", "s2", "nobody", "s1"])
    assert {student: (row.student, linked) for student, (row, linked) in facts.items()} == {
        "s1": ("s1", set()),
        "s2": ("s2", {"g2"}),
    }
    with pytest.raises(NotFound, match="'nobody' is not in the roster as of position 3"):
        view.known(view.student, "student", "nobody")


def test_in_the_holidays_the_classes_that_ended_last_still_count_until_there_are_others(
    view: RosterView, roster: Roster
) -> None:
    roster.class_("autumn", day(0), day(20), "scheduled")
    roster.class_("c1", day(0), day(40))
    roster.class_("c2", day(0), day(40), "scheduled")
    roster.class_("next", day(60), day(99), "scheduled")
    for class_, first in (("autumn", 0), ("c1", 0), ("c2", 10), ("next", 60)):
        roster.enrolled("s1", class_, day(first))
    roster.enrolled("s2", "c1", day(0))
    roster.withdrawn("s2", "c1", day(30))
    view.follow()
    assert [view.classes_of("s1", day(number)) for number in (-1, 5, 10, 21, 50, 60)] == [
        set(), {"autumn", "c1"}, {"autumn", "c1", "c2"}, {"c1", "c2"}, {"c1", "c2"}, {"next"},
    ]  # fmt: skip
    assert view.enrolment("s1", day(50)) is None, "nobody is enrolled in the holidays"
    assert (view.classes_of("s2", day(30)), view.classes_of("s2", day(31))) == ({"c1"}, set())


def test_a_view_of_an_earlier_shape_is_dropped_and_all_is_folded_anew(
    database: Database, roster: Roster
) -> None:
    upgrade(database, "pledges")
    with database.transaction() as connection:
        for name in ("districts", "schools", "classes", "students", "guardians", "enrolments"):
            connection.exec_driver_sql(f"CREATE TABLE roster_{name}_v1 (class_ TEXT PRIMARY KEY)")
        checkpoints.move(connection, "roster-view-v1", expected=0, position=2, epoch="of the first shape")
    roster.class_("c1", day(0), day(100))
    roster.enrolled("s1", "c1", day(0))
    view = RosterView(database, roster)
    for _ in range(2):  # every start prepares, also when there is nothing left to drop
        view.prepare()
        view.follow()
    assert (view.position(), view.enrolment("s1", day(0)).kind) == (2, "homeroom")
    tables = inspect(database.engine).get_table_names()
    assert [name for name in tables if name.startswith("roster_") and name.endswith("_v1")] == []
    assert {f"roster_{name}_v2" for name in ("classes", "enrolments")} <= set(tables)
    with database.asking() as connection:
        assert checkpoints.load(connection, "roster-view-v1") == (0, "")


def test_a_view_goes_on_where_it_was(database: Database, view: RosterView, roster: Roster) -> None:
    roster.enrolled("s1", "c1", day(0))
    assert view.follow() == 1
    roster.enrolled("s2", "c1", day(0))
    again = RosterView(database, roster)
    again.prepare()
    assert again.follow() == 1
    assert again.enrolled("c1", day(0)) == ["s1", "s2"]
    rosterview.forget(database)
    again.prepare()
    assert again.follow() == 2
    assert again.enrolled("c1", day(0)) == ["s1", "s2"]


def test_two_processes_that_follow_at_once_fold_each_event_once(
    database: Database, view: RosterView, roster: Roster
) -> None:
    roster.size = 3
    for number in range(30):
        roster.enrolled(f"s{number:02}", "c1", day(0))
    followers = [view, RosterView(database, roster), RosterView(database, roster)]
    folded: list[int] = []
    threads = [threading.Thread(target=lambda each=each: folded.append(each.follow())) for each in followers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(folded) == 30
    assert view.position() == 30
    assert len(view.enrolled("c1", day(0))) == 30


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"schema_version": 9}, "newer release"), ({"text": '{"student": "s'}, "Position 2 .* cannot be read")],
)
def test_a_page_that_cannot_be_folded_leaves_the_view_as_it_was(
    view: RosterView, roster: Roster, changes: dict[str, Any], said: str
) -> None:
    roster.enrolled("s1", "c1", day(0))
    view.follow()
    roster.enrolled("s2", "c1", day(0))
    roster.guardian("s2", "g2")
    whole = roster.events[1]
    roster.events[1] = msgspec.structs.replace(whole, **changes)
    with pytest.raises(Unavailable, match=said):
        view.follow()
    assert (view.position(), view.student("s2")) == (1, None)
    roster.events[1] = whole
    assert view.follow() == 2


def test_what_a_later_release_tells_of_passes_by(view: RosterView, roster: Roster) -> None:
    roster.enrolled("s1", "c1", day(0))
    roster.enrolled("s2", "c1", day(0))
    roster.events[-1] = msgspec.structs.replace(roster.events[-1], type="BusMissed", schema_version=3)
    assert view.follow() == 2
    assert view.enrolled("c1", day(0)) == ["s1"]


def test_a_view_whose_roster_is_away_answers_from_what_it_has(view: RosterView, roster: Roster) -> None:
    class Away(Roster):
        def page(self, after: int, limit: int = 1000) -> Page:
            raise Unavailable("roster is away")

    roster.enrolled("s1", "c1", day(0))
    view.follow()
    lonely = RosterView(view.database, Away())
    assert lonely.known(lonely.student, "student", "s1").household == "h-s1"
    with pytest.raises(Unavailable):
        lonely.known(lonely.student, "student", "s2")


def test_a_roster_that_became_shorter_or_another_stops_the_view(view: RosterView, roster: Roster) -> None:
    roster.enrolled("s1", "c1", day(0))
    view.follow()
    shorter = RosterView(view.database, Roster())
    with pytest.raises(Diverged):
        shorter.follow()
