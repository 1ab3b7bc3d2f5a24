"""Rounds in turn: what slows the machine for a while slows everybody, and the median forgets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

Figures = Mapping[str, float]


def take_turns(rounds: int, **measures: Callable[[], Figures]) -> dict[str, dict[str, float]]:
    """Call each measure once a round, in the order given; per measure the median of each of its figures."""
    seen: dict[str, list[Figures]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            seen[name].append(measure())
    return {name: medians(figures) for name, figures in seen.items()}


def medians(figures: Sequence[Figures]) -> dict[str, float]:
    return {name: median(each[name] for each in figures) for name in figures[0]}


def percentile(values: list[float], percent: float) -> float:
    """The smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
