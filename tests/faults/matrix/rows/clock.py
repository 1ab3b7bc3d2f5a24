"""The wall clock is one hour wrong, and steps back while the load runs."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from .. import comparison
from ..parts import wait_for
from ..platform import Platform
from ..verdict import Verdict

PARTS = ("pledges", "relay-pledges", "receiver", "projector", "gateway")
HOUR = 3600.0
#: An hour ahead, right, an hour behind, and back again: two of the steps go backwards.
STEPS = (HOUR, 0.0, -HOUR, HOUR)


def clock_wrong(platform: Platform, verdict: Verdict) -> None:
    lags: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        clock = Path(folder) / "clock"
        clock.write_text(str(STEPS[0]))
        _with(platform, ["--clock", str(clock)])
        reader = platform.client()
        with platform.load(verdict):
            for offset in STEPS:
                _set(clock, offset)
                _goes_on(platform)
                lags += _lags(platform)
                status, card = reader.get("/v1/state/scorecard")
                lags += [card["lag_seconds"]] if status == 200 and "lag_seconds" in card else []
        reader.close()
        _with(platform, [])
    with platform.logs["pledges"].reading() as connection:
        back = connection.exec_driver_sql(
            "SELECT count(*) FROM (SELECT time < lag(time) OVER (ORDER BY position) AS back FROM events) t WHERE back"
        ).scalar_one()
    verdict.require("times in the log step back, positions never", back > 0, f"{back} steps back")
    verdict.require(
        "lag never negative",
        len(lags) > 20 and min(lags) >= 0,
        f"least {min(lags, default=-1):g} of {len(lags)}",
    )
    wrong = comparison.differences(platform.logs, platform.evaluation, platform.enrolled)
    verdict.require("order as without", not wrong, "; ".join(wrong))


def _goes_on(platform: Platform) -> None:
    head, until = platform.head(), time.monotonic() + 4
    wait_for(lambda: platform.head() > head + 20 and time.monotonic() > until, 60, "the load goes on")


def _set(clock: Path, offset: float) -> None:
    # Replaced, not written over: a reader never finds half of it.
    fresh = clock.with_suffix(".new")
    fresh.write_text(str(offset))
    fresh.rename(clock)


def _with(platform: Platform, child: list[str]) -> None:
    """The parts that look at the clock, started anew: under a wrong one, or under the right one again."""
    platform.parts.stop(*PARTS)
    for part in PARTS:
        platform.parts.launch(part, child=child)
    for part in PARTS:
        platform.parts.await_ready(part)


def _lags(platform: Platform) -> list[float]:
    """Every lag and age that a part shows at this moment."""
    return [
        value
        for part in ("relay-pledges", "receiver", "projector")
        for series, value in platform.parts.samples(part).items()
        if "_lag_" in series or "oldest_unpublished" in series
    ]
