"""Another system at the broker, with pika: a durable queue bound to every exchange of Alliance."""

from __future__ import annotations

from dataclasses import dataclass

import pika

from alliance.settings import SOURCES

QUEUE = "end-to-end"


@dataclass(frozen=True, slots=True)
class Message:
    body: str
    #: Routing key, properties and headers, as text to be searched.
    around: str


class BrokerReader:
    """The broker keeps every message from `bind` on, until `all` has read it."""

    def __init__(self, url: str) -> None:
        self._parameters = pika.URLParameters(url)
        self._read: list[Message] = []

    def bind(self) -> None:
        with pika.BlockingConnection(self._parameters) as connection:
            channel = connection.channel()
            channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
            for source in SOURCES:
                channel.exchange_declare(f"{source}.events", "topic", durable=True)
                channel.queue_bind(QUEUE, f"{source}.events", "#")

    def all(self) -> list[Message]:
        """Every message since `bind`, those of earlier calls included."""
        with pika.BlockingConnection(self._parameters) as connection:
            channel = connection.channel()
            while True:
                method, properties, body = channel.basic_get(QUEUE, auto_ack=True)
                if method is None:
                    return self._read
                self._read.append(Message(body.decode(), repr((method, properties))))
