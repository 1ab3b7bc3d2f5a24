"""Districts compared fairly: each indicator's shrunken estimates, limits and verdicts, as they may be shown.

Pure. What comes out has passed suppression: a figure that is hidden has neither number nor estimate nor verdict, and
one that is shown without its number has no estimate either, since reliability and interval would tell the number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .indicators import INDICATORS
from .methods import funnel, intervals, shrinkage
from .methods.inputs import Array, normal_quantile
from .methods.release import Shown
from .publication import STATE, Cards, Publication, publish
from .scorecards import total

#: Draws of the simulation behind the intervals of ranks.
DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Compared:
    """One district on one indicator. Proportions 0 to 1; None where it is not shown, or too little is known.

    `limits`: the funnel's, 99.8 %, for a district of its size; `q`: the false discovery rate of calling it out.
    """

    shown: Shown
    verdict: str | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    reliability: float | None = None
    rank: tuple[int, int] | None = None
    limits: tuple[float, float] | None = None
    q: float | None = None

    def to_json(self) -> dict[str, Any]:
        told = self.shown
        bounded = told.status == "bound"
        return {
            "status": told.status,
            "n": told.n,
            "rate": None if told.rate is None else round(told.rate / 100, 4),
            "at_least": told.rate_low / 100 if bounded and told.rate_low > 0 else None,
            "at_most": told.rate_high / 100 if bounded and told.rate_high < 100 else None,
            "verdict": self.verdict,
            "estimate": self.estimate,
            "low": self.low,
            "high": self.high,
            "reliability": self.reliability,
            "rank": list(self.rank) if self.rank else None,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """One indicator over the state. `tau2` is the variance between districts beyond chance; `mean` the one that
    estimates are drawn towards, and `p0` the rate that verdicts and limits stand around: of the districts shown with
    ten persons or more."""

    state: Compared
    districts: Mapping[str, Compared]
    mean: float | None
    tau2: float
    verdicts: Mapping[str, int]
    p0: float | None = None


def compare(cards: Cards, publication: Publication | None = None, seed: int = 0) -> dict[str, Comparison]:
    """Every indicator over all districts that have any figure. {indicator: Comparison}

    Guarantee: estimates, limits, verdicts, ranks and what they rest on are functions of the figures that are shown, as
    they are shown, and of nothing else: whoever has them all cannot solve them for one that is hidden.

    Verdicts allow for all comparisons at once (districts x indicators). Ranks are simulated with `seed`. Months of
    one child, and classes of one school, count as separate observations. Without a publication the districts are
    published by themselves.
    """
    names = sorted(cards)
    public = publish(cards) if publication is None else publication
    shown = {
        indicator: {name: public.shown(indicator, name, cards[name].indicators[indicator]) for name in names}
        for indicator in INDICATORS
    }
    k, n = (np.zeros((len(names), len(INDICATORS))) for _ in range(2))
    for column, indicator in enumerate(INDICATORS):
        for row, name in enumerate(names):
            k[row, column], n[row, column] = told(shown[indicator][name])
    verdicts = funnel.verdicts(k, n, least=public.release.rules.least) if names else None
    return {
        indicator: _comparison(
            _state(indicator, cards, public),
            shown[indicator],
            k[:, column],
            n[:, column],
            verdicts,
            column,
            seed,
        )
        for column, indicator in enumerate(INDICATORS)
    }


def _comparison(
    state: Compared,
    shown: Mapping[str, Shown],
    k: Array,
    n: Array,
    verdicts: funnel.Verdicts | None,
    column: int,
    seed: int,
) -> Comparison:
    districts = {name: Compared(each) for name, each in shown.items()}
    seen = np.flatnonzero(n)
    if verdicts is None or not seen.size:
        return Comparison(state, districts, None, 0.0, {})
    fitted = shrinkage.beta_binomial(k[seen], n[seen])
    spread = ((fitted.high - fitted.low) / (2 * normal_quantile(0.95))) ** 2
    best, worst = shrinkage.ranks(fitted.estimates, spread, DRAWS, seed)
    names = list(shown)
    for place, row in enumerate(seen):
        name = names[row]
        districts[name] = Compared(
            shown=shown[name],
            verdict=str(verdicts.words[row, column]),
            estimate=float(fitted.estimates[place]),
            low=float(fitted.low[place]),
            high=float(fitted.high[place]),
            reliability=float(fitted.reliability[place]),
            rank=(int(best[place]), int(worst[place])),
            limits=(float(verdicts.low[row, column]), float(verdicts.high[row, column])),
            q=float(verdicts.q[row, column]),
        )
    said = [each.verdict for each in districts.values() if each.verdict is not None]
    counts = {word: said.count(word) for word in sorted(set(said))}
    tau2, p0 = float(verdicts.tau2[column]), float(verdicts.p0[column])
    return Comparison(state, districts, fitted.mean, tau2, counts, p0)


def _state(indicator: str, cards: Cards, public: Publication) -> Compared:
    shown = public.shown(indicator, STATE, total(card.indicators[indicator] for card in cards.values()))
    k, n = told(shown)
    if not n:
        return Compared(shown)
    low, high = intervals.wilson(k, n)
    return Compared(shown, None, k / n, low, high, 1.0)


def told(shown: Shown) -> tuple[float, float]:
    """(k, n) as a reader has them: the rounded rate of n; nothing of what is not shown in full."""
    if shown.status != "shown" or not shown.n or shown.rate is None:
        return 0.0, 0.0
    return shown.rate / 100 * shown.n, float(shown.n)
