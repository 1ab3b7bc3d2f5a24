"""The report's figures: two years, their schools in one release, and the state's months, and nothing beyond it."""

from __future__ import annotations

import pytest

from services.evaluation.methods.disclosure import audit
from services.evaluation.methods.release import STATE_RULES
from services.evaluation.report.figures import completed, figures, state
from services.evaluation.scorecards import Scorecard
from tests.builders_report import before, card, figures_of, month, pledges, snapshot

PLEDGES = "pledges_signed"
DISTRICTS = pledges(d1=(3000, 4000), d2=(200, 300), d3=(2, 4), d4=(4, 9), d5=(600, 1000))


def test_the_states_months_add_up_to_its_year() -> None:
    """Two districts by hand: 30 + 50 of 40 + 80 in September, 20 + 60 of 40 + 80 in October."""
    found = figures_of(
        snapshot(
            {
                "d1": card(month("2026-09", folders=(30, 40)), month("2026-10", folders=(20, 40))),
                "d2": card(month("2026-09", folders=(50, 80)), month("2026-10", folders=(60, 80))),
            }
        )
    )
    assert {period: (each.n, each.rate) for period, each in found.months.items()} == {
        "2026-09": (120, 66.7),
        "2026-10": (120, 66.7),
    }
    year = found.now.comparisons["folders_returned"].state.shown
    assert (year.n, year.rate) == (240, 66.7)


def test_a_month_that_is_not_due_is_no_month_of_the_report() -> None:
    found = figures_of(
        snapshot(
            {"d1": card(month("2026-09", folders=(30, 40)), month("2026-10", folders=(20, 40), due=False))}
        )
    )
    assert list(found.months) == ["2026-09"]


def test_where_one_month_has_few_children_no_month_is_told() -> None:
    """They add up to the year's figure, which is told: of two hidden ones beside it too much would follow."""
    months = [
        month("2026-09", folders=(300, 400)),
        month("2026-10", folders=(200, 350)),
        month("2026-11", folders=(3, 6)),
    ]
    found = figures_of(snapshot({"d1": card(*months)})).months
    assert {each.status for each in found.values()} == {"hidden"}
    assert list(found) == ["2026-09", "2026-10", "2026-11"]


def test_a_registered_district_without_any_figure_is_there_and_hides_no_other() -> None:
    found = figures_of(snapshot(DISTRICTS, names={**{name: name for name in DISTRICTS}, "silent": "Silent"}))
    each = found.now.comparisons[PLEDGES].districts["silent"]
    assert (each.shown.status, each.shown.n, each.estimate) == ("shown", 0, None)
    assert found.now.year.cards["silent"] == Scorecard()


def test_both_years_are_audited_together_and_with_what_was_published_before() -> None:
    first = figures_of(snapshot(DISTRICTS))
    of = snapshot(DISTRICTS, before=before(pledges(d1=(2500, 4000), d2=(150, 300), d5=(500, 1000))))
    found = figures(of, STATE_RULES, [first.release], 0)
    assert audit(found.release, [first.release]).passed
    assert {name for name, _ in found.release.shown} == {"pledges_signed 2026-27", "pledges_signed 2025-26"}
    assert found.before is not None
    assert found.before.comparisons[PLEDGES].districts["d1"].shown.rate == 62.5
    assert found.now.comparisons[PLEDGES].districts["d1"].shown.rate == 75.0


def test_a_year_by_itself_has_none_before() -> None:
    assert figures_of(snapshot(DISTRICTS)).before is None


def test_the_states_figure_is_the_rate_that_is_shown_of_its_number() -> None:
    """3806 of 5313 are 71.63 %: told as 71.6 %, and nothing is computed from more."""
    k, n = state(figures_of(snapshot(DISTRICTS)).now, PLEDGES)
    assert n == 5313
    assert k == pytest.approx(0.716 * 5313)


def test_districts_that_are_not_shown_share_equally_what_is_left_of_the_state() -> None:
    """Hidden are the 4 and the 9, and no other: 13 of them are 13 together whoever holds them."""
    found = completed(figures_of(snapshot(DISTRICTS)).now, PLEDGES)
    shown = {name: n for name, (_, n) in found.items() if name in ("d1", "d2", "d5")}
    assert shown == {"d1": 4000, "d2": 300, "d5": 1000}
    assert found["d3"] == found["d4"]
    k, n = found["d3"]
    assert n == pytest.approx(6.5)
    # 71.6 % of 5313, less 75.0 % of 4000, 66.7 % of 300 and 60.0 % of 1000; never below 0.
    assert k == pytest.approx(max(0.0, 0.716 * 5313 - 3000 - 0.667 * 300 - 600) / 2)


def test_nobody_is_a_figure_and_takes_no_share_of_what_is_left() -> None:
    found = completed(figures_of(snapshot({**DISTRICTS, "d6": Scorecard()})).now, PLEDGES)
    assert found["d6"] == (0, 0)
    assert found["d3"][1] == pytest.approx(6.5)


def test_where_nothing_is_shown_everybody_is_left_with_nothing() -> None:
    found = figures_of(snapshot(pledges(d1=(2, 4), d2=(1, 3)))).now
    assert state(found, PLEDGES) == (0, 0)
    assert set(completed(found, PLEDGES).values()) == {(0.0, 0.0)}


def test_only_schools_that_are_shown_in_full_have_an_estimate_within_their_rates_and_the_states() -> None:
    schools = {
        "d1": pledges(s1=(1502, 2000), s2=(1495, 1996), s3=(3, 4)),
        "d5": pledges(s7=(600, 1000)),
    }
    found = figures_of(snapshot(DISTRICTS, schools)).now.schools[PLEDGES]
    shown = {(district, school) for district, of in found.items() for school in of}
    assert ("d5", "s7") in shown
    assert ("d1", "s3") not in shown
    # Drawn towards the mean: from 60 % upwards, and from 75 % downwards.
    assert 0.6 < found["d5"]["s7"] < 0.75
    assert 0.6 < found["d1"]["s1"] < 0.75


def test_a_year_in_which_no_school_is_known_has_no_estimates() -> None:
    assert figures_of(snapshot(DISTRICTS)).now.schools == {
        "pledges_signed": {}, "folders_returned": {}, "survey_response": {},
    }  # fmt: skip
