"""Prints a played year: what came back against what was put in, how long it took, how much memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

from rich.console import Console
from rich.table import Table

from simulation.accuracy import Accuracy
from simulation.issuing import Issued
from simulation.played import Played, PlayedDistrict
from simulation.recovery import Figure, Recovery

#: Seconds between two looks at the memory.
PAUSE = 1.0
#: What a part's command line names: the program `alliance`, or a module of one of these.
PROGRAM, MODULES = "alliance", ("alliance.", "services.", "gateway.")


@dataclass(frozen=True, slots=True)
class Peak:
    """The largest resident size of a process in bytes: of one that has ended, as it was last seen."""

    name: str
    pid: int
    bytes: int
    running: bool = True


class Memory:
    """Within the block, watches the peak memory of this process and of the platform's on `var`, on this machine.

    The kernel keeps each process's peak while it runs. A process that ends, as a roster's import does, is known by
    the last look at it: what it took after that, PAUSE seconds at most, is missing.
    """

    def __init__(self, var: Path) -> None:
        self._var = var.resolve()
        self._peaks: dict[int, Peak] = {}
        self._ended: list[Peak] = []
        self._stopping = Event()
        self._watching = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._watching.join()
        self.look()

    def peaks(self) -> list[Peak]:
        """One for each process, by name."""
        return sorted([*self._ended, *self._peaks.values()], key=lambda peak: (peak.name, peak.pid))

    def look(self) -> None:
        now = {peak.pid: peak for peak in _peaks(self._var)}
        # A process number that is given out again belongs to another process.
        gone = [peak for pid, peak in self._peaks.items() if pid not in now]
        self._ended += [replace(peak, running=False) for peak in gone]
        self._peaks = now

    def _watch(self) -> None:
        self.look()
        while not self._stopping.wait(PAUSE):
            self.look()


def _peaks(var: Path) -> Iterator[Peak]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = _name(folder, var)
            status = (folder / "status").read_text(errors="replace") if name else ""
        except OSError:  # gone meanwhile, or another user's
            continue
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                yield Peak(name, int(folder.name), int(line.split()[1]) * 1024)


def _name(process: Path, var: Path) -> str:
    """What a process of the platform runs; empty for every other one."""
    if int(process.name) == os.getpid():
        return "simulation"
    words = [word.decode(errors="replace") for word in (process / "cmdline").read_bytes().split(b"\0")[1:]]
    if not any(Path(word).name == PROGRAM or word.startswith(MODULES) for word in words):
        return ""
    for variable in (process / "environ").read_bytes().split(b"\0"):
        key, _, value = os.fsdecode(variable).partition("=")
        if key == "ALLIANCE_VAR" and ((process / "cwd").readlink() / value).resolve() == var:
            return " ".join([Path(words[0]).name, *words[1:]]).removeprefix("-m ").strip()
    return ""


def show(
    played: Played,
    recovery: Recovery,
    accuracy: Accuracy,
    peaks: Sequence[Peak],
    console: Console,
    issued: Issued | None = None,
    districts: int = 5,
) -> None:
    """Prints the state and some districts, from the smallest to the largest, and what each process took."""
    for note in played.notes:
        console.print(f"Note: {note}", markup=False)
    console.print(_table(recovery.state))
    for each in spread(played.districts, districts):
        console.print(_table(recovery.districts[each.district]))
    console.print(_stages(played))
    console.print(f"{recovery.waited:.1f} s after the last command all of it was counted in.")
    console.print(_memory(peaks))
    console.print(_judged(accuracy), markup=False)
    if issued is not None:
        console.print(
            f"The report {issued.report} was made in {issued.seconds:.1f} s: {issued.files} files, "
            f"{issued.bytes / 1e6:.1f} MB, in {issued.folder}",
            markup=False,
        )
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


def _judged(accuracy: Accuracy) -> str:
    """What the comparison of districts is worth, by the truth that was put in."""
    return (
        f"{accuracy.compared} comparisons of districts ({accuracy.hidden} more not shown): "
        f"{accuracy.coverage:.1%} of the 95 % intervals hold the truth; the estimates' squared error is "
        f"{accuracy.gain:.0%} below that of the rates; {accuracy.alarms} districts called above or below, "
        f"{accuracy.false_alarms} of them wrongly"
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


def _memory(peaks: Sequence[Peak]) -> Table:
    table = Table(title="Peak memory", title_justify="left")
    for heading in ("process", "pid", "MB", ""):
        table.add_column(heading, justify="right" if heading in ("pid", "MB") else "left")
    for peak in peaks:
        ended = "" if peak.running else "has ended; as last seen"
        table.add_row(peak.name, str(peak.pid), f"{peak.bytes / 1e6:,.0f}", ended)
    return table


def _counted(found: tuple[Any, ...]) -> str:
    return (
        f"{found[0]:,} of {found[1]:,}" if len(found) == 2 else f"n {found[0]:,}, sd {_number(found[2], 2)}"
    )


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
