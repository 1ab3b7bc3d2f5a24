"""How long a loop rests before it looks again, when there was nothing new or too little to be worth the queries."""

from __future__ import annotations

import threading

#: Seconds of the first rest, and of the longest: what a reader may wait longer, and cheap in silence.
FIRST, LONGEST = 0.1, 0.25


class Pace:
    """Each rest is twice the one before, up to the longest; work makes it short again."""

    def __init__(self, first: float = FIRST, longest: float = LONGEST) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def worked(self) -> None:
        self._next = self._first

    def rest(self, stopping: threading.Event) -> None:
        """Wait, or until `stopping` is set."""
        stopping.wait(self._next)
        self._next = min(2 * self._next, self._longest)
