"""The processes: how each request of a suspended step can be answered, and what a part remembers of a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.model import steps
from tests.model.courier import Broker
from tests.model.courier import Channel as BrokerChannel
from tests.model.database_values import AWAY, GO, UNSURE
from tests.model.facts import Facts
from tests.model.points import ON_A_DATABASE, Points, Went
from tests.model.stage import Ended, Parts, Request, Stage
from tests.model.steps import HALTED, STOPPED, SUBSCRIBED
from tests.model.world import FAULT, Configuration, Move, Part, World

_FAULTY_ANSWERS: dict[Any, str] = {
    AWAY: "away", UNSURE: "unsure", "refused": "refused", ("timeout", 0): "timeout"
}  # fmt: skip


class Processes:
    """The parts of one configuration on one stage; a process is named by its index among all."""

    def __init__(self, configuration: Configuration, parts: Parts) -> None:
        self.configuration = configuration
        self.stage = Stage(parts, configuration.sizes)
        self.points = Points(self.stage)
        self.facts = Facts(self.stage)
        self.kinds = configuration.kinds()
        self._offset = {kind: self.kinds.index(kind) for kind in set(self.kinds)}

    def _answers(self, world: World, index: int, point: int, how: str) -> Iterator[Move]:
        request = self.points[point].moment
        assert isinstance(request, Request)
        which = self._which(index, self.kinds[index])
        broker = world.broker
        if request.kind in ON_A_DATABASE:
            value = world.log if request.about == "log" else world.journal
            yield from self._go(world, index, point, how, GO, broker, value)
            if self._may("away", world):
                yield from self._go(world, index, point, FAULT, AWAY, broker, None)
            if request.kind == "transaction" and self._may("unsure", world):
                yield from self._go(world, index, point, FAULT, UNSURE, broker, value)
            return
        match request.kind:
            case "open":
                opened = broker.with_channel(which, BrokerChannel())._replace(queue=True)
                yield from self._go(world, index, point, how, "open", opened)
                if self._may("refused", world):
                    yield from self._go(world, index, point, FAULT, "refused", broker)
            case "confirm":
                channel = broker.channels[which]
                if channel is None:
                    yield from self._go(world, index, point, how, ("cut", 0), broker)
                    return
                if channel.confirms:
                    yield from self._go(world, index, point, how, channel.confirms[0], broker.confirm(which))
                elif not channel.wire:
                    yield from self._go(world, index, point, how, ("timeout", 0), broker)
                if self._may("timeout", world) and (channel.confirms or channel.wire):
                    yield from self._go(world, index, point, FAULT, ("timeout", 0), broker)
            case "message":
                subscription = broker.subscriptions[which]
                silent = getattr(self.points[point].step, "silent", False)
                if not subscription.alive:
                    yield from self._go(world, index, point, how, "cut", broker)
                    return
                if not silent and broker.serves(which) and broker.ready:
                    delivered = broker.deliver(which)
                    tag, message = delivered.subscriptions[which].unacknowledged[-1]
                    yield from self._go(world, index, point, how, (tag, message), delivered)
                if silent or subscription.unacknowledged or not broker.serves(which):
                    yield from self._go(world, index, point, how, "nothing", broker)
            case "acknowledge":
                if broker.subscriptions[which].alive:
                    acknowledged = broker.acknowledge(which, request.about)
                    yield from self._go(world, index, point, how, "taken", acknowledged)
                else:
                    yield from self._go(world, index, point, how, "cut", broker)
            case _:
                raise AssertionError(request)

    def _go(
        self,
        world: World,
        index: int,
        point: int,
        how: str,
        answer: Any,
        broker: Broker,
        value: int | None = None,
    ) -> Iterator[Move]:
        went = self.points.go(point, answer, value)
        after = self._effects(world._replace(broker=broker), index, point, went)
        moment = self.points[went.point].moment
        label = (index, self.points[point].step, self.points[point].moment, answer)
        fault = ""
        if how == FAULT:
            after = after._replace(faults=world.faults - 1)
            fault = _FAULTY_ANSWERS[answer]
        if isinstance(moment, Request):
            suspended = world.parts[index]._replace(point=went.point)
            yield Move(label, how, self._with_part(after, index, suspended), fault)
            return
        yield Move(label, how, self._ended(after, index, moment), fault)
        if how != FAULT and self._may("crash", world):
            died = self._crash(after, index)._replace(faults=world.faults - 1)
            yield Move((*label, "and is killed"), FAULT, died, "crash")

    def _effects(self, world: World, index: int, point: int, went: Went) -> World:
        request = self.points[point].moment
        assert isinstance(request, Request)
        if request.kind in ON_A_DATABASE and went.value is not None:
            log, journal = (went.value, world.journal) if request.about == "log" else (world.log, went.value)
            world = world._replace(log=log, journal=journal)
        which = self._which(index, self.kinds[index])
        for kind, about in went.effects:
            broker = world.broker
            broker = broker.send(which, about) if kind == "send" else broker.with_channel(which, None)
            world = world._replace(broker=broker)
        return world

    def _ended(self, world: World, index: int, moment: Ended) -> World:
        """What a part remembers of a step that is over."""
        part, result = world.parts[index], moment.result
        if isinstance(result, steps.Broken):
            return world._replace(wrong=f"{self.name(index)} ended by itself: {result.error}")
        match self.kinds[index]:
            case "client":
                return self._told(world, index, result)
            case "relay":
                which, channel = self._which(index, "relay"), result
                outside = world.broker.channels[which]
                if not channel.unconfirmed and (outside is None or not (outside.wire or outside.confirms)):
                    # Nothing is under way: a channel that has sent nothing yet would go on in the same way.
                    channel = channel._replace(sent=0)
                    if outside is not None:
                        world = world._replace(broker=world.broker.with_channel(which, BrokerChannel()))
                return self._with_part(world, index, Part(channel))
            case "receiver":
                which, broker = self._which(index, "receiver"), world.broker
                if result == SUBSCRIBED and part.memory == STOPPED:
                    broker = broker.subscribe(which)
                elif result != SUBSCRIBED:
                    broker = broker.hang_up(which)
                return self._with_part(world._replace(broker=broker), index, Part(result))
            case "follower":
                return self._with_part(world, index, Part(HALTED if result == HALTED else SUBSCRIBED))
            case _:
                return self._with_part(world, index, Part())

    def _told(self, world: World, index: int, result: Any) -> World:
        place = world.parts[index].memory
        number = self.configuration.scripts[index][place]
        if isinstance(result, steps.Unanswered):
            return self._with_part(world, index, Part(place))
        first = world.told[number]
        if first is None or (isinstance(first, steps.Answer) and first.events is None):
            told = (*world.told[:number], result, *world.told[number + 1 :])
            world = world._replace(told=told)
        if isinstance(first, steps.Answer) and not (
            isinstance(result, steps.Answer) and result._replace(events=None) == first._replace(events=None)
        ):
            return world._replace(wrong=f"I1: command {number} was told {first}, its repeat {result}")
        return self._with_part(world, index, Part(place + 1))

    def _crash(self, world: World, index: int) -> World:
        """The process is killed and started again: all that it knew is gone."""
        which, broker, kind = self._which(index, self.kinds[index]), world.broker, self.kinds[index]
        part = world.parts[index]
        if kind == "relay":
            broker, part = broker.with_channel(which, None), Part(steps.Channel())
        elif kind == "receiver":
            broker, part = broker.hang_up(which), Part(STOPPED)
        return self._with_part(world._replace(broker=broker), index, part._replace(point=None))

    def halted(self, world: World) -> bool:
        """Whether a receiver has stopped for good: two histories of one log, which a person must look at."""
        return HALTED in [part.memory for part in world.parts]

    def _may(self, fault: str, world: World) -> bool:
        return world.faults > 0 and fault in self.configuration.faults

    def _which(self, index: int, kind: str) -> int:
        return index - self._offset[kind]

    def _with_part(self, world: World, index: int, part: Part) -> World:
        return world._replace(parts=(*world.parts[:index], part, *world.parts[index + 1 :]))

    def name(self, index: int) -> str:
        return f"{self.kinds[index]} {self._which(index, self.kinds[index]) + 1}"
