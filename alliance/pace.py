"""How long a loop rests between two looks at something that had nothing new."""

from __future__ import annotations

import threading

#: Seconds of the first rest, and of the longest: fresh while things happen, cheap in silence.
FIRST, LONGEST = 0.03, 0.25


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
