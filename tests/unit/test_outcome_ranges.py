"""One published figure: what is no proportion is refused, and a range of whole students is narrowed."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.outcomes.outcome import Outcome, whole


def outcome(**other: Any) -> Outcome:
    figures = {"n": 20, "low": 0.25, "high": 0.5, **other}
    return Outcome("district", "Alcorn", None, "2021-22", "proficient", "ela", "3", "all", **figures)


@pytest.mark.parametrize(
    "figures",
    [
        {"low": 0.6},
        {"low": -0.1},
        {"high": 1.1},
        {"low": math.nan},
        {"high": math.nan},
        {"low": math.nan, "high": math.nan},
        {"n": -1},
        {"mean_score": math.nan},
        {"mean_score": math.inf},
    ],
)
def test_what_is_no_proportion_no_number_or_no_score_is_refused(figures: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no range|negative|no score"):
        outcome(**figures)


def test_a_figure_is_about_the_same_as_another_that_differs_in_its_figures_only() -> None:
    assert outcome().key == outcome(n=None, low=0.0, high=1.0, mean_score=360.0).key
    assert outcome().key != outcome(lea="2800390").key


@given(st.integers(1, 3000), st.fractions(0, 1), st.fractions(0, 1))
def test_a_range_is_narrowed_to_the_least_and_greatest_whole_number_in_it(
    n: int, one: Fraction, other: Fraction
) -> None:
    low, high = sorted((one, other))
    inside = [k for k in range(n + 1) if float(low) - 1e-6 / n <= k / n <= float(high) + 1e-6 / n]
    assert whole(float(low), float(high), n) == ((inside[0] / n, inside[-1] / n) if inside else None)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_exact_proportion_is_its_own_count(counted: tuple[int, int]) -> None:
    k, n = counted
    assert whole(k / n, k / n, n) == (k / n, k / n)


def test_without_a_number_of_students_a_range_stays_and_of_nobody_there_is_none() -> None:
    assert whole(0.2, 0.3, None) == (0.2, 0.3)
    assert whole(0.0, 1.0, 0) is None
