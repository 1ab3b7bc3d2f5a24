"""A rolling restart of every part, under load."""

from __future__ import annotations

from ..parts import wait_for
from ..platform import Platform
from ..verdict import Verdict

#: Seconds in which a part that is told to stop has ended.
DRAINS = 20.0


def rolling_restart(platform: Platform, verdict: Verdict) -> None:
    took: dict[str, float] = {}
    with platform.load(verdict) as load:
        wait_for(lambda: len(load.history.operations) > 20, 30, "the load runs")
        for part in platform.expected():
            if part == "gateway":
                took[part] = _gateway(platform)
                continue
            took[part] = platform.parts.stop(part)
            platform.parts.launch(part)
            platform.parts.await_ready(part)
    slowest = max(took, key=lambda part: took[part])
    verdict.within(f"{len(took)} stops drained, the slowest ({slowest})", took[slowest], DRAINS)
    figures = verdict.figures[0]
    verdict.require(
        "no error at the gateway", not figures.wrong and not figures.open, f"{figures.open} without an answer"
    )


def _gateway(platform: Platform) -> float:
    """As behind a load balancer: another one takes the new requests before this one is stopped."""
    took = 0.0
    for leaving, coming in (("gateway", "gateway+2"), ("gateway+2", "gateway")):
        platform.parts.start(coming)
        platform.gateway = coming
        took = max(took, platform.parts.stop(leaving))
    return took
