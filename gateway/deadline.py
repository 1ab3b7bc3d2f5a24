"""An end to every wait for the gateway's own database, also for a server that is there and says nothing.

The server's statement_timeout does not help where the server itself is frozen, and TCP sees a living connection.
"""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE, set_wait_callback

#: Seconds for one answer of the database. A request that finds its pooled connection silent tries a new one, and both
#: together stay below the two seconds that a caller may have to wait.
SECONDS = 0.9

_INTEREST = {POLL_READ: select.POLLIN, POLL_WRITE: select.POLLOUT}


def install() -> None:
    """For every psycopg2 connection of this process: OperationalError after SECONDS, and the connection is closed."""
    set_wait_callback(_wait)


def _wait(connection: Any) -> None:
    until = time.monotonic() + SECONDS
    while (state := connection.poll()) != POLL_OK:
        # poll() and not select(), which knows no file descriptor above 1023.
        waiting = select.poll()
        waiting.register(connection.fileno(), _INTEREST[state])
        if not waiting.poll(max(0.0, until - time.monotonic()) * 1000):
            raise psycopg2.OperationalError(f"the database has not answered for {SECONDS} seconds")
