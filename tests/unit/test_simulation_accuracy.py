"""Coverage, error and false alarms, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulation.accuracy import Compared, weigh

ONE = Compared("pledges_signed", 0.70, 0.72, 0.60, 0.65, 0.55, 0.75, "consistent with the state")


def test_a_truth_within_its_interval_is_covered() -> None:
    outside = replace(ONE, low=0.71, high=0.80)
    assert weigh([ONE, ONE, outside, ONE]).coverage == 0.75


def test_the_gain_is_what_the_estimates_are_closer_to_the_truth() -> None:
    # Errors of .10 and .05: squared, a quarter.
    assert weigh([ONE]).gain == pytest.approx(0.75)


def test_an_alarm_is_false_where_the_truth_lies_on_the_other_side() -> None:
    right, wrong = replace(ONE, verdict="below"), replace(ONE, verdict="above")
    found = weigh([ONE, right, wrong, replace(wrong, truth=0.9)])
    assert (found.alarms, found.false_alarms) == (3, 1)


def test_nothing_compared_is_nothing_found() -> None:
    found = weigh([], hidden=3)
    assert (found.compared, found.hidden, found.coverage, found.gain) == (0, 3, 0, 0)
