"""Districts compared: what a reader is shown of each, and what not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.evaluation.effectiveness import Compared, Comparison, compare
from services.evaluation.indicators import DEFINITIONS, INDICATORS, Ratio
from services.evaluation.publication import publish
from services.evaluation.scorecards import Month, Scorecard

PLEDGES = "pledges_signed"


def card(**ratios: tuple[int, int]) -> Scorecard:
    given = {name: Ratio(*ratios.get(name, (0, 0))) for name in INDICATORS}
    folders = given["folders_returned"]
    month = Month("2026-09", True, {"folders_returned": folders})
    return Scorecard(indicators=given, months=(month,))


def pledges(*districts: tuple[int, int]) -> Comparison:
    cards = {f"d{number}": card(pledges_signed=of) for number, of in enumerate(districts)}
    return compare(cards)[PLEDGES]


def told(compared: Compared) -> dict[str, Any]:
    return {name: value for name, value in compared.to_json().items() if value is not None}


def test_a_large_district_is_shown_with_estimate_interval_reliability_and_verdict() -> None:
    found = pledges((300, 400), (250, 400), (700, 1000), (90, 120)).districts["d0"].to_json()
    assert (found["status"], found["n"], found["rate"]) == ("shown", 400, 0.75)
    assert found["verdict"] == "consistent with the state"
    assert found["low"] < found["estimate"] < found["high"]
    assert 0 < found["reliability"] < 1
    best, worst = found["rank"]
    assert 1 <= best <= worst <= 4


def test_a_small_district_shows_its_rate_in_steps_of_five_and_nothing_that_tells_its_size() -> None:
    found = pledges((300, 400), (250, 400), (9, 13), (10, 14), (11, 16)).districts["d2"]
    assert told(found) == {"status": "rate only", "rate": 0.7}


def test_a_tiny_district_shows_nothing_at_all() -> None:
    found = pledges((300, 400), (250, 400), (2, 3), (4, 9))
    assert told(found.districts["d2"]) == told(found.districts["d3"]) == {"status": "hidden"}


def test_a_tiny_district_alone_takes_the_next_smallest_along() -> None:
    found = pledges((300, 400), (250, 400), (60, 100), (2, 3))
    assert [district for district, each in found.districts.items() if each.shown.status == "hidden"] == [
        "d2",
        "d3",
    ]


def test_nearly_everybody_is_shown_as_a_bound_without_number_or_estimate() -> None:
    found = pledges((30_000, 40_000), (395, 400), (250, 400)).districts["d1"]
    assert told(found) == {"status": "bound", "at_least": 0.95}


def test_a_bound_whose_rate_would_follow_from_the_states_is_hidden() -> None:
    found = pledges((300, 400), (395, 400), (250, 400)).districts
    assert told(found["d1"]) == {"status": "hidden"}


def test_nothing_that_is_shown_depends_on_what_is_hidden() -> None:
    """Two states that differ only where nothing is shown look the same to the last digit."""
    alike = [(300, 400), (250, 400), (700, 1000), (60, 100)]
    assert pledges(*alike, (2, 3)) == pledges(*alike[:3], (60, 100), (1, 3))


def test_a_district_in_which_nobody_takes_part_hides_no_other() -> None:
    found = pledges((300, 400), (250, 400), (60, 100), (0, 0)).districts
    assert [each.shown.status for each in found.values()] == ["shown"] * 4
    assert found["d3"].to_json()["n"] == 0


def test_two_children_of_nine_months_are_two_children() -> None:
    one = Scorecard(
        indicators={**card().indicators, "folders_returned": Ratio(5, 9)},
        months=(Month("2026-09", True, {"folders_returned": Ratio(1, 1)}),) * 9,
    )
    large = card(folders_returned=(600, 900))
    found = compare({"a": one, "b": one, "c": large, "d": large})["folders_returned"].districts
    assert sum(each.shown.status == "hidden" for each in found.values()) == 3


def test_nearly_nobody_likewise() -> None:
    assert told(pledges((30_000, 40_000), (4, 400), (250, 400)).districts["d1"])["at_most"] == 0.05


def test_months_of_a_child_do_not_make_a_small_district_large() -> None:
    month = Month("2026-09", True, {"folders_returned": Ratio(3, 4)})
    small = Scorecard(
        indicators={**card().indicators, "folders_returned": Ratio(27, 36)}, months=(month,) * 9
    )
    large = card(folders_returned=(600, 900))
    found = compare({"small": small, "large": large, "other": large})["folders_returned"].districts
    assert found["small"].shown.status == "hidden"


def test_classes_are_no_persons_and_are_always_shown() -> None:
    found = compare({"a": card(classes_reported=(3, 4)), "b": card(classes_reported=(50, 60))})
    shown = found["classes_reported"].districts["a"].to_json()
    assert (shown["status"], shown["n"], shown["rate"], shown["verdict"]) == (
        "shown",
        4,
        0.75,
        "too few data",
    )


def test_the_state_has_its_own_rate_and_the_mean_of_its_districts() -> None:
    found = pledges((300, 400), (250, 400), (700, 1000))
    assert found.state.to_json()["rate"] == pytest.approx(0.694)
    # From the rate as it is shown: the exact one would tell what rounding leaves open.
    assert found.state.estimate == pytest.approx(0.694)
    assert sum(found.verdicts.values()) == 3


def test_a_state_without_districts_has_every_indicator_and_no_figure() -> None:
    found = compare({})
    assert set(found) == set(DEFINITIONS)
    assert found[PLEDGES].districts == {}
    assert (found[PLEDGES].state.shown.status, found[PLEDGES].state.shown.n) == ("shown", 0)


def test_figures_are_the_same_for_the_same_cards() -> None:
    cards = {f"d{number}": card(pledges_signed=(60 + number, 100 + number)) for number in range(8)}
    assert compare(cards) == compare(dict(reversed(cards.items())))


#: Rates that are exact in tenths of a per cent, so that what is shown is what was counted.
ALIKE = {"d0": (300, 400), "d1": (745, 1000), "d2": (450, 600), "d3": (380, 500)}
APART = {
    "d0": (300, 400),
    "d1": (500, 1000),
    "d2": (540, 600),
    "d3": (200, 500),
    "d4": (620, 800),
    "d5": (990, 1500),
}


def limit(p0: float, n: int, quantile: float) -> float:
    """Spiegelhalter (2005), A.1.1: the count at the quantile, less the part of its probability beyond it."""
    law = stats.binom(n, p0)
    count = next(r for r in range(n + 1) if law.cdf(r) >= quantile)
    return float(count - (law.cdf(count) - quantile) / law.pmf(count)) / n


def test_without_more_variety_than_chance_limits_and_q_are_the_binomials() -> None:
    found = pledges(*ALIKE.values())
    p0 = sum(k for k, _ in ALIKE.values()) / sum(n for _, n in ALIKE.values())
    assert found.tau2 == 0
    p = [2 * min(stats.binom.cdf(k, n, p0), stats.binom.sf(k - 1, n, p0)) for k, n in ALIKE.values()]
    for (name, (_, n)), q in zip(ALIKE.items(), stats.false_discovery_control(np.minimum(p, 1)), strict=True):
        of = found.districts[name]
        assert of.limits == pytest.approx((limit(p0, n, 0.001), limit(p0, n, 0.999)), abs=1e-9)
        assert of.q == pytest.approx(q)


def test_with_more_variety_the_limits_are_wider_by_it() -> None:
    """Spiegelhalter (2005), section 3: z winsorised at a tenth, phi, and tau² by the method of moments."""
    found = pledges(*APART.values())
    k, n = (np.array(each, float) for each in zip(*APART.values(), strict=True))
    p0 = k.sum() / n.sum()
    variance = p0 * (1 - p0) / n
    z = (k / n - p0) / np.sqrt(variance)
    phi = (np.clip(z, np.quantile(z, 0.1), np.quantile(z, 0.9)) ** 2).mean()
    w = 1 / variance
    tau2 = (len(n) * phi - (len(n) - 1)) / (w.sum() - (w**2).sum() / w.sum())
    assert found.tau2 == pytest.approx(tau2)
    spread = np.sqrt(variance + tau2)
    q = stats.false_discovery_control(2 * stats.norm.sf(np.abs(k / n - p0) / spread))
    for at, name in enumerate(APART):
        of = found.districts[name]
        outer = stats.norm.ppf(0.999) * spread[at]
        assert of.limits == pytest.approx((max(0, p0 - outer), min(1, p0 + outer)))
        assert of.q == pytest.approx(q[at])


def test_q_allows_for_every_indicator_of_every_district() -> None:
    """The same pledges beside as many answers that differ by nothing: twice the comparisons, so no smaller q."""
    alone = compare({name: card(pledges_signed=of) for name, of in APART.items()})[PLEDGES].districts
    both = compare({name: card(pledges_signed=of, survey_response=(300, 400)) for name, of in APART.items()})
    assert [both["survey_response"].districts[name].q for name in APART] == [1.0] * len(APART)
    worst = min(APART, key=lambda name: alone[name].q or 1)
    assert both[PLEDGES].districts[worst].q == pytest.approx(2 * (alone[worst].q or 0))


def test_what_is_hidden_has_no_limits_and_no_q_which_would_tell_its_size() -> None:
    hidden = pledges((300, 400), (250, 400), (2, 3), (4, 9)).districts["d2"]
    assert (hidden.limits, hidden.q) == (None, None)


def test_what_an_earlier_publication_hides_has_no_estimate_in_the_comparison() -> None:
    """Forty more children since: the four that an earlier report hid would follow from the difference."""
    districts = {"d0": (300, 400), "d1": (250, 400), "d2": (2, 4), "d3": (40, 60)}
    cards = {name: card(pledges_signed=of) for name, of in districts.items()}
    before = publish(cards).release
    by_itself = {**cards, "d2": card(pledges_signed=(42, 64))}
    assert compare(by_itself)[PLEDGES].districts["d2"].estimate is not None
    public = publish(by_itself, earlier=[before])
    for name, each in compare(by_itself, public)[PLEDGES].districts.items():
        told = public.shown(PLEDGES, name, by_itself[name].indicators[PLEDGES])
        assert each.shown == told
        assert (each.estimate is None) == (told.status != "shown")


ratios = st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=40)
@given(st.lists(st.tuples(ratios, ratios, ratios), max_size=6))
def test_any_state_can_be_shown_and_no_number_is_missing(districts: list[tuple[Any, Any, Any]]) -> None:
    cards = {
        f"d{number}": card(pledges_signed=one, folders_returned=two, survey_response=three)
        for number, (one, two, three) in enumerate(districts)
    }
    for comparison in compare(cards).values():
        for each in comparison.districts.values():
            found = each.to_json()
            numbers = [value for value in found.values() if isinstance(value, float)]
            assert all(0 <= number <= 1 for number in numbers)
            assert (found["status"] == "shown") == (found["n"] is not None)
