"""The words that a district gets, and who is missing among those who answered a survey."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import proportions_chisquare

from services.evaluation.methods import funnel, response
from services.evaluation.methods.inputs import BadInput


def test_districts_that_differ_by_chance_alone_are_almost_never_called_out() -> None:
    chance = np.random.default_rng(37361)
    alarms = 0
    for _ in range(40):
        n = chance.integers(30, 4000, (144, 5))
        words = funnel.verdicts(chance.binomial(n, [0.2, 0.4, 0.6, 0.8, 0.9]), n).words
        alarms += int((words != funnel.CONSISTENT).sum())
    assert alarms / (40 * 144 * 5) < 0.001


def test_a_district_far_from_many_alike_is_called_out_in_its_direction() -> None:
    n = np.full(50, 400)
    k = np.random.default_rng(1).binomial(n, 0.6)
    k[7], k[9] = 380, 120
    found = funnel.verdicts(k, n)
    assert {word: int((found.words == word).sum()) for word in set(found.words)} == {
        funnel.CONSISTENT: 48,
        funnel.ABOVE: 1,
        funnel.BELOW: 1,
    }
    assert (found.words[7], found.words[9]) == (funnel.ABOVE, funnel.BELOW)
    assert found.q[7] < 0.05 < found.q[0]


def test_below_ten_persons_there_is_no_verdict_and_no_weight_in_the_states() -> None:
    found = funnel.verdicts([9, 50, 55], [9, 100, 100])
    assert found.words.tolist() == [funnel.TOO_FEW, funnel.CONSISTENT, funnel.CONSISTENT]
    assert found.p0[0] == pytest.approx(105 / 200)
    assert found.q[0] == 1


@pytest.mark.parametrize(("k", "n"), [([0], [0]), ([5], [40]), ([0, 0], [50, 60]), ([50, 60], [50, 60])])
def test_zero_one_and_all_equal_districts_are_consistent_or_too_few(k: list[int], n: list[int]) -> None:
    found = funnel.verdicts(k, n)
    assert set(found.words) <= {funnel.CONSISTENT, funnel.TOO_FEW}
    assert np.isfinite([found.q, found.low, found.high]).all()


def test_the_rarer_answers_of_a_school_show_in_the_bias() -> None:
    found = response.bias({"school": {"east": (200, 150), "west": (100, 30)}, "grade": {"all": (300, 180)}})
    assert found.rate == pytest.approx(0.6)
    assert found.needed
    school = found.variables["school"]
    assert school.asked == pytest.approx([2 / 3, 1 / 3])
    assert school.answered == pytest.approx([150 / 180, 30 / 180])
    assert school.relative == pytest.approx([0.25, -0.5])
    assert school.p == pytest.approx(proportions_chisquare([150, 30], [200, 100])[1])
    assert found.variables["grade"].p == 1


def test_from_85_per_cent_the_bias_need_not_be_analysed() -> None:
    assert not response.bias({"school": {"east": (100, 85)}}).needed
    assert response.bias({"school": {"east": (100, 84)}}).needed


def test_variables_that_count_other_people_are_refused() -> None:
    with pytest.raises(BadInput, match="do not divide the same people"):
        response.bias({"school": {"east": (10, 5)}, "grade": {"k": (9, 5)}})
    with pytest.raises(BadInput, match=r"answered of school\[0\] = 6 is above asked of school\[0\] = 5"):
        response.bias({"school": {"east": (5, 6)}})
    with pytest.raises(BadInput, match="nobody was asked"):
        response.bias({"school": {"east": (0, 0)}})
