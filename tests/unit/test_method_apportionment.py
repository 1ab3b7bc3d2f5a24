"""Apportionment against the seats of the House of Representatives, and against the methods' own inequalities."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.methods import apportion

Method = Callable[..., Any]
METHODS = [apportion.huntington_hill, apportion.webster]

# Census Bureau, 2010 Census Apportionment Results, table 1: apportionment population and seats of each state.
STATES = {
    "AL": (4802982, 7), "AK": (721523, 1), "AZ": (6412700, 9), "AR": (2926229, 4), "CA": (37341989, 53),
    "CO": (5044930, 7), "CT": (3581628, 5), "DE": (900877, 1), "FL": (18900773, 27), "GA": (9727566, 14),
    "HI": (1366862, 2), "ID": (1573499, 2), "IL": (12864380, 18), "IN": (6501582, 9), "IA": (3053787, 4),
    "KS": (2863813, 4), "KY": (4350606, 6), "LA": (4553962, 6), "ME": (1333074, 2), "MD": (5789929, 8),
    "MA": (6559644, 9), "MI": (9911626, 14), "MN": (5314879, 8), "MS": (2978240, 4), "MO": (6011478, 8),
    "MT": (994416, 1), "NE": (1831825, 3), "NV": (2709432, 4), "NH": (1321445, 2), "NJ": (8807501, 12),
    "NM": (2067273, 3), "NY": (19421055, 27), "NC": (9565781, 13), "ND": (675905, 1), "OH": (11568495, 16),
    "OK": (3764882, 5), "OR": (3848606, 5), "PA": (12734905, 18), "RI": (1055247, 2), "SC": (4645975, 7),
    "SD": (819761, 1), "TN": (6375431, 9), "TX": (25268418, 36), "UT": (2770765, 4), "VT": (630337, 1),
    "VA": (8037736, 11), "WA": (6753369, 10), "WV": (1859815, 3), "WI": (5698230, 8), "WY": (568300, 1),
}  # fmt: skip
PEOPLE = [people for people, _ in STATES.values()]
SIZES = st.lists(st.integers(1, 10**7), min_size=1, max_size=40, unique=True)


def test_the_census_is_the_whole_census() -> None:
    assert len(STATES) == 50
    assert sum(PEOPLE) == 309_183_463


def test_every_state_has_the_seats_that_the_census_bureau_gave_it() -> None:
    seats = apportion.huntington_hill(PEOPLE, 435)
    assert dict(zip(STATES, seats.tolist(), strict=True)) == {state: n for state, (_, n) in STATES.items()}
    assert seats.dtype.kind == "i"


def test_webster_moves_one_seat_from_rhode_island_to_north_carolina() -> None:
    hill, webster = apportion.huntington_hill(PEOPLE, 435), apportion.webster(PEOPLE, 435)
    by_state = dict(zip(STATES, zip(hill.tolist(), webster.tolist(), strict=True), strict=True))
    moved = {state: seats for state, seats in by_state.items() if seats[0] != seats[1]}
    assert moved == {"NC": (13, 14), "RI": (2, 1)}


@pytest.mark.parametrize("method", METHODS)
@given(sizes=SIZES, more=st.integers(0, 400), floor=st.integers(1, 4))
@settings(max_examples=60)
def test_all_seats_are_given_and_no_heavier_unit_has_fewer(
    method: Method, sizes: list[int], more: int, floor: int
) -> None:
    total = floor * len(sizes) + more
    seats = method(sizes, total, floor=floor)
    assert int(seats.sum()) == total
    assert seats.min() >= floor
    in_order = seats[np.argsort(sizes)]
    assert np.all(np.diff(in_order) >= 0)


@pytest.mark.parametrize(
    ("method", "divisor"),
    [
        (apportion.huntington_hill, lambda n: np.sqrt(n * (n + 1))),
        (apportion.webster, lambda n: n + 0.5),
    ],
)
@given(sizes=SIZES, more=st.integers(0, 400))
@settings(max_examples=60)
def test_no_seat_above_the_floor_is_better_placed_elsewhere(
    method: Method, divisor: Callable[[Any], Any], sizes: list[int], more: int
) -> None:
    # Balinski and Young 1982: the weakest claim that won is at least the strongest claim that lost.
    w = np.array(sizes, dtype=float)
    seats = method(sizes, len(sizes) + more)
    lost = (w / divisor(seats)).max()
    won = (w / divisor(np.maximum(seats - 1, 1)))[seats > 1]
    assert won.size == 0 or won.min() >= lost * (1 - 1e-12)


@pytest.mark.parametrize("method", METHODS)
@given(sizes=SIZES, more=st.integers(0, 200), order=st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_units_keep_their_seats_in_any_order_and_any_measure(
    method: Method, sizes: list[int], more: int, order: Any
) -> None:
    total = len(sizes) + more
    seats = method(sizes, total)
    turned = order.sample(range(len(sizes)), len(sizes))
    if not has_tie(sizes, seats, method):
        assert method(np.array(sizes)[turned], total).tolist() == seats[turned].tolist()
        assert method(np.array(sizes) / 1024, total).tolist() == seats.tolist()


def has_tie(sizes: list[int], seats: np.ndarray, method: Method) -> bool:
    """Whether another unit has as good a claim to the last seat that was given."""
    w = np.array(sizes, dtype=float)
    webster = method is apportion.webster
    after, before = (
        (n + 0.5) if webster else np.sqrt(n * (n + 1.0)) for n in (seats, np.maximum(seats - 1, 1))
    )
    won = (w / before)[seats > 1]
    return bool(won.size and won.min() <= (w / after).max() * (1 + 1e-9))


@pytest.mark.parametrize("method", METHODS)
@given(sizes=SIZES, more=st.integers(0, 200))
@settings(max_examples=40)
def test_one_seat_more_takes_none_from_anybody(method: Method, sizes: list[int], more: int) -> None:
    total = len(sizes) + more
    assert np.all(method(sizes, total + 1) >= method(sizes, total))


@pytest.mark.parametrize("method", METHODS)
def test_equal_units_share_equally_and_a_single_unit_has_all(method: Method) -> None:
    assert method([7.5] * 4, 12).tolist() == [3, 3, 3, 3]
    assert sorted(method([7.5] * 4, 14).tolist()) == [3, 3, 4, 4]
    assert method([7.5], 9).tolist() == [9]
    assert method([5, 3], 2).tolist() == [1, 1]


@pytest.mark.parametrize("method", METHODS)
def test_a_unit_without_weight_gets_the_floor(method: Method) -> None:
    assert method([0, 10, 10], 9).tolist() == [1, 4, 4]
    assert method([0, 10, 10], 8, floor=2).tolist() == [2, 3, 3]
    assert method([0, 10, 10], 4, floor=0).tolist() == [0, 2, 2]


@pytest.mark.parametrize("method", METHODS)
def test_seats_without_any_weight_are_given_in_full_or_refused(method: Method) -> None:
    assert method([0, 0], 2).tolist() == [1, 1]
    try:
        seats = method([0, 0], 5)
    except ValueError:
        return
    assert int(seats.sum()) == 5


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("sizes", "seats", "options", "named"),
    [
        ([5, 3, 2], 2, {}, "seats"),
        ([5, 3, 2], 5, {"floor": 2}, "seats"),
        ([5, 3], 0, {}, "seats"),
        ([5, 3], -1, {}, "seats"),
        ([5, 3], 2.5, {}, "seats"),
        ([5, 3], math.nan, {}, "seats"),
        ([5, 3], 4, {"floor": -1}, "floor"),
        ([5, -3], 4, {}, r"weights\[1\]"),
        ([math.nan, 3], 4, {}, r"weights\[0\]"),
        ([5, math.inf], 4, {}, r"weights\[1\]"),
        ([], 4, {}, "weights"),
    ],
)
def test_weights_and_seats_that_make_no_sense_are_named(
    method: Method, sizes: Any, seats: Any, options: Any, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        method(sizes, seats, **options)
