"""kill -9 at every named step of command, relay, receiver, projector and rebuild."""

from __future__ import annotations

import signal
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

from alliance.errors import Refused

from .. import comparison
from ..history import Kind
from ..parts import wait_for
from ..platform import Platform
from ..steps import STEPS
from ..verdict import Verdict
from ..watch import Watch

#: Seconds until a part that runs under load has come to a step.
HIT_SECONDS = 60.0


def killed_at_every_step(platform: Platform, verdict: Verdict) -> None:
    with tempfile.TemporaryDirectory() as folder:
        deliveries, marker = Path(folder) / "deliveries", Path(folder) / "steps"
        recorded = ["--deliveries", str(deliveries)]
        platform.parts.stop("receiver")
        platform.parts.launch("receiver", child=recorded)
        survivors: list[int] = []
        first = platform.head()
        with platform.watched() as watch, platform.load(verdict) as load:
            # Each check below waits for an event that the recording receiver has got.
            wait_for(lambda: platform.head() > first + 20, 60, "the load runs")
            for part, steps in STEPS.items():
                for step in steps:
                    options = ["--step", f"{part}:{step}", "--marker", str(marker)]
                    options += recorded if part == "receiver" else []
                    if part == "rebuild":
                        died = platform.parts.alliance("rebuild", "participation", child=options).returncode
                        verdict_of_rebuild(platform, verdict, step)
                    else:
                        died = _killed(platform, part, options, recorded if part == "receiver" else [])
                        _arrived(platform, watch, deliveries)
                    if died != -signal.SIGKILL:
                        survivors.append(died)
        hit = marker.read_text().splitlines()
        wanted = [f"{part}:{step}" for part, steps in STEPS.items() for step in steps]
        missed = [each for each in wanted if each not in hit]
        verdict.require(
            "every named step was hit",
            hit == wanted and not survivors,
            f"{len(hit)} of {len(wanted)}" + (f", not {', '.join(missed)}" if missed else ""),
        )
        times = Counter(position for line in deliveries.read_text().splitlines() for position in line.split())
        most = max(times.values(), default=0)
        verdict.require("at most one duplicate delivery of an event", 1 <= most <= 2, f"{most - 1}")
        repeated = [
            each
            for each in load.history.operations.values()
            if each.positions and any(one.kind is not Kind.ACCEPTED for one in each.tries)
        ]
        # That they were answered with their first position is judged with the history.
        verdict.require("commands cut off were answered in the end", bool(repeated), f"{len(repeated)}")
        platform.parts.stop("receiver")
        platform.parts.launch("receiver")


def verdict_of_rebuild(platform: Platform, verdict: Verdict, step: str) -> None:
    """What a killed rebuild leaves: live tables that equal the next one."""
    wrong = ["is under way"]

    def done() -> bool:
        # PostgreSQL lets go of what the killed one held when it notices the end of its connection.
        with suppress(Refused):
            wrong[:] = comparison.rebuilt(platform.evaluation, ("participation",))
        return wrong != ["is under way"]

    wait_for(done, 30, "a rebuild is possible again")
    if wrong:
        verdict.require(f"after a rebuild killed {step}", False, "; ".join(wrong))


def _killed(platform: Platform, part: str, options: list[str], after: list[str]) -> int:
    """Replace a part by one that dies at a step; once it has, let a sound one go on."""
    platform.parts.stop(part)
    victim = platform.parts.launch(part, child=options)
    wait_for(lambda: victim.poll() is not None, HIT_SECONDS, f"{options[1]} is hit")
    platform.parts.launch(part, child=after)
    return victim.wait()


def _arrived(platform: Platform, watch: Watch, deliveries: Path) -> None:
    """Until what is in the log by now is published, delivered and in the journal: two kills never share a batch."""
    head = platform.head()
    wait_for(
        lambda: watch.reached("published", head) and watch.reached("received", head),
        60,
        "published, received",
    )
    wait_for(
        lambda: deliveries.exists() and str(head) in deliveries.read_text().split(),
        60,
        f"{head} is delivered",
    )
