"""Every move from a world to another one: a part's step up to its next scheduling point, the broker's own doing, what
people do, and faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unittest.mock import patch

from tests.model import steps
from tests.model.courier import Broker, Subscription
from tests.model.courier_faults import BROKER_FAULTS
from tests.model.processes import Processes
from tests.model.stage import LATER_EPOCH, Parts, Request, Stage
from tests.model.steps import HALTED, STOPPED, SUBSCRIBED
from tests.model.world import (
    BROKER,
    COMMAND,
    DECLARED,
    FAULT,
    PERSON,
    RESTORED,
    STEP,
    Configuration,
    Move,
    Part,
    World,
)  # fmt: skip


class Model(Processes):
    """All moves of one configuration. Use it within `stage.set()`."""

    def __init__(self, configuration: Configuration, parts: Parts) -> None:
        super().__init__(configuration, parts)
        #: Parts of which there is one, and the database whose rows it alone writes when it reads them: the events
        #: of the log and the commands; how far the journal has copied its source.
        self._alone = {
            kind: database
            for kind, database in (("client", "log"), ("receiver", "journal"), ("follower", "journal"))
            if self.kinds.count(kind) == 1
        }
        self._restored: dict[tuple[int, int], tuple[int, int]] = {}

    def first(self) -> World:
        first = {"client": 0, "relay": steps.Channel(), "receiver": SUBSCRIBED, "follower": SUBSCRIBED}
        setting = self.configuration
        world = World(
            log=self.stage.first["log"],
            journal=self.stage.first["journal"],
            broker=Broker((None,) * setting.relays, (Subscription(),) * setting.receivers),
            parts=tuple(Part(first.get(kind)) for kind in self.kinds),
            told=(None,) * len(setting.commands),
            faults=setting.budget,
            copy=self.stage.first["log"],
        )
        while move := next(self._moves_before_the_first(world), None):
            world = move.world
        return world

    def _moves_before_the_first(self, world: World) -> Iterator[Move]:
        setting = self.configuration
        for move in self.moves(world):
            which = move.label[0]
            if move.kind == COMMAND and world.parts[which].memory >= setting.first_commands:
                continue
            by = "relay" if move.kind == BROKER else self.kinds[which] if move.kind in (STEP, COMMAND) else ""
            if by in setting.begun:
                yield move

    def moves(self, world: World) -> Iterator[Move]:
        for group in self.groups(world):
            yield from group()

    def groups(self, world: World) -> list[Callable[[], Iterator[Move]]]:
        """The moves of each part, and those of all others, found out when they are asked for."""
        if world.wrong:
            return []
        reading = self._reading(world)
        groups: list[Callable[[], Iterator[Move]]] = [
            partial(self._part_moves, world, index)
            for index in range(len(self.kinds))
            if reading in (None, index)
        ]
        if reading is None:
            groups += [partial(self._broker_moves, world), partial(self._people_moves, world)]
        if world.faults:
            groups.append(partial(self._fault_moves, world))
        return groups

    def _part_moves(self, world: World, index: int) -> Iterator[Move]:
        part = world.parts[index]
        if part.point is not None:
            yield from self._answers(world, index, part.point, STEP)
            return
        for how, step in self._starts(world, index, self.kinds[index], part):
            yield from self._answers(world, index, self.points.start(step), how)

    def _fault_moves(self, world: World) -> Iterator[Move]:
        for fault, label, after in self._faults(world):
            yield Move(label, FAULT, after._replace(faults=world.faults - 1), fault)

    def _reading(self, world: World) -> int | None:
        """A part whose next statement reads what no other part writes: it goes first.

        Whether the others move before or after it makes no difference, so the orders in which they move before it are
        left out. Faults are not: they may hit it here as anywhere.
        """
        for index, part in enumerate(world.parts):
            if part.point is not None and self.kinds[index] in self._alone:
                moment = self.points[part.point].moment
                if moment == Request("statement", self._alone[self.kinds[index]]):
                    return index
        return None

    # A step that would find nothing to do is left out: its first look is the same when it begins later.
    def _starts(self, world: World, index: int, kind: str, part: Part) -> Iterator[tuple[str, Any]]:
        match kind:
            case "client":
                script = self.configuration.scripts[index]
                if part.memory < len(script):
                    number = script[part.memory]
                    yield COMMAND, steps.TakeCommand(number, self.configuration.commands[number])
            case "relay":
                if self.facts.log(world.log).unpublished:
                    yield STEP, steps.Publish(part.memory)
            case "receiver":
                which = self._which(index, "receiver")
                if part.memory == STOPPED:
                    yield STEP, steps.CatchUp()
                elif part.memory == SUBSCRIBED and world.broker.serves(which) and world.broker.ready:
                    yield STEP, steps.Receive()
                elif part.memory == SUBSCRIBED and not self.facts.level(world.log, world.journal):
                    yield STEP, steps.Receive(silent=True)
            case "follower":
                if part.memory != HALTED and not self.facts.level(world.log, world.journal):
                    yield STEP, steps.CatchUp()
            case "projector":
                if self.facts.journal(world.journal).unfolded:
                    yield STEP, steps.Project(world.mended)
            case "replayer":
                if self.facts.journal(world.journal).parked:
                    yield PERSON, steps.Replay(world.mended)
            case "rebuilder":
                for go_live, name in ((False, "rebuild"), (True, "rebuild go live")):
                    if name in self.configuration.people:
                        yield PERSON, steps.Rebuild(world.mended, go_live)

    def _broker_moves(self, world: World) -> Iterator[Move]:
        for which, channel in enumerate(world.broker.channels):
            if channel is not None and channel.wire:
                after = world._replace(broker=world.broker.take(which))
                yield Move(("the broker takes a message from relay", which + 1), BROKER, after)

    def _people_moves(self, world: World) -> Iterator[Move]:
        asked = self.configuration.people
        if "mend" in asked and not world.mended:
            yield Move(("the fold is mended",), PERSON, world._replace(mended=True))
        if "declare" in asked and world.history == RESTORED and self.halted(world):
            yield Move(("the operators' procedure after a restore",), PERSON, self._declare(world))

    def _faults(self, world: World) -> Iterator[tuple[str, tuple[Any, ...], World]]:
        may, broker = self.configuration.faults, world.broker
        if "crash" in may:
            for index, part in enumerate(world.parts):
                if part.point is not None or self.kinds[index] in ("relay", "receiver"):
                    after = self._crash(world, index)
                    if after != world:
                        yield "crash", ("is killed", self.name(index)), after
        for name, change in BROKER_FAULTS.items():
            if name in may:
                for label, after_broker in change(broker):
                    if after_broker != broker:
                        yield name, label, world._replace(broker=after_broker)
        if "restore the log" in may and world.copy != world.log and not world.history:
            log = self._with_epoch(world.copy) if self.configuration.epoch else world.copy
            after = world._replace(log=log, history=RESTORED)
            yield "restore the log", ("the log is restored from its copy",), after
        if "restore the journal" in may and world.journal != self.stage.first["journal"]:
            after = world._replace(journal=self.stage.first["journal"])
            yield "restore the journal", ("evaluation's database is restored from its first copy",), after

    def _with_epoch(self, log: int) -> int:
        self.stage.values["log"].load(log)
        self.stage.log().new_epoch(LATER_EPOCH)
        return self.stage.values["log"].keep()

    def _declare(self, world: World) -> World:
        """`alliance restored`, with every part stopped before and started after it."""
        from alliance.cli import restoring

        key = (world.log, world.journal)
        if key not in self._restored:
            self.stage.values["journal"].load(world.journal)
            database = self.stage.databases["journal"]
            with _our_projection(self.stage):
                restoring._forget_journal(database)
            self.stage.projector(world.mended).prepare()
            self._restored[key] = (self._with_epoch(world.log), self.stage.values["journal"].keep())
        for index in range(len(self.kinds)):
            world = self._crash(world, index)
        parts = tuple(
            Part(STOPPED) if kind in ("receiver", "follower") else part
            for kind, part in zip(self.kinds, world.parts, strict=True)
        )
        log, journal = self._restored[key]
        broker = world.broker._replace(ready=())
        return world._replace(log=log, journal=journal, broker=broker, parts=parts, history=DECLARED)


def _our_projection(stage: Stage) -> Any:
    """The command line empties the read models of its own composition; here that is the model's one."""
    tables = {"signatures": stage.tables()}
    return patch("alliance.cli.composition.projections", lambda: ([], tables))
