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
from .methods.release import STATE_RULES, Cell, Key, Release, Rules, Shown, Table
from .methods.suppression import show, suppress
from .scorecards import Scorecard, total

STATE = "state"

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

    Verdicts allow for all comparisons at once (districts x indicators). Ranks are simulated with `seed`. Months of
    one child, and classes of one school, count as separate observations.
    """
    names = sorted(cards)
    release = _release(cards, rules)
    ratios = {indicator: [cards[name].indicators[indicator] for name in names] for indicator in INDICATORS}
    k = np.array(
        [[ratio.numerator for ratio in ratios[indicator]] for indicator in INDICATORS], dtype=float
    ).T
    n = np.array(
        [[ratio.denominator for ratio in ratios[indicator]] for indicator in INDICATORS], dtype=float
    ).T
    if not names:
        return {indicator: _nothing(release, indicator, rules) for indicator in INDICATORS}
    found = funnel.verdicts(k, n, least=rules.least)
    return {
        indicator: _comparison(
            indicator,
            names,
            ratios[indicator],
            release,
            found.words[:, place],
            float(found.tau2[place]),
            rules,
            seed,
        )
        for place, indicator in enumerate(INDICATORS)
    }


def _comparison(
    indicator: str,
    names: list[str],
    ratios: list[Ratio],
    release: Release,
    words: Any,
    tau2: float,
    rules: Rules,
    seed: int,
) -> Comparison:
    state = _state(indicator, sum(ratios, Ratio()), release, rules)
    if not any(ratio.denominator for ratio in ratios):
        nothing = {name: Compared(_shown(release, indicator, name, Ratio(), rules)) for name in names}
        return Comparison(state, nothing, None, 0.0, {})
    fitted = shrinkage.beta_binomial(
        [ratio.numerator for ratio in ratios], [ratio.denominator for ratio in ratios]
    )
    spread = ((fitted.high - fitted.low) / (2 * 1.959964)) ** 2
    low, high = shrinkage.ranks(fitted.estimates, spread, DRAWS, seed)
    districts = {}
    for place, (name, ratio) in enumerate(zip(names, ratios, strict=True)):
        shown = _shown(release, indicator, name, ratio, rules)
        told = shown.status == "shown"
        districts[name] = Compared(
            shown=shown,
            verdict=str(words[place]) if shown.status != "hidden" else None,
            estimate=float(fitted.estimates[place]) if told else None,
            low=float(fitted.low[place]) if told else None,
            high=float(fitted.high[place]) if told else None,
            reliability=float(fitted.reliability[place]) if told else None,
            rank=(int(low[place]), int(high[place])) if told else None,
        )
    said = [each.verdict for each in districts.values() if each.verdict is not None]
    counted = {word: said.count(word) for word in sorted(set(said))}
    return Comparison(state, districts, fitted.mean if state.estimate is not None else None, tau2, counted)


def _state(indicator: str, ratio: Ratio, release: Release, rules: Rules) -> Compared:
    shown = _shown(release, indicator, STATE, ratio, rules)
    if shown.status != "shown" or not ratio.denominator:
        return Compared(shown)
    low, high = intervals.wilson(ratio.numerator, ratio.denominator)
    return Compared(shown, None, ratio.numerator / ratio.denominator, low, high, 1.0)


def _nothing(release: Release, indicator: str, rules: Rules) -> Comparison:
    return Comparison(Compared(_shown(release, indicator, STATE, Ratio(), rules)), {}, None, 0.0, {})


def _shown(release: Release, indicator: str, unit: str, ratio: Ratio, rules: Rules) -> Shown:
    if DEFINITIONS[indicator].of_persons:
        return release.shown[indicator, (unit,)]
    return show(Cell(ratio.denominator, ratio.numerator), "shown", rules)


def _release(cards: Mapping[str, Scorecard], rules: Rules) -> Release:
    tables = [_table(indicator, cards) for indicator in INDICATORS if DEFINITIONS[indicator].of_persons]
    return suppress(tables, rules)


def _table(indicator: str, cards: Mapping[str, Scorecard]) -> Table:
    cells: dict[Key, Cell] = {(name,): _cell(card, indicator) for name, card in cards.items()}
    whole = total(card.indicators[indicator] for card in cards.values())
    persons = sum(cell.n if cell.persons is None else cell.persons for cell in cells.values())
    cells[STATE,] = Cell(whole.denominator, whole.numerator, persons)
    return Table(indicator, ("unit",), cells, {"unit": dict.fromkeys(cards, STATE)})


def _cell(card: Scorecard, indicator: str) -> Cell:
    ratio = card.indicators[indicator]
    # A child's nine months are one child: whether a group is small is judged by its children.
    persons = None
    if indicator == "folders_returned":
        persons = max((month.indicators[indicator].denominator for month in card.months), default=0)
    return Cell(ratio.denominator, ratio.numerator, persons)
