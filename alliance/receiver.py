"""From the broker to the journal, exactly once and in order.

    position == next    append to the journal
    position <  next    acknowledge: a duplicate (with another id: the logs diverged, stop and alarm)
    position >  next    catch up from the source's feed, then go on

Acknowledged after the commit. Duplicates, reordering, a wiped broker and a first start are all one of these three
cases, so there is no time window anywhere. A queue that stays silent is checked against the feed's head, since the
loss of the newest events leaves no gap to notice; if it was silent while the log grew, it is subscribed to anew. How
far the journal is behind is known in every state (`Lag`).
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import structlog
from kombu import Connection, Consumer

from . import broker, metrics
from .envelope import UNREADABLE, Event, from_json
from .errors import Diverged, Unavailable
from .feed import PAGE, Feed
from .journal import Journal
from .parking import set_messages_aside
from .pulse import Pulse

log = structlog.get_logger()

#: Deliveries taken into one transaction at most, and the unacknowledged ones that the broker may send ahead.
BATCH = 1000
#: Seconds for which a first delivery is waited for. Then the heartbeats are looked at, so that a silent broker is
#: noticed within two of them and two such looks.
LOOK_SECONDS = 0.25
#: Seconds that a first delivery waits for others.
GATHER_SECONDS = 0.02
#: Seconds of silence after which the feed is asked whether something was missed.
SILENCE_SECONDS = 5.0
#: Seconds between two looks at the feed's head while messages come: what still waits in the queue is known to it alone.
HEAD_SECONDS = 30.0
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came: `tag` acknowledges it and all before it."""

    tag: int
    body: bytes


class Lag:
    """How far the journal is behind what was heard of a source's log.

    Until the journal has answered for the first time, nothing counts as held.
    """

    def __init__(self) -> None:
        self.held = 0
        self._heard = 0
        self._behind_since: float | None = None

    def hear(self, position: int) -> None:
        """A position that somebody names, who can be wrong: the source's head corrects it."""
        self.learn(max(self._heard, position))

    def learn(self, head: int) -> None:
        """The head of the source's log, from the source itself."""
        self._heard = head
        self._note()

    def hold(self, position: int) -> None:
        """The journal has the source's log up to this position."""
        self.held = position
        self._note()

    def events(self) -> int:
        return max(0, self._heard - self.held)

    def seconds(self) -> float:
        """Since the journal was level with what was heard; 0 while it is."""
        since = self._behind_since
        return 0.0 if since is None else time.monotonic() - since

    def _note(self) -> None:
        if self.held >= self._heard:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = time.monotonic()


class Receiver(Pulse):
    """Copies one source into the journal. Any number may run; the broker lets one at a time read the queue."""

    def __init__(self, journal: Journal, feed: Feed) -> None:
        self._journal = journal
        self._feed = feed
        self.source = feed.source
        self._lag = Lag()
        #: Where the log ended when the feed was last read.
        self._log_head = 0
        # Asked at each scrape: the age grows, too, while a receiver hangs in whatever it is waiting for.
        metrics.receiver_lag_events.labels(self.source).set_function(self._lag.events)
        metrics.receiver_lag_seconds.labels(self.source).set_function(self._lag.seconds)

    def receive(self, deliveries: list[Delivery]) -> int:
        """Commit what is new of a batch of deliveries; the caller may acknowledge them all when this returns.

        Returns how many events were new. Raises Unavailable (nothing may be acknowledged) or Diverged.
        """
        strange: list[tuple[Delivery, str]] = []
        readable = [(event, each) for each in deliveries if (event := self._parse(each, strange)) is not None]
        if readable:
            self._lag.hear(max(event.position for event, _ in readable))
        new = 0
        at = self._held()[0]
        run: list[Event] = []
        seen: list[Event] = []
        for event, delivery in sorted(readable, key=lambda pair: pair[0].position):
            if event.position > at + len(run) + 1:
                new += self._append(run) + self.catch_up()
                run, at = [], self._held()[0]
            if event.position > at + len(run) + 1:
                if event.position <= self._log_head:
                    raise Unavailable(f"{self.source}: the journal ends at {at} again; trying again.")
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
            try:
                position, epoch = self._held()
            except Unavailable:
                # Nothing can be copied now; how much waits for the journal can still be known.
                self.ask_head()
                raise
            page = self._feed.page(position, PAGE)
            if page.head < position or (epoch and page.epoch != epoch):
                raise Diverged(
                    f"{self.source}'s log ends at {page.head} in epoch {page.epoch}; "
                    f"the journal has {position} of epoch {epoch}"
                )
            self._lag.learn(page.head)
            self._log_head = page.head
            new += self._journal.append(self.source, page.events, epoch=page.epoch)
            if not page.events:
                return new
            self._lag.hold(page.events[-1].position)

    def ask_head(self) -> None:
        """Learn how far the source's log has come; while it cannot say, what was heard before stands."""
        with suppress(Unavailable):
            self._lag.learn(self._feed.page(self._lag.held, 1).head)

    def _held(self) -> tuple[int, str]:
        """Up to where the journal holds the source's log, and the log's epoch."""
        position, epoch = self._journal.source(self.source)
        self._lag.hold(position)
        return position, epoch

    def _append(self, run: list[Event]) -> int:
        if not run:
            return 0
        new = self._journal.append(self.source, run)
        self._lag.hold(max(self._lag.held, run[-1].position))
        return new

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
        messages = [(each.body, reason[:500]) for each, reason in strange]
        with self._journal.database.transaction() as connection:
            set_messages_aside(connection, self.source, messages)
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
    heard = asked = time.monotonic()
    with reader:
        while not stopping.is_set():
            receiver.healthy = True
            _gather(connection, waiting)
            if waiting:
                receiver.receive(waiting)
                channel.basic_ack(waiting[-1].tag, multiple=True)
                waiting.clear()
                heard = time.monotonic()
                if heard - asked > HEAD_SECONDS:
                    receiver.ask_head()
                    asked = time.monotonic()
            elif time.monotonic() - heard > SILENCE_SECONDS:
                if missed := receiver.catch_up():
                    # Lost on the way, not yet published, or stuck behind a delivery that does not come. In the
                    # last case the broker delivers again to a new subscription; in the others it costs little.
                    log.warning("subscribing again", source=receiver.source, missed=missed)
                    return
                heard = asked = time.monotonic()
            connection.heartbeat_check()


def _gather(connection: Connection, waiting: list[Delivery]) -> None:
    """Wait for a first delivery, then a moment for what follows it."""
    until = time.monotonic() + LOOK_SECONDS
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
