"""Reading one's own writes: wait until the positions that a reader names are in what it reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from .errors import Unavailable
from .log import Log
from .rosterview import RosterView

#: A reader who asks for a position waits this long for it, at most.
SECONDS = 2.0
PAUSE = 0.02


def wait_for(
    at_least: Mapping[str, int],
    positions: Callable[[], Mapping[str, int]],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Return once `positions` has reached every position of `at_least`; raise Unavailable after SECONDS."""
    until = clock() + SECONDS
    while True:
        reached = positions()
        missing = {
            source: position for source, position in at_least.items() if reached.get(source, 0) < position
        }
        if not missing:
            return
        if clock() + PAUSE > until:
            wanted = ", ".join(f"{source} {position}" for source, position in sorted(missing.items()))
            so_far = ", ".join(f"{source} {reached.get(source, 0)}" for source in sorted(missing))
            raise Unavailable(
                f"Not counted in yet: {wanted} (so far {so_far}); ask again in a moment.", retry_after=1
            )
        sleep(PAUSE)


def reach(at_least: Mapping[str, int], log: Log, roster: RosterView | None = None) -> None:
    """The same for a service that answers from its own log and its view of the roster.

    Positions of other logs are met: nothing that the service says rests on them.
    """
    own = {
        source: at
        for source, at in at_least.items()
        if source == log.source or (roster and source == "roster")
    }

    def positions() -> Mapping[str, int]:
        found = {log.source: log.head()[0]} if log.source in own else {}
        if roster and "roster" in own:
            found["roster"] = roster.position()
            if found["roster"] < own["roster"]:
                roster.follow()
                found["roster"] = roster.position()
        return found

    wait_for(own, positions)
