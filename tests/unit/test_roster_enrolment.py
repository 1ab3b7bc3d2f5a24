"""Who was where on a day has exactly one answer; the oracle looks at every day by itself."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.roster.enrolment import Place, Span, Statement, settled, where, without_conflicts

AUG, MAY = date(2026, 8, 6), date(2027, 5, 26)
TODAY = date(2026, 10, 12)
YESTERDAY = date(2026, 10, 11)
DAYS = [AUG + timedelta(days=day) for day in range(60)]


def place(
    class_: str, school: str = "s-1", *, homeroom: bool = True, new: bool = False, district: str = "d-1"
) -> Place:
    return Place(class_, school, district, "2026-27", AUG, MAY, homeroom, new)


PLACES = {
    each.class_: each
    for each in (
        place("c-1"),
        place("c-2"),
        place("c-3", "s-2"),
        place("c-4", homeroom=False),
        place("c-5", homeroom=False),
        place("c-6", "s-2", homeroom=False),
    )
}
NEW = {
    class_: Place(p.class_, p.school, p.district, p.school_year, AUG, MAY, p.homeroom, True)
    for class_, p in PLACES.items()
}


def days(spans: tuple[Span, ...]) -> list[tuple[str, date, date | None]]:
    return [(span.place.class_, span.begins_on, span.ends_on) for span in spans]


def test_in_a_new_class_a_student_is_from_its_first_day() -> None:
    assert days(settled((), [Statement("e", "c-1")], NEW, TODAY)) == [("c-1", AUG, None)]


def test_a_student_who_appears_later_in_a_known_class_is_in_it_from_today() -> None:
    assert days(settled((), [Statement("e", "c-1")], PLACES, TODAY)) == [("c-1", TODAY, None)]


def test_before_the_class_begins_it_is_from_its_first_day_in_any_case() -> None:
    assert days(settled((), [Statement("e", "c-1")], PLACES, date(2026, 7, 1))) == [("c-1", AUG, None)]


def test_a_stated_day_counts_and_is_cut_to_the_days_of_the_class() -> None:
    stated = [Statement("e", "c-1", date(2026, 7, 1), date(2027, 6, 30))]
    assert days(settled((), stated, PLACES, TODAY)) == [("c-1", AUG, MAY)]


def test_what_is_known_keeps_its_first_day() -> None:
    known = (Span(PLACES["c-1"], AUG, stated=Statement("e", "c-1")),)
    assert settled(known, [Statement("e", "c-1")], PLACES, TODAY) == known


def test_a_source_that_numbers_its_enrolments_anew_means_the_same() -> None:
    known = (Span(PLACES["c-1"], AUG, stated=Statement("e", "c-1")),)
    assert settled(known, [Statement("f", "c-1")], PLACES, TODAY) == known


def test_what_is_no_longer_stated_ended_yesterday() -> None:
    known = (Span(PLACES["c-1"], AUG),)
    assert days(settled(known, [], PLACES, TODAY)) == [("c-1", AUG, YESTERDAY)]


def test_what_had_ended_before_stays_as_it_was() -> None:
    known = (Span(PLACES["c-1"], AUG, date(2026, 9, 1)),)
    assert settled(known, [], PLACES, TODAY) == known
    last_year = (Span(PLACES["c-1"], AUG),)
    assert settled(last_year, [], PLACES, date(2027, 8, 1)) == last_year


def test_what_had_not_begun_never_was() -> None:
    known = (Span(PLACES["c-1"], date(2026, 11, 2)),)
    assert settled(known, [], PLACES, TODAY) == ()


def test_a_student_who_comes_back_has_two_spans() -> None:
    known = (Span(PLACES["c-1"], AUG, date(2026, 9, 1)),)
    assert days(settled(known, [Statement("e", "c-1")], PLACES, TODAY)) == [
        ("c-1", AUG, date(2026, 9, 1)),
        ("c-1", TODAY, None),
    ]


def test_a_corrected_first_day_replaces_the_one_known() -> None:
    known = (Span(PLACES["c-1"], AUG),)
    stated = [Statement("e", "c-1", date(2026, 8, 20))]
    assert days(settled(known, stated, PLACES, TODAY)) == [("c-1", date(2026, 8, 20), None)]


def test_an_end_in_the_past_is_settled_once_and_for_all() -> None:
    stated = [Statement("e", "c-1", None, date(2026, 9, 1))]
    first = settled((Span(PLACES["c-1"], AUG, stated=Statement("e", "c-1")),), stated, PLACES, TODAY)
    assert days(first) == [("c-1", AUG, date(2026, 9, 1))]
    assert settled(first, stated, PLACES, TODAY + timedelta(days=30)) == first


def test_the_same_class_stated_twice_is_one_enrolment() -> None:
    stated = [Statement("e", "c-1", AUG, date(2026, 9, 1)), Statement("f", "c-1", date(2026, 9, 2))]
    assert days(settled((), stated, PLACES, TODAY)) == [("c-1", AUG, None)]


def test_of_two_schools_the_later_counts_while_it_lasts() -> None:
    spans = without_conflicts(
        [
            Span(PLACES["c-1"], AUG),
            Span(PLACES["c-3"], date(2026, 9, 1), date(2026, 9, 30)),
        ]
    )
    assert days(spans) == [
        ("c-1", AUG, date(2026, 8, 31)),
        ("c-3", date(2026, 9, 1), date(2026, 9, 30)),
        ("c-1", date(2026, 10, 1), None),
    ]


def test_lessons_beside_a_homeroom_stay_and_the_homeroom_answers() -> None:
    spans = without_conflicts([Span(PLACES["c-1"], AUG), Span(PLACES["c-4"], date(2026, 9, 1))])
    assert len(spans) == 2
    answer = where(spans, TODAY)
    assert answer is not None
    assert answer.place.class_ == "c-1"


def test_outside_every_enrolment_there_is_no_answer() -> None:
    assert where([Span(PLACES["c-1"], AUG)], date(2027, 7, 1)) is None


_spans = st.builds(
    lambda class_, first, length: Span(
        PLACES[class_], DAYS[first], None if length is None else DAYS[first] + timedelta(days=length)
    ),
    st.sampled_from(sorted(PLACES)),
    st.integers(0, 59),
    st.none() | st.integers(0, 70),
)
_statements = st.lists(
    st.builds(
        lambda class_, first, length: Statement(
            f"{class_}-{first}-{length}",
            class_,
            None if first is None else DAYS[first],
            None if length is None else DAYS[first or 0] + timedelta(days=length),
        ),
        st.sampled_from(sorted(PLACES)),
        st.none() | st.integers(0, 59),
        st.none() | st.integers(0, 70),
    ),
    max_size=5,
)


@given(st.lists(_spans, max_size=6))
def test_on_every_day_the_answer_is_unique_and_its_school_is_the_one_entered_last(spans: list[Span]) -> None:
    settled_spans = without_conflicts(spans)
    for day in DAYS:
        claims = [span for span in spans if span.covers(day)]
        answers = [span for span in settled_spans if span.covers(day)]
        if not claims:
            assert answers == []
            continue
        latest = max(claims, key=lambda span: (span.begins_on, span.place.homeroom, span.place.class_))
        assert {span.place.school for span in answers} == {latest.place.school}
        assert len({span.place.class_ for span in answers if span.place.homeroom}) <= 1
        answer = where(settled_spans, day)
        assert answer is not None
        assert answer.place.school == latest.place.school


@given(_statements, _statements, st.integers(0, 59), st.integers(0, 59))
def test_importing_the_same_again_changes_nothing(
    first: list[Statement], second: list[Statement], day: int, later: int
) -> None:
    before = settled((), first, NEW, DAYS[min(day, later)])
    after = settled(before, second, PLACES, DAYS[max(day, later)])
    assert days(settled(after, second, PLACES, DAYS[max(day, later)])) == days(after)


@given(_statements, st.lists(st.integers(0, 59), min_size=1, max_size=4))
def test_days_gone_by_are_not_rewritten_by_an_import_that_says_the_same(
    stated: list[Statement], at: list[int]
) -> None:
    spans = settled((), stated, NEW, DAYS[0])
    for day in sorted(at):
        assert days(settled(spans, stated, PLACES, DAYS[day])) == days(spans)
