"""Which rows of a sheet are districts: against all explanations there are, written out, and against made-up sheets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.outcomes.explanation import UNKNOWN, Row, certain, explain
from services.evaluation.outcomes.matching import words

HIDDEN = (1, 9)


def rows(*given: tuple[str, int | tuple[int, int]]) -> list[Row]:
    """Names with their test-takers, or with the range of a hidden number."""
    return [Row(name, *((n, n) if isinstance(n, int) else n)) for name, n in given]


@st.composite
def sheets(draw: st.DrawFn) -> tuple[list[Row], list[int]]:
    """Districts that say so in their names, with schools, some hidden; and the district's row of every row."""
    made: list[Row] = []
    owners: list[int] = []
    for number in range(draw(st.integers(1, 8))):
        taken = draw(st.lists(st.integers(1, 120), min_size=1, max_size=5))
        owner = len(made)
        total = sum(taken)
        made.append(Row(f"Place {number} School District", *((1, 9) if total < 10 else (total, total))))
        made += [Row(f"School {place}", *((1, 9) if n < 10 else (n, n))) for place, n in enumerate(taken)]
        owners += [owner] * (len(taken) + 1)
    return made, owners


def tilings(given: list[Row], first: int = 0) -> Iterator[list[tuple[int, int, bool]]]:
    """Every way to cut the rows into districts with schools and rows by themselves, whether it makes sense or not."""
    if first == len(given):
        yield []
        return
    for end in range(first + 1, len(given) + 1):
        for rest in tilings(given, end):
            yield [(first, end, end > first + 1), *rest]


def cost(given: list[Row], tiling: list[tuple[int, int, bool]]) -> tuple[int, int] | None:
    """Rows left over and districts that need a school of nobody; None where a district is not its schools' sum."""
    left = zeros = 0
    for first, end, district in tiling:
        schools = given[first + 1 : end]
        if not district:
            left += 1
            continue
        possible = [
            sum(0 if row.least < row.most else row.least for row in schools),
            sum(row.most for row in schools),
        ]
        if possible[0] > given[first].most or possible[1] < given[first].least:
            return None
        zeros += sum(row.least for row in schools) > given[first].most
    return left, zeros


@settings(deadline=None)
@given(sheets())
def test_where_districts_say_so_no_row_is_given_to_a_wrong_one(made: tuple[list[Row], list[int]]) -> None:
    given_rows, owners = made
    explanation = explain(given_rows, frozenset())
    assert explanation.unexplained == ()
    unsaid = {place for first, end in explanation.ambiguous for place in range(first, end)}
    for place, (found, owner) in enumerate(zip(explanation.district, owners, strict=True)):
        assert found == (None if place in unsaid else owner)
    # Only what is hidden can be taken for a district of its own.
    assert all(given_rows[place].least < given_rows[place].most for place in unsaid)


@settings(deadline=None)
@given(
    st.lists(st.one_of(st.integers(0, 40).map(lambda n: (n, n)), st.just(HIDDEN)), min_size=1, max_size=9),
)
def test_without_names_it_is_the_best_of_all_explanations_that_there_are(
    taken: list[tuple[int, int]],
) -> None:
    given_rows = [Row(f"r{place}", *n) for place, n in enumerate(taken)]
    found = [
        (worth, tiling) for tiling in tilings(given_rows) if (worth := cost(given_rows, tiling)) is not None
    ]
    best = [tiling for worth, tiling in found if worth == min(worth for worth, _ in found)]
    always = {
        words(row.name)
        for place, row in enumerate(given_rows)
        if all(any(first == place and district for first, _, district in tiling) for tiling in best)
        and not (place and all((place - 1, place, False) in tiling for tiling in best))
    }
    assert certain(given_rows) == always


def test_hidden_schools_count_as_one_to_nine() -> None:
    explanation = explain(
        rows(("A", 30), ("A1", 20), ("A2", HIDDEN), ("A3", HIDDEN), ("B", 40), ("B1", 40)), frozenset()
    )
    assert explanation.district == (0, 0, 0, 0, 4, 4)


def test_a_hidden_school_may_have_nobody_only_where_nothing_else_fits() -> None:
    explanation = explain(rows(("A", 30), ("A1", 30), ("A2", HIDDEN), ("B", 40), ("B1", 40)), frozenset())
    assert explanation.district == (0, 0, 0, 3, 3)
    # Three hidden rows below can as well be a district of their own, which takes no such liberty.
    explanation = explain(
        rows(("A", 30), ("A1", 30), ("C", HIDDEN), ("C1", HIDDEN), ("B", 40), ("B1", 40)), frozenset()
    )
    assert explanation.district == (0, 0, 2, 2, 4, 4)


def test_where_sums_leave_a_choice_the_names_decide_and_that_is_said() -> None:
    given_rows = rows(
        ("A School District", HIDDEN),
        ("x", HIDDEN),
        ("B School District", HIDDEN),
        ("y", HIDDEN),
        ("C", 50),
        ("z", 50),
    )
    explanation = explain(given_rows, frozenset())
    assert explanation.district == (0, 0, 2, 2, 4, 4)
    assert (explanation.by_name, explanation.ambiguous, explanation.unexplained) == (((2, 4),), (), ())


def test_a_name_that_is_a_districts_on_another_sheet_decides_too() -> None:
    given_rows = rows(("Prep", HIDDEN), ("x", HIDDEN), ("Academy", HIDDEN), ("y", HIDDEN))
    assert explain(given_rows, {words("Prep"), words("Academy")}).district == (0, 0, 2, 2)
    assert explain(given_rows, {words("Prep")}).district == (0, 0, None, None)


def test_a_district_above_a_school_of_its_own_name_is_recognised() -> None:
    given_rows = rows(
        ("Mississippi School for Mathematics", HIDDEN),
        ("MS School For Math", HIDDEN),
        ("Mississippi School of the Arts", HIDDEN),
        ("MS School For The Arts", HIDDEN),
    )
    assert explain(given_rows, frozenset()).district == (0, 0, 2, 2)


def test_what_neither_sums_nor_names_decide_is_left_out_and_said() -> None:
    given_rows = rows(("x", 20), ("y", 20), *((name, HIDDEN) for name in "pqrs"))
    explanation = explain(given_rows, frozenset())
    assert explanation.district == (0, 0, 2, 2, None, None)
    assert explanation.ambiguous == ((4, 6),)


def test_a_district_that_does_not_add_up_is_read_by_its_name_and_the_rest_by_sums() -> None:
    given_rows = rows(
        ("A School District", 30),
        ("A1", 30),
        ("B School District", 71),
        ("B1", 30),
        ("B2", 40),
        ("C", 9),
        ("C1", 9),
    )
    explanation = explain(given_rows, {words("C")})
    assert explanation.district == (0, 0, 2, 2, 2, 5, 5)
    assert explanation.unexplained == ((2, 5),)


def test_schools_below_a_wrong_district_do_not_become_one_by_chance() -> None:
    given_rows = rows(
        ("A School District", 61), ("A1", 30), ("A2", 30), ("B School District", 50), ("B1", 50)
    )
    explanation = explain(given_rows, certain(given_rows))
    assert explanation.district == (0, 0, 0, 3, 3)
    assert explanation.unexplained == ((0, 3),)


def test_rows_that_no_sum_and_no_name_explains_are_left_out() -> None:
    explanation = explain(rows(("x", 7), ("A School District", 30), ("A1", 30), ("y", 3)), frozenset())
    assert explanation.district == (None, 1, 1, None)
    assert explanation.unexplained == ((0, 1), (3, 4))


@pytest.mark.parametrize("schools", [1, 3])
def test_a_district_whose_number_is_not_known_keeps_its_schools_only(schools: int) -> None:
    unknown = (0, UNKNOWN)
    given_rows = rows(
        ("A School District", 50), ("A1", 50),
        ("B School District", unknown), *((f"B{place}", 40 + place) for place in range(schools)),
        ("C School District", 90), ("C1", 60), ("C2", 30),
    )  # fmt: skip
    end = 3 + schools
    assert explain(given_rows, frozenset()).district == (0, 0, *[2] * (schools + 1), *[end] * 3)


def test_a_district_whose_number_is_not_known_takes_no_more_than_it_must() -> None:
    given_rows = rows(
        ("A", 50), ("A1", 50), ("B", (0, UNKNOWN)), ("B1", 40), ("C", 90), ("C1", 60), ("C2", 30)
    )
    explanation = explain(given_rows, frozenset())
    assert explanation.district == (0, 0, 2, 2, 4, 4, 4)
    assert explanation.by_name == ()


def test_a_school_whose_number_is_not_known_may_count_for_nothing() -> None:
    given_rows = rows(
        ("A School District", 50), ("A1", 50), ("A2", (0, UNKNOWN)), ("B School District", 30), ("B1", 30)
    )
    assert explain(given_rows, frozenset()).district == (0, 0, 0, 3, 3)


@pytest.mark.parametrize("n", [0, HIDDEN])
def test_a_sheet_without_any_information_is_read_in_bounded_time(n: int | tuple[int, int]) -> None:
    explanation = explain(rows(*((f"r{place}", n) for place in range(800))), frozenset())
    assert len(explanation.district) == 800


def test_no_rows_need_no_explanation() -> None:
    assert explain([], frozenset()).district == ()
    assert certain([]) == frozenset()
