"""Districts compared fairly: each indicator's shrunken estimates, limits and verdicts, as they may be shown.

Pure. What comes out has passed suppression: a figure that is hidden has neither number nor estimate nor verdict, and
one that is shown without its number has no estimate either, since reliability and interval would tell the number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .indicators import DEFINITIONS, INDICATORS, Ratio
from .methods import funnel, intervals, shrinkage
from .methods.inputs import Array, normal_quantile
from .methods.release import STATE_RULES, Cell, Figure, Key, Rules, Shown, Status, Table
from .methods.suppression import show, suppress
from .scorecards import Scorecard, total

STATE = "state"
#: The indicator that counts months of persons.
MONTHLY = "folders_returned"

#: Draws of the simulation behind the intervals of ranks.
DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Compared:
    """One district on one indicator. Proportions 0 to 1; None where it is not shown, or too little is known."""

    shown: Shown
    verdict: str | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    reliability: float | None = None
    rank: tuple[int, int] | None = None

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
    estimates are drawn towards."""

    state: Compared
    districts: Mapping[str, Compared]
    mean: float | None
    tau2: float
    verdicts: Mapping[str, int]


def compare(
    cards: Mapping[str, Scorecard],
    rules: Rules = STATE_RULES,
    seed: int = 0,
) -> dict[str, Comparison]:
    """Every indicator over all districts that have any figure. {indicator: Comparison}

    Guarantee: estimates, limits, verdicts, ranks and what they rest on are functions of the figures that are shown, as
    they are shown, and of nothing else: whoever has them all cannot solve them for one that is hidden.

    Verdicts allow for all comparisons at once (districts x indicators). Ranks are simulated with `seed`. Months of
    one child, and classes of one school, count as separate observations.
    """
    names = sorted(cards)
    statuses = _statuses(cards, rules)
    shown = {
        indicator: {
            name: _shown(cards[name].indicators[indicator], statuses, indicator, name, rules)
            for name in names
        }
        for indicator in INDICATORS
    }
    k, n = (np.zeros((len(names), len(INDICATORS))) for _ in range(2))
    for column, indicator in enumerate(INDICATORS):
        for row, name in enumerate(names):
            k[row, column], n[row, column] = _told(shown[indicator][name])
    words, tau2 = np.zeros(n.shape, dtype=str), np.zeros(len(INDICATORS))
    if names:
        found = funnel.verdicts(k, n, least=rules.least)
        words, tau2 = found.words, found.tau2
    return {
        indicator: _comparison(
            _state(indicator, cards, statuses, rules),
            shown[indicator],
            k[:, column],
            n[:, column],
            words[:, column],
            float(tau2[column]),
            seed,
        )
        for column, indicator in enumerate(INDICATORS)
    }


def _comparison(
    state: Compared, shown: Mapping[str, Shown], k: Array, n: Array, words: Any, tau2: float, seed: int
) -> Comparison:
    districts = {name: Compared(each) for name, each in shown.items()}
    told = np.flatnonzero(n)
    if not told.size:
        return Comparison(state, districts, None, 0.0, {})
    fitted = shrinkage.beta_binomial(k[told], n[told])
    spread = ((fitted.high - fitted.low) / (2 * normal_quantile(0.95))) ** 2
    best, worst = shrinkage.ranks(fitted.estimates, spread, DRAWS, seed)
    names = list(shown)
    for place, row in enumerate(told):
        name = names[row]
        districts[name] = Compared(
            shown=shown[name],
            verdict=str(words[row]),
            estimate=float(fitted.estimates[place]),
            low=float(fitted.low[place]),
            high=float(fitted.high[place]),
            reliability=float(fitted.reliability[place]),
            rank=(int(best[place]), int(worst[place])),
        )
    said = [each.verdict for each in districts.values() if each.verdict is not None]
    return Comparison(
        state, districts, fitted.mean, tau2, {word: said.count(word) for word in sorted(set(said))}
    )


def _state(
    indicator: str, cards: Mapping[str, Scorecard], statuses: Mapping[Figure, Status], rules: Rules
) -> Compared:
    whole = total(card.indicators[indicator] for card in cards.values())
    shown = _shown(whole, statuses, indicator, STATE, rules)
    k, n = _told(shown)
    if not n:
        return Compared(shown)
    low, high = intervals.wilson(k, n)
    return Compared(shown, None, k / n, low, high, 1.0)


def _told(shown: Shown) -> tuple[float, float]:
    """(k, n) as a reader has them: the rounded rate of n; nothing of what is not shown in full."""
    if shown.status != "shown" or not shown.n or shown.rate is None:
        return 0.0, 0.0
    return shown.rate / 100 * shown.n, float(shown.n)


def _shown(ratio: Ratio, statuses: Mapping[Figure, Status], indicator: str, unit: str, rules: Rules) -> Shown:
    """Classes and schools are no persons, and that nobody takes part is no secret: both are always shown."""
    status = statuses.get((indicator, (unit,)), "shown")
    persons = ratio.denominator if indicator == MONTHLY else None
    return show(Cell(ratio.denominator, ratio.numerator, persons), status, rules)


def _statuses(cards: Mapping[str, Scorecard], rules: Rules) -> dict[Figure, Status]:
    tables = [_table(indicator, cards) for indicator in INDICATORS if DEFINITIONS[indicator].of_persons]
    return {figure: shown.status for figure, shown in suppress(tables, rules).shown.items()}


def _table(indicator: str, cards: Mapping[str, Scorecard]) -> Table:
    found = {name: _cell(card, indicator) for name, card in cards.items()}
    cells: dict[Key, Cell] = {(name,): cell for name, cell in found.items() if cell.n}
    if cells:
        cells[STATE,] = Cell(
            sum(cell.n for cell in cells.values()), sum(cell.k or 0 for cell in cells.values())
        )
    return Table(indicator, ("unit",), cells, {"unit": dict.fromkeys(cards, STATE)})


def _cell(card: Scorecard, indicator: str) -> Cell:
    """In persons: a child's nine months are one child, and how small a group is, is judged by its children."""
    ratio = card.indicators[indicator]
    if indicator != MONTHLY or not ratio.denominator:
        return Cell(ratio.denominator, ratio.numerator)
    children = max((month.indicators[indicator].denominator for month in card.months), default=0) or 1
    return Cell(children, round(children * ratio.numerator / ratio.denominator))
