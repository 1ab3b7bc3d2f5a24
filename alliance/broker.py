"""The courier: exchanges, queues, and a publisher with a window of confirms (kombu over py-amqp).

Topology, all durable: a topic exchange `<source>.events` per log; a quorum queue `<consumer>.<source>` per reader and
source, bound to everything, with a single active consumer, so that one reader sees one order. The features used are
those that RabbitMQ 3.10 and 4.x share.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from amqp.exceptions import AMQPError
from kombu import Connection, Exchange, Queue

from .envelope import CONTENT_TYPE, Event, to_json
from .errors import Unavailable

#: Seconds without a heartbeat after which a peer counts as gone; half of it is the interval of the beats.
HEARTBEAT = 10
CONNECT_SECONDS = 2.0
#: Seconds in which the broker has to confirm a window; after that nothing on the channel can be trusted.
CONFIRM_SECONDS = 10.0
#: Unconfirmed messages at most: larger hides the round trip, smaller bounds what is sent twice after a fault.
WINDOW = 500

#: What a lost or refusing broker raises.
BrokerErrors = (OSError, AMQPError)


def connect(url: str) -> Connection:
    """A connection that gives up after CONNECT_SECONDS; it is opened at its first use."""
    return Connection(
        url,
        connect_timeout=CONNECT_SECONDS,
        heartbeat=HEARTBEAT,
        transport_options={"read_timeout": CONFIRM_SECONDS, "write_timeout": CONFIRM_SECONDS},
    )


def drop(connection: Connection) -> None:
    """Close the sockets without the closing handshake, which a broken or blocked peer would not answer."""
    with suppress(*BrokerErrors):
        connection.collect(socket_timeout=0.1)


def exchange(source: str, prefix: str = "") -> Exchange:
    """The exchange that a source publishes to; a stock nameko `event_handler` of that source finds it by name."""
    return Exchange(f"{prefix}{source}.events", type="topic", durable=True)


def queue(consumer: str, source: str, prefix: str = "") -> Queue:
    """The one queue in which `consumer` reads everything of `source`, in order."""
    return Queue(
        f"{prefix}{consumer}.{source}",
        exchange=exchange(source, prefix),
        routing_key="#",
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
        },
    )


def declare(connection: Connection, source: str, consumers: Sequence[str], prefix: str = "") -> None:
    """Declare a source's exchange and its known readers' queues: a broker that came back empty gets them again."""
    with connection.channel() as channel:
        exchange(source, prefix)(channel).declare()
        for consumer in consumers:
            queue(consumer, source, prefix)(channel).declare()


def forget(connection: Connection, consumer: str, source: str, prefix: str = "") -> int:
    """Drop all that waits in a reader's queue, also what was handed out and not acknowledged; how many waited.

    The queue goes as a whole and is declared again: to empty it would spare what a reader had that ended a moment ago,
    and that comes back.
    """
    declare(connection, source, [consumer], prefix)
    with connection.channel() as channel:
        dropped = int(queue(consumer, source, prefix)(channel).delete())
    declare(connection, source, [consumer], prefix)
    return dropped


class Publisher:
    """Publishes a source's events in order, persistent and mandatory, and returns when all are confirmed.

    Guarantee: when `publish` returns, the broker has taken responsibility for every event given. When it raises,
    any of them may or may not have been taken, and the connection is gone: a channel is never used again after a
    timeout, since a late confirm would count for the wrong message.
    """

    def __init__(self, url: str, source: str, consumers: Sequence[str], prefix: str = "") -> None:
        self._url = url
        self._source = source
        self._consumers = consumers
        self._prefix = prefix
        self._connection: Connection | None = None
        self._channel: Any = None
        self._sent = 0
        self._unconfirmed: set[int] = set()
        self._refused: list[str] = []

    def publish(self, events: Sequence[Event]) -> None:
        """Publish and await every confirm; raises Unavailable when the broker is away, blocked or refuses."""
        try:
            self._open()
            for event in events:
                self._await(lambda: len(self._unconfirmed) < WINDOW)
                self._send(event)
            self._await(lambda: not self._unconfirmed)
        except BrokerErrors as error:
            self.close()
            raise Unavailable(
                f"The broker cannot be reached ({type(error).__name__}); trying again."
            ) from error
        except BaseException:
            self.close()
            raise

    def keep_alive(self) -> None:
        """Exchange heartbeats between two batches; else the broker would take a quiet log's relay for dead."""
        if self._connection is None:
            return
        try:
            with suppress(TimeoutError):
                self._connection.drain_events(timeout=0.001)
            self._connection.heartbeat_check()
        except BrokerErrors:
            self.close()

    def close(self) -> None:
        """Drop the connection; the next publish opens a new one."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            drop(connection)

    def _open(self) -> None:
        if self._channel is not None:
            return
        self._connection = connect(self._url)
        self._connection.connect()
        declare(self._connection, self._source, self._consumers, self._prefix)
        channel = self._connection.channel()
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_confirm)
        channel.events["basic_nack"].add(self._on_refusal)
        channel.events["basic_return"].add(self._on_return)
        self._channel, self._sent = channel, 0
        self._unconfirmed, self._refused = set(), []

    def _send(self, event: Event) -> None:
        message = self._channel.prepare_message(
            to_json(event),
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            properties={"delivery_mode": 2, "message_id": event.id, "correlation_id": event.correlation_id},
        )
        self._sent += 1
        self._unconfirmed.add(self._sent)
        self._channel.basic_publish(
            message,
            exchange=f"{self._prefix}{self._source}.events",
            routing_key=event.type,
            mandatory=True,
            timeout=CONFIRM_SECONDS,
        )

    def _await(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + CONFIRM_SECONDS
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                raise Unavailable("The broker does not confirm in time; is it under an alarm?")
            assert self._connection is not None
            self._connection.drain_events(timeout=left)
        if self._refused:
            raise Unavailable(f"The broker did not take a message: {self._refused[0]}")

    def _on_confirm(self, delivery_tag: int, multiple: bool) -> None:
        if multiple:
            self._unconfirmed = {tag for tag in self._unconfirmed if tag > delivery_tag}
        else:
            self._unconfirmed.discard(delivery_tag)

    def _on_refusal(self, delivery_tag: int, multiple: bool) -> None:
        self._refused.append("negative acknowledgement")
        self._on_confirm(delivery_tag, multiple)

    def _on_return(self, *returned: Any) -> None:
        # No queue took it: the topology is gone. Dropping the connection makes the next try declare it again.
        self._refused.append(f"unroutable ({returned[1] if len(returned) > 1 else 'no queue'})")
