"""Who takes part, the law's components and measures: counted by hand, with what is not measured named as such."""

from __future__ import annotations

import pytest
from scipy import stats

from services.evaluation.report import participation
from services.evaluation.report.participation import COMPONENTS, NO_YEAR_BEFORE, NOT_YET
from tests.builders_report import before, card, figures_of, month, pledges, records, snapshot

NOW = {"d1": (450, 600), "d2": (300, 400), "d3": (0, 500)}
THEN = {"d1": (240, 600), "d2": (160, 400)}


def rows(table: object, key: str) -> dict[str, dict[str, object]]:
    return {str(each[key]): each for each in records(table)}  # type: ignore[arg-type]


def test_persons_are_the_states_and_places_those_that_have_recorded_something() -> None:
    schools = {"d1": pledges(s1=(450, 600)), "d3": pledges(s3=(0, 500))}
    found = rows(participation.participation(figures_of(snapshot(pledges(**NOW), schools))), "measure")
    assert found["Districts taking part"]["now"] == 2
    assert found["Schools taking part"]["now"] == 1
    assert found["Students enrolled"]["now"] == 1500
    assert found["Students for whom a pledge stands"]["now"] == 750


def test_a_class_that_sent_a_folder_or_a_household_that_answered_takes_part_as_well() -> None:
    cards = {"d1": card(month("2026-09", (1, 4))), "d2": card(survey_response=(30, 90))}
    cards["d3"] = card(month("2026-09", (0, 4)))
    assert participation.counts(figures_of(snapshot(cards)).now)["districts"] == 2


def test_growth_has_the_exact_interval_of_a_share() -> None:
    """750 after 400: the share 750 / 1150 by Clopper and Pearson, as scipy has it, and its odds less one."""
    of = snapshot(pledges(**NOW), before=before(pledges(**THEN)))
    found = rows(participation.participation(figures_of(of)), "measure")["Students for whom a pledge stands"]
    share = stats.binomtest(750, 1150).proportion_ci(method="exact")
    assert (found["now"], found["before"]) == (750, 400)
    assert found["growth"] == pytest.approx(0.875)
    assert found["low"] == pytest.approx(share.low / (1 - share.low) - 1)
    assert found["high"] == pytest.approx(share.high / (1 - share.high) - 1)


def test_in_the_first_year_growth_is_not_stated() -> None:
    table = participation.participation(figures_of(snapshot(pledges(**NOW))))
    assert table.columns["before"] == "Year before"
    for each in records(table):
        if each["now"] is not None:
            assert each["note"] == NO_YEAR_BEFORE == "there is no earlier year"
        assert (each["before"], each["growth"], each["low"], each["high"]) == (None, None, None, None)


def test_nobody_the_year_before_is_nothing_to_grow_from() -> None:
    of = snapshot(pledges(**NOW), before=before(pledges(d1=(0, 600), d2=(0, 400))))
    found = rows(participation.participation(figures_of(of)), "measure")["Districts taking part"]
    assert (found["before"], found["growth"], found["note"]) == (0, None, "there were none the year before")


def test_the_years_are_the_headings() -> None:
    of = snapshot(pledges(**NOW), before=before(pledges(**THEN)))
    for table in (participation.participation(figures_of(of)), participation.measures(figures_of(of))):
        assert (table.columns["now"], table.columns["before"]) == ("2026-27", "2025-26")


def test_few_persons_are_not_counted() -> None:
    found = rows(participation.participation(figures_of(snapshot(pledges(d1=(2, 4))))), "measure")
    assert found["Students enrolled"]["now"] is None
    assert found["Students enrolled"]["note"] == "not shown: it would tell of few persons"


def test_a_year_without_a_survey_is_not_said_to_have_had_too_few_answers() -> None:
    found = rows(participation.participation(figures_of(snapshot(pledges(**NOW)))), "measure")
    assert found["Households that answered the survey"]["note"] == "nothing was due or recorded"


def test_where_there_is_an_earlier_year_nobody_says_that_there_is_none() -> None:
    """Of the year before only four children are known, who are not shown."""
    of = snapshot(pledges(**NOW), before=before(pledges(d1=(2, 4))))
    for table in (participation.participation(figures_of(of)), participation.measures(figures_of(of))):
        assert NO_YEAR_BEFORE not in {each["note"] for each in records(table)}


def test_components_that_nothing_measures_are_named_as_not_yet_measured() -> None:
    table = records(participation.components(figures_of(snapshot(pledges(**NOW)))))
    named = {each["clause"] for each in table if each["note"] == NOT_YET}
    assert named == {f"37-3-67({letter})" for letter in "cdefh"}
    assert [each["clause"] for each in table] == sorted(str(each["clause"]) for each in table)
    assert {of.clause for of in COMPONENTS} == {f"37-3-67({letter})" for letter in "abcdefgh"}
    for each in table:
        if each["note"] == NOT_YET:
            assert [each[key] for key in ("indicator", "rate", "low", "high", "n")] == [None] * 5


def test_a_component_has_the_states_rate_with_wilsons_interval() -> None:
    """750 of 1500, by scipy's own Wilson interval."""
    found = rows(participation.components(figures_of(snapshot(pledges(**NOW)))), "indicator")[
        "pledges_signed"
    ]
    share = stats.binomtest(750, 1500).proportion_ci(method="wilson")
    assert (found["rate"], found["n"], found["note"]) == (0.5, 1500, "")
    assert (found["low"], found["high"]) == pytest.approx((share.low, share.high))


def test_what_was_never_due_is_told_from_what_is_not_shown() -> None:
    found = rows(participation.components(figures_of(snapshot(pledges(d1=(2, 4))))), "indicator")
    assert found["survey_response"]["note"] == "nothing was due or recorded"
    assert found["pledges_signed"]["note"] == "not shown: it would tell of few persons"


def test_a_measure_of_two_years_has_newcombes_interval_in_points() -> None:
    """Newcombe (1998): 56/70 against 48/80 is .2000, from .0524 to .3339."""
    of = snapshot(pledges(d1=(56, 70)), before=before(pledges(d1=(48, 80))))
    found = rows(participation.measures(figures_of(of)), "measure")
    each = found["Other measures: pledges signed, of those enrolled"]
    assert [each[key] for key in ("now", "before", "change", "low", "high")] == [
        "80.0 %", "60.0 %", "+20.0 points", "+5.2 points", "+33.4 points",
    ]  # fmt: skip
    assert found["Other measures: surveys answered"]["note"] == "not shown in both years"


def test_measures_say_what_is_not_known() -> None:
    found = rows(participation.measures(figures_of(snapshot(pledges(**NOW)))), "measure")
    assert found["Progress on test scores"]["note"] == "no results have been imported"
    assert found["More participation in school events"]["note"] == NOT_YET
    assert found["More districts taking part"]["now"] == "2"
    assert found["Other measures: pledges signed, of those enrolled"]["note"] == NO_YEAR_BEFORE


def test_rows_on_test_scores_come_first_where_there_are_any() -> None:
    scores = ["Progress on test scores: English", "40.0 %", None, None, None, None, ""]
    table = records(participation.measures(figures_of(snapshot(pledges(**NOW))), [scores]))
    assert [each["measure"] for each in table[:2]] == [scores[0], "More participation in school events"]


def test_a_month_has_the_states_classes_and_folders() -> None:
    """By hand: 3 + 6 of 4 + 8 classes, 2 + 6 on time, 30 + 50 of 40 + 80 folders."""
    cards = {
        "d1": card(month("2026-09", (3, 4), (30, 40), on_time=2), month("2026-10", (1, 4), due=False)),
        "d2": card(month("2026-09", (6, 8), (50, 80))),
    }
    table = participation.months(figures_of(snapshot(cards)))
    assert [list(row) for row in table.rows] == [
        ["2026-09", 12, 0.75, pytest.approx(8 / 12, abs=1e-4), 120, pytest.approx(0.667, abs=1e-9)]
    ]


def test_a_month_in_which_no_folder_went_home_has_its_classes_all_the_same() -> None:
    table = participation.months(figures_of(snapshot({"d1": card(month("2026-09", (0, 4)))})))
    assert [list(row) for row in table.rows] == [["2026-09", 4, 0.0, 0.0, 0, None]]


def test_growth_from_a_district_or_two_may_have_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interval without an upper end has no number there, since no file can hold infinity."""
    monkeypatch.setattr("services.evaluation.methods.change.growth", lambda *_: (1.0, -0.5, float("inf")))
    of = snapshot(pledges(d1=(300, 600)), before=before(pledges(d1=(300, 600))))
    found = rows(participation.participation(figures_of(of)), "measure")["Districts taking part"]
    assert (found["low"], found["high"]) == (-0.5, None)


def test_to_lose_all_is_a_growth_of_less_one() -> None:
    """None after three: the exact interval of a share of 0, as scipy has it."""
    of = snapshot(pledges(d1=(0, 600)), before=before(pledges(d1=(300, 600), d2=(100, 300), d3=(80, 100))))
    found = rows(participation.participation(figures_of(of)), "measure")["Districts taking part"]
    share = stats.binomtest(0, 3).proportion_ci(method="exact")
    assert (found["now"], found["before"], found["growth"], found["low"]) == (0, 3, -1.0, -1.0)
    assert found["high"] == pytest.approx(share.high / (1 - share.high) - 1)
