"""Test scores in the report: the state's workbook of 2022, and years and districts worked by hand."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.proportion import proportion_confint

from services.evaluation.methods import funnel, shrinkage
from services.evaluation.outcomes import maap
from services.evaluation.outcomes.outcome import Outcome
from services.evaluation.report.folder import Table
from services.evaluation.report.score_progress import Progress, progress
from services.evaluation.report.score_tables import paragraphs, tables
from services.evaluation.report.scores import (
    ALL_TESTS,
    NO_EARLIER_YEAR,
    STATE,
    Proficiency,
    Results,
    proficiency,
)

YEAR, NEXT, THIRD = "2021-22", "2022-23", "2023-24"


def figure(n: int | None, low: float, high: float, **other: Any) -> dict[str, Any]:
    plain = {"school": None, "ncessch": None, "measure": "proficient", "group": "all", "mean_score": None}
    return {**plain, "n": n, "low": low, "high": high, **other}


def known(n: int, k: int, mean: float | None = None) -> list[dict[str, Any]]:
    return [figure(n, k / n, k / n, mean_score=mean)]


HIDDEN = [figure(None, 0.0, 1.0)]


def state_of(districts: int, n: int = 400, k: int = 200, year: str = YEAR) -> dict[Any, Any]:
    """Districts d00, d01 and so on, each with n tests in grade 3."""
    return {(f"d{place:02}", year, "ela", "3"): known(n, k) for place in range(districts)}


def records(table: Table) -> list[dict[str, Any]]:
    table.check()
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def only(results: Results) -> Proficiency:
    (found,) = proficiency(results).values()
    return found


def change_of(results: Results, district: str, test: str = ALL_TESTS) -> Progress:
    (found,) = [
        each
        for each in progress(results, proficiency(results))
        if (each.district, each.test) == (district, test)
    ]
    return found


@pytest.fixture(scope="module")
def outcomes(data: Path) -> Sequence[Outcome]:
    return maap.read((data / "ms-maap-xlsx" / "2022_maap_ela_math.xlsx").read_bytes()).outcomes


@pytest.fixture(scope="module")
def workbook(outcomes: Sequence[Outcome]) -> Results:
    sets = defaultdict(list)
    for each in outcomes:
        # One district is written in two ways; folding the case is enough of a match here.
        key = ((each.district or STATE).casefold(), each.school_year, each.subject, each.grade)
        sets[key].append(
            figure(
                each.n,
                each.low,
                each.high,
                school=each.school,
                measure=each.measure,
                mean_score=each.mean_score,
            )
        )
    return sets


@pytest.fixture(scope="module")
def published(workbook: Results) -> dict[tuple[str, str], Proficiency]:
    return proficiency(workbook)


@pytest.mark.parametrize(
    ("subject", "rate", "n", "total", "missing"),
    [("ela", 42.2, 229_868, 229_928, 60), ("mathematics", 47.3, 228_945, 229_004, 59)],
)
def test_the_state_has_the_published_proportion_and_says_who_is_in_no_district(
    published: dict[tuple[str, str], Proficiency], subject: str, rate: float, n: int, total: int, missing: int
) -> None:
    found = published[YEAR, subject]
    assert (found.state.shown.rate, found.state.shown.n) == (rate, n)
    assert (found.source.rate, found.source.n, found.source.missing) == (rate, total, missing)


def test_a_districts_figure_is_the_sum_of_its_tests(
    published: dict[tuple[str, str], Proficiency], outcomes: Sequence[Outcome]
) -> None:
    of = [
        each
        for each in outcomes
        if (each.level, each.district, each.subject, each.measure)
        == ("district", "Jackson Public School District", "ela", "proficient")
    ]
    n = sum(each.n or 0 for each in of)
    found = published[YEAR, "ela"].districts["jackson public school district"]
    assert found.tests == ("3", "4", "5", "6", "7", "8", "English II")
    assert found.shown.n == n > 5_000
    assert found.shown.rate == round(100 * sum((each.n or 0) * each.low for each in of) / n, 1)


def test_the_printed_districts_of_the_workbook_leave_ten_persons_uncertain(
    published: dict[tuple[str, str], Proficiency],
) -> None:
    for found in published.values():
        told = sum(each.shown.n or 0 for each in found.districts.values())
        untold = [each for each in found.districts.values() if each.tests and each.shown.n is None]
        assert len(untold) >= 2
        assert (found.state.shown.n or 0) - told >= 10


def test_the_intervals_of_the_workbook_are_statsmodels_wilson_intervals(
    published: dict[tuple[str, str], Proficiency],
) -> None:
    scores = [
        each for of in published.values() for each in (of.state, *of.districts.values()) if each.counted[1]
    ]
    assert len(scores) > 280
    k, n = np.array([each.counted for each in scores]).T
    low, high = proportion_confint(k, n, method="wilson")
    np.testing.assert_allclose(np.array([each.low for each in scores], dtype=float), low, rtol=1e-9)
    np.testing.assert_allclose(np.array([each.high for each in scores], dtype=float), high, rtol=1e-9)


def test_what_is_printed_of_the_workbook_is_printed_as_it_is_and_has_no_nan(
    workbook: Results, published: dict[tuple[str, str], Proficiency]
) -> None:
    changes = progress(workbook, published)
    first, second = (records(table) for table in tables(published, changes, {}))
    assert len(first) == 2 * (2 + len(published[YEAR, "ela"].districts))
    assert {each["stated"] for each in second if each["test"] == ALL_TESTS} == {NO_EARLIER_YEAR}
    assert {each["stated"] for each in second if each["test"] == "English II"} == {
        "1 of the three school years that a slope needs"
    }
    said = " ".join(paragraphs(published, changes))
    for text in (
        "42.2 % of 229,868 tests",
        "47.3 % of 229,004 tests",
        "there is no earlier year than 2021-22",
    ):
        assert text in said


def test_verdicts_and_estimates_are_made_of_what_is_shown_and_nothing_else() -> None:
    results = {
        **state_of(20),
        ("high", YEAR, "ela", "3"): known(400, 320),
        ("tiny", YEAR, "ela", "3"): known(11, 4),
    }
    found = only(results)
    counted = np.array([each.counted for each in found.districts.values()])
    told = counted[:, 1] > 0
    fitted = shrinkage.beta_binomial(counted[told, 0], counted[told, 1])
    words = funnel.verdicts(counted[:, 0], counted[:, 1]).words
    names = list(found.districts)
    assert found.districts["high"].verdict == words[names.index("high")] == "above"
    estimates = [each.estimate for each in found.districts.values() if each.estimate is not None]
    np.testing.assert_allclose(estimates, fitted.estimates)
    assert (found.districts["tiny"].shown.n, found.districts["tiny"].verdict) == (None, None)


def test_two_tests_of_a_subject_are_one_figure_and_schools_are_not_counted_again() -> None:
    results = {
        ("a", YEAR, "ela", "3"): [*known(60, 20), figure(60, 0.5, 0.5, school="A School")],
        ("a", YEAR, "ela", "English II"): [*known(40, 25), figure(40, 0.9, 0.9, group="LEP")],
    }
    found = only(results).districts["a"]
    assert (found.shown.n, found.shown.rate, found.tests) == (100, 45.0, ("3", "English II"))


def test_levels_4_and_5_stand_for_proficient_where_that_is_not_published() -> None:
    levels = [figure(100, share, share, measure=f"level {level}") for level, share in ((4, 0.3), (5, 0.12))]
    assert only({("a", YEAR, "ela", "3"): levels}).districts["a"].shown.rate == 42.0


def test_a_percentage_to_the_tenth_is_known_and_a_whole_one_is_a_range_that_is_left_out() -> None:
    tenth = only({("a", YEAR, "ela", "3"): [figure(2_000, 0.4215, 0.4225)]}).districts["a"]
    assert (tenth.shown.rate, tenth.left_out) == (42.2, ())
    whole = only({("a", YEAR, "ela", "3"): [figure(2_000, 0.415, 0.425)]}).districts["a"]
    assert (whole.shown.rate, whole.left_out, whole.stated) == (None, ("3",), "hidden at the source")


def test_a_figure_of_all_tests_is_taken_before_their_sum() -> None:
    results = {("a", YEAR, "ela", ""): known(100, 50), ("a", YEAR, "ela", "3"): known(60, 20)}
    found = only(results).districts["a"]
    assert (found.shown.n, found.shown.rate, found.tests) == (100, 50.0, (ALL_TESTS,))


def test_a_test_that_the_source_hid_is_in_no_sum_and_is_named() -> None:
    results = {**state_of(2), ("d00", YEAR, "ela", "4"): HIDDEN, ("gone", YEAR, "ela", "3"): HIDDEN}
    found = only(results)
    assert (found.districts["d00"].shown.n, found.districts["d00"].left_out) == (400, ("4",))
    assert (found.districts["gone"].shown.n, found.districts["gone"].stated) == (None, "hidden at the source")
    assert found.state.shown.n == 800


def test_the_states_own_figure_is_printed_where_several_hidden_tests_share_the_difference() -> None:
    hidden = {(f"h{place}", YEAR, "ela", "3"): HIDDEN for place in range(5)}
    found = only({**state_of(3), **hidden, (STATE, YEAR, "ela", ""): known(1_230, 610)})
    assert (found.source.stated, found.source.n, found.source.missing) == ("shown", 1_230, 30)


@pytest.mark.parametrize(
    ("hidden", "total"),
    [
        (["h0"], 1_208),  # the eight are those of one district
        (["h0", "h1"], 1_202),  # the two are one and one
        (["h0", "h1"], 1_200),  # nobody
    ],
)
def test_the_states_own_figure_is_not_printed_where_it_tells_what_the_source_hid(
    hidden: list[str], total: int
) -> None:
    results = {**state_of(3), **{(each, YEAR, "ela", "3"): HIDDEN for each in hidden}}
    found = only({**results, (STATE, YEAR, "ela", ""): known(total, 600)})
    assert (found.source.n, found.source.rate, found.source.missing) == (None, None, None)
    assert "to protect small groups" in found.source.stated
    assert found.state.shown.n == 1_200
    (own,) = [
        each for each in records(tables({(YEAR, "ela"): found}, (), {})[0]) if "own figure" in each["name"]
    ]
    assert (own["n"], own["rate"], own["missing"]) == (None, None, None)


def test_the_states_own_figure_needs_a_reason_for_what_it_counts_besides() -> None:
    equal = only({**state_of(3), (STATE, YEAR, "ela", "3"): known(1_200, 600)})
    assert (equal.source.n, equal.source.missing) == (1_200, 0)
    more = only({**state_of(3), (STATE, YEAR, "ela", ""): known(1_500, 600)})
    assert more.source.stated == "not shown: the state's own figure counts districts that have none here"
    fewer = only({**state_of(3), (STATE, YEAR, "ela", ""): known(900, 600)})
    assert "smaller than the sum" in fewer.source.stated
    small = {("a", YEAR, "ela", "3"): known(14, 7), (STATE, YEAR, "ela", ""): known(14, 7)}
    assert only(small).source.n is None
    assert only({**state_of(3), (STATE, YEAR, "ela", ""): known(1_200, 700)}).source.n is None
    assert only(state_of(3)).source.stated == "the state's own figure was not published"


def test_no_small_district_can_be_had_by_subtraction() -> None:
    found = only({**state_of(4), ("small", YEAR, "ela", "3"): known(6, 2)})
    shown = [each.shown for each in found.districts.values()]
    assert [each.status for each in shown].count("hidden") == 2
    assert found.districts["small"].stated == "not shown, to protect small groups"
    told = sum(each.n or 0 for each in shown)
    assert (found.state.shown.n or 0) - told == 406


def test_nearly_all_are_shown_as_a_bound() -> None:
    best_of = {(f"best{place}", YEAR, "ela", "3"): known(200, 198) for place in (1, 2)}
    found = only({**state_of(3), **best_of})
    (best,) = [
        each for each in records(tables({(YEAR, "ela"): found}, (), {})[0]) if each["district"] == "best1"
    ]
    assert (best["n"], best["rate"], best["at_least"], best["at_most"]) == (None, None, 0.95, None)


def test_progress_is_newcombes_published_difference() -> None:
    # Newcombe (1998): 56/70 - 48/80 = .2000, hybrid score .0524 to .3339.
    results = {("a", YEAR, "ela", "3"): known(80, 48), ("a", NEXT, "ela", "3"): known(70, 56)}
    for found in (change_of(results, "a"), change_of(results, STATE)):
        assert found.difference == pytest.approx(0.2)
        assert (found.low, found.high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))
        assert (found.stated, found.before, found.after) == ("higher", YEAR, NEXT)


@pytest.mark.parametrize(
    ("then", "now", "stated"),
    [((400, 200), (400, 120), "lower"), ((400, 200), (400, 205), "no more than chance")],
)
def test_a_change_is_named_only_where_chance_does_not_explain_it(
    then: tuple[int, int], now: tuple[int, int], stated: str
) -> None:
    results = {("a", YEAR, "ela", "3"): known(*then), ("a", NEXT, "ela", "3"): known(*now)}
    assert change_of(results, "a").stated == stated


@pytest.mark.parametrize(
    ("results", "stated"),
    [
        ({("a", YEAR, "ela", "3"): known(100, 50)}, NO_EARLIER_YEAR),
        (
            {("b", YEAR, "ela", "3"): known(100, 50), ("a", NEXT, "ela", "3"): known(100, 50)},
            "cannot be told: 2021-22: no figures in this school year",
        ),
        (
            {("a", YEAR, "ela", "3"): known(100, 50), ("b", NEXT, "ela", "3"): known(100, 50)},
            "cannot be told: 2022-23: no figures in this school year",
        ),
        (
            {("a", YEAR, "ela", "3"): HIDDEN, ("a", NEXT, "ela", "3"): known(100, 50)},
            "cannot be told: 2021-22: hidden at the source",
        ),
        (
            {("a", YEAR, "ela", "3"): known(100, 50), ("a", NEXT, "ela", "4"): known(100, 50)},
            "cannot be told: the figures are not of the same tests",
        ),
        (
            {("a", YEAR, "ela", "3"): known(100, 50), ("a", NEXT, "ela", "3"): [figure(0, 0.0, 1.0)]},
            "cannot be told: 2022-23: nobody was tested",
        ),
    ],
)
def test_what_cannot_be_compared_says_why(results: Results, stated: str) -> None:
    found = change_of(results, "a")
    assert (found.stated, found.difference, found.low) == (stated, None, None)
    made = proficiency(results)
    changes = progress(results, made)
    for table in tables(made, changes, {"a": "Amite"}):
        table.check()
    assert "nan" not in " ".join(paragraphs(made, changes))


def test_progress_goes_to_the_year_that_is_asked_for() -> None:
    results = {("a", year, "ela", "3"): known(100, k) for year, k in ((YEAR, 40), (NEXT, 50), (THIRD, 60))}
    made = proficiency(results)
    (found, _) = progress(results, made, NEXT)
    assert (found.before, found.after) == (YEAR, NEXT)
    assert found.difference == pytest.approx(0.1)
    assert progress(results, made, "2030-31") == ()


def test_percentile_and_slope_rest_on_mean_scores() -> None:
    means = {"a": (350.0, 354.0, 361.0), "b": (360.0, 360.0, 360.0), "c": (340.0, 341.0, 341.0)}
    results = {
        (district, year, "ela", "3"): known(100, 50, mean)
        for district, of in means.items()
        for year, mean in zip((YEAR, NEXT, THIRD), of, strict=True)
    }
    found = change_of(results, "a", "3")
    # The highest of three: two below and half of itself; before, the second of three.
    assert found.percentile == pytest.approx(100 * 2.5 / 3)
    assert found.percentile_before == pytest.approx(50.0)
    fitted = sm.OLS(means["a"], sm.add_constant([2021.0, 2022.0, 2023.0])).fit()
    assert found.slope == pytest.approx(fitted.params[1])
    assert (found.slope_low, found.slope_high) == pytest.approx(tuple(fitted.conf_int()[1]))
    assert change_of(results, "b", "3").slope == 0


def test_a_mean_score_of_few_students_is_in_no_percentile() -> None:
    results = {
        **{(district, YEAR, "ela", "3"): known(100, 50, 350.0) for district in "ab"},
        ("a", YEAR, "ela", "4"): known(12, 6, 900.0),
    }
    assert {each.test for each in progress(results, proficiency(results))} == {ALL_TESTS, "3"}


def test_without_any_results_that_is_what_is_said() -> None:
    assert proficiency({}) == {}
    assert progress({}, {}) == ()
    assert [len(table.rows) for table in tables({}, (), {})] == [0, 0]
    assert "No test results have been imported" in paragraphs({}, ())[0]
    assert proficiency({("a", YEAR, "graduation", ""): HIDDEN}) == {}


def test_a_year_in_which_all_is_hidden_has_a_stated_state() -> None:
    results = {
        ("a", YEAR, "ela", "3"): HIDDEN,
        ("b", YEAR, "ela", "3"): HIDDEN,
        (STATE, YEAR, "ela", ""): known(12, 6),
    }
    found = only(results)
    assert found.state.stated == "no district has figures that are known"
    assert (found.source.n, found.state.shown.n) == (None, None)
    assert "cannot be given: no district has figures" in paragraphs({(YEAR, "ela"): found}, ())[0]
    assert all(
        not (isinstance(value, float) and math.isnan(value))
        for row in tables({(YEAR, "ela"): found}, (), {})[0].rows
        for value in row
    )


def test_districts_are_listed_by_name_below_the_state() -> None:
    made = proficiency({("a", YEAR, "ela", "3"): known(100, 50), ("b", YEAR, "ela", "3"): known(100, 50)})
    found = records(tables(made, (), {"a": "Zion", "b": "Amite"})[0])
    assert [each["name"] for each in found] == [
        "All districts that have figures",
        "The state's own figure",
        "Amite",
        "Zion",
    ]
