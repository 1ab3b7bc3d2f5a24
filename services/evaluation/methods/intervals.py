"""Intervals for a proportion, a difference of two, and a count.

Shapes: every argument broadcasts; (low, high) have the common shape. Units: those of the estimate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from .inputs import Array, BadInput, between, counts, normal_quantile, parts, plain, refuse

Interval = tuple[Any, Any]


def wilson(k: Any, n: Any, level: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion: the p with |k/n - p| <= z sqrt(p (1 - p) / n).

    (k + z²/2 ± z sqrt(k (n - k) / n + z²/4)) / (n + z²). With n = 0 nothing is known: (0, 1).
    Errors: BadInput. Source: Wilson (1927); method 3 of Newcombe (1998), Statistics in Medicine 17, 857-872.
    """
    some, all_ = parts(k, n)
    z = normal_quantile(level)
    known = all_ > 0
    size = np.where(known, all_, 1.0)
    centre = (some + z**2 / 2) / (size + z**2)
    half = z / (size + z**2) * np.sqrt(some * (size - some) / size + z**2 / 4)
    return _within(centre - half, centre + half, some / size, known)


def clopper_pearson(k: Any, n: Any, level: float = 0.95) -> Interval:
    """The exact interval of a proportion: quantiles of Beta(k, n - k + 1) and Beta(k + 1, n - k).

    With n = 0: (0, 1). Errors: BadInput. Source: Clopper and Pearson (1934), Biometrika 26, 404-413.
    """
    some, all_ = parts(k, n)
    tail = (1 - between("level", level, 0, 1)) / 2
    known = all_ > 0
    size = np.where(known, all_, 1.0)
    low = np.where(some > 0, stats.beta.ppf(tail, np.maximum(some, 1e-300), size - some + 1), 0.0)
    high = np.where(some < size, stats.beta.ppf(1 - tail, some + 1, np.maximum(size - some, 1e-300)), 1.0)
    return _within(low, high, some / size, known)


def newcombe(k1: Any, n1: Any, k2: Any, n2: Any, level: float = 0.95) -> tuple[Any, Any, Any]:
    """The difference k1/n1 - k2/n2 of two independent proportions with Newcombe's hybrid score interval.

    d - sqrt((p1 - l1)² + (u2 - p2)²) to d + sqrt((u1 - p1)² + (p2 - l2)²), l and u being Wilson's limits.
    Errors: BadInput, also for a denominator of 0. Source: method 10 of Newcombe (1998), Statistics in Medicine 17,
    873-890.
    """
    first, second = parts(k1, n1, ("k1", "n1")), parts(k2, n2, ("k2", "n2"))
    for name, (_, size) in (("n1", first), ("n2", second)):
        refuse(size == 0, name, size, "leaves nothing to take a proportion of")
    try:
        some1, all1, some2, all2 = np.broadcast_arrays(*first, *second)
    except ValueError:
        raise BadInput(f"the shapes do not go together: k1 {first[0].shape}, k2 {second[0].shape}") from None
    p1, p2 = some1 / all1, some2 / all2
    low1, high1 = wilson(some1, all1, level)
    low2, high2 = wilson(some2, all2, level)
    difference = p1 - p2
    low = difference - np.hypot(p1 - low1, high2 - p2)
    high = difference + np.hypot(high1 - p1, p2 - low2)
    return plain(difference), plain(np.maximum(low, -1.0)), plain(np.minimum(high, 1.0))


def poisson(k: Any, n: Any = None, level: float = 0.95) -> Interval:
    """The exact interval of a count, or with exposure n of the rate k / n.

    chi²(α/2; 2k) / 2 to chi²(1 - α/2; 2k + 2) / 2. Errors: BadInput, also for an exposure of 0.
    Source: Garwood (1936), Biometrika 28, 437-442.
    """
    some, exposure = _exposed(k, n)
    tail = (1 - between("level", level, 0, 1)) / 2
    low = np.where(some > 0, stats.chi2.ppf(tail, 2 * np.maximum(some, 1e-300)) / 2, 0.0)
    high = stats.chi2.ppf(1 - tail, 2 * some + 2) / 2
    return plain(low / exposure), plain(high / exposure)


def byar(k: Any, n: Any = None, level: float = 0.95) -> Interval:
    """Byar's approximation of `poisson`, as public-health tables use it.

    k (1 - 1/(9k) - z/(3 sqrt k))³ to (k+1) (1 - 1/(9(k+1)) + z/(3 sqrt(k+1)))³; the lower limit of 0 is 0.
    Errors: as `poisson`. Source: Breslow and Day (1987), Statistical Methods in Cancer Research II, p. 69.
    """
    some, exposure = _exposed(k, n)
    z = normal_quantile(level)
    counted = np.where(some > 0, some, 1.0)
    cube = (1 - 1 / (9 * counted) - z / (3 * np.sqrt(counted))) ** 3
    low = np.where(some > 0, np.maximum(some * cube, 0.0), 0.0)
    above = some + 1
    high = above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3
    return plain(low / exposure), plain(high / exposure)


def _exposed(k: Any, n: Any) -> tuple[Array, Array]:
    some, exposure = counts(k=k, n=1.0 if n is None else n)
    refuse(exposure == 0, "n", exposure, "is no exposure to take a rate of")
    return some, exposure


def _within(low: Array, high: Array, estimate: Array, known: Any) -> Interval:
    """Rounding must not put the estimate outside its interval, nor a limit outside 0 to 1."""
    low = np.where(known, np.clip(np.minimum(low, estimate), 0.0, 1.0), 0.0)
    high = np.where(known, np.clip(np.maximum(high, estimate), 0.0, 1.0), 1.0)
    return plain(low), plain(high)
