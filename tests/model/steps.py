"""The steps: each runs the product's own code for one step of one part, and says what the part knows afterwards.

`run` returns a value that can be compared. What no fault explains is returned as `Broken`: the exploration takes it
for a violation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from alliance import parking
from alliance.append import Appended
from alliance.broker import BrokerErrors
from alliance.decider import Command
from alliance.errors import AllianceError, Diverged, Unavailable
from alliance.parking import Failure
from services.pledges.pledge import DECIDER
from tests.model.courier import ReceiverConnection, publisher_connection
from tests.model.stage import Stage

#: What a receiver is after a step: at its subscription, about to start again, or stopped for good.
SUBSCRIBED, STOPPED, HALTED = "subscribed", "stopped", "halted"


class Broken(NamedTuple):
    """A part ended by itself, with an error that none of its loops waits out."""

    error: str


class Unanswered(NamedTuple):
    """A command got no answer: its caller may ask again with the same key."""


class Answer(NamedTuple):
    """What the caller of a command is told. `events` is None for a repeat, which is not told it."""

    position: int
    version: int
    events: int | None
    result: tuple[tuple[str, Any], ...]


class Refusal(NamedTuple):
    code: str


class Channel(NamedTuple):
    """What a relay knows of its channel between two steps."""

    open: bool = False
    sent: int = 0
    unconfirmed: frozenset[int] = frozenset()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class TakeCommand:
    number: int
    command: Command[Any] = field(compare=False)

    def run(self, stage: Stage) -> Any:
        try:
            return answered(stage.parts.commands(stage.log(), DECIDER).run(self.command))
        except Unavailable:
            return Unanswered()
        except AllianceError as error:
            return Refusal(error.code)
        except Exception as error:
            return Broken(repr(error))


def answered(outcome: Appended) -> Answer:
    return Answer(
        outcome.position,
        outcome.version,
        None if outcome.repeated else outcome.events,
        tuple(sorted(outcome.result.items())),
    )


@dataclass(frozen=True)
class Publish:
    """One step of a relay, which keeps its channel from step to step."""

    channel: Channel

    def run(self, stage: Stage) -> Any:
        publisher = stage.parts.publisher("amqp://", "pledges", ["evaluation"])
        if self.channel.open:
            connection = publisher_connection(stage.ask, stage.tell, stage.keep)
            connection.handlers["basic_ack"].add(publisher._on_confirm)
            connection.handlers["basic_nack"].add(publisher._on_refusal)
            connection.handlers["basic_return"].add(publisher._on_return)
            publisher._connection = publisher._channel = connection
            publisher._sent = self.channel.sent
            publisher._unconfirmed, publisher._refused = (
                set(self.channel.unconfirmed),
                [*self.channel.refused],
            )
        try:
            stage.parts.relay(stage.log(), publisher).step()
        except Unavailable:
            pass
        except Exception as error:
            return Broken(repr(error))
        if publisher._channel is None:
            return Channel()
        return Channel(
            True, publisher._sent, frozenset(publisher._unconfirmed), tuple(sorted(publisher._refused))
        )


class OneTurn:
    """In the place of the event that stops a loop: it is set after one turn."""

    def __init__(self) -> None:
        self.asked = 0

    def is_set(self) -> bool:
        self.asked += 1
        return self.asked > 1


@dataclass(frozen=True)
class Receive:
    """One turn of a receiver at its queue: gather deliveries, commit, acknowledge. Or, with nothing to gather for
    longer than it waits, look whether the log has grown."""

    silent: bool = False

    def run(self, stage: Stage) -> Any:
        turn = OneTurn()
        connection = ReceiverConnection(stage.ask, stage.body, lambda: self._wait(stage))
        try:
            stage.parts.consume(stage.receiver(), connection, None, turn)
        except (Unavailable, *BrokerErrors):
            return STOPPED
        except Diverged:
            return HALTED
        except Exception as error:
            return Broken(repr(error))
        # Left before the turn's end: it found events that should have come, and subscribes anew.
        return SUBSCRIBED if turn.asked > 1 else STOPPED

    def _wait(self, stage: Stage) -> None:
        stage.clock.seconds += 60.0 * self.silent


@dataclass(frozen=True)
class CatchUp:
    """What a receiver does before it subscribes, and all that one without a broker does."""

    def run(self, stage: Stage) -> Any:
        try:
            stage.receiver().catch_up()
        except Unavailable:
            return STOPPED
        except Diverged:
            return HALTED
        except Exception as error:
            return Broken(repr(error))
        return SUBSCRIBED


@dataclass(frozen=True)
class Project:
    mended: bool

    def run(self, stage: Stage) -> Any:
        try:
            stage.projector(self.mended).step(stage.sizes.projector_batch)
        except Unavailable:
            return None
        except Exception as error:
            return Broken(repr(error))
        return None


@dataclass(frozen=True)
class Replay:
    """`alliance parked replay`: fold the oldest parked stream and release it."""

    mended: bool

    def run(self, stage: Stage) -> Any:
        try:
            with stage.databases["journal"].asking() as connection:
                entries = parking.streams(connection)
            for entry in entries[:1]:
                stage.projector(self.mended).replay(entry)
        except (Unavailable, Failure):
            return None
        except Exception as error:
            return Broken(repr(error))
        return None


@dataclass(frozen=True)
class Rebuild:
    mended: bool
    go_live: bool

    def run(self, stage: Stage) -> Any:
        try:
            stage.parts.rebuild(
                stage.databases["journal"],
                stage.projection(self.mended),
                stage.tables(),
                go_live=self.go_live,
            )
        except (Unavailable, Failure):
            return None
        except Exception as error:
            return Broken(repr(error))
        return None
