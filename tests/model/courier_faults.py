"""What can happen to a broker: each fault by its name, as the states that it can lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.model.courier import Broker

#: (what happened, the broker after it).
Changed = Iterator[tuple[tuple[Any, ...], Broker]]


def _drop(broker: Broker) -> Changed:
    for at, message in enumerate(broker.ready):
        ready = (*broker.ready[:at], *broker.ready[at + 1 :])
        yield (
            ("the broker loses message", message),
            broker._replace(ready=ready, lost=broker.lost | {message}),
        )


def _duplicate(broker: Broker) -> Changed:
    for message in sorted(broker.taken):
        yield ("the broker delivers again message", message), broker._replace(ready=(*broker.ready, message))


def _reorder(broker: Broker) -> Changed:
    for at in range(len(broker.ready) - 1):
        first, second = broker.ready[at : at + 2]
        ready = (*broker.ready[:at], second, first, *broker.ready[at + 2 :])
        yield ("the broker swaps messages", first, second), broker._replace(ready=ready)


def _cut(broker: Broker) -> Changed:
    for which, channel in enumerate(broker.channels):
        if channel is not None:
            yield ("the connection is cut of relay", which + 1), broker.with_channel(which, None)
    for which, subscription in enumerate(broker.subscriptions):
        if subscription.alive:
            yield ("the connection is cut of receiver", which + 1), broker.hang_up(which)


def _wipe(broker: Broker) -> Changed:
    yield ("the broker comes back with an empty disk",), broker.wipe()


def _unqueue(broker: Broker) -> Changed:
    gone = broker.lost.union(broker.ready)
    yield ("the queue is deleted",), broker._replace(queue=False, ready=(), lost=gone)


def _refuse(broker: Broker) -> Changed:
    for which, channel in enumerate(broker.channels):
        if channel is not None and channel.wire:
            yield ("the broker refuses a message of relay", which + 1), broker.take(which, "nack")


BROKER_FAULTS: dict[str, Callable[[Broker], Changed]] = {
    "drop": _drop, "duplicate": _duplicate, "reorder": _reorder, "cut": _cut, "wipe": _wipe,
    "queue deleted": _unqueue, "nack": _refuse,
}  # fmt: skip
