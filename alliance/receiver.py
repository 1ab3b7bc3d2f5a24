"""From the broker to the journal, exactly once and in order.

    position == next    append to the journal
    position <  next    acknowledge: a duplicate (with another id: the logs diverged, stop and alarm)
    position >  next    catch up from the source's feed, then go on

Acknowledged after the commit. Duplicates, reordering, a wiped broker and a first start are all one of these three
cases, so there is no time window anywhere. A queue that stays silent is checked against the feed's head, since the
loss of the newest events leaves no gap to notice.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import structlog
from kombu import Connection, Consumer
from sqlalchemy import insert

from . import broker, metrics
from .envelope import UNREADABLE, Event, from_json
from .errors import Diverged, Unavailable
from .feed import PAGE, Feed
from .journal import Journal
from .parking import rejected

log = structlog.get_logger()

#: Deliveries taken into one transaction at most, and the unacknowledged ones that the broker may send ahead.
BATCH = 1000
#: Seconds that a first delivery waits for others.
GATHER_SECONDS = 0.02
#: Seconds of silence after which the feed is asked whether something was missed.
SILENCE_SECONDS = 5.0
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came: `tag` acknowledges it and all before it."""

    tag: int
    body: bytes


class Receiver:
    """Copies one source into the journal. Any number may run; the broker lets one at a time read the queue."""

    def __init__(self, journal: Journal, feed: Feed) -> None:
        self._journal = journal
        self._feed = feed
        self.source = feed.source
        self.healthy = False

    def receive(self, deliveries: list[Delivery]) -> int:
        """Commit what is new of a batch of deliveries; the caller may acknowledge them all when this returns.

        Returns how many events were new. Raises Unavailable (nothing may be acknowledged) or Diverged.
        """
        strange: list[tuple[Delivery, str]] = []
        readable = [(event, each) for each in deliveries if (event := self._parse(each, strange)) is not None]
        new = 0
        at, _ = self._journal.source(self.source)
        run: list[Event] = []
        seen: list[Event] = []
        for event, delivery in sorted(readable, key=lambda pair: pair[0].position):
            if event.position > at + len(run) + 1:
                new += self._append(run) + self.catch_up()
                run, (at, _) = [], self._journal.source(self.source)
            if event.position > at + len(run) + 1:
                # Every relay publishes after the commit, so this was never in the log.
                strange.append((delivery, "at a position that the source's log has not reached"))
            elif event.position > at + len(run):
                run.append(event)
            else:
                seen.append(event)
        new += self._append(run)
        self._append(seen)  # writes nothing: compares them with those held
        if seen:
            metrics.duplicates.labels(self.source).inc(len(seen))
        # Last, so that a batch which is delivered again after a fault does not leave them twice.
        self._set_aside(strange)
        return new

    def catch_up(self) -> int:
        """Copy the source's feed page by page up to its head; returns how many events were new."""
        new = 0
        while True:
            position, epoch = self._journal.source(self.source)
            page = self._feed.page(position, PAGE)
            if page.head < position or (epoch and page.epoch != epoch):
                raise Diverged(
                    f"{self.source}'s log ends at {page.head} in epoch {page.epoch}; "
                    f"the journal has {position} of epoch {epoch}"
                )
            new += self._journal.append(self.source, page.events, epoch=page.epoch)
            reached = page.events[-1].position if page.events else position
            metrics.receiver_lag_events.labels(self.source).set(max(0, page.head - reached))
            if not page.events:
                return new

    def _append(self, run: list[Event]) -> int:
        return self._journal.append(self.source, run) if run else 0

    def _parse(self, delivery: Delivery, strange: list[tuple[Delivery, str]]) -> Event | None:
        try:
            event = from_json(delivery.body)
            if event.source != self.source:
                raise ValueError(f"an event of {event.source} in the queue of {self.source}")
            return event
        except UNREADABLE as error:
            strange.append((delivery, f"{error!r}"))
            return None

    def _set_aside(self, strange: list[tuple[Delivery, str]]) -> None:
        """Keep what is no event of this source as it came; a gap that it leaves is filled from the feed."""
        if not strange:
            return
        rows = [
            {"source": self.source, "body": each.body, "reason": reason[:500]} for each, reason in strange
        ]
        with self._journal.database.transaction() as connection:
            connection.execute(insert(rejected), rows)
        sizes = [len(each.body) for each, _ in strange]
        log.error("messages set aside", source=self.source, messages=len(strange), bytes=sizes)


def follow(receiver: Receiver, stopping: threading.Event, poll: float = 0.1) -> None:
    """Without a broker: copy the feed until `stopping` is set, looking every `poll` seconds."""
    while not stopping.is_set():
        try:
            new = receiver.catch_up()
            receiver.healthy = True
        except Unavailable as error:
            receiver.healthy = False
            log.warning("receiver waits", source=receiver.source, reason=error.detail)
            stopping.wait(RETRY_SECONDS)
            continue
        if not new:
            stopping.wait(poll)


def consume(
    receiver: Receiver, url: str, stopping: threading.Event, *, consumer: str, prefix: str = ""
) -> None:
    """Read the consumer's queue of the receiver's source until `stopping` is set; faults are waited out."""
    while not stopping.is_set():
        connection = broker.connect(url)
        try:
            receiver.catch_up()
            connection.connect()
            broker.declare(connection, receiver.source, [consumer], prefix)
            _consume(receiver, connection, broker.queue(consumer, receiver.source, prefix), stopping)
        except (Unavailable, *broker.BrokerErrors) as error:
            receiver.healthy = False
            log.warning("receiver waits", source=receiver.source, reason=str(error)[:200])
            stopping.wait(RETRY_SECONDS)
        finally:
            broker.drop(connection)


def _consume(receiver: Receiver, connection: Connection, queue: object, stopping: threading.Event) -> None:
    waiting: list[Delivery] = []
    channel = connection.channel()
    channel.basic_qos(0, BATCH, False)
    # kombu would acknowledge a body that it cannot decode; raw bodies reach us undecoded.
    reader = Consumer(
        channel,
        queues=[queue],
        no_ack=False,
        on_message=lambda message: waiting.append(Delivery(message.delivery_tag, _raw(message.body))),
        accept=None,
    )
    heard = time.monotonic()
    with reader:
        receiver.healthy = True
        while not stopping.is_set():
            _gather(connection, waiting)
            if waiting:
                receiver.receive(waiting)
                channel.basic_ack(waiting[-1].tag, multiple=True)
                waiting.clear()
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENCE_SECONDS:
                receiver.catch_up()
                heard = time.monotonic()
            connection.heartbeat_check()


def _gather(connection: Connection, waiting: list[Delivery]) -> None:
    """Wait up to half a second for a first delivery, then a moment for what follows it."""
    until = time.monotonic() + 0.5
    while len(waiting) < BATCH:
        before = len(waiting)
        try:
            connection.drain_events(timeout=max(0.001, until - time.monotonic()))
        except TimeoutError:
            return
        if before == 0 and waiting:
            until = time.monotonic() + GATHER_SECONDS
        if time.monotonic() > until:
            return


def _raw(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body
