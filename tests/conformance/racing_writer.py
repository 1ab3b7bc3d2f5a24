"""A writer in a process of its own: `python -m tests.conformance.racing_writer URL NAME APPENDS`.

Appends to streams of its own and, against all others, to one that everybody writes to; every fifth append is rolled
back after its place in the log was taken. Prints the positions that were acknowledged.
"""

from __future__ import annotations

import json
import sys
import threading

from sqlalchemy import Connection

from alliance.database import Database
from alliance.decider import Commands
from alliance.errors import Refused, WrongVersion
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
                fails = rolled_back if number % 5 == 0 else None
                appended = log.append(append(f"{name}-{number}", beside=fails))
            else:
                appended = offers.run(offer(f"{name}-{number}", student="everybody's"))
            acknowledged.append(appended.position)
        except (Refused, WrongVersion):  # rolled back, or ten times second in the common stream
            continue
    return acknowledged


def rolled_back(connection: Connection) -> None:
    raise Refused("on second thoughts")


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
