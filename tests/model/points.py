"""Suspended steps as numbers, and where each goes from there; what was run once is remembered."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.model.stage import Ended, Request, Stage

Seen = tuple[tuple[Any, int | None], ...]

#: Requests that are let in on a value of a database.
ON_A_DATABASE = frozenset({"transaction", "statement"})


class Point(NamedTuple):
    """A step, what it has seen so far (answers, and what the database told it), and what it waits for now."""

    step: Any
    seen: Seen
    moment: Request | Ended


class Went(NamedTuple):
    """Where an answer led: the next point, the database's next value, and what was done without asking."""

    point: int
    value: int | None
    effects: tuple[tuple[str, Any], ...]


class Points:
    """Every step that was suspended anywhere. Two that have seen the same are one point, since they go on alike."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._points: list[Point] = []
        self._numbers: dict[tuple[Any, Seen], int] = {}
        #: By point, the values of the databases on which its segments can be run again.
        self._witnesses: list[tuple[int | None, ...]] = []
        self._views: dict[tuple[Any, ...], int] = {}
        self._went: dict[tuple[int, Any, int | None], Went] = {}
        #: Segments of the product's code that were run.
        self.runs = 0

    def __getitem__(self, point: int) -> Point:
        return self._points[point]

    def __len__(self) -> int:
        return len(self._points)

    def start(self, step: Any) -> int:
        """The point at which a step waits for its first answer."""
        number = self._numbers.get((step, ()))
        if number is not None:
            return number
        moment = self._stage.begin(step)
        assert not self._stage.effects, "a step asks before it does anything"
        self._stage.end()
        return self._number(step, (), moment, ())

    def go(self, point: int, answer: Any, value: int | None = None) -> Went:
        """Let a step go on with an answer, on this value of the database that it asked for."""
        key = (point, answer, value)
        went = self._went.get(key)
        if went is None:
            went = self._went[key] = self._run(point, answer, value)
        return went

    def _run(self, point: int, answer: Any, value: int | None) -> Went:
        self.runs += 1
        stage, here = self._stage, self._points[point]
        moment = stage.begin(here.step)
        for (earlier, _), witness in zip(here.seen, self._witnesses[point], strict=True):
            moment = self._resume(moment, earlier, witness)
        assert moment == here.moment, f"no function of what it has seen: {moment}, {here.moment}"
        assert isinstance(moment, Request)
        about = moment.about if moment.kind in ON_A_DATABASE else None
        moment = self._resume(moment, answer, value)
        effects, views, after = tuple(stage.effects), None, value
        if about is not None:
            door = stage.databases[about].raw.door
            assert door is not None
            views = self._views.setdefault(tuple(door.views), len(self._views))
            if door.wrote:
                after = stage.values[about].keep()
        stage.end()
        seen = (*here.seen, (answer, views))
        return Went(self._number(here.step, seen, moment, (*self._witnesses[point], value)), after, effects)

    def _resume(self, moment: Request | Ended, answer: Any, value: int | None) -> Request | Ended:
        assert isinstance(moment, Request)
        if moment.kind in ON_A_DATABASE and value is not None:
            self._stage.values[moment.about].load(value)
        return self._stage.resume(answer)

    def _number(
        self, step: Any, seen: Seen, moment: Request | Ended, witnesses: tuple[int | None, ...]
    ) -> int:
        number = self._numbers.setdefault((step, seen), len(self._points))
        if number == len(self._points):
            self._points.append(Point(step, seen, moment))
            self._witnesses.append(witnesses)
        return number
