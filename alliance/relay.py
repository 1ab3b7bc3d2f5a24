"""From a log to the broker, in position order.

    read after the checkpoint -> publish with confirms -> move the checkpoint (compare-and-set) -> again

Guarantee: an event is published at least once, and the checkpoint never passes one that the broker has not confirmed.
No guarantee: two relays at once, or a crash between confirm and checkpoint, publish some events twice; every reader
knows a position that it has seen.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import structlog
from sqlalchemy import select

from . import checkpoints, metrics
from .broker import Publisher
from .errors import Unavailable
from .log import Log
from .pace import Pace
from .pulse import Pulse
from .tables import events as events_table

log = structlog.get_logger()

CHECKPOINT = "relay"
BATCH = 2000
#: After fewer events than these it rests a moment, for more to share the next round trips.
WORTHWHILE = 100
#: Seconds before the next try after a fault, doubled up to the longest.
FIRST_RETRY, LONGEST_RETRY = 0.5, 3.0


class Relay(Pulse):
    """Publishes one log. Any number may run at once; one is enough."""

    def __init__(self, source: Log, publisher: Publisher) -> None:
        self._log = source
        self._publisher = publisher

    def step(self) -> int:
        """Publish one batch; returns the number of events. Raises Unavailable when broker or database is away."""
        database = self._log.database
        with database.asking() as connection:
            position, _ = checkpoints.load(connection, CHECKPOINT)
        head, epoch = self._log.head()
        events = self._log.read(position, BATCH) if head > position else []
        self._measure(head - position, events[0].time if events else None)
        if not events:
            return 0
        self._publisher.publish(events)
        with database.transaction() as connection:
            # A log that was restored meanwhile will give these positions to other events, which must go out too.
            last = connection.scalars(
                select(events_table.c.id).where(events_table.c.position == events[-1].position)
            ).one_or_none()
            if last == events[-1].id:
                checkpoints.move(
                    connection, CHECKPOINT, expected=position, position=events[-1].position, epoch=epoch
                )
        if events[-1].position >= head:
            # Otherwise the next step, at once, tells the age of what is left.
            self._measure(0, None)
        return len(events)

    def run(self, stopping: threading.Event) -> None:
        """Step until `stopping` is set; faults are waited out."""
        idle, retry = Pace(), Pace(FIRST_RETRY, LONGEST_RETRY)
        while not stopping.is_set():
            began = time.monotonic()
            try:
                published = self.step()
            except Unavailable as error:
                self.healthy = False
                log.warning("relay waits", source=self._log.source, reason=error.detail)
                retry.rest(stopping)
                continue
            self.healthy = True
            retry.worked()
            if published:
                idle.worked()
            else:
                self._publisher.keep_alive()
            if published < WORTHWHILE:
                idle.rest(stopping, time.monotonic() - began)
        self._publisher.close()

    def _measure(self, lag: int, oldest: datetime | None) -> None:
        metrics.relay_lag_events.labels(self._log.source).set(max(0, lag))
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        # A clock that was set back must not make an age negative.
        metrics.relay_oldest_unpublished_seconds.labels(self._log.source).set(max(0.0, age))
