"""Every delivery repeated 1 to 5 times, also after an hour; shuffled; with gaps."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from alliance.envelope import Event, to_json
from alliance.log import Log

from .. import comparison
from ..parts import wait_for
from ..platform import Platform
from ..publishing import Publisher, publisher
from ..verdict import Verdict

SERIES = 'alliance_duplicates_total{source="pledges"}'
HOUR = 3600
#: Events that are repeated at a time.
RUN = 200


def deliveries_repeated(platform: Platform, verdict: Verdict) -> None:
    log, chance = Log(platform.logs["pledges"], "pledges"), random.Random(7)
    with publisher(platform.servers.rabbitmq.url) as door:
        with platform.load(verdict) as load:
            wait_for(lambda: len(load.history.operations) > 20, 30, "the load runs")
            sent = sum(repeated(door, _some(log, chance), chance) for _ in range(10))
            # Gaps: of what no relay has published yet, every third arrives, the last one first.
            platform.parts.stop("relay-pledges")
            at = platform.head()
            wait_for(lambda: platform.head() >= at + 30, 60, "the log grows")
            ahead = log.read(at, 1000)
            gaps = door.send(to_json(event) for event in reversed(ahead[::3]))
            wait_for(lambda: _received(platform) >= ahead[-3].position, 60, "gaps are filled from the feed")
            platform.parts.start("relay-pledges")
        verdict.require("gaps are filled", gaps > 5, f"{gaps} of {len(ahead)} events delivered, in reverse")
        before = comparison.shown(platform.evaluation)
        late = _an_hour_later(platform, log, door, chance)
    after = comparison.shown(platform.evaluation)
    verdict.require(
        "no figure changes, also an hour later", bool(before) and before == after, f"{late} late copies"
    )
    verdict.notes.append(f"{sent} copies under load")
    wrong = comparison.differences(platform.logs, platform.evaluation, platform.enrolled)
    verdict.require("still equal after the hour", not wrong, "; ".join(wrong))


def repeated(door: Publisher, events: Sequence[Event], chance: random.Random) -> int:
    """Each event once to five times, all of them shuffled; how many copies."""
    bodies = [to_json(event) for event in events for _ in range(chance.randint(1, 5))]
    chance.shuffle(bodies)
    return door.send(bodies)


def _some(log: Log, chance: random.Random) -> list[Event]:
    head = log.head()[0]
    return log.read(chance.randint(0, max(0, head - RUN)), RUN)


def _an_hour_later(platform: Platform, log: Log, door: Publisher, chance: random.Random) -> int:
    """The readers' clocks stand an hour later, and the oldest and the newest events come again."""
    with tempfile.TemporaryDirectory() as folder:
        clock = Path(folder) / "clock"
        clock.write_text(str(HOUR))
        platform.parts.stop("receiver", "projector")
        for part in ("receiver", "projector"):
            platform.parts.launch(part, child=["--clock", str(clock)])
        wait_for(
            lambda: platform.parts.ready("projector") and _duplicates(platform) is not None, 60, "they run"
        )
        head = platform.head()
        copies = repeated(door, [*log.read(0, RUN), *log.read(max(0, head - RUN), RUN)], chance)
        wait_for(lambda: (_duplicates(platform) or 0) >= copies, 60, f"{copies} duplicates are counted")
        platform.settle()
        platform.parts.stop("receiver", "projector")
    platform.parts.launch("receiver")
    platform.parts.start("projector")
    return copies


def _duplicates(platform: Platform) -> float | None:
    try:
        return platform.parts.samples("receiver").get(SERIES, 0.0)
    except OSError:
        return None


def _received(platform: Platform) -> int:
    with platform.evaluation.asking() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT position FROM journal_sources WHERE source = 'pledges'"
            ).scalar_one()
        )
