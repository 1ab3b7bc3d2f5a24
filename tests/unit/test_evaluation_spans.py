"""Leaving a class, whatever the student's earlier and later times in it."""

from __future__ import annotations

import pytest

from services.evaluation.projections.spans import Spans, left

TWICE: Spans = {"2026-08-06": "2026-09-30", "2026-11-02": None}


@pytest.mark.parametrize(
    ("spans", "last_day", "then"),
    [
        ({"2026-08-06": None}, "2026-09-15", {"2026-08-06": "2026-09-15"}),
        ({"2026-08-06": None}, "2026-08-06", {"2026-08-06": "2026-08-06"}),
        (TWICE, "2026-12-01", {"2026-08-06": "2026-09-30", "2026-11-02": "2026-12-01"}),
        (TWICE, "2026-09-15", {"2026-08-06": "2026-09-15", "2026-11-02": None}),
    ],
)
def test_the_span_that_had_begun_ends_and_the_others_stay(spans: Spans, last_day: str, then: Spans) -> None:
    assert left(spans, last_day) == then


def test_a_last_day_just_before_the_first_says_that_this_span_never_was() -> None:
    assert left(TWICE, "2026-11-01") == {"2026-08-06": "2026-09-30"}
    assert left({"2026-08-06": None}, "2026-08-05") == {}


def test_leaving_a_class_that_one_was_never_in_changes_nothing() -> None:
    assert left({}, "2026-09-15") == {}
    assert left(TWICE, "2026-07-01") == TWICE
