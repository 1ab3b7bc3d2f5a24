"""How long a loop rests: short after work, longer in silence, and never so little that it does nothing but look."""

from __future__ import annotations

import threading

import pytest

from alliance.pace import FIRST, LONGEST, MOST, TIMES, Pace


class Rests(threading.Event):
    """Notes how long it is waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.seconds.append(timeout)
        return False


@pytest.fixture
def rests() -> Rests:
    return Rests()


def test_each_rest_is_twice_the_one_before_up_to_the_longest_and_work_makes_it_short_again(
    rests: Rests,
) -> None:
    pace = Pace(0.1, 0.25)
    for _ in range(4):
        pace.rest(rests)
    pace.worked()
    pace.rest(rests)
    assert rests.seconds == [0.1, 0.2, 0.25, 0.25, 0.1]


def test_after_a_round_that_took_long_it_rests_in_proportion_and_never_longer_than_the_most(
    rests: Rests,
) -> None:
    pace = Pace()
    for busy in (0.0, 0.06, 10.0):
        pace.worked()
        pace.rest(rests, busy)
    assert rests.seconds == [FIRST, TIMES * 0.06, MOST]
    assert FIRST < TIMES * 0.06 < MOST
    assert LONGEST <= MOST
