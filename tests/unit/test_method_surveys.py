"""Response rates and raking against published rates, hand-made tables and fitting written a second time."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.methods import response, weights

DISPOSITIONS = ["complete", "partial", "refusal", "noncontact", "other", "unknown_household", "unknown_other"]
counted = st.fixed_dictionaries({name: st.integers(0, 5000) for name in DISPOSITIONS}).filter(
    lambda d: d["complete"] > 0
)
MEN_AND_WOMEN = {"sex": ["man"] * 4 + ["woman"] * 6}


@st.composite
def crossings(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, dict[str, float]]]:
    """A sample in which every combination answers, so that every margin can be met."""
    cells = [(home, grade) for home in ("English", "Spanish") for grade in ("K-5", "6-8", "9-12")]
    times = draw(st.lists(st.integers(1, 12), min_size=6, max_size=6))
    people = [cell for cell, n in zip(cells, times, strict=True) for _ in range(n)]
    sample = {"home": [home for home, _ in people], "grade": [grade for _, grade in people]}
    parts = {
        name: {category: draw(st.integers(1, 20)) for category in sorted(set(values))}
        for name, values in sample.items()
    }
    margins = {
        name: {category: n / sum(part.values()) for category, n in part.items()}
        for name, part in parts.items()
    }
    return sample, margins


def shares(values: Sequence[str], w: np.ndarray) -> dict[str, float]:
    labels = np.array(values)
    return {category: float(w[labels == category].sum() / w.sum()) for category in sorted(set(values))}


def fitted_table(sample: dict[str, list[str]], margins: dict[str, dict[str, float]]) -> dict[Any, float]:
    """Deming and Stephan 1940: the table of counts fitted to its margins, cell by cell."""
    table: dict[Any, float] = dict(Counter(zip(*sample.values(), strict=True)))
    total = sum(table.values())
    for _ in range(3000):
        for place, name in enumerate(sample):
            sums: Counter[str] = Counter()
            for cell, n in table.items():
                sums[cell[place]] += n  # type: ignore[assignment]
            table = {
                cell: n * margins[name][cell[place]] * total / sums[cell[place]] for cell, n in table.items()
            }
    return table


def test_response_rates_are_aapors_definitions() -> None:
    # AAPOR, Standard Definitions, 9th edition: RR1 = I / ((I+P) + (R+NC+O) + (UH+UO)); RR3 takes e times the
    # unknown, RR5 none of them.
    cases = dict(zip(DISPOSITIONS, (450, 50, 100, 150, 50, 120, 80), strict=True))
    assert response.rr1(**cases) == pytest.approx(450 / 1000)
    assert response.rr3(**cases, e=0.25) == pytest.approx(450 / 850)
    assert response.rr5(**cases) == pytest.approx(450 / 800)


def test_schools_have_the_response_rates_that_new_york_printed(data: Path) -> None:
    path = data / "nyc-family-survey-2011" / "survey_d75.txt"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["N_p"] and row["nr_p"]]
    answered = np.array([float(row["N_p"]) for row in rows])
    silent = np.array([float(row["nr_p"]) for row in rows]) - answered
    rates = response.rr1(answered, noncontact=silent)
    assert len(rates) == 56
    assert np.round(100 * rates).tolist() == [float(row["rr_p"]) for row in rows]


def test_the_rates_of_stages_multiply_to_the_printed_rate_of_the_whole() -> None:
    # NHES:2019: screener 63.1 %, then ECPP 85.5 % and PFI 83.4 %; overall 54.0 % and 52.6 %.
    assert round(100 * response.multistage(0.631, 0.834), 1) == 52.6
    assert round(100 * response.multistage(0.631, 0.855), 1) == 54.0
    assert response.multistage(0.631, [0.834, 0.855]) == pytest.approx([0.526254, 0.539505])
    assert response.multistage(0.7) == pytest.approx(0.7)


@given(counted, st.floats(0, 1))
def test_the_less_of_the_unknown_is_counted_the_higher_is_the_rate(cases: dict[str, int], e: float) -> None:
    strict, middle, lenient = response.rr1(**cases), response.rr3(**cases, e=e), response.rr5(**cases)
    assert 0 < strict <= middle + 1e-12
    assert middle - 1e-12 <= lenient <= 1
    assert response.rr3(**cases, e=1) == pytest.approx(strict)
    assert response.rr3(**cases, e=0) == pytest.approx(lenient)


def test_many_schools_at_once_get_what_each_gets_alone() -> None:
    complete, refusal, unknown = [5, 0, 10], [5, 3, 0], [0, 2, 10]
    for rate, more in ((response.rr1, {}), (response.rr3, {"e": 0.5}), (response.rr5, {})):
        together = rate(complete, refusal=refusal, unknown_household=unknown, **more)
        for i, one in enumerate(together):
            alone = rate(complete[i], refusal=refusal[i], unknown_household=unknown[i], **more)
            assert isinstance(alone, float)
            assert one == pytest.approx(alone)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"complete": [1, -1]}, r"complete\[1\]"),
        ({"complete": [1, math.nan]}, r"complete\[1\]"),
        ({"complete": [1, 2], "refusal": [0, math.inf]}, r"refusal\[1\]"),
        ({"complete": [1, 2], "unknown_other": [-3, 0]}, r"unknown_other\[0\]"),
        ({"complete": [1, 2], "partial": [1, 2, 3]}, r"complete|partial"),
    ],
)
def test_dispositions_that_are_no_counts_are_named_with_their_place(arguments: Any, named: str) -> None:
    for rate, more in ((response.rr1, {}), (response.rr3, {"e": 0.5}), (response.rr5, {})):
        with pytest.raises(ValueError, match=named):
            rate(**arguments, **more)


def test_shares_that_are_none_are_refused() -> None:
    for e in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=r"\be\b"):
            response.rr3(5, refusal=5, e=e)
    for rate in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=r"rate"):
            response.multistage(0.5, rate)


def test_a_school_where_nobody_was_asked_gives_a_number_or_is_refused() -> None:
    for rate, more in ((response.rr1, {}), (response.rr3, {"e": 0.5}), (response.rr5, {})):
        try:
            found = rate(0, **more)
        except ValueError:
            continue
        assert 0 <= found <= 1


def test_four_men_and_six_women_weigh_as_half_and_half() -> None:
    for half in (0.5, 700):
        raked = weights.rake(MEN_AND_WOMEN, {"sex": {"man": half, "woman": half}})
        assert [round(w, 4) for w in raked.weights] == [1.25] * 4 + [0.8333] * 6
        assert raked.converged
        assert raked.difference <= 1e-8
        # Kish 1965: n sum(w^2) / sum(w)^2
        assert raked.design_effect == pytest.approx(1 + 1 / 24)
        assert raked.effective_n == pytest.approx(9.6)


@given(crossings())
@settings(max_examples=40)
def test_raked_margins_are_met_and_the_table_is_that_of_deming_and_stephan(drawn: Any) -> None:
    sample, margins = drawn
    raked = weights.rake(sample, margins)
    w = raked.weights
    assert raked.converged
    assert w.mean() == pytest.approx(1)
    assert np.all(w > 0)
    for name, margin in margins.items():
        assert shares(sample[name], w) == pytest.approx(margin, abs=1e-7)
    cells = list(zip(*sample.values(), strict=True))
    table, times = fitted_table(sample, margins), Counter(cells)
    assert w == pytest.approx([table[cell] / times[cell] for cell in cells], rel=1e-4)
    assert raked.design_effect == pytest.approx(len(w) * (w**2).sum() / w.sum() ** 2)
    assert raked.effective_n == pytest.approx(len(w) / raked.design_effect)


@given(crossings(), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_weights_go_with_their_respondents_and_totals_are_as_good_as_shares(drawn: Any, order: Any) -> None:
    sample, margins = drawn
    raked = weights.rake(sample, margins)
    turned = order.sample(range(len(raked.weights)), len(raked.weights))
    again = weights.rake(
        {name: [values[i] for i in turned] for name, values in sample.items()},
        {
            name: {category: 5000 * part for category, part in margin.items()}
            for name, margin in margins.items()
        },
    )
    assert again.weights == pytest.approx(raked.weights[turned], rel=1e-5)


def test_a_sample_that_fits_its_margins_keeps_equal_weights() -> None:
    raked = weights.rake(MEN_AND_WOMEN, {"sex": {"man": 0.4, "woman": 0.6}})
    assert raked.weights == pytest.approx(np.ones(10))
    assert raked.design_effect == pytest.approx(1)


def test_limits_hold_and_what_they_cost_is_told() -> None:
    half = {"sex": {"man": 0.5, "woman": 0.5}}
    wide = weights.rake(MEN_AND_WOMEN, half, limits=(0.5, 2))
    assert wide.weights == pytest.approx([1.25] * 4 + [1 / 1.2] * 6)
    tight = weights.rake(MEN_AND_WOMEN, half, limits=(0.9, 1.1))
    assert tight.weights.min() >= 0.9 - 1e-9
    assert tight.weights.max() <= 1.1 + 1e-9
    assert not tight.converged
    men = shares(MEN_AND_WOMEN["sex"], tight.weights)["man"]
    assert tight.difference == pytest.approx(abs(men - 0.5))
    assert tight.difference > 0.01


def test_margins_that_no_weights_can_meet_are_told_as_not_converged() -> None:
    sample = {"home": ["English", "Spanish"] * 5, "grade": ["K-5", "6-8"] * 5}
    margins = {"home": {"English": 0.5, "Spanish": 0.5}, "grade": {"K-5": 0.3, "6-8": 0.7}}
    raked = weights.rake(sample, margins, iterations=50)
    assert not raked.converged
    assert raked.iterations <= 50
    assert raked.difference > 0.05
    assert np.isfinite(raked.weights).all()


@pytest.mark.parametrize(
    ("sample", "margins", "named"),
    [
        (MEN_AND_WOMEN, {"sex": {"man": 0.4, "woman": 0.5, "other": 0.1}}, "other"),
        (MEN_AND_WOMEN, {"sex": {"man": 1.0}}, "woman"),
        (MEN_AND_WOMEN, {"age": {"old": 1.0}}, "age"),
        (MEN_AND_WOMEN, {"sex": {"man": -0.5, "woman": 1.5}}, "man"),
        (MEN_AND_WOMEN, {"sex": {"man": math.nan, "woman": 0.5}}, "man"),
        (MEN_AND_WOMEN, {"sex": {"man": math.inf, "woman": 0.5}}, "man"),
        (MEN_AND_WOMEN, {"sex": {"man": 0, "woman": 0}}, "sex"),
        ({"sex": []}, {"sex": {"man": 0.5, "woman": 0.5}}, r"sex|sample"),
        (
            {**MEN_AND_WOMEN, "home": ["English"] * 9},
            {"sex": {"man": 0.5, "woman": 0.5}, "home": {"English": 1}},
            "home",
        ),
    ],
)
def test_margins_and_samples_that_do_not_fit_are_named(sample: Any, margins: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        weights.rake(sample, margins)


@pytest.mark.parametrize("limits", [(2, 0.5), (-1, 2), (1.2, 3), (0.1, 0.8), (math.nan, 2)])
def test_limits_without_room_for_a_mean_of_one_are_refused(limits: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="limits"):
        weights.rake(MEN_AND_WOMEN, {"sex": {"man": 0.5, "woman": 0.5}}, limits=limits)
