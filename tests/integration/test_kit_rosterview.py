"""A service's view of the roster: page by page, and with one answer for every day."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance import rosterview
from alliance.database import Database
from alliance.errors import Diverged, NotFound, Unavailable
from alliance.feed import Page
from alliance.migrations import upgrade
from alliance.rosterview import RosterView
from tests.builders_rosterview import Roster, school_of

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


# Who is where on a day, against sets of days

HORIZON = 12
STUDENTS, CLASSES = ("s1", "s2", "s3"), ("c1", "c2", "c3")


class Truth:
    """Every enrolment as the set of its days, and the events that a roster tells of them."""

    def __init__(self, size: int) -> None:
        self.roster = Roster(size)
        self.days: dict[tuple[str, str, int], set[int]] = {}

    def enrol(self, student: str, class_: str, first: int, length: int | None) -> None:
        days = set(range(first, HORIZON if length is None else min(first + length, HORIZON)))
        others = [
            held
            for (s, c, begins), held in self.days.items()
            if (s, c) == (student, class_) and begins != first
        ]
        if any(days & held for held in others):
            return  # a roster merges what overlaps before it tells of it
        self.days[student, class_, first] = days
        last = None if length is None else day(first + length - 1)
        self.roster.enrolled(student, class_, day(first), last)

    def withdraw(self, number: int, back: int) -> None:
        """Out of one of the enrolments; one that never was ends on the day before its first."""
        key, days = self._one(number)
        if not days:
            return
        student, class_, first = key
        last = max(max(days) - 1 - back, first - 1)
        self.days[key] = {each for each in days if each <= last}
        self.roster.withdrawn(student, class_, day(last))

    def transfer(self, number: int, to_class: str, offset: int) -> None:
        key, days = self._one(number)
        student, from_class, first = key if key else ("", "", 0)
        on = first + 1 + offset
        taken = any(held and (s, c) == (student, to_class) for (s, c, _), held in self.days.items())
        if max(days, default=-1) != HORIZON - 1 or on >= HORIZON or from_class == to_class or taken:
            return
        self.days[key] = set(range(first, on))
        self.days[student, to_class, on] = set(range(on, HORIZON))
        self.roster.transferred(student, from_class, to_class, day(on))

    def _one(self, number: int) -> tuple[tuple[str, str, int], set[int]]:
        keys = sorted(self.days)
        key = keys[number % len(keys)] if keys else ("", "", 0)
        return key, self.days.get(key, set())

    def in_class(self, class_: str, on: int) -> list[str]:
        return sorted({s for (s, c, _), days in self.days.items() if c == class_ and on in days})

    def where(self, student: str, on: int) -> str | None:
        """Of overlapping enrolments the one that began last; of two on one day the class that is first by name."""
        found = [(-first, c) for (s, c, first), days in self.days.items() if s == student and on in days]
        return min(found)[1] if found else None


steps = st.one_of(
    st.tuples(
        st.just("enrol"),
        st.sampled_from(STUDENTS),
        st.sampled_from(CLASSES),
        st.integers(0, 9),
        st.none() | st.integers(1, 6),
    ),
    st.tuples(st.just("withdraw"), st.integers(0, 9), st.integers(0, 6)),
    st.tuples(st.just("transfer"), st.integers(0, 9), st.sampled_from(CLASSES), st.integers(0, 6)),
)


@pytest.fixture(scope="module")
def small_database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('view') / 'view.db'}")
    upgrade(database, "pledges")
    return database


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(steps, max_size=14), size=st.integers(1, 6), days=st.sets(st.integers(0, HORIZON - 1)))
def test_every_day_has_the_answer_of_the_enrolments_days(
    small_database: Database, story: list[tuple[object, ...]], size: int, days: set[int]
) -> None:
    truth = Truth(size)
    for name, *arguments in story:
        getattr(truth, str(name))(*arguments)
    rosterview.forget(small_database)
    view = RosterView(small_database, truth.roster)
    view.prepare()
    assert view.follow() == len(truth.roster.events) == view.position()
    for on in days:
        for class_ in CLASSES:
            assert view.enrolled(class_, day(on)) == truth.in_class(class_, on)
        for student in STUDENTS:
            found = view.enrolment(student, day(on))
            assert (found and found.class_) == truth.where(student, on)
            assert found is None or found.school == school_of(found.class_)
        households = {f"h-{student}" for class_ in CLASSES for student in truth.in_class(class_, on)}
        assert view.households("d1", day(on)).keys() == households


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
    assert view.guardians("s1") == {"g1"}
    assert view.guardians("nobody") == set()


def test_a_class_ends_on_the_day_it_was_closed_and_not_later(view: RosterView, roster: Roster) -> None:
    roster.class_("c1", day(0), day(100))
    roster.class_("c2", day(0), day(100))
    roster.class_("c3", day(0), day(100))
    roster.class_closed("c1", day(30))
    roster.class_closed("c2", day(200))
    roster.class_closed("c3", day(30))
    roster.class_("c3", day(0), day(90))  # registered again after it was closed, it is open again
    view.follow()
    ends = {class_: view.class_(class_).ends_on for class_ in CLASSES}
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


def test_a_page_that_cannot_be_folded_leaves_the_view_as_it_was(view: RosterView, roster: Roster) -> None:
    roster.enrolled("s1", "c1", day(0))
    view.follow()
    roster.enrolled("s2", "c1", day(0))
    roster.guardian("s2", "g2")
    odd = roster.events[-1]
    roster.events[-1] = msgspec.structs.replace(odd, schema_version=9)
    with pytest.raises(Unavailable, match="newer release"):
        view.follow()
    assert (view.position(), view.student("s2")) == (1, None)
    roster.events[-1] = odd
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
