"""The broker as a value, and the connections that the product's publisher and receiver have to it.

A value says what lies in the queue, what was delivered and not acknowledged, and what each publisher's channel has
under way in both directions: messages on the wire that the broker has not taken, and confirms that have not arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple


class Channel(NamedTuple):
    """A publisher's channel. `wire` holds (tag, message); `confirms` holds (kind, tag) on their way back."""

    sent: int = 0
    wire: tuple[tuple[int, int], ...] = ()
    confirms: tuple[tuple[str, int], ...] = ()


class Subscription(NamedTuple):
    """A receiver's: `unacknowledged` holds (tag, message); one that was cut knows it at its next word."""

    alive: bool = True
    delivered: int = 0
    unacknowledged: tuple[tuple[int, int], ...] = ()


class Broker(NamedTuple):
    """Messages are numbers. The queue is durable with a single active consumer, as `alliance.broker` declares it.

    `taken` and `lost` are no part of a broker: what it ever took responsibility for, and what a fault that was
    injected took from it.
    """

    channels: tuple[Channel | None, ...]
    subscriptions: tuple[Subscription, ...]
    queue: bool = True
    ready: tuple[int, ...] = ()
    taken: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()

    def with_channel(self, which: int, channel: Channel | None) -> Broker:
        return self._replace(channels=_put(self.channels, which, channel))

    def with_subscription(self, which: int, subscription: Subscription) -> Broker:
        return self._replace(subscriptions=_put(self.subscriptions, which, subscription))

    def serves(self, which: int) -> bool:
        """Whether this receiver is the one that gets the queue's messages: the first that is connected."""
        alive = [index for index, each in enumerate(self.subscriptions) if each.alive]
        return bool(alive) and alive[0] == which and self.queue

    def send(self, which: int, message: int) -> Broker:
        channel = self.channels[which]
        if channel is None:
            return self  # into a socket that nobody reads any more
        tag = channel.sent + 1
        return self.with_channel(which, channel._replace(sent=tag, wire=(*channel.wire, (tag, message))))

    def take(self, which: int, kind: str = "ack") -> Broker:
        """Take responsibility for the first message on a wire and send the confirm; or refuse it."""
        channel = self.channels[which]
        assert channel is not None
        (tag, message), *rest = channel.wire
        kind = kind if self.queue else "return"
        channel = channel._replace(wire=tuple(rest), confirms=(*channel.confirms, (kind, tag)))
        broker = self.with_channel(which, channel)
        if kind != "ack":
            return broker
        return broker._replace(ready=(*broker.ready, message), taken=broker.taken | {message})

    def confirm(self, which: int) -> Broker:
        channel = self.channels[which]
        assert channel is not None
        return self.with_channel(which, channel._replace(confirms=channel.confirms[1:]))

    def deliver(self, which: int) -> Broker:
        subscription = self.subscriptions[which]
        tag = subscription.delivered + 1
        held = (*subscription.unacknowledged, (tag, self.ready[0]))
        subscription = subscription._replace(delivered=tag, unacknowledged=held)
        return self.with_subscription(which, subscription)._replace(ready=self.ready[1:])

    def acknowledge(self, which: int, tag: int) -> Broker:
        """As with `multiple`: this delivery and all before it."""
        subscription = self.subscriptions[which]
        held = tuple(each for each in subscription.unacknowledged if each[0] > tag)
        delivered = subscription.delivered if held else 0
        return self.with_subscription(which, subscription._replace(unacknowledged=held, delivered=delivered))

    def hang_up(self, which: int) -> Broker:
        """A receiver's connection ends: what it has not acknowledged is ready again, in its old place."""
        back = tuple(message for _, message in self.subscriptions[which].unacknowledged)
        return self.with_subscription(which, Subscription(alive=False))._replace(ready=(*back, *self.ready))

    def subscribe(self, which: int) -> Broker:
        return self.with_subscription(which, Subscription())._replace(queue=True)

    def wipe(self) -> Broker:
        """Killed, and back with an empty disk: no queue, no message, every connection cut."""
        gone = [*self.ready, *(message for each in self.subscriptions for _, message in each.unacknowledged)]
        return Broker(
            channels=(None,) * len(self.channels),
            subscriptions=(Subscription(alive=False),) * len(self.subscriptions),
            queue=False,
            taken=self.taken,
            lost=self.lost.union(gone),
        )


def _put(values: tuple[Any, ...], which: int, value: Any) -> tuple[Any, ...]:
    return (*values[:which], value, *values[which + 1 :])


#: Asks the exploration what happens at a scheduling point: (kind, about) -> answer.
Ask = Callable[[str, Any], Any]


@dataclass
class PublisherConnection:
    """What `alliance.broker.connect` gives a Publisher. `tell` says what takes effect without anybody's leave."""

    ask: Ask
    tell: Callable[[str, Any], None]
    keep: Callable[[bytes], int]
    handlers: dict[str, set[Any]]

    def connect(self) -> None:
        """Connects, and declares the topology: `alliance.broker.declare` is silent in the model."""
        if self.ask("open", "broker") == "refused":
            raise ConnectionRefusedError("the broker is away")

    def channel(self) -> PublisherConnection:
        return self

    @property
    def events(self) -> dict[str, set[Any]]:
        return self.handlers

    def confirm_select(self) -> None:
        return

    def prepare_message(self, body: bytes, **_: Any) -> bytes:
        return body

    def basic_publish(self, message: bytes, **_: Any) -> None:
        self.tell("send", self.keep(message))

    def drain_events(self, timeout: float) -> None:
        kind, tag = self.ask("confirm", "broker")
        if kind == "timeout":
            raise TimeoutError
        if kind == "cut":
            raise ConnectionResetError
        if kind == "return":
            for handle in self.handlers["basic_return"]:
                handle(312, "NO_ROUTE")
        for handle in self.handlers["basic_nack" if kind == "nack" else "basic_ack"]:
            handle(tag, False)

    def heartbeat_check(self) -> None:
        return

    def collect(self, socket_timeout: float) -> None:
        self.tell("close", None)


def publisher_connection(ask: Ask, tell: Callable[[str, Any], None], keep: Callable[[bytes], int]) -> Any:
    return PublisherConnection(
        ask, tell, keep, {"basic_ack": set(), "basic_nack": set(), "basic_return": set()}
    )


@dataclass
class ReceiverConnection:
    """What a receiver reads the queue through. `silent` is called when nothing comes."""

    ask: Ask
    body: Callable[[int], bytes]
    silent: Callable[[], None]
    on_message: Callable[[Any], None] | None = None

    def channel(self) -> ReceiverConnection:
        return self

    def basic_qos(self, *_: Any) -> None:
        return

    def basic_ack(self, tag: int, multiple: bool) -> None:
        assert multiple
        if self.ask("acknowledge", tag) == "cut":
            raise ConnectionResetError

    def drain_events(self, timeout: float) -> None:
        answer = self.ask("message", "broker")
        if answer == "nothing":
            self.silent()
            raise TimeoutError
        if answer == "cut":
            raise ConnectionResetError
        assert self.on_message is not None
        tag, message = answer
        self.on_message(SimpleNamespace(delivery_tag=tag, body=self.body(message)))

    def heartbeat_check(self) -> None:
        return


class ReceiverConsumer:
    """In the place of kombu's Consumer; leaving it at the end of a turn is no end of the subscription."""

    def __init__(
        self, channel: ReceiverConnection, queues: Sequence[Any], on_message: Any, **options: Any
    ) -> None:
        assert options == {"no_ack": False, "accept": None}
        channel.on_message = on_message

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: Any) -> None:
        return
