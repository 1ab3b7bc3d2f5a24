"""Reads the scorecards back and holds them against the simulator's exact counts and against the truth.

The counts must be the same to the last one; the truth is only met as closely as chance lets it, so its
distance is told in standard errors.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simulation.client import Api, at_least
from simulation.counts import Counts
from simulation.played import Played, PlayedDistrict
from simulation.truth import SCALES

#: Means and deviations are divided once, from sums that are exact on both sides.
_EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a scorecard: as put in, as simulated, as recovered. A rate is (numerator, denominator)."""

    unit: str
    name: str
    truth: float | None
    simulated: tuple[Any, ...]
    recovered: tuple[Any, ...]
    standard_error: float | None = None

    @property
    def matches(self) -> bool:
        return len(self.simulated) == len(self.recovered) and all(map(_same, self.simulated, self.recovered))

    @property
    def value(self) -> float | None:
        """What was recovered: the rate of (numerator, denominator), the mean of (n, mean, sd)."""
        if len(self.recovered) == 2:
            numerator, denominator = self.recovered
            return numerator / denominator if denominator else None
        return None if self.recovered[1] is None else float(self.recovered[1])

    @property
    def away(self) -> float | None:
        """How far the recovered value lies from the truth, in standard errors."""
        if self.truth is None or self.value is None or not self.standard_error:
            return None
        return (self.value - self.truth) / self.standard_error


@dataclass(frozen=True, slots=True)
class Recovery:
    """The state's figures first, then every district's."""

    state: tuple[Figure, ...]
    districts: Mapping[str, tuple[Figure, ...]]
    waited: float = 0.0
    """Seconds until the scorecards had counted the last command in."""

    def mismatches(self) -> list[Figure]:
        """Figures that are not what the simulator counted; none, if the platform is right."""
        every = [self.state, *self.districts.values()]
        return [figure for figures in every for figure in figures if not figure.matches]


def recover(base_url: str, token: str, played: Played, patience: float = 1800.0) -> Recovery:
    """The scorecards as of the last command's position, each figure beside what it should be."""
    api = Api(base_url, token, played.seed, patience)
    asked = {"school_year": played.school_year, "at_least": at_least(played.positions)}
    began = time.monotonic()
    try:
        state = api.get("/v1/state/scorecard", **asked)
        waited = time.monotonic() - began
        cards = {
            each.district: api.get(f"/v1/districts/{each.district}/scorecard", **asked)
            for each in played.districts
        }
    finally:
        api.close()
    return replace(compare(played, state, cards), waited=waited)


def compare(played: Played, state: Mapping[str, Any], cards: Mapping[str, Mapping[str, Any]]) -> Recovery:
    """The state's scorecard and each district's, figure by figure."""
    return Recovery(
        tuple(_figures("State", state, played.state(), *state_truth(played.districts))),
        {
            each.district: tuple(
                _figures(
                    each.name,
                    cards[each.district],
                    each.counts,
                    each.truth.expected(),
                    each.truth.scale_means,
                )
            )
            for each in played.districts
        },
    )


def state_truth(districts: Sequence[PlayedDistrict]) -> tuple[dict[str, float], dict[str, float]]:
    """What the state's figures are expected to be: the districts' truths, weighted with what they counted."""
    rates: dict[str, float] = {}
    for name in districts[0].truth.expected() if districts else ():
        weights = [each.counts.indicators()[name][1] for each in districts]
        total = sum(weights)
        if total:
            of_all = zip(districts, weights, strict=True)
            rates[name] = sum(each.truth.expected()[name] * weight for each, weight in of_all) / total
    means: dict[str, float] = {}
    for scale in SCALES:
        answered = [(each.truth.scale_means[scale], each.counts.scores[scale].n) for each in districts]
        total = sum(n for _, n in answered)
        if total:
            means[scale] = sum(mean * n for mean, n in answered) / total
    return rates, means


def _figures(
    unit: str, card: Mapping[str, Any], counts: Counts, rates: Mapping[str, float], means: Mapping[str, float]
) -> Iterator[Figure]:
    for name, simulated in counts.indicators().items():
        found = card["indicators"][name]
        truth, n = rates.get(name), simulated[1]
        error = math.sqrt(truth * (1 - truth) / n) if truth is not None and n else None
        yield Figure(unit, name, truth, simulated, (found["numerator"], found["denominator"]), error)
    for scale, scores in counts.scores.items():
        found = card["survey"][scale]
        error = scores.sd / math.sqrt(scores.n) if scores.sd else None
        yield Figure(
            unit,
            scale,
            means.get(scale),
            (scores.n, scores.mean, scores.sd),
            (found["n"], found["mean"], found["sd"]),
            error,
        )


def _same(simulated: float | None, recovered: float | None) -> bool:
    if simulated is None or recovered is None:
        return simulated is recovered
    return math.isclose(simulated, recovered, rel_tol=_EXACT, abs_tol=_EXACT)
