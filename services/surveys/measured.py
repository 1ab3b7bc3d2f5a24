"""Count and time the commands that append by themselves, under the same names as those that the kit runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from alliance import metrics
from alliance.errors import AllianceError


@dataclass(slots=True)
class Results:
    """What the commands of one call came to: accepted, unchanged, repeated, or the code of an error."""

    labels: list[str] = field(default_factory=list)


@contextmanager
def measured(command: str) -> Iterator[Results]:
    """The block fills in the results; an error that leaves it is the only one."""
    started = time.perf_counter()
    results = Results()
    try:
        yield results
    except BaseException as error:
        results.labels = [error.code if isinstance(error, AllianceError) else "error"]
        raise
    finally:
        for label in results.labels:
            metrics.commands.labels("surveys", command, label).inc()
        metrics.command_seconds.labels("surveys", command).observe(time.perf_counter() - started)
