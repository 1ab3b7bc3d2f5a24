"""Change over time: of a cohort's proportion or mean, of how many take part, and along years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from .inputs import Array, BadInput, between, counts, numbers, plain, refuse, vector
from .intervals import clopper_pearson, wilson


@dataclass(frozen=True, slots=True)
class Slope:
    """Change per year in the scores' unit, `se` and the interval with it, and the score that the line has at `at`."""

    slope: float
    low: float
    high: float
    se: float
    at: float
    score: float


def paired(both: Any, lost: Any, gained: Any, neither: Any, level: float = 0.95) -> tuple[Any, Any, Any]:
    """The change of a proportion in one cohort whose members are known both times: (difference, low, high).

    difference = (gained - lost) / n; hybrid score limits with the correlation phi of the two times. Counts of persons:
    yes both times, only before, only after, never. Errors: BadInput, also for an empty cohort.
    Source: method 10 of Newcombe (1998), Statistics in Medicine 17, 2635-2650.
    """
    a, b, c, d = counts(both=both, lost=lost, gained=gained, neither=neither)
    n = a + b + c + d
    refuse(n == 0, "both + lost + gained + neither", n, "persons make no cohort")
    after, before = (a + c) / n, (a + b) / n
    low1, high1 = wilson(a + c, n, level)
    low2, high2 = wilson(a + b, n, level)
    product = (a + b) * (c + d) * (a + c) * (b + d)
    numerator = a * d - b * c
    corrected = np.where(numerator > 0, np.maximum(numerator - n / 2, 0.0), numerator)
    phi = np.divide(corrected, np.sqrt(product), out=np.zeros_like(n), where=product > 0)
    found = after - before
    down = (after - low1) ** 2 - 2 * phi * (after - low1) * (high2 - before) + (high2 - before) ** 2
    up = (high1 - after) ** 2 - 2 * phi * (high1 - after) * (before - low2) + (before - low2) ** 2
    low, high = found - np.sqrt(np.maximum(down, 0)), found + np.sqrt(np.maximum(up, 0))
    return plain(found), plain(np.maximum(low, -1.0)), plain(np.minimum(high, 1.0))


def means(
    mean1: Any, sd1: Any, n1: Any, mean2: Any, sd2: Any, n2: Any, correlation: Any = 0.0, level: float = 0.95
) -> tuple[Any, Any, Any]:
    """mean2 - mean1 of a cohort's scores with its interval, t with one less than the smaller n of freedom.

    `correlation` of a person's two scores, 0 where unknown: the interval is then too wide rather than too narrow, as
    long as the scores rise together. Errors: BadInput, also with fewer than two persons at either time.
    """
    m1, s1, k1, m2, s2, k2, r = numbers(
        mean1=mean1, sd1=sd1, n1=n1, mean2=mean2, sd2=sd2, n2=n2, correlation=correlation
    )
    for name, size in (("n1", k1), ("n2", k2)):
        refuse(size < 2, name, size, "persons have no spread: at least two are needed")
    for name, spread in (("sd1", s1), ("sd2", s2)):
        refuse(spread < 0, name, spread, "is negative")
    refuse(np.abs(r) > 1, "correlation", r, "is not between -1 and 1")
    first, second = s1 / np.sqrt(k1), s2 / np.sqrt(k2)
    spread = np.sqrt(np.maximum(first**2 + second**2 - 2 * r * first * second, 0.0))
    t = stats.t.ppf((1 + between("level", level, 0, 1)) / 2, np.minimum(k1, k2) - 1)
    found = m2 - m1
    return plain(found), plain(found - t * spread), plain(found + t * spread)


def growth(before: Any, after: Any, level: float = 0.95) -> tuple[Any, Any, Any]:
    """The growth of a count of persons or districts, after / before - 1, with its exact interval.

    Given both, `after` is binomial: its share's Clopper-Pearson limits l and u make l / (1 - l) - 1 and u / (1 - u) -
    1. The upper limit of a share of 1 has no end and is given as infinity; a `before` of 0 is an error, growth from
    nothing being no ratio. Source: Przyborowski and Wilenski (1940), Biometrika 31, 313-323.
    """
    first, second = counts(before=before, after=after)
    refuse(first == 0, "before", first, "has nothing to grow from: report the number itself")
    low, high = clopper_pearson(second, first + second, level)
    high = np.asarray(high)
    above = np.divide(high, 1 - high, out=np.full_like(high, np.inf), where=high < 1)
    return plain(second / first - 1), plain(np.asarray(low / (1 - np.asarray(low)) - 1)), plain(above - 1)


def percentile(scores: Any, among: Any) -> Any:
    """Where scores stand among others: the share of `among` below, plus half of those equal, times 100.

    Errors: BadInput. Source: the percentile rank of Crocker and Algina (1986), chapter 19.
    """
    (asked,) = numbers(scores=scores)
    (others,) = vector(among=among)
    ordered = np.sort(others)
    below, up_to = (np.searchsorted(ordered, asked, side) for side in ("left", "right"))
    return plain(np.asarray(50.0 * (below + up_to) / others.size))


def slope(years: Any, scores: Any, se: Any = None, level: float = 0.95) -> Slope:
    """The weighted straight line through a district's scores: points per year, and its score in the last year.

    With standard errors `se` (above 0) weights are 1 / se² and the interval is normal; without, ordinary least
    squares and t with n - 2 degrees of freedom, at least three years. Errors: BadInput, also where all years are one.
    """
    when, points = vector(2 if se is not None else 3, years=years, scores=scores)
    weights: Array = np.ones_like(when)
    if se is not None:
        (errors,) = vector(se=se)
        if errors.size != when.size:
            raise BadInput(f"se has {errors.size} numbers for {when.size} years")
        refuse(errors <= 0, "se", errors, "is no standard error: it has to be above 0")
        weights = 1 / errors**2
    middle = np.average(when, weights=weights)
    room = float(weights @ (when - middle) ** 2)
    if room == 0:
        raise BadInput("years are all the same: there is no change to see")
    centre = float(np.average(points, weights=weights))
    found = float(weights @ ((when - middle) * points) / room)
    tail = (1 + between("level", level, 0, 1)) / 2
    if se is not None:
        error, quantile = room**-0.5, float(stats.norm.ppf(tail))
    else:
        residuals = points - centre - found * (when - middle)
        freedom = when.size - 2
        error = float(np.sqrt(residuals @ residuals / freedom / room))
        quantile = float(stats.t.ppf(tail, freedom))
    last = float(when.max())
    score = centre + found * (last - float(middle))
    return Slope(found, found - quantile * error, found + quantile * error, error, last, score)
