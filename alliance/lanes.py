"""Commands on their way to a service: many that come at the same time share a request, and none waits for another.

Half of what a command costs, here and at the edge, is the request itself. So no more than LANES requests with commands
are under way at once, and what comes meanwhile waits to go together. Who comes while a lane is free goes at once.

Guarantees
- A command that takes long holds up nobody: the others of its request have their outcomes as soon as they are known,
  and who has waited PATIENCE for a lane goes alone.
- Each has its outcome, or hears that there was none, by its own deadline.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

#: Requests with commands that are under way at once.
LANES = 2
#: Commands of one request at most.
MOST = 32
#: Seconds that a command waits for a lane at most.
PATIENCE = 0.1

Outcome = dict[str, Any] | Exception


@dataclass(frozen=True, slots=True)
class Command:
    """`content` is the call as an edge takes it; `until` is the deadline on the monotonic clock."""

    operation: str
    content: bytes
    until: float

    def left(self) -> float:
        """Seconds to the deadline."""
        return self.until - time.monotonic()


class _Waiting:
    __slots__ = ("command", "group", "outcome", "turn")

    def __init__(self, command: Command) -> None:
        self.command = command
        #: Those whose commands it is to send, its own the first.
        self.group: list[_Waiting] = []
        self.outcome: Outcome | None = None
        #: Held until there is an outcome, or a group to send.
        self.turn = threading.Lock()
        self.turn.acquire()

    def settle(self, outcome: Outcome) -> None:
        if self.outcome is None:
            self.outcome = outcome
            self.turn.release()


class Lanes:
    """The lanes to one service. Safe to share between threads."""

    def __init__(
        self,
        alone: Callable[[Command], dict[str, Any]],
        together: Callable[[Sequence[Command]], Iterator[Sequence[tuple[int, Outcome]]]],
        silent: Callable[[], Exception],
    ) -> None:
        """`alone` sends a command and returns its result or raises its error; `together` sends several and yields
        (which one, outcome) of those that are known; what it raises is everybody's whose outcome is not known yet.
        `silent` is the error of a command without an outcome."""
        self._alone = alone
        self._together = together
        self._silent = silent
        self._guard = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._under_way = 0

    def __len__(self) -> int:
        """How many wait for a lane."""
        return len(self._waiting)

    def run(self, command: Command) -> dict[str, Any]:
        """The command's result; raises its error, or `silent` at its deadline."""
        mine = _Waiting(command)
        with self._guard:
            if self._under_way < LANES:
                self._under_way += 1
                mine.group = [mine]
            else:
                self._waiting.append(mine)
        if not mine.group and not mine.turn.acquire(timeout=PATIENCE):
            with self._guard:
                late = mine in self._waiting
                if late:
                    self._waiting.remove(mine)
            if late:
                return self._alone(command)
            if not mine.turn.acquire(timeout=max(0.0, command.left())):
                raise self._silent()
        if mine.group:
            self._send(mine.group)
        if isinstance(mine.outcome, Exception):
            raise mine.outcome
        assert mine.outcome is not None
        return mine.outcome

    def _send(self, group: Sequence[_Waiting]) -> None:
        """Send the group, and return when the outcome of its first is known."""
        if len(group) > 1:
            answers = self._together([each.command for each in group])
            if self._settle(group, answers, until=group[0]):
                self._end()
            else:
                # Only who takes long is waited for now, and not by who has other things to do.
                threading.Thread(target=self._settle_rest, args=(group, answers), daemon=True).start()
            return
        try:
            group[0].settle(self._alone(group[0].command))
        except Exception as error:
            group[0].settle(error)
        finally:
            self._end()

    def _settle(
        self,
        group: Sequence[_Waiting],
        answers: Iterator[Sequence[tuple[int, Outcome]]],
        until: _Waiting | None,
    ) -> bool:
        """Give out what comes; False when the outcome of `until` is known and others are not."""
        left = sum(each.outcome is None for each in group)
        heard: Exception | None = None
        try:
            for known in answers:
                for index, outcome in known:
                    group[index].settle(outcome)
                left -= len(known)
                if left and until is not None and until.outcome is not None:
                    return False
        except Exception as error:
            heard = error
        for each in group:
            each.settle(heard or self._silent())
        return True

    def _settle_rest(
        self, group: Sequence[_Waiting], answers: Iterator[Sequence[tuple[int, Outcome]]]
    ) -> None:
        self._settle(group, answers, until=None)
        self._end()

    def _end(self) -> None:
        """Give the lane to who has waited longest, for all that wait."""
        with self._guard:
            if not self._waiting:
                self._under_way -= 1
                return
            group = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            group[0].group = group
            group[0].turn.release()
