"""What came back against what was put in: one count that differs is found, the truth is met within chance."""

from __future__ import annotations

import copy
import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from simulation.accuracy import weigh
from simulation.counts import Counts
from simulation.played import Played, PlayedDistrict, Stage, load, save
from simulation.recovery import compare
from simulation.report import Peak, show, spread
from simulation.truth import draw_propensities


def district(number: int, enrolled: int) -> PlayedDistrict:
    counts = Counts(
        enrolled=enrolled,
        pledges_signed=enrolled // 2,
        class_months=200,
        reported=180,
        on_time=160,
        student_months=enrolled * 9,
        returned=enrolled * 6,
        school_months=20,
        months_met=3,
        invited=enrolled // 2,
        responded=3,
    )
    for score in (Fraction(11, 3), Fraction(4), Fraction(5, 2)):
        counts.scores["communication"].add(score)
    return PlayedDistrict(f"id-{number}", f"District {number}", draw_propensities(1, str(number)), counts)


def card(counts: Counts) -> dict[str, Any]:
    """A scorecard as the API answers it."""
    return {
        "indicators": {
            name: {"numerator": numerator, "denominator": denominator, "rate": 0.5}
            for name, (numerator, denominator) in counts.indicators().items()
        },
        "survey": {scale: {"n": of.n, "mean": of.mean, "sd": of.sd} for scale, of in counts.scores.items()},
    }


@pytest.fixture
def played() -> Played:
    districts = tuple(district(number, 1000 * number) for number in (1, 2, 3))
    return Played(
        7, "2026-27", districts, {"pledges": 3000}, (Stage("pledges", 3000, 3000, 2.0),), ("a note",)
    )


@pytest.fixture
def cards(played: Played) -> dict[str, dict[str, Any]]:
    return {each.district: card(each.counts) for each in played.districts}


def test_figures_that_came_back_as_simulated_leave_no_mismatch(
    played: Played, cards: dict[str, dict[str, Any]]
) -> None:
    recovery = compare(played, card(played.state()), cards)
    assert recovery.mismatches() == []
    assert len(recovery.state) == 6 + 3
    assert set(recovery.districts) == {"id-1", "id-2", "id-3"}


@pytest.mark.parametrize(
    ("part", "name", "field"),
    [
        ("indicators", "pledges_signed", "numerator"),
        ("indicators", "months_met", "denominator"),
        ("survey", "communication", "n"),
        ("survey", "communication", "mean"),
        ("survey", "communication", "sd"),
    ],
)
def test_a_single_figure_that_is_off_by_little_is_found(
    played: Played, cards: dict[str, dict[str, Any]], part: str, name: str, field: str
) -> None:
    wrong = copy.deepcopy(cards)
    wrong["id-2"][part][name][field] += 1 if isinstance(wrong["id-2"][part][name][field], int) else 1e-6
    found = compare(played, card(played.state()), wrong).mismatches()
    assert [(figure.unit, figure.name) for figure in found] == [("District 2", name)]


def test_a_mean_of_nobody_must_come_back_as_none(played: Played, cards: dict[str, dict[str, Any]]) -> None:
    cards["id-1"]["survey"]["home_learning"]["mean"] = 0.0
    found = compare(played, card(played.state()), cards).mismatches()
    assert [figure.name for figure in found] == ["home_learning"]


def test_the_states_truth_is_the_districts_weighted_with_their_denominators(
    played: Played, cards: dict[str, dict[str, Any]]
) -> None:
    figure = compare(played, card(played.state()), cards).state[0]
    assert figure.name == "pledges_signed"
    by_hand = sum(each.truth.pledge * each.counts.enrolled for each in played.districts) / 6000
    assert figure.truth == pytest.approx(by_hand)
    assert figure.value == 0.5
    assert figure.away == pytest.approx((0.5 - by_hand) / (by_hand * (1 - by_hand) / 6000) ** 0.5)


def test_a_played_year_is_read_back_as_it_was_saved(played: Played, tmp_path: Path) -> None:
    save(played, tmp_path / "played.json")
    assert load(tmp_path / "played.json") == played


def test_the_districts_shown_reach_from_the_smallest_to_the_largest() -> None:
    districts = [district(number, 100 * (number * 37 % 101)) for number in range(1, 101)]
    shown = [each.counts.enrolled for each in spread(districts, 5)]
    assert shown[0] == min(each.counts.enrolled for each in districts)
    assert shown[-1] == max(each.counts.enrolled for each in districts)
    assert shown == sorted(shown)
    assert len(set(shown)) == 5
    assert len(spread(districts[:3], 5)) == 3


def test_the_report_says_what_differs_and_what_it_took(
    played: Played, cards: dict[str, dict[str, Any]]
) -> None:
    cards["id-3"]["indicators"]["folders_returned"]["numerator"] = 5
    text = io.StringIO()
    console = Console(file=text, width=120)
    peaks = [
        Peak("gunicorn gateway.wsgi", 7, 60_000_000),
        Peak("gunicorn gateway.wsgi", 8, 90_000_000),
        Peak("services.roster.import_process", 9, 4_000_000_000, running=False),
    ]
    show(played, compare(played, card(played.state()), cards), weigh([], hidden=3), peaks, console)
    report = text.getvalue()
    assert "36 figures of the state and 3 districts: 1 differ from what was simulated" in report
    assert "District 3, folders_returned: simulated (18000, 27000), recovered (5, 27000)" in report
    assert "1,500" in report  # 3,000 events in two seconds
    assert "a note" in report
    rows = [
        line.replace("│", " ").split()
        for line in report.splitlines()
        if "process" in line or "gunicorn" in line
    ]
    assert ["gunicorn", "gateway.wsgi", "7", "60"] in rows
    assert ["gunicorn", "gateway.wsgi", "8", "90"] in rows
    assert ["services.roster.import_process", "9", "4,000", "has", "ended;", "as", "last", "seen"] in rows
