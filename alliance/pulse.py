"""Whether a part's loop is well: what its last round said, for as long as a round may take."""

from __future__ import annotations

import time

#: Seconds after which a loop counts as hanging: a network that swallows what is sent raises nothing, and says nothing.
HANGS_SECONDS = 15.0


class Pulse:
    """`healthy` is set after each round. A round that went well is believed for HANGS_SECONDS, no longer."""

    _until = 0.0

    @property
    def healthy(self) -> bool:
        return time.monotonic() < self._until

    @healthy.setter
    def healthy(self, well: bool) -> None:
        self._until = time.monotonic() + HANGS_SECONDS if well else 0.0
