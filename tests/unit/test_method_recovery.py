"""Estimates and verdicts against a truth that is drawn, for 144 districts a twentieth as large as Mississippi's."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from services.evaluation.methods import funnel, shrinkage
from simulation.truth import BETAS

SCALE, ROUNDS = 0.05, 10

#: Of each indicator: the truth it hangs on, and how many there are of a student.
OF_A_STUDENT = {
    "pledge": 1.0,  # students
    "sending": 10 / 20,  # ten months of classes of twenty
    "returning": 9.0,  # months of students
    "responding": 0.7,  # households
}


@pytest.fixture(scope="module")
def students(data: Path) -> np.ndarray:
    with (data / "ms-districts-2016-17" / "ms_districts_2016_17.csv").open(encoding="utf-8-sig") as file:
        found = np.array([float(row["Total"]) for row in csv.DictReader(file)])
    assert len(found) == 144
    return found * SCALE


@pytest.fixture(scope="module")
def drawn(students: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(truth, counted, of how many), districts x indicators, for each round."""
    chance = np.random.default_rng(37361)
    n = np.maximum(
        1, np.column_stack([students * factor for factor in OF_A_STUDENT.values()]).round()
    ).astype(int)
    laws = [(mean * weight, (1 - mean) * weight) for mean, weight in (BETAS[name] for name in OF_A_STUDENT)]
    rounds = []
    for _ in range(ROUNDS):
        truth = np.column_stack([chance.beta(alpha, beta, len(students)) for alpha, beta in laws])
        rounds.append((truth, chance.binomial(n, truth), n))
    return rounds


def test_intervals_hold_the_truth_and_estimates_are_closer_to_it_than_rates(
    drawn: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> None:
    covered, of_rates, of_estimates = [], [], []
    for truth, k, n in drawn:
        for column in range(truth.shape[1]):
            found = shrinkage.beta_binomial(k[:, column], n[:, column])
            covered.append((found.low <= truth[:, column]) & (truth[:, column] <= found.high))
            of_rates.append((k[:, column] / n[:, column] - truth[:, column]) ** 2)
            of_estimates.append((found.estimates - truth[:, column]) ** 2)
    assert 0.92 < np.mean(covered) < 0.98
    assert np.mean(of_estimates) < 0.75 * np.mean(of_rates)


def test_hardly_any_district_is_called_out_wrongly(
    drawn: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> None:
    wrong = called = 0
    for truth, k, n in drawn:
        found = funnel.verdicts(k, n)
        state = (truth * n).sum(axis=0) / n.sum(axis=0)
        wrong += int(((found.words == funnel.ABOVE) & (truth <= state)).sum())
        wrong += int(((found.words == funnel.BELOW) & (truth >= state)).sum())
        called += int(np.isin(found.words, (funnel.ABOVE, funnel.BELOW)).sum())
    assert called
    assert wrong < 0.01 * sum(truth.size for truth, _, _ in drawn)
