"""Ratios, spreads and scale scores, against published figures and Python's own statistics."""

from __future__ import annotations

import csv
import statistics
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.indicators import UNITS, Ratio, Spread, scale_score

SCALE = [("c1", False), ("c2", True), ("c3", False), ("c4", False)]


def spread_of(scores: list[int]) -> Spread:
    return sum((Spread(1, score, score * score) for score in scores), Spread())


def test_the_rate_of_nothing_out_of_nothing_is_unknown() -> None:
    assert Ratio().to_json() == {"numerator": 0, "denominator": 0, "rate": None}


def test_ratios_add_up_as_counts_and_not_as_rates() -> None:
    assert (Ratio(1, 2) + Ratio(0, 8)).to_json() == {"numerator": 1, "denominator": 10, "rate": 0.1}


def test_response_rates_of_the_new_york_parent_survey_are_those_it_published(data: Path) -> None:
    with (data / "nyc-family-survey-2011" / "survey_d75.txt").open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["N_p"] and row["nr_p"]]
    assert len(rows) > 50
    for row in rows:
        rate = Ratio(int(float(row["N_p"])), int(float(row["nr_p"]))).to_json()["rate"]
        assert rate is not None
        assert round(100 * rate) == pytest.approx(float(row["rr_p"]), abs=0.5)


def test_one_family_has_a_mean_and_no_sd() -> None:
    assert spread_of([240]).to_json() == {"n": 1, "mean": 4.0, "sd": None}
    assert Spread().to_json() == {"n": 0, "mean": None, "sd": None}


@given(st.lists(st.integers(60, 300), min_size=2, max_size=200))
def test_mean_and_sd_are_those_of_the_scores_themselves(scores: list[int]) -> None:
    shown = spread_of(scores).to_json()
    points = [Fraction(score, UNITS) for score in scores]
    assert shown["mean"] == pytest.approx(float(statistics.mean(points)))
    assert shown["sd"] == pytest.approx(statistics.stdev(points))


def test_the_sd_of_four_hundred_thousand_equal_scores_is_exactly_nothing() -> None:
    assert Spread(400_000, 400_000 * 299, 400_000 * 299**2).to_json()["sd"] == 0.0


def test_a_reversed_item_counts_turned_round() -> None:
    assert scale_score(SCALE, {"c1": 5, "c2": 1, "c3": 5, "c4": 5}, 5) == 5 * UNITS


def test_a_scale_half_answered_has_a_score_and_one_answered_less_has_none() -> None:
    assert scale_score(SCALE, {"c1": 4, "c3": 3}, 5) == 210
    assert scale_score(SCALE, {"c1": 4}, 5) is None


def test_not_sure_is_no_answer_and_no_middle() -> None:
    assert scale_score(SCALE, {"c1": 4, "c2": None, "c3": 5, "c4": None}, 5) == 270
    assert scale_score(SCALE, dict.fromkeys(("c1", "c2", "c3", "c4")), 5) is None


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_the_score_of_a_scale_of_up_to_six_items_is_exact(answers: list[int]) -> None:
    items = [(str(n), False) for n in range(len(answers))]
    score = scale_score(items, {str(n): answer for n, answer in enumerate(answers)}, 5)
    assert score is not None
    assert Fraction(score, UNITS) == statistics.mean(map(Fraction, answers))


def test_the_agreeableness_scale_has_the_mean_and_sd_that_were_published(data: Path) -> None:
    """Printed by R's psych for these 2,800 people (five items from 1 to 6, the first reversed): mean 4.7, sd 0.9."""
    items = [("A1", True), ("A2", False), ("A3", False), ("A4", False), ("A5", False)]
    with (data / "likert-psych" / "bfi_agreeableness.csv").open() as file:
        people = [
            {item: int(row[item]) for item, _ in items if row[item].isdigit()} for row in csv.DictReader(file)
        ]
    scores = [scale_score(items, answers, 6) for answers in people]
    shown = spread_of([score for score in scores if score is not None]).to_json()
    assert len(people) == 2800
    assert round(shown["mean"], 1) == 4.7
    assert round(shown["sd"], 1) == 0.9
