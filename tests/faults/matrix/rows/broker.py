"""The broker is killed, stays away, and comes back with an empty disk."""

from __future__ import annotations

import time

from kombu import Connection

from alliance import broker

from ..history import Kind
from ..parts import wait_for
from ..platform import Platform
from ..verdict import Verdict

#: Seconds in which all that was accepted meanwhile is published, after the broker's return.
DRAINED = 60.0


def broker_lost(platform: Platform, verdict: Verdict) -> None:
    rabbitmq = platform.servers.rabbitmq
    with platform.watched() as watch, platform.load(verdict) as load:
        wait_for(lambda: len(load.history.operations) > 20, 30, "the load runs")
        # No buffers are emptied first: it comes back without them anyway.
        rabbitmq.kill(settle=False)
        killed = time.monotonic()
        time.sleep(platform.scale.outage)
        rabbitmq.start(empty=True)
        back = time.monotonic()
        position = platform.head()
        wait_for(
            lambda: watch.reached("published", position),
            DRAINED + 30,
            "what was accepted meanwhile is published",
        )
        drained = (watch.reached("published", position) or 0.0) - back
        away = load.history.tries(killed, back)
        wait_for(lambda: not topology_missing(platform), DRAINED, "exchanges and queues are declared again")
        declared = time.monotonic() - back
    refused = [each for each in away if each.kind is not Kind.ACCEPTED]
    verdict.require(
        "no command refused", bool(away) and not refused, f"{len(refused)} of {len(away)} while it was away"
    )
    verdict.within(f"drained after {back - killed:.0f} s without a broker", drained, DRAINED)
    verdict.within("topology redeclared", declared, DRAINED)
    verdict.notes.append(f"slowest answer meanwhile {max((each.seconds for each in away), default=0):.2f} s")


def topology_missing(platform: Platform) -> list[str]:
    """The exchanges and queues that ought to be at the broker, and are not."""
    missing = []
    for source in platform.logs:
        queue = broker.queue("evaluation", source)
        for entity in (queue.exchange, queue):
            with Connection(platform.servers.rabbitmq.url) as connection, connection.channel() as channel:
                try:
                    if entity is queue:
                        queue(channel).queue_declare(passive=True)
                    else:
                        queue.exchange(channel).declare(passive=True)
                except connection.channel_errors:
                    missing.append(entity.name)
    return missing
