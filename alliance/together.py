"""Taking together what comes at the same time: one transaction for many callers, none of whom waits for a timer.

Those who come while a group is under way wait for the next one; the first of them to get the lock takes it for all. Who
comes alone is taken at once, alone.
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
    __slots__ = ("item", "outcome")

    def __init__(self, item: T) -> None:
        self.item = item
        self.outcome: R | Exception | None = None


class Together(Generic[T, R]):
    """`take` gives each item of a group its outcome, in the order given; an outcome that is an Exception is raised in
    its caller. What `take` raises itself is everybody's. Safe to share between threads."""

    def __init__(self, take: Callable[[Sequence[T]], Sequence[R | Exception]], limit: int) -> None:
        self._take = take
        self._limit = limit
        self._waiting: deque[_Waiting[T, R]] = deque()
        self._leading = threading.Lock()

    def __len__(self) -> int:
        """How many wait for a group."""
        return len(self._waiting)

    def run(self, item: T) -> R:
        """The item's outcome, when a group that it was in has ended."""
        waiting: _Waiting[T, R] = _Waiting(item)
        self._waiting.append(waiting)
        while waiting.outcome is None:
            with self._leading:
                if waiting.outcome is None:
                    self._lead()
        if isinstance(waiting.outcome, Exception):
            raise waiting.outcome
        return waiting.outcome

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
