"""Consumers that are slow or stopped; two relays, two receivers, two projectors, of which one is stopped or killed."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

from kombu import Connection, Queue

from alliance import broker

from ..history import Kind
from ..load import Load
from ..parts import Late, wait_for
from ..platform import Platform
from ..verdict import Verdict
from ..watch import Watch

#: Seconds until a second one has taken over.
TAKEOVER = 10.0

#: By part: the figure that it moves.
MOVES = {"relay-pledges": "published", "receiver": "received", "projector": "folded"}


def consumers(platform: Platform, verdict: Verdict) -> None:
    seconds = {part: f"{part}+2" for part in MOVES}
    for second in seconds.values():
        platform.parts.launch(second)
    slow = SlowSubscriber(platform.servers.rabbitmq.url)
    slow.start()
    with platform.watched() as watch, platform.load(verdict) as load:
        wait_for(lambda: len(load.history.operations) > 20, 30, "the load runs")
        for part, second in seconds.items():
            for fault in ("stopped", "killed"):
                _taken_over(platform, verdict, watch, part, second, fault)
        _stopped_in_transaction(platform, verdict, watch)
        refused = [each for each in load.history.tries() if each.kind is not Kind.ACCEPTED]
        verdict.require("no command was refused", not refused, f"{len(refused)}")
        _nobody_waits(verdict, load)
        got = slow.got
    slow.stop()
    verdict.require(
        "a slow subscriber holds nobody up", 0 < got < len(load.history.operations), f"it had {got}"
    )
    for second in seconds.values():
        platform.parts.stop(second)


def _taken_over(
    platform: Platform, verdict: Verdict, watch: Watch, part: str, second: str, fault: str
) -> None:
    """Both copies in turn: it is not told outside which of them is at work."""
    worst = 0.0
    for away in (part, second):
        if fault == "stopped":
            platform.parts.freeze(away)
        else:
            platform.parts.kill(away)
        worst = max(worst, _goes_on(platform, watch, part))
        if fault == "stopped":
            platform.parts.thaw(away)
        else:
            platform.parts.start(away)
        wait_for(lambda: platform.level(watch), 60, "the others have caught up")
    verdict.within(f"{part} {fault}: taken over", worst, TAKEOVER)


def _goes_on(platform: Platform, watch: Watch, part: str) -> float:
    """After how many seconds somebody has brought everything on that is in the log now; infinite when nobody does."""
    began, head = time.monotonic(), platform.head()
    try:
        wait_for(lambda: watch.reached(MOVES[part], head), 4 * TAKEOVER, f"{part} is taken over")
    except Late:
        return float("inf")
    return (watch.reached(MOVES[part], head) or 0.0) - began


def _stopped_in_transaction(platform: Platform, verdict: Verdict, watch: Watch) -> None:
    """The worst moment: the lock on the checkpoint is held by a process that does nothing."""
    with tempfile.TemporaryDirectory() as folder:
        marker = Path(folder) / "stopped"
        platform.parts.stop("projector")
        options = ["--stop-at", "projector:stored, not committed", "--marker", str(marker)]
        platform.parts.launch("projector", child=options)
        wait_for(marker.exists, 60, "it has stopped in its transaction")
        took = _goes_on(platform, watch, "projector")
        platform.parts.thaw("projector")
        wait_for(lambda: platform.level(watch), 60, "it has woken up")
        platform.parts.kill("projector+2")
        again = _goes_on(platform, watch, "projector")
        platform.parts.start("projector+2")
        platform.parts.stop("projector")
        platform.parts.start("projector")
    verdict.within("projector stopped in its transaction: taken over", took, TAKEOVER)
    verdict.within("woken up, it goes on alone", again, TAKEOVER)


def _nobody_waits(verdict: Verdict, load: Load) -> None:
    slowest = max(each.seconds for each in load.history.tries())
    verdict.notes.append(f"slowest answer {slowest:.2f} s")


class SlowSubscriber(threading.Thread):
    """Another system's own queue, of which it takes two messages a second."""

    QUEUE = "slow-subscriber"

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.got = 0
        self._url = url
        self._stopping = threading.Event()

    def run(self) -> None:
        with Connection(self._url) as connection, connection.channel() as channel:
            queue = Queue(
                self.QUEUE, exchange=broker.exchange("pledges"), routing_key="#",
                queue_arguments={"x-queue-type": "quorum"},
            )(channel)  # fmt: skip
            queue.declare()
            while not self._stopping.wait(0.5):
                message = queue.get(no_ack=False)
                if message is not None:
                    message.ack()
                    self.got += 1
            queue.delete()

    def stop(self) -> None:
        self._stopping.set()
        self.join(10)
