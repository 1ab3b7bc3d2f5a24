"""Prints a played year: what came back against what was put in, how long it took, how much memory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from simulation.client import peak_memory
from simulation.played import Played, PlayedDistrict
from simulation.recovery import Figure, Recovery


def show(
    played: Played,
    recovery: Recovery,
    parts: Mapping[str, int],
    console: Console,
    districts: int = 5,
) -> None:
    """Prints the state and some districts, from the smallest to the largest, and what each part took.

    `parts` are the platform's processes by name, for their peak memory.
    """
    for note in played.notes:
        console.print(f"Note: {note}", markup=False)
    console.print(_table(recovery.state))
    for each in spread(played.districts, districts):
        console.print(_table(recovery.districts[each.district]))
    console.print(_stages(played))
    console.print(f"{recovery.waited:.1f} s after the last command all of it was counted in.")
    console.print(_memory({"simulation": os.getpid(), **parts}))
    wrong = recovery.mismatches()
    checked = len(recovery.state) + sum(map(len, recovery.districts.values()))
    console.print(
        f"{checked} figures of the state and {len(recovery.districts)} districts: "
        + (f"{len(wrong)} differ from what was simulated" if wrong else "all exactly as simulated"),
        markup=False,
    )
    for figure in wrong[:20]:
        console.print(
            f"{figure.unit}, {figure.name}: simulated {figure.simulated}, recovered {figure.recovered}",
            markup=False,
        )


def spread(districts: Sequence[PlayedDistrict], count: int) -> list[PlayedDistrict]:
    """So many districts at even steps of size, the smallest and the largest among them."""
    by_size = sorted(districts, key=lambda each: (each.counts.enrolled, each.name))
    if count >= len(by_size):
        return by_size
    if count == 1:
        return by_size[-1:]
    return [by_size[round(at * (len(by_size) - 1) / (count - 1))] for at in range(count)]


def _table(figures: Sequence[Figure]) -> Table:
    table = Table(title=figures[0].unit, title_justify="left")
    for heading in ("", "truth", "simulated", "recovered", "value", "off (s.e.)", "exact"):
        table.add_column(heading, justify="left" if not heading else "right")
    for figure in figures:
        digits = 3 if len(figure.recovered) == 2 else 2
        table.add_row(
            figure.name,
            _number(figure.truth, digits),
            _counted(figure.simulated),
            _counted(figure.recovered),
            _number(figure.value, digits),
            _number(figure.away, 1),
            "yes" if figure.matches else "NO",
        )
    return table


def _stages(played: Played) -> Table:
    table = Table(title="What it took", title_justify="left")
    for heading in ("part", "commands", "events", "seconds", "events/s"):
        table.add_column(heading, justify="left" if heading == "part" else "right")
    for stage in played.stages:
        rate = stage.events / stage.seconds if stage.seconds else 0.0
        table.add_row(
            stage.name, f"{stage.commands:,}", f"{stage.events:,}", f"{stage.seconds:,.1f}", f"{rate:,.0f}"
        )
    return table


def _memory(parts: Mapping[str, int]) -> Table:
    table = Table(title="Peak memory", title_justify="left")
    table.add_column("part")
    table.add_column("MB", justify="right")
    peaks = peak_memory(list(parts.values()))
    for name, pid in parts.items():
        table.add_row(name, f"{peaks[pid] / 1e6:,.0f}" if pid in peaks else "gone")
    return table


def _counted(found: tuple[Any, ...]) -> str:
    return (
        f"{found[0]:,} of {found[1]:,}" if len(found) == 2 else f"n {found[0]:,}, sd {_number(found[2], 2)}"
    )


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
