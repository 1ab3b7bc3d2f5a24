"""The broker's memory and disk alarms, and a queue at its maximum length."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kombu import Connection

from ..history import Kind
from ..load import Load
from ..parts import wait_for
from ..platform import Platform
from ..verdict import Verdict
from ..watch import Watch
from .databases import PATIENCE

#: Seconds until the relay publishes again, after the alarm's end.
RESUMES = 5.0
QUEUE = "evaluation.pledges"
#: Messages that the full queue holds at most.
FULL = 50

ALARMS = {
    "memory": (("set_vm_memory_high_watermark", "0.0000001"), ("set_vm_memory_high_watermark", "0.4")),
    "disk": (("set_disk_free_limit", "100000GB"), ("set_disk_free_limit", "50MB")),
}


def alarms(platform: Platform, verdict: Verdict) -> None:
    ctl = platform.servers.rabbitmq.ctl
    with platform.watched() as watch, platform.load(verdict) as load:
        wait_for(lambda: len(load.history.operations) > 20, 30, "the load runs")
        for name, (raised, ended) in ALARMS.items():
            with _lasting(platform, verdict, watch, load, f"{name} alarm", lambda: ctl(*ended)):  # noqa: B023
                ctl(*raised)
        _full_queue(platform, verdict, watch, load)


def _full_queue(platform: Platform, verdict: Verdict, watch: Watch, load: Load) -> None:
    """Nobody reads, and the queue refuses what is above its length; the operator's policy says so."""
    ctl = platform.servers.rabbitmq.ctl
    platform.parts.stop("receiver")
    policy = f'{{"max-length": {FULL}, "overflow": "reject-publish"}}'

    def make_room() -> None:
        ctl("clear_policy", "full")
        platform.parts.launch("receiver")

    with _lasting(platform, verdict, watch, load, "queue at its maximum length", make_room):
        ctl("set_policy", "full", f"^{QUEUE}$", policy, "--apply-to", "queues")
        wait_for(lambda: _waiting(platform) >= FULL, 60, "the queue is full")


@contextmanager
def _lasting(
    platform: Platform, verdict: Verdict, watch: Watch, load: Load, name: str, end: Callable[[], object]
) -> Iterator[None]:
    """The fault is brought about in the block and lasts a while; what the requests and the relay do is judged."""
    began = time.monotonic()
    try:
        yield
        time.sleep(platform.scale.outage / 4)
        stands = watch.looks[-1].published
        wait_for(lambda: (watch.looks[-1].head or 0) > (stands or 0) + 10, 30, "events wait for the broker")
        asked = time.monotonic()
        held = watch.looks[-1].published == stands
    finally:
        end()
    ended = time.monotonic()
    wait_for(lambda: watch.moved("published", ended) < float("inf"), 60, f"{name}: published again")
    meanwhile = load.history.tries(began, asked)
    slowest = max((each.seconds for each in meanwhile), default=0.0)
    refused = [each for each in meanwhile if each.kind is not Kind.ACCEPTED]
    verdict.require(f"{name}: the relay was held", held, f"at {stands}")
    verdict.require(
        f"{name}: no request over {PATIENCE:g} s", bool(meanwhile) and slowest <= PATIENCE, f"{slowest:.2f} s"
    )
    verdict.require(f"{name}: none refused", not refused, f"{len(refused)} of {len(meanwhile)}")
    verdict.within(f"{name}: resumes", watch.moved("published", ended), RESUMES)


def _waiting(platform: Platform) -> int:
    with Connection(platform.servers.rabbitmq.url) as connection, connection.channel() as channel:
        return int(channel.queue_declare(QUEUE, passive=True).message_count)
