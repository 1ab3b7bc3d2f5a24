"""The comparison of districts held against the truth that was put in: are the intervals and verdicts right?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulation.client import Api, at_least
from simulation.played import Played
from simulation.recovery import state_truth

ALARMS = {"above": 1, "below": -1}


@dataclass(frozen=True, slots=True)
class Compared:
    """One district on one indicator: the probability put in, the state's, and what the API shows."""

    indicator: str
    truth: float
    state: float
    rate: float
    estimate: float
    low: float
    high: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Over districts x indicators whose figures are shown in full; `hidden` more are not.

    `covered`: truths within their 95 % interval. The mean squared errors are of probabilities. An alarm is
    false where the truth lies on the other side of the state's.
    """

    compared: int
    hidden: int
    covered: int
    rates_error: float
    estimates_error: float
    alarms: int
    false_alarms: int

    @property
    def coverage(self) -> float:
        return self.covered / self.compared if self.compared else 0.0

    @property
    def gain(self) -> float:
        """By how much the estimates' squared error is below that of the rates: 0.25 is a quarter."""
        return 1 - self.estimates_error / self.rates_error if self.rates_error else 0.0


def weigh(compared: Sequence[Compared], hidden: int = 0) -> Accuracy:
    alarms = [each for each in compared if each.verdict in ALARMS]
    count = len(compared) or 1
    return Accuracy(
        compared=len(compared),
        hidden=hidden,
        covered=sum(each.low <= each.truth <= each.high for each in compared),
        rates_error=sum((each.rate - each.truth) ** 2 for each in compared) / count,
        estimates_error=sum((each.estimate - each.truth) ** 2 for each in compared) / count,
        alarms=len(alarms),
        false_alarms=sum(ALARMS[each.verdict] * (each.truth - each.state) <= 0 for each in alarms),
    )


def examine(base_url: str, token: str, played: Played, patience: float = 60.0) -> Accuracy:
    """Reads each district's comparison as of the last command. Months that were met follow from the others and from the
    schools' sizes, and have no truth of their own."""
    api = Api(base_url, token, played.seed, patience)
    asked = {"school_year": played.school_year, "at_least": at_least(played.positions)}
    state, _ = state_truth(played.districts)
    found: list[Compared] = []
    hidden = 0
    try:
        for each in played.districts:
            shown = api.get(f"/v1/districts/{each.district}/indicators", **asked)["indicators"]
            counts = each.counts.indicators()
            for indicator, truth in each.truth.expected().items():
                figure: Mapping[str, Any] = shown[indicator]
                numerator, denominator = counts[indicator]
                if figure["estimate"] is None:
                    hidden += denominator > 0
                    continue
                found.append(
                    Compared(
                        indicator, truth, state[indicator], numerator / denominator, figure["estimate"],
                        figure["low"], figure["high"], figure["verdict"],
                    )
                )  # fmt: skip
    finally:
        api.close()
    return weigh(found, hidden)
