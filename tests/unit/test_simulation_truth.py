"""The truth to recover: drawn from the distributions that its own file states, and written down as drawn."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean, stdev

import pytest

from simulation.calendar import PERIODS
from simulation.truth import BETAS, NORMALS, draw_propensities, draw_truth, read_truth, write_truth

MANY = [f"28{number:05d}" for number in range(2000)]


@pytest.mark.parametrize("name", BETAS)
def test_probabilities_have_the_mean_and_spread_of_the_stated_beta(name: str) -> None:
    drawn = [getattr(draw_propensities(1, identifier), name) for identifier in MANY]
    mean, weight = BETAS[name]
    sd = (mean * (1 - mean) / (weight + 1)) ** 0.5
    # Four standard errors: with a fixed seed this passes or fails for good.
    assert fmean(drawn) == pytest.approx(mean, abs=4 * sd / len(drawn) ** 0.5)
    assert stdev(drawn) == pytest.approx(sd, rel=0.08)
    assert all(0 <= probability <= 1 for probability in drawn)


@pytest.mark.parametrize("scale", NORMALS)
def test_scale_means_have_the_mean_and_spread_of_the_stated_normal(scale: str) -> None:
    drawn = [draw_propensities(1, identifier).scale_means[scale] for identifier in MANY]
    mean, sd = NORMALS[scale]
    assert fmean(drawn) == pytest.approx(mean, abs=4 * sd / len(drawn) ** 0.5)
    assert stdev(drawn) == pytest.approx(sd, rel=0.08)
    assert all(1 < drawn_mean < 5 for drawn_mean in drawn)


def test_both_survey_modes_are_met_about_equally_often() -> None:
    modes = [draw_propensities(1, identifier).survey_mode for identifier in MANY]
    assert set(modes) == {"confidential", "anonymous"}
    assert 0.45 < modes.count("anonymous") / len(modes) < 0.55


def test_a_district_has_the_same_truth_whatever_other_districts_there_are() -> None:
    assert draw_truth(7, MANY[:3]).districts[MANY[2]] == draw_truth(7, MANY[2:9]).districts[MANY[2]]
    assert draw_propensities(7, MANY[0]) != draw_propensities(8, MANY[0])


def test_the_truth_is_read_back_as_it_was_written_and_its_file_says_what_it_was_drawn_from(
    tmp_path: Path,
) -> None:
    truth = draw_truth(7, MANY[:5])
    write_truth(truth, tmp_path / "truth.json")
    assert read_truth(tmp_path / "truth.json") == truth
    document = json.loads((tmp_path / "truth.json").read_text())
    assert document["drawn_from"]["pledge"] == {"law": "beta", "mean": 0.72, "weight": 12.0}
    assert document["seed"] == 7


def test_nothing_is_late_in_the_last_month_and_the_expected_rate_knows_it() -> None:
    truth = draw_propensities(1, "2800185")
    by_month = [truth.sending * (1 - truth.lateness)] * (len(PERIODS) - 1) + [truth.sending]
    assert truth.expected()["classes_on_time"] == pytest.approx(fmean(by_month))
