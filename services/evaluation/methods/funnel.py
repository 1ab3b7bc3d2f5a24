"""Funnel plots: how far from the state a district of its size may be by chance, and the words for it.

A district is called above or below only where it is outside the limits and stays so after allowing for the number of
comparisons made. Sources: Spiegelhalter (2005), Statistics in Medicine 24, 1185-1202; Benjamini and Hochberg (1995),
J. R. Statist. Soc. B 57, 289-300.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from .inputs import Array, BadInput, between, counts, normal_quantile, numbers, parts, plain, refuse

CONSISTENT, ABOVE, BELOW, TOO_FEW = "consistent with the state", "above", "below", "too few data"


@dataclass(frozen=True, slots=True)
class Overdispersion:
    """`phi` is the mean of the winsorised z²; `tau2` the variance between districts on the proportions' own scale."""

    p0: float
    z: Array
    phi: float
    tau2: float


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One column per indicator where k has two dimensions. `q`: Benjamini and Hochberg's, over all of them; 1 where
    there are too few data. `low` and `high` are the limits that hold the over-dispersion."""

    words: npt.NDArray[np.str_]
    q: Array
    low: Array
    high: Array
    p0: Array
    tau2: Array


def binomial(p0: Any, n: Any, level: float = 0.95) -> tuple[Any, Any]:
    """Limits of a proportion of n when the state's is p0: exact binomial quantiles, interpolated.

    (r - a) / n, r the smallest count with P(R <= r) >= q, a = (P(R <= r) - q) / P(R = r). Numbers of students are
    whole: n is rounded. n = 0: (0, 1). Errors: BadInput. Source: Spiegelhalter (2005), appendix A.1.1.
    """
    centre, size = numbers(p0=p0, n=n)
    refuse((centre < 0) | (centre > 1), "p0", centre, "is no proportion")
    refuse(size < 0, "n", size, "is negative")
    tail = (1 - between("level", level, 0, 1)) / 2
    whole = np.rint(size)
    limits = [
        np.where(whole > 0, _quantile(centre, np.maximum(whole, 1), q), q > 0.5) for q in (tail, 1 - tail)
    ]
    return plain(limits[0]), plain(limits[1])


def poisson(expected: Any, level: float = 0.95) -> tuple[Any, Any]:
    """Limits of the ratio observed / expected when the true ratio is 1: chi² quantiles, for expected counts above 0.

    chi²(α/2; 2E) / 2E to chi²(1 - α/2; 2E + 2) / 2E. Errors: BadInput.
    Source: Dobson et al. (1991), Statistics in Medicine 10, 457-462; used by public health's funnel plots.
    """
    (count,) = counts(expected=expected)
    refuse(count == 0, "expected", count, "expects nothing: there is no ratio to it")
    tail = (1 - between("level", level, 0, 1)) / 2
    low = stats.chi2.ppf(tail, 2 * count) / (2 * count)
    high = stats.chi2.ppf(1 - tail, 2 * count + 2) / (2 * count)
    return plain(low), plain(high)


def overdispersion(k: Any, n: Any, p0: float | None = None, winsorise: float = 0.1) -> Overdispersion:
    """How much more districts differ than chance allows; z scores beyond the 10 % at either end are drawn in.

    z = (p - p0) / s, s = sqrt(p0 (1 - p0) / n), p0 the pooled proportion unless given; phi = mean of winsorised z²;
    tau2 = max(0, (I phi - (I - 1)) / (sum w - sum w² / sum w)), w = 1/s². Districts with n = 0 have z = 0 and do not
    count. A p0 of 0 or 1 allows no variation: phi and tau2 are 0. Errors: BadInput.
    Source: Spiegelhalter (2005), section 3.
    """
    some, all_ = parts(np.atleast_1d(k), np.atleast_1d(n))
    counted = all_ > 0
    if not counted.any():
        raise BadInput("n is 0 for every district: there is nothing to compare")
    if not 0 <= winsorise < 0.5:
        raise BadInput(f"winsorise = {winsorise!r} is no share of either end: 0 to below 0.5")
    centre = float(some.sum() / all_.sum()) if p0 is None else p0
    if not 0 <= centre <= 1:
        raise BadInput(f"p0 = {p0!r} is no proportion")
    z = np.zeros_like(all_)
    if centre in (0.0, 1.0):
        return Overdispersion(centre, z, 0.0, 0.0)
    variance = centre * (1 - centre) / all_[counted]
    z[counted] = (some[counted] / all_[counted] - centre) / np.sqrt(variance)
    low, high = np.quantile(z[counted], [winsorise, 1 - winsorise])
    phi = float((np.clip(z[counted], low, high) ** 2).mean())
    units, weights = int(counted.sum()), 1 / variance
    room = float(weights.sum() - (weights**2).sum() / weights.sum())
    tau2 = max(0.0, (units * phi - (units - 1)) / room) if room > 0 else 0.0
    return Overdispersion(centre, z, phi, tau2)


def benjamini_hochberg(p: Any) -> Any:
    """q values over all of p, whatever its shape: q_(i) = min over j >= i of m p_(j) / j, at most 1."""
    (values,) = numbers(p=p)
    refuse((values < 0) | (values > 1), "p", values, "is no probability")
    flat = values.ravel()
    order = np.argsort(flat)[::-1]
    scaled = flat[order] * flat.size / np.arange(flat.size, 0, -1)
    q = np.empty_like(flat)
    q[order] = np.minimum.accumulate(np.minimum(scaled, 1.0))
    return plain(q.reshape(values.shape))


def verdicts(k: Any, n: Any, level: float = 0.998, fdr: float = 0.05, least: float = 10) -> Verdicts:
    """The word for each district, or for each district and indicator (a column each).

    "above" or "below" the state where the proportion is outside the limits of `level`, widened by the over-dispersion
    found between districts, and q < `fdr`; "too few data" where n < `least`. The state is the pooled proportion of the
    column. Errors: BadInput.
    """
    some, all_ = parts(np.atleast_1d(k), np.atleast_1d(n))
    between("level", level, 0, 1)
    between("fdr", fdr, 0, 1)
    some2, all2 = (some[:, None], all_[:, None]) if some.ndim == 1 else (some, all_)
    if some2.ndim != 2:
        raise BadInput(f"k has shape {some.shape}: districts, or districts x indicators, are wanted")
    enough = all2 >= max(least, 1)
    p, low, high = np.ones_like(all2), np.zeros_like(all2), np.ones_like(all2)
    p0, tau2 = np.zeros(all2.shape[1]), np.zeros(all2.shape[1])
    for column in range(all2.shape[1]):
        chosen = enough[:, column]
        if not chosen.any():
            continue
        found = overdispersion(some2[chosen, column], all2[chosen, column])
        p0[column], tau2[column] = found.p0, found.tau2
        low[:, column], high[:, column] = limits(found.p0, all2[:, column], level, found.tau2)
        p[chosen, column] = p_values(some2[chosen, column], all2[chosen, column], found.p0, found.tau2)
    q = np.ones_like(p)
    if enough.any():
        q[enough] = benjamini_hochberg(p[enough])
    share = some2 / np.maximum(all2, 1)
    marked = enough & (q < fdr)
    words = np.select(
        [~enough, marked & (share > high), marked & (share < low)], [TOO_FEW, ABOVE, BELOW], CONSISTENT
    )
    shape = some.shape
    return Verdicts(words.reshape(shape), q.reshape(shape), low.reshape(shape), high.reshape(shape), p0, tau2)


def limits(p0: float, n: Any, level: float = 0.95, tau2: float = 0.0) -> tuple[Any, Any]:
    """`binomial`'s limits; with over-dispersion p0 ± z sqrt(p0 (1 - p0) / n + tau2), within 0 and 1."""
    if tau2 == 0:
        return binomial(p0, n, level)
    (size,) = counts(n=n)
    spread = normal_quantile(level) * np.sqrt(p0 * (1 - p0) / np.maximum(size, 1e-9) + tau2)
    low = np.where(size > 0, np.maximum(p0 - spread, 0.0), 0.0)
    high = np.where(size > 0, np.minimum(p0 + spread, 1.0), 1.0)
    return plain(low), plain(high)


def p_values(k: Any, n: Any, p0: float, tau2: float = 0.0) -> Any:
    """Two-sided: twice the smaller exact binomial tail; with over-dispersion the normal one of z / sqrt(s² + tau2)."""
    some, all_ = parts(k, n)
    refuse(all_ == 0, "n", all_, "leaves nothing to take a proportion of")
    if tau2 > 0:
        z = (some / all_ - p0) / np.sqrt(p0 * (1 - p0) / all_ + tau2)
        return plain(2 * stats.norm.sf(np.abs(z)))
    whole, size = np.rint(some), np.rint(all_)
    least = np.minimum(stats.binom.cdf(whole, size, p0), stats.binom.sf(whole - 1, size, p0))
    return plain(np.minimum(1.0, 2 * least))


def _quantile(p0: Array, n: Array, q: float) -> Array:
    count = stats.binom.ppf(q, n, p0)
    at, chance = stats.binom.cdf(count, n, p0), stats.binom.pmf(count, n, p0)
    part = np.divide(at - q, chance, out=np.zeros_like(at), where=chance > 0)
    # With p0 of 0 or 1 there is no distribution to interpolate in: the limit is p0.
    return np.where((p0 == 0) | (p0 == 1), p0, np.clip((count - part) / n, 0.0, 1.0))
