"""Another system at the broker, with pika: a durable queue bound to every exchange of Alliance."""

from __future__ import annotations

from typing import Any, Self

import pika

from alliance.settings import SOURCES

QUEUE = "end-to-end"


class BrokerReader:
    """Every message is kept by the broker from the entering on, and read by `all`, which may be called again."""

    def __init__(self, url: str) -> None:
        self._parameters = pika.URLParameters(url)
        self._seen: list[bytes] = []

    def __enter__(self) -> Self:
        with pika.BlockingConnection(self._parameters) as connection:
            channel = connection.channel()
            channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
            for source in SOURCES:
                channel.exchange_declare(f"{source}.events", "topic", durable=True)
                channel.queue_bind(QUEUE, f"{source}.events", "#")
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def all(self) -> list[bytes]:
        """The bodies of all messages so far, with what stands in their properties and headers."""
        with pika.BlockingConnection(self._parameters) as connection:
            channel = connection.channel()
            while True:
                method, properties, body = channel.basic_get(QUEUE, auto_ack=True)
                if method is None:
                    return self._seen
                self._seen.append(body + repr((method.routing_key, properties)).encode())
