"""The analysis of a survey, against published figures, cases worked by hand, and other programs."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from services.evaluation.indicators import UNITS, scale_score
from services.evaluation.methods.inputs import BadInput
from services.evaluation.report.folder import Table
from services.evaluation.report.survey import (
    Activity,
    Asked,
    Coded,
    Item,
    SurveyData,
    SurveyFindings,
    analyse,
)
from services.evaluation.report.survey_tables import tables
from services.evaluation.report.survey_text import paragraphs

ANCHORS = {"response-rates", "non-response", "weights", "reliability", "survey-groups", "activities"}


def survey(
    answers: Any,
    *,
    reversed: Sequence[str] = (),
    points: tuple[float, float] = (1, 5),
    scales: Mapping[str, Sequence[str]] | None = None,
    districts: Sequence[str | None] | None = None,
    modes: Sequence[str | None] | None = None,
    languages: Sequence[str | None] | None = None,
    complete: Sequence[bool] | None = None,
    **others: Any,
) -> SurveyData:
    """One scale "trust" of items q1, q2, … unless `scales` says otherwise."""
    table = np.array(answers, dtype=np.float64)
    of = scales or {"trust": [f"q{number + 1}" for number in range(table.shape[1])]}
    items = tuple(Item(name, scale, name in reversed) for scale, names in of.items() for name in names)
    given = {"strata": districts, "modes": modes, "languages": languages}
    return SurveyData(
        title="Home survey",
        source="the programme",
        items=items,
        points=dict.fromkeys(of, points),
        answers=table,
        complete=~np.isnan(table).any(axis=1) if complete is None else np.array(complete, dtype=bool),
        **{name: None if values is None else Coded.of(values) for name, values in given.items()},
        **others,
    )


def answers(people: int, items: int = 3, seed: int = 0) -> np.ndarray:
    """Answers that share one factor, by rounded normal numbers."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(people, 1)) + rng.normal(size=(people, items))
    return np.clip(np.round(3 + table), 1, 5)


def columns(path: Path, names: Sequence[str]) -> np.ndarray:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    return np.array(
        [[float(row[name]) if row[name] not in ("", "NA") else math.nan for name in names] for row in rows]
    )


def records(table: Table) -> list[dict[str, Any]]:
    table.check()
    assert table.definition in ANCHORS
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def printed(found: SurveyFindings, names: Mapping[str, str] | None = None) -> dict[str, list[dict[str, Any]]]:
    return {table.name: records(table) for table in tables(found, names or {})}


# Response


def test_response_rates_are_those_worked_by_hand() -> None:
    # 60 complete, 40 partial, 100 silent: 60/200, 60/(100 + .5 x 100), 60/100; of four districts two took part.
    data = survey(answers(100), districts=["d1"] * 70 + ["d2"] * 30, complete=[True] * 60 + [False] * 40)
    found = analyse(data, Asked({"d1": 120, "d2": 80}, e=0.5, districts=4)).rates
    assert (found.asked, found.answered, found.complete, found.partial, found.silent) == (
        200,
        100,
        60,
        40,
        100,
    )
    assert (found.rr1, found.rr3, found.rr5, found.share) == (0.3, 0.4, 0.6, 0.5)
    assert found.multistage == pytest.approx(0.15)
    rows = {
        row["what"]: row
        for row in printed(analyse(data, Asked({"d1": 120, "d2": 80}, e=0.5)))["survey-response"]
    }
    assert rows["Nothing came back"]["households"] == 100
    assert rows["RR3"]["counted_as"] == "I / (I + P + e UH), e = 0.5"


def test_a_district_with_more_answers_than_invitations_makes_nobody_elsewhere_answer() -> None:
    data = survey(answers(60), districts=["d1"] * 20 + ["d2"] * 40)
    found = analyse(data, Asked({"d1": 10, "d2": 100})).rates
    assert (found.silent, found.asked, found.rr1) == (60, 120, 0.5)


def test_how_many_were_asked_may_be_known_in_total_only() -> None:
    data = survey(answers(60), districts=["d1"] * 20 + ["d2"] * 40)
    found = analyse(data, Asked({"": 240}))
    assert found.rates.rr1 == 0.25
    assert found.weighting.kind == "none"


def test_without_the_number_asked_there_is_no_rate_and_it_says_so() -> None:
    found = analyse(survey(answers(60)), Asked())
    assert (found.rates.answered, found.rates.rr1, found.rates.asked) == (60, None, None)
    assert "It is not known how many were asked" in paragraphs(found)[0]


def test_below_85_per_cent_those_who_answered_are_compared_with_those_asked() -> None:
    data = survey(answers(100), districts=["d1"] * 75 + ["d2"] * 25)
    found = analyse(data, Asked({"d1": 100, "d2": 100})).rates.bias
    assert found is not None
    assert found.needed
    # Shares of .5 and .5 asked, .75 and .25 answered: w² = 2 x .25² / .5.
    assert found.w == pytest.approx(0.5)
    assert found.p == pytest.approx(stats.chi2_contingency([[75, 25], [25, 75]], correction=False).pvalue)


def test_from_85_per_cent_on_nobody_asks_who_is_missing() -> None:
    data = survey(answers(170), districts=["d1"] * 85 + ["d2"] * 85)
    found = analyse(data, Asked({"d1": 100, "d2": 100})).rates.bias
    assert found is not None
    assert not found.needed


def test_a_rate_near_0_or_1_is_a_bound_without_the_number_asked() -> None:
    low = analyse(survey(answers(20)), Asked({"": 1000})).rates
    high = analyse(survey(answers(98)), Asked({"": 100})).rates
    assert (low.status, low.share_high, low.share_low, low.asked, low.rr1) == (
        "bound",
        0.05,
        None,
        None,
        None,
    )
    assert (high.status, high.share_high, high.share_low, high.asked, high.rr1) == (
        "bound",
        None,
        0.95,
        None,
        None,
    )


# Weights


def test_answers_are_weighted_to_the_households_invited_in_each_district() -> None:
    scores = np.array([[2.0]] * 10 + [[4.0]] * 10 + [[3.0]] * 10 + [[5.0]] * 10)
    data = survey(scores, districts=["d1"] * 20 + ["d2"] * 20)
    found = analyse(data, Asked({"d1": 300, "d2": 100}))
    (scale,) = found.scales
    assert scale.weighted is not None
    # The districts' means are 3 and 4, and three of four households are of the first.
    assert (scale.plain.mean, scale.weighted.mean) == (3.5, pytest.approx(3.25))
    assert (found.weighting.least, found.weighting.greatest) == (pytest.approx(0.5), pytest.approx(1.5))
    # Kish: 40 x 20 (1.5² + .5²) / 40².
    assert found.weighting.design_effect == pytest.approx(1.25)
    assert found.weighting.effective_n == pytest.approx(32)
    assert found.weighting.converged


def test_the_interval_of_a_weighted_mean_is_wider_by_the_design_effect() -> None:
    table = answers(200, items=1)
    data = survey(table, districts=["d1"] * 60 + ["d2"] * 140)
    found = analyse(data, Asked({"d1": 500, "d2": 500}))
    weighted = found.scales[0].weighted
    assert weighted is not None
    weights = np.array([0.5 * 200 / 60] * 60 + [0.5 * 200 / 140] * 140)
    other = DescrStatsW(table[:, 0], weights)
    effect = 200 * (weights**2).sum() / weights.sum() ** 2
    half = stats.t.ppf(0.975, 199) * other.std_mean * math.sqrt(effect)
    assert weighted.mean == pytest.approx(other.mean)
    assert (weighted.low, weighted.high) == (
        pytest.approx(other.mean - half),
        pytest.approx(other.mean + half),
    )
    assert effect > 1.1


def test_weights_are_trimmed_and_what_that_costs_is_said() -> None:
    data = survey(answers(100), districts=["d1"] * 10 + ["d2"] * 90)
    found = analyse(data, Asked({"d1": 900, "d2": 100})).weighting
    # Untrimmed the first would count nine times; with three, they are .3 of all where they should be .9.
    assert found.greatest == 3
    assert found.least == pytest.approx(70 / 90)
    assert found.difference == pytest.approx(0.6)
    assert not found.converged
    assert any(
        "60 points from its margin" in text
        for text in paragraphs(analyse(data, Asked({"d1": 900, "d2": 100})))
    )


def test_a_district_where_nobody_answered_is_taken_together_with_others_and_that_is_said() -> None:
    data = survey(answers(100), districts=["d1"] * 60 + ["d2"] * 36 + ["d3"] * 4)
    found = analyse(data, Asked({"d1": 100, "d2": 100, "d3": 60, "d4": 40}))
    (margin,) = found.weighting.margins
    # Of the third and fourth four answered, too few: the second, the smallest that is left, comes to them.
    assert (margin.categories, margin.joined, margin.empty) == (4, 3, 1)
    assert found.weighting.least == pytest.approx(100 / 300 * 100 / 60)
    assert found.weighting.greatest == pytest.approx(200 / 300 * 100 / 40)
    assert any(
        "3 had too few answers to be weighted alone (1 had none)" in text for text in paragraphs(found)
    )


def test_answers_from_a_district_without_invitations_do_not_stop_the_weighting() -> None:
    data = survey(answers(60), districts=["d1"] * 20 + ["d2"] * 20 + ["d3"] * 20)
    found = analyse(data, Asked({"d1": 100, "d2": 300})).weighting
    # The third stands for nobody: it is joined with the first of equal size, 40 answers for 100 of 400.
    assert found.least == pytest.approx(100 / 400 * 60 / 40)
    assert found.greatest == pytest.approx(300 / 400 * 60 / 20)


def test_where_every_district_has_too_few_answers_there_are_no_weights() -> None:
    data = survey(answers(12), districts=["d1"] * 6 + ["d2"] * 6)
    found = analyse(data, Asked({"d1": 20, "d2": 60}))
    assert found.weighting.kind == "none"
    assert "too few respondents" in found.weighting.why
    assert found.scales[0].weighted is None
    assert "survey-weights" not in printed(found)


# Scales and items


@pytest.mark.parametrize(
    ("names", "alpha"),
    [
        (("x1", "x2", "x3"), 0.6261171319),
        (("x4", "x5", "x6"), 0.8827069129),
        (("x7", "x8", "x9"), 0.6884550230),
    ],
)
def test_three_tests_of_301_children_have_the_published_alpha(
    data: Path, names: tuple[str, ...], alpha: float
) -> None:
    table = columns(data / "likert-holzinger" / "holzinger_swineford39_data.csv", names)
    (scale,) = analyse(survey(table, points=(0, 10)), Asked()).scales
    assert scale.reliability.alpha == pytest.approx(alpha, abs=1e-10)
    assert scale.plain.n == 301


def test_agreeableness_comes_out_as_psych_printed_it(data: Path) -> None:
    table = columns(data / "likert-psych" / "bfi_agreeableness.csv", ["A1", "A2", "A3", "A4", "A5"])
    found = analyse(survey(table, points=(1, 6), reversed=["q1"]), Asked())
    (row,) = printed(found)["survey-scales"]
    assert [round(row[key], 2) for key in ("alpha", "alpha_low", "alpha_high")] == [0.70, 0.69, 0.72]
    items = printed(found)["survey-items"]
    assert [round(item["alpha_if_dropped"], 2) for item in items] == [0.72, 0.62, 0.60, 0.69, 0.64]
    assert [item["n"] for item in items] == [2784, 2773, 2774, 2781, 2784]
    assert [item["reversed"] for item in items] == [True, False, False, False, False]


def test_an_item_that_was_not_turned_round_is_named(data: Path) -> None:
    table = columns(data / "likert-psych" / "bfi_agreeableness.csv", ["A1", "A2", "A3", "A4", "A5"])
    found = analyse(survey(table, points=(1, 6)), Asked())
    (scale,) = found.scales
    assert [item.name for item in scale.items if item.warning] == ["q1"]
    assert "q1 goes against the other items" in printed(found)["survey-items"][0]["note"]
    assert any("q1 goes against the other items" in text for text in paragraphs(found))


def test_gaps_are_taken_by_pairs_or_by_whole_sheets_as_asked() -> None:
    table = answers(300, items=4)
    table[np.random.default_rng(1).random(table.shape) < 0.15] = np.nan
    frame = pd.DataFrame(table)

    def alpha(covariances: pd.DataFrame) -> float:
        matrix = covariances.to_numpy()
        return 4 / 3 * (1 - np.trace(matrix) / matrix.sum())

    by_pairs, by_sheets = alpha(frame.cov()), alpha(frame.dropna().cov())
    assert by_pairs != pytest.approx(by_sheets, abs=1e-4)
    for missing, expected in (("pairwise", by_pairs), ("listwise", by_sheets)):
        (scale,) = analyse(survey(table), Asked(), missing=missing).scales  # type: ignore[arg-type]
        assert scale.reliability.alpha == pytest.approx(expected)


def test_a_families_score_is_that_of_the_scorecards() -> None:
    rng = np.random.default_rng(3)
    table = rng.integers(1, 6, size=(400, 4)).astype(float)  # of four, two are half
    table[rng.random(table.shape) < 0.5] = np.nan
    data = survey(table, reversed=["q2", "q4"])
    items = [(item.name, item.reversed) for item in data.items]
    for row, score in zip(table, data.scores("trust"), strict=True):
        given = {f"q{place + 1}": None if math.isnan(each) else int(each) for place, each in enumerate(row)}
        expected = scale_score(items, given, 5)
        assert (None if math.isnan(score) else score) == (
            None if expected is None else pytest.approx(expected / UNITS)
        )


def test_a_mean_has_students_interval() -> None:
    table = answers(50, items=1)
    (scale,) = analyse(survey(table), Asked()).scales
    low, high = DescrStatsW(table[:, 0]).tconfint_mean()
    assert (scale.plain.low, scale.plain.high) == (pytest.approx(low), pytest.approx(high))


def test_each_scale_is_analysed_by_itself() -> None:
    table = answers(80, items=5)
    whole = analyse(survey(table, scales={"a": ["q1", "q2", "q3"], "b": ["q4", "q5"]}), Asked())
    alone = analyse(survey(table[:, :3], scales={"a": ["q1", "q2", "q3"]}), Asked())
    assert whole.scales[0] == alone.scales[0]
    assert whole.scales[1].reliability.omega is None
    assert "at least three items" in whole.scales[1].reliability.why_omega


# What cannot be computed


def test_the_alpha_of_one_item_cannot_be_computed() -> None:
    (scale,) = analyse(survey(answers(50, items=1)), Asked()).scales
    assert scale.reliability.alpha is None
    assert scale.reliability.why == "It cannot be computed, because the scale has one item only."
    assert scale.plain.mean is not None


def test_answers_that_are_all_the_same_have_no_mean_that_would_tell_everybodys() -> None:
    found = analyse(survey(np.full((30, 3), 4.0)), Asked())
    (scale,) = found.scales
    assert (scale.plain.mean, scale.reliability.alpha) == (None, None)
    assert "all gave the same" in scale.plain.why
    assert printed(found)["survey-scales"][0]["mean"] is None


def test_an_item_with_the_same_answer_from_everybody_stops_alpha_and_says_why() -> None:
    table = answers(30)
    table[:, 1] = 5
    (scale,) = analyse(survey(table), Asked()).scales
    assert scale.plain.mean is not None
    assert scale.reliability.why == (
        "It cannot be computed, because all families gave the same answer to q2."
    )
    assert scale.items[1].mean is None


def test_items_that_undo_each_other_have_no_alpha_and_say_why() -> None:
    table = answers(60, items=1)
    (scale,) = analyse(survey(np.column_stack([table, 6 - table])), Asked()).scales
    # Every family scores 3, which would tell everybody's.
    assert scale.plain.mean is None
    table = np.column_stack([table, np.clip(6 - table + np.arange(60)[:, None] % 2, 1, 5)])
    (scale,) = analyse(survey(table), Asked()).scales
    assert scale.reliability.alpha is None or scale.reliability.alpha < 0
    assert scale.reliability.why or scale.reliability.warnings


def test_an_item_that_few_answered_has_no_figure() -> None:
    table = answers(40)
    table[9:, 0] = np.nan
    (scale,) = analyse(survey(table), Asked()).scales
    assert (scale.items[0].n, scale.items[0].mean) == (None, None)
    assert scale.reliability.why == "It cannot be computed, because fewer than 10 families answered q1."
    assert scale.plain.n == 40


@pytest.mark.parametrize("people", [0, 1, 9])
def test_below_ten_answers_the_survey_has_no_figure_at_all(people: int) -> None:
    data = survey(
        answers(people), districts=["d1"] * people, modes=["web"] * people, languages=["en"] * people,
        activities=(Activity("read"),), done=np.ones((people, 1)),
    )  # fmt: skip
    found = analyse(data, Asked({"d1": 40}))
    assert (found.n, found.scales, found.groups, found.activities) == (None, (), (), ())
    assert list(printed(found)) == ["survey-response"]
    figures = [value for row in printed(found)["survey-response"] for value in row.values()]
    assert not [value for value in figures if isinstance(value, int | float)]
    assert paragraphs(found)[0].endswith(
        "Fewer than 10 families answered, so that nothing can be computed from their answers."
    )


# Groups


def test_the_modes_are_compared_with_the_largest_by_welchs_interval() -> None:
    table = answers(120, items=1)
    found = analyse(survey(table, modes=["web"] * 70 + ["paper"] * 50), Asked())
    paper, web = found.groups
    assert (paper.name, paper.n, web.name, web.n) == ("paper", 50, "web", 70)
    mean = paper.scales["trust"]
    web_scores, paper_scores = DescrStatsW(table[:70, 0]), DescrStatsW(table[70:, 0])
    assert (mean.mean.low, mean.mean.high) == pytest.approx(paper_scores.tconfint_mean())
    low, high = CompareMeans(paper_scores, web_scores).tconfint_diff(usevar="unequal")
    assert mean.against == "web"
    assert mean.difference == pytest.approx(paper_scores.mean - web_scores.mean)
    assert (mean.low, mean.high) == (pytest.approx(low), pytest.approx(high))
    assert web.scales["trust"].difference is None


def test_a_small_group_is_hidden_with_the_next_by_which_it_could_be_told() -> None:
    # Groups of 40, 12 and 4 with a published total of 56: the 4 and the 12 are hidden.
    found = analyse(survey(answers(56), modes=["web"] * 40 + ["paper"] * 12 + ["sms"] * 4), Asked())
    assert {group.name: group.n for group in found.groups} == {"web": 40, "paper": None, "sms": None}
    rows = {row["group"]: row for row in printed(found)["survey-modes"]}
    assert (found.n, rows["web"]["n"]) == (56, 40)
    for name in ("paper", "sms"):
        shown = {key for key, value in rows[name].items() if value is not None}
        assert shown == {"group", "scale", "note"}
    assert any("fewer than 10 families nothing is shown" in text for text in paragraphs(found))


def test_a_group_whose_families_all_answered_alike_is_hidden() -> None:
    table = answers(90)
    table[:20] = 5
    found = analyse(survey(table, languages=["es"] * 20 + ["en"] * 40 + ["vi"] * 30), Asked())
    means = {group.name: group.scales["trust"].mean.mean for group in found.groups}
    # The total is known: what is left of it by the largest alone would tell the mean of the first.
    assert means["es"] is None
    assert means["vi"] is None
    assert means["en"] is not None


def test_those_whose_language_is_not_known_are_a_group_of_their_own() -> None:
    found = analyse(survey(answers(60), languages=["en"] * 40 + [None] * 20), Asked())
    assert [row["group"] for row in printed(found)["survey-languages"]] == ["en", "not stated"]
    assert found.groups[-1].n == 20


groups = st.lists(st.integers(0, 30), min_size=2, max_size=5).filter(lambda sizes: sum(sizes) >= 10)


@settings(max_examples=60)
@given(groups, st.integers(0, 5), st.sampled_from([0.0, 0.3, 0.7]))
def test_no_group_below_ten_is_shown_and_none_is_hidden_alone(
    sizes: list[int], seed: int, gaps: float
) -> None:
    people = sum(sizes)
    table = answers(people, seed=seed)
    table[np.random.default_rng(seed).random(table.shape) < gaps] = np.nan
    modes = [f"m{place}" for place, size in enumerate(sizes) for _ in range(size)]
    data = survey(table, modes=modes)
    found = analyse(data, Asked())
    scores = data.scores("trust")
    sizes_of = {"persons": Counter(modes)}
    sizes_of["scores"] = Counter(
        mode for mode, score in zip(modes, scores, strict=True) if not math.isnan(score)
    )
    shown = {
        "persons": {group.name for group in found.groups if group.n is not None},
        "scores": {group.name for group in found.groups if group.scales["trust"].mean.mean is not None},
    }
    for what, counted in sizes_of.items():
        assert all(counted[name] >= 10 for name in shown[what])
        hidden = [counted[name] for name in counted if name not in shown[what]]
        total = found.n if what == "persons" else found.scales[0].plain.n if found.scales else None
        if total is not None and hidden:
            assert len(hidden) > 1
            assert sum(hidden) >= 10
    for table_ in tables(found, {}):
        table_.check()


# Activities


def activities(*counts: tuple[int, int]) -> SurveyFindings:
    """Of each activity (did it, answered)."""
    people = max(n for _, n in counts)
    done = np.full((people, len(counts)), np.nan)
    for place, (k, n) in enumerate(counts):
        done[:n, place] = 0
        done[:k, place] = 1
    named = tuple(Activity(f"a{place}") for place in range(len(counts)))
    return analyse(survey(answers(people), activities=named, done=done), Asked())


def test_activities_have_wilsons_interval_as_newcombe_printed_it() -> None:
    first, second = activities((81, 263), (15, 148)).activities
    assert (first.k, first.n) == (81, 263)
    assert [round(each or 0, 4) for each in (first.low, first.high)] == [0.2553, 0.3662]
    assert [round(each or 0, 4) for each in (second.low, second.high)] == [0.0624, 0.1605]


def test_an_activity_of_nearly_all_or_nearly_none_is_a_bound_without_numbers() -> None:
    few, all_, none = activities((1, 29), (200, 200), (0, 0)).activities
    assert (few.status, few.at_most, few.share, few.k, few.n) == ("bound", 0.05, None, None, None)
    assert (all_.status, all_.at_least, all_.share, all_.k, all_.n) == ("bound", 0.95, None, None, None)
    assert (none.share, none.low) == (None, None)


def test_an_activity_that_ten_to_twenty_answered_has_a_rounded_rate_and_below_ten_nothing() -> None:
    rate, few = activities((6, 15), (4, 9)).activities
    assert (rate.status, rate.share, rate.k, rate.n, rate.low) == ("rate only", 0.4, None, None, None)
    assert (few.status, few.share, few.k, few.n) == ("hidden", None, None, None)


def test_activities_are_listed_one_by_one_and_nowhere_added_up() -> None:
    rows = printed(activities((81, 263), (15, 148)))["survey-activities"]
    assert [(row["activity"], row["k"], row["n"]) for row in rows] == [("a0", 81, 263), ("a1", 15, 148)]


# Tables and words


def whole() -> SurveyFindings:
    table = answers(200)
    table[:, 2] = 6 - table[:, 2]
    data = survey(
        table,
        reversed=["q3"],
        districts=["d1"] * 120 + ["d2"] * 80,
        modes=["web", "paper"] * 100,
        languages=["en"] * 150 + ["es"] * 50,
        activities=(Activity("read", "Read aloud"),),
        done=np.array([[1.0], [0.0]] * 100),
        left_out={"no answer to anything: empty": 3},
    )
    return analyse(data, Asked({"d1": 200, "d2": 200}))


def test_a_survey_of_everything_has_every_table_and_each_has_its_definition() -> None:
    definitions = {table.name: table.definition for table in tables(whole(), {})}
    assert definitions == {
        "survey-response": "response-rates",
        "survey-weights": "weights",
        "survey-scales": "reliability",
        "survey-items": "reliability",
        "survey-modes": "survey-groups",
        "survey-languages": "survey-groups",
        "survey-activities": "activities",
    }
    for table in tables(whole(), {}):
        records(table)
        assert {type(value) for row in table.rows for value in row} <= {str, int, float, bool, type(None)}


def test_tables_print_the_names_they_are_given_and_may_be_of_a_survey_with_another_prefix() -> None:
    names = {"trust": "Trust in the school", "web": "On the web", "read": "Reading aloud", "es": "Spanish"}
    found = {table.name: records(table) for table in tables(whole(), names, "parents")}
    assert found["parents-scales"][0]["scale"] == "Trust in the school"
    assert {row["group"] for row in found["parents-modes"]} == {"On the web", "paper"}
    assert {row["against"] for row in found["parents-modes"]} == {None, "On the web"}
    assert found["parents-activities"][0]["activity"] == "Reading aloud"


def test_the_words_say_who_was_asked_what_weights_did_and_what_the_scale_is_worth() -> None:
    found = whole()
    first, weights, scale, activity, left_out = paragraphs(found, {"trust": "Trust"})
    assert "400 households were asked and 200 answered (50.0%)" in first
    assert "Cohen's w = 0.20" in first  # .6 and .4 against .5 and .5: sqrt(2 x .1² / .5)
    assert "(raking) so that they agree with those asked by district; the margins are met." in weights
    assert "the design effect is 1.04" in weights  # .83² x .6 + 1.25² x .4
    assert scale.startswith("Trust: the weighted mean of 200 families is ")
    assert "Cronbach's alpha is" in scale
    assert "not added up" in activity
    assert (
        left_out
        == "Rows of the programme that are no response were left out: 3 (no answer to anything: empty)."
    )


# What comes in


def test_an_answer_off_its_scale_is_refused() -> None:
    with pytest.raises(BadInput, match="q2 = 6 is not on 1 to 5"):
        survey([[1, 6]])


def test_parts_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(BadInput, match="strata has the shape"):
        survey([[1, 2]], districts=["d1", "d2"])
    with pytest.raises(BadInput, match="a weight is no number above 0"):
        survey([[1, 2]], weights=np.array([0.0]))
    with pytest.raises(BadInput, match="nothing says the region of each response"):
        survey([[1, 2]], margins={"region": {"north": 1.0}})


@pytest.mark.parametrize(
    "asked", [{"e": 1.5}, {"invited": {"d1": -1}}, {"invited": {"d1": 5}, "districts": 0}]
)
def test_numbers_of_those_asked_that_cannot_be_are_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Asked(**asked)
