"""Breadth first through every state; then backwards from the settled ones, to show that none is a dead end."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.model.invariants import Invariants
from tests.model.moves import Model
from tests.model.stage import Parts, Request
from tests.model.world import BROKER, PERSON, STEP, Configuration, Move, World

#: What goes on by itself: nobody sends a new command, nobody lends a hand, nothing fails.
BY_ITSELF = frozenset({STEP, BROKER})


@dataclass
class Explored:
    """All states of a model, in the order in which they were first met, and the moves between them."""

    model: Model
    states: list[World] = field(default_factory=list)
    #: (from, to, kind) of every move.
    moves: list[tuple[int, int, str]] = field(default_factory=list)
    #: By state: the state that it was first met from, and how.
    origins: list[tuple[int, Move] | None] = field(default_factory=list)
    #: (what is wrong, the shortest way to it).
    violation: tuple[str, list[str]] | None = None
    #: The faults that have happened on some way.
    faults: set[str] = field(default_factory=set)
    complete: bool = False
    seconds: float = 0.0

    def row(self) -> str:
        return (
            f"{self.model.configuration.name:<34} {len(self.states):>8} states {len(self.moves):>9} moves "
            f"{self.model.points.runs:>6} runs of product code {self.seconds:>7.1f} s"
        )

    def way(self, state: int) -> list[str]:
        """The moves that lead to a state, fewest first met."""
        moves: list[str] = []
        origin = self.origins[state]
        while origin is not None:
            moves.append(told(self.model, origin[1]))
            origin = self.origins[origin[0]]
        return moves[::-1]

    def dead_ends(self, goal: Callable[[World], bool], kinds: frozenset[str] = BY_ITSELF) -> list[int]:
        """The states from which no moves of these kinds lead to the goal."""
        towards: dict[int, list[int]] = {}
        for start, end, kind in self.moves:
            if kind in kinds:
                towards.setdefault(end, []).append(start)
        reached = {number for number, world in enumerate(self.states) if goal(world)}
        frontier = list(reached)
        while frontier:
            for start in towards.get(frontier.pop(), ()):
                if start not in reached:
                    reached.add(start)
                    frontier.append(start)
        return [number for number in range(len(self.states)) if number not in reached]


@contextmanager
def modelled(configuration: Configuration, parts: Parts | None = None) -> Iterator[Model]:
    model = Model(configuration, parts or Parts())
    try:
        with model.stage.set():
            yield model
    finally:
        model.stage.close()


def explore(
    configuration: Configuration,
    parts: Parts | None = None,
    *,
    ignored: frozenset[str] = frozenset(),
    limit: int | None = None,
) -> Explored:
    """Every state of a configuration, or those up to the first that is wrong. `limit` bounds how many."""
    started = time.process_time()
    # Millions of small tuples, none in a cycle: to search them for garbage would take a third of the time.
    gc.disable()
    try:
        with modelled(configuration, parts) as model:
            found = Explored(model)
            _explore(found, Invariants(model, ignored), limit)
    finally:
        gc.enable()
    found.seconds = time.process_time() - started
    return found


def _explore(found: Explored, invariants: Invariants, limit: int | None) -> None:
    model = found.model
    numbers = {model.first(): 0}
    found.states.append(model.first())
    found.origins.append(None)
    at = 0
    while at < len(found.states) and (limit is None or at < limit):
        world = found.states[at]
        for move in model.moves(world):
            number = numbers.setdefault(move.world, len(numbers))
            found.moves.append((at, number, move.kind))
            if move.fault:
                found.faults.add(move.fault)
            new = number == len(found.states)
            if new:
                found.states.append(move.world)
                found.origins.append((at, move))
            if wrong := invariants.wrong_move(world, move.world) or (new and invariants.wrong(move.world)):
                way = [*found.way(at), told(model, move)]
                found.violation = (wrong, way)
                return
        at += 1
    found.complete = at == len(found.states)


def settled(model: Model) -> Callable[[World], bool]:
    """Whether all that was accepted has come to the end of the parts that the model has."""
    setting = model.configuration

    def goal(world: World) -> bool:
        log, journal = model.facts.log(world.log), model.facts.journal(world.journal)
        published = not setting.relays or not log.unpublished
        copied = not (setting.receivers or setting.followers) or log.position == journal.copied
        projected = not setting.projectors or not journal.unfolded
        return published and copied and projected and all(part.point is None for part in world.parts)

    return goal


def nothing_parked(model: Model) -> Callable[[World], bool]:
    reached = settled(model)
    return lambda world: reached(world) and not model.facts.journal(world.journal).parked


def told(model: Model, move: Move) -> str:
    """A move in words, for the way to a violation."""
    first = move.label[0]
    if not isinstance(first, int):
        return " ".join(str(each) for each in move.label)
    _, step, request, answer, *end = move.label
    assert isinstance(request, Request)
    what = type(step).__name__ + (f" {step.number}" if hasattr(step, "number") else "")
    words = f"{model.name(first)}, {what}: {request.kind} at {request.about}: {answer}"
    return " ".join([words, *end])


def with_people(kinds: Iterable[str] = BY_ITSELF) -> frozenset[str]:
    return frozenset({*kinds, PERSON})
