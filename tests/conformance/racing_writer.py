"""A writer in a process of its own: `python -m tests.conformance.racing_writer URL NAME APPENDS`.

Appends to streams of its own and, against all others, to one that everybody writes to; some appends are refused
after their place in the log was taken, and some end their whole transaction, with everybody's in it. Prints the
positions that were acknowledged.
"""

from __future__ import annotations

import json
import sys
import threading

from sqlalchemy import Connection

from alliance.database import Database
from alliance.decider import Commands
from alliance.errors import Refused, Unavailable, WrongVersion
from alliance.log import Log
from tests.builders import OFFERS, append, offer

THREADS = 2


def write(log: Log, name: str, appends: int) -> list[int]:
    """Append; returns the positions acknowledged."""
    acknowledged = []
    offers = Commands(log, OFFERS)
    for number in range(appends):
        try:
            if number % 3:
                fails = refused if number % 5 == 0 else broken_off if number % 7 == 0 else None
                appended = log.append(append(f"{name}-{number}", beside=fails))
            else:
                appended = offers.run(offer(f"{name}-{number}", student="everybody's"))
            acknowledged.append(appended.position)
        except (Refused, WrongVersion):  # on second thoughts, or ten times second in the common stream
            continue
        except (BrokenOff, Unavailable):  # our transaction, or the one that we were in with others
            continue
    return acknowledged


class BrokenOff(BaseException):
    """What no append may take for its own failure: it ends the transaction."""


def refused(connection: Connection) -> None:
    raise Refused("on second thoughts")


def broken_off(connection: Connection) -> None:
    raise BrokenOff


def race(url: str, name: str, appends: int) -> list[int]:
    """THREADS writers at once on a log of their own in this process."""
    log = Log(Database(url), "pledges")
    acknowledged: list[int] = []
    threads = [
        threading.Thread(target=lambda name=f"{name}-{k}": acknowledged.extend(write(log, name, appends)))
        for k in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return acknowledged


if __name__ == "__main__":
    print(json.dumps(race(sys.argv[1], sys.argv[2], int(sys.argv[3]))))  # noqa: T201
