"""How long a loop rests before it looks again, when there was nothing new or too little to be worth the queries."""

from __future__ import annotations

import threading

#: Seconds of the first rest, and of the longest: what a reader may wait longer, and cheap in silence.
FIRST, LONGEST = 0.1, 0.25
#: A rest is so many times the round before it, up to so many seconds. Rounds that find little cost nearly what full
#: ones do: on a machine that has much to do they become fewer, and find more.
TIMES, MOST = 2.0, 0.5


class Pace:
    """Each rest is twice the one before, up to the longest; work makes it short again."""

    def __init__(self, first: float = FIRST, longest: float = LONGEST) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def worked(self) -> None:
        self._next = self._first

    def rest(self, stopping: threading.Event, busy: float = 0.0) -> None:
        """Wait, or until `stopping` is set; `busy` is how many seconds the last round took."""
        stopping.wait(max(self._next, min(TIMES * busy, MOST)))
        self._next = min(2 * self._next, self._longest)
