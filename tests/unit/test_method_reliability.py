"""Alpha and omega against what other programs printed of the same answers."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from services.evaluation.methods import reliability

AGREEABLE = ["A1", "A2", "A3", "A4", "A5"]
SATISFIED = ["FCSCHOOL", "FCTEACHR", "FCSTDS", "FCORDER", "FCSUPPRT"]
TABLES = st.integers(0, 2**32 - 1).map(lambda seed: answers(np.random.default_rng(seed)))


def answers(rng: np.random.Generator, people: int = 60, gaps: float = 0.0) -> np.ndarray:
    """Answers to three to seven items that share one factor, by rounded normal numbers."""
    items = int(rng.integers(3, 8))
    table = rng.normal(size=(people, 1)) + rng.uniform(0.5, 2, items) * rng.normal(size=(people, items))
    table = np.clip(np.round(3 + table), 1, 5)
    table[rng.random(table.shape) < gaps] = np.nan
    return table


def columns(path: Path, names: list[str]) -> np.ndarray:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    return np.array(
        [[float(row[name]) if row[name] not in ("", "NA") else math.nan for name in names] for row in rows]
    )


def agreeableness(data: Path) -> np.ndarray:
    return columns(data / "likert-psych" / "bfi_agreeableness.csv", AGREEABLE)


def alpha_of(covariances: np.ndarray) -> float:
    items = len(covariances)
    return items / (items - 1) * (1 - float(np.trace(covariances) / covariances.sum()))


def rounded(values: Any, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]


def test_agreeableness_has_the_alpha_that_psych_printed(data: Path) -> None:
    # psych::alpha: published_alpha_agreeableness.txt beside the data.
    table = agreeableness(data)
    found = reliability.alpha(table, reversed=["A1"], scale=(1, 6), names=AGREEABLE)
    assert rounded((found.alpha, found.standardised, found.mean_r), 2) == [0.70, 0.71, 0.33]
    assert rounded((found.low, found.high), 2) == [0.69, 0.72]
    assert list(found.item_n) == [2784, 2773, 2774, 2781, 2784]
    assert rounded(found.alpha_if_dropped, 2) == [0.72, 0.62, 0.60, 0.69, 0.64]
    assert rounded(found.standardised_if_dropped, 3) == [0.725, 0.625, 0.613, 0.693, 0.655]
    assert rounded(found.item_rest, 2) == [0.31, 0.56, 0.59, 0.39, 0.49]
    assert found.n == 2800
    assert found.warnings == ()


def test_an_item_left_unreversed_is_warned_of_by_name(data: Path) -> None:
    found = reliability.alpha(agreeableness(data), names=AGREEABLE)
    assert len(found.warnings) == 1
    assert "A1" in found.warnings[0]
    assert "reversed" in found.warnings[0]
    assert found.item_rest[0] < 0


def test_three_tests_of_holzinger_have_their_published_alphas(data: Path) -> None:
    # lavaan and semTools on the same 301 children.
    path = data / "likert-holzinger" / "holzinger_swineford39_data.csv"
    for names, published in (
        (["x1", "x2", "x3"], 0.6261171319),
        (["x4", "x5", "x6"], 0.8827069129),
        (["x7", "x8", "x9"], 0.6884550230),
    ):
        table = columns(path, names)
        for missing in ("pairwise", "listwise"):
            found = reliability.alpha(table, missing=missing)
            assert round(found.alpha, 10) == published
            assert found.n == 301


def test_satisfaction_of_fifteen_thousand_families_has_its_published_alpha(data: Path) -> None:
    table = columns(data / "nhes-pfi-2019" / "CuratedData.csv", SATISFIED)
    assert len(table) == 15_500
    table[table < 0] = math.nan  # -1 is a valid skip
    for missing in ("pairwise", "listwise"):
        assert round(reliability.alpha(table, missing=missing).alpha, 3) == 0.896


@given(TABLES, st.floats(0.5, 0.999))
@settings(max_examples=40)
def test_alpha_and_feldts_interval_are_what_their_formulas_say(table: np.ndarray, level: float) -> None:
    found = reliability.alpha(table, level=level)
    people, items = table.shape
    covariances, r = np.cov(table.T), np.corrcoef(table.T)
    alpha = alpha_of(covariances)
    assert found.alpha == pytest.approx(alpha)
    assert found.standardised == pytest.approx(alpha_of(r))
    assert found.mean_r == pytest.approx((r.sum() - items) / (items * (items - 1)), abs=1e-9)
    f = stats.f(people - 1, (people - 1) * (items - 1))
    assert found.low == pytest.approx(1 - (1 - alpha) * f.ppf((1 + level) / 2))
    assert found.high == pytest.approx(1 - (1 - alpha) * f.ppf((1 - level) / 2))
    assert found.low <= found.alpha <= found.high
    for item in range(items):
        others = np.delete(table, item, axis=1)
        rest = np.corrcoef(table[:, item], others.sum(axis=1))[0, 1]
        assert found.item_rest[item] == pytest.approx(rest, abs=1e-9)
        assert found.alpha_if_dropped[item] == pytest.approx(alpha_of(np.cov(others.T)))
        assert found.standardised_if_dropped[item] == pytest.approx(alpha_of(np.corrcoef(others.T)))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_missing_answers_are_left_out_by_pairs_or_by_persons(seed: int) -> None:
    table = answers(np.random.default_rng(seed), people=80, gaps=0.1)
    full = table[~np.isnan(table).any(axis=1)]
    listwise = reliability.alpha(table, missing="listwise")
    assert listwise.alpha == pytest.approx(alpha_of(np.cov(full.T)))
    assert listwise.n == len(full)
    pairwise = reliability.alpha(table, missing="pairwise")
    items = range(table.shape[1])
    pairs = np.array([[pair_covariance(table[:, [i, j]]) for j in items] for i in items])
    assert pairwise.alpha == pytest.approx(alpha_of(pairs))
    assert pairwise.n == int((~np.isnan(table)).any(axis=1).sum())
    assert list(pairwise.item_n) == (~np.isnan(table)).sum(axis=0).tolist()


def pair_covariance(two: np.ndarray) -> float:
    both = two[~np.isnan(two).any(axis=1)]
    return float(np.cov(both.T)[0, 1])


@given(TABLES)
@settings(max_examples=30)
def test_reversing_an_item_by_number_is_the_same_as_recoding_it(table: np.ndarray) -> None:
    recoded = table.copy()
    recoded[:, 1] = 1 + 5 - recoded[:, 1]
    by_number = reliability.alpha(recoded, reversed=[1], scale=(1, 5))
    assert by_number.alpha == pytest.approx(reliability.alpha(table).alpha)
    assert by_number.item_rest == pytest.approx(reliability.alpha(table).item_rest)


@given(TABLES, st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_the_order_of_items_and_people_does_not_matter(table: np.ndarray, order: Any) -> None:
    people = order.sample(range(len(table)), len(table))
    items = order.sample(range(table.shape[1]), table.shape[1])
    found, again = reliability.alpha(table), reliability.alpha(table[people][:, items])
    assert again.alpha == pytest.approx(found.alpha)
    assert again.alpha_if_dropped == pytest.approx(found.alpha_if_dropped[items])


def omega_of(table: np.ndarray) -> tuple[float, np.ndarray, float]:
    """One factor by maximum likelihood: omega, loadings and the discrepancy at its least."""
    s = np.cov(table.T)

    def discrepancy(parameters: np.ndarray) -> float:
        loadings, unique = np.split(parameters, 2)
        sigma = np.outer(loadings, loadings) + np.diag(np.exp(unique))
        return float(np.linalg.slogdet(sigma)[1] + np.trace(s @ np.linalg.inv(sigma)))

    start = np.concatenate([np.sqrt(np.diag(s) / 2), np.log(np.diag(s) / 2)])
    best = optimize.minimize(discrepancy, start, method="BFGS", options={"gtol": 1e-7})
    loadings, unique = np.split(best.x, 2)
    common = loadings.sum() ** 2
    return common / (common + np.exp(unique).sum()), loadings * np.sign(loadings.sum()), best.fun


def test_omega_is_at_the_top_of_the_likelihood_of_one_factor(data: Path) -> None:
    children = columns(
        data / "likert-holzinger" / "holzinger_swineford39_data.csv", ["x4", "x5", "x6", "x7", "x9"]
    )
    agreeable = agreeableness(data)
    agreeable[:, 0] = 7 - agreeable[:, 0]
    for table in (children, agreeable[~np.isnan(agreeable).any(axis=1)]):
        omega, loadings, _ = omega_of(table)
        found = reliability.omega(table)
        assert found.omega == pytest.approx(omega, abs=1e-4)
        assert found.loadings * np.sign(found.loadings.sum()) == pytest.approx(loadings, abs=1e-3)
        assert np.all(found.uniquenesses > 0)


def test_omega_of_three_items_reproduces_their_covariances(data: Path) -> None:
    # Three items of one factor have as many parameters as covariances: the loadings have a closed form.
    table = columns(data / "likert-holzinger" / "holzinger_swineford39_data.csv", ["x4", "x5", "x6"])
    s = np.cov(table.T)
    loadings = np.sqrt(
        [s[0, 1] * s[0, 2] / s[1, 2], s[0, 1] * s[1, 2] / s[0, 2], s[0, 2] * s[1, 2] / s[0, 1]]
    )
    found = reliability.omega(table)
    assert found.omega == pytest.approx(loadings.sum() ** 2 / s.sum(), abs=3e-3)
    implied = np.outer(found.loadings, found.loadings)
    assert implied[0, 1] == pytest.approx(s[0, 1], rel=5e-3)


def test_omega_reverses_items_and_leaves_out_people_with_gaps(data: Path) -> None:
    table = agreeableness(data)
    recoded = table.copy()
    recoded[:, 0] = 7 - recoded[:, 0]
    full = recoded[~np.isnan(recoded).any(axis=1)]
    found = reliability.omega(table, reversed=[0], scale=(1, 6))
    assert found.omega == pytest.approx(reliability.omega(full).omega, abs=1e-6)
    assert 0 < reliability.omega(table, missing="pairwise", reversed=[0], scale=(1, 6)).omega < 1


GOOD = np.array([[1.0, 2, 3], [2, 2, 4], [3, 5, 4], [4, 4, 5], [5, 5, 5]])


@pytest.mark.parametrize(
    ("items", "options", "named"),
    [
        (GOOD[:0], {}, "item"),
        (GOOD[:1], {}, "item"),
        (GOOD[:, :1], {}, "items"),
        (GOOD[:, 0], {}, "items"),
        (np.full((4, 3), math.nan), {}, "item"),
        (np.where(GOOD == 3, math.inf, GOOD), {}, r"items\[0, ?2\]|items\[0\]\[2\]"),
        (GOOD, {"missing": "imputed"}, "missing"),
        (GOOD, {"reversed": [0]}, "scale"),
        (GOOD, {"reversed": [7], "scale": (1, 5)}, "reversed"),
        (GOOD, {"reversed": ["Q9"], "scale": (1, 5), "names": ["Q1", "Q2", "Q3"]}, "Q9"),
        (GOOD, {"reversed": [0], "scale": (2, 5)}, r"items\[0, ?0\]|items\[0\]\[0\]"),
        (GOOD, {"names": ["Q1", "Q2"]}, "names"),
        (GOOD, {"level": 95}, "level"),
    ],
)
def test_answers_without_an_alpha_are_refused_with_the_reason(items: Any, options: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        reliability.alpha(items, **options)


@pytest.mark.parametrize("method", [reliability.alpha, reliability.omega])
def test_an_item_that_everybody_answers_alike_gives_numbers_or_is_refused(method: Any) -> None:
    table = GOOD.copy()
    table[:, 1] = 3
    try:
        found = method(table)
    except ValueError:
        return
    for name in type(found).__dataclass_fields__:
        value = np.asarray(getattr(found, name))
        assert value.dtype.kind != "f" or not np.isnan(value).any(), name


def test_people_who_all_answer_alike_have_no_alpha() -> None:
    with pytest.raises(ValueError, match="item"):
        reliability.alpha(np.full((6, 4), 3.0))
