"""Publishing past the relay: what a network repeats, reorders and leaves out, and what nobody should send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from kombu import Connection, Queue

from alliance import broker
from alliance.envelope import from_json

EXCHANGE = "pledges.events"


@contextmanager
def publisher(url: str) -> Iterator[Publisher]:
    # With confirms: RabbitMQ loses what is still under way to a quorum queue when an unconfirmed publisher goes.
    with Connection(url, transport_options={"confirm_publish": True}) as connection:
        yield Publisher(connection)


class Publisher:
    """Returns when the broker has confirmed."""

    def __init__(self, connection: Connection) -> None:
        self._producer = connection.Producer(serializer=None)
        self._channel = self._producer.channel

    def send(self, bodies: Iterable[bytes]) -> int:
        sent = 0
        for body in bodies:
            self._producer.publish(
                body,
                exchange=EXCHANGE,
                routing_key="PledgeSigned",
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode=2,
            )
            sent += 1
        return sent

    def purge(self) -> int:
        return int(broker.queue("evaluation", "pledges")(self._channel).purge())


class Tap:
    """Another system's queue, bound to pledges' exchange: what the broker took is in it, once or more."""

    QUEUE = "matrix-tap"

    def __init__(self, url: str) -> None:
        self._url = url
        with Connection(url) as connection, connection.channel() as channel:
            self._queue(channel).declare()

    def positions(self) -> list[int]:
        """Of all that is in it, in the order in which it came; afterwards the queue is gone."""
        found = []
        with Connection(self._url) as connection, connection.channel() as channel:
            queue = self._queue(channel)
            while (message := queue.get(no_ack=True)) is not None:
                body = message.body
                found.append(from_json(body if isinstance(body, bytes) else body.encode()).position)
            queue.delete()
        return found

    def _queue(self, channel: Any) -> Any:
        arguments = {"x-queue-type": "quorum"}
        exchange = broker.exchange("pledges")
        return Queue(self.QUEUE, exchange, "#", durable=True, queue_arguments=arguments)(channel)
