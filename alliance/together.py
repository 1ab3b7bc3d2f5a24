"""Taking together what comes at the same time: one transaction for many callers, none of whom waits for a timer.

Those who come while a group is under way wait for the next one, which the first of them takes for all. Who comes alone
is taken at once, alone.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from .errors import Unavailable

T = TypeVar("T")
R = TypeVar("R")


class _Waiting(Generic[T, R]):
    __slots__ = ("item", "outcome", "turn")

    def __init__(self, item: T) -> None:
        self.item = item
        self.outcome: R | Exception | None = None
        #: Held until there is an outcome, or a group to be led.
        self.turn = threading.Lock()
        self.turn.acquire()


class Together(Generic[T, R]):
    """`take` gives each item of a group its outcome, in the order given; an outcome that is an Exception is raised in
    its caller. What `take` raises itself is everybody's. Safe to share between threads.

    The lead is handed on to who has waited longest. A lock that all of them wait for would go to whoever comes first:
    a newcomer then leads, and those whose outcome is long there wait for its group too.
    """

    def __init__(self, take: Callable[[Sequence[T]], Sequence[R | Exception]], limit: int) -> None:
        self._take = take
        self._limit = limit
        self._guard = threading.Lock()
        self._waiting: deque[_Waiting[T, R]] = deque()
        self._leader: _Waiting[T, R] | None = None

    def __len__(self) -> int:
        """How many wait for a group."""
        return len(self._waiting)

    def run(self, item: T) -> R:
        """The item's outcome, when a group that it was in has ended."""
        mine: _Waiting[T, R] = _Waiting(item)
        with self._guard:
            self._waiting.append(mine)
            if self._leader is None:
                self._leader = mine
                mine.turn.release()
        try:
            mine.turn.acquire()
        except BaseException:
            self._leave(mine)
            raise
        if self._leader is mine:
            self._lead()
        if isinstance(mine.outcome, Exception):
            raise mine.outcome
        assert mine.outcome is not None
        return mine.outcome

    def _lead(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(self._limit, len(self._waiting)))]
        try:
            outcomes = self._take([each.item for each in group])
            for each, outcome in zip(group, outcomes, strict=True):
                each.outcome = outcome
        except BaseException as error:
            # Every one of them must hear of it: nobody else will take what has left the queue. What was meant for the
            # leader alone (an interrupt, a timeout of its worker) must not end the others.
            heard = error if isinstance(error, Exception) else Unavailable("This was broken off; try again.")
            for each in group:
                each.outcome = heard
            if heard is not error:
                raise
        finally:
            # First, so that the next group is under way while those of this one go their ways.
            self._hand_on()
            for each in group[1:]:
                each.turn.release()

    def _leave(self, mine: _Waiting[T, R]) -> None:
        """Its wait was broken off: it must not be the one whom the others wait for."""
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
        if self._leader is mine:
            self._hand_on()

    def _hand_on(self) -> None:
        with self._guard:
            self._leader = self._waiting[0] if self._waiting else None
            if self._leader is not None:
                self._leader.turn.release()
