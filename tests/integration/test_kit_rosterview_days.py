"""A service's view of the roster against a model of it: every enrolment as the set of its days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance import rosterview
from alliance.database import Database
from alliance.migrations import upgrade
from alliance.rosterview import RosterView
from tests.builders_rosterview import Roster, school_of

AUGUST = date(2026, 8, 1)
HORIZON = 12
STUDENTS, CLASSES = ("s1", "s2", "s3"), ("c1", "c2", "c3")
#: c2 is the homeroom and ends before the horizon; the others are lessons.
KINDS = {"c1": "scheduled", "c2": "homeroom", "c3": "scheduled"}
ENDS = {"c1": HORIZON, "c2": HORIZON - 3, "c3": HORIZON}


def day(number: int) -> date:
    return AUGUST + timedelta(days=number)


class Truth:
    """Every enrolment as the set of its days, and the events that a roster tells of them."""

    def __init__(self, size: int) -> None:
        self.roster = Roster(size)
        for class_ in CLASSES:
            self.roster.class_(class_, day(0), day(ENDS[class_]), KINDS[class_])
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
        """The homeroom, else the lesson that began last, of two on one day the class that is last by name."""
        found = [
            (KINDS[c] == "homeroom", first, c)
            for (s, c, first), days in self.days.items()
            if s == student and on in days and on <= ENDS[c]
        ]
        return max(found)[2] if found else None


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
            all_of = {c for c in CLASSES if on <= ENDS[c] and student in truth.in_class(c, on)}
            assert not all_of or view.classes_of(student, day(on)) == all_of
        households = {f"h-{student}" for class_ in CLASSES for student in truth.in_class(class_, on)}
        assert view.households("d1", day(on)).keys() == households
