"""Our log in a process of its own: `python -m tests.benchmarks.log_ours append|batch|read URL COUNT [CLIENTS]`.

`append` runs commands as an edge does: green threads over psycopg2, patched as alliance/edge_process.py patches, each
command loaded, decided and appended by `Commands`. Answers one JSON line.
"""

import sys

if sys.argv[1] == "append":
    import eventlet

    eventlet.monkey_patch()
    from eventlet.support.psycopg2_patcher import make_psycopg_green

    make_psycopg_green()

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from uuid import uuid4

import msgspec

from alliance import logs
from alliance.context import Caller, Context
from alliance.database import Database
from alliance.decider import Command, Commands
from alliance.log import Append, Log, NewEvent
from services.pledges import pledge as domain

BATCH = 500
PAGE = 1000
YEAR = "2026-27"


def sign(number: int) -> domain.SignPledge:
    student, guardian = f"{number:016x}", f"{number + 7:016x}"
    return domain.SignPledge(
        student=student,
        guardian=guardian,
        guardians=frozenset({guardian}),
        school_year=YEAR,
        school=f"s{number % 900:015x}",
        district=f"d{number % 144:015x}",
        signed_on=date(2026, 9, 14),
        mode="web",
        language="en",
        statement="2026-1",
        statement_hash="0f" * 32,
        note_on_file=False,
    )


def context() -> Context:
    return Context(Caller("state"), uuid4(), False, datetime.now(UTC), str(uuid4()))


def command(number: int) -> Command[domain.Command]:
    wanted = sign(number)
    body = {"student": wanted.student, "school_year": YEAR, "signed_on": "2026-09-14", "mode": "web"}
    return Command(domain.stream(wanted.student, YEAR), wanted, wanted.district, context(), body)


def appended(number: int) -> Append:
    """What a decided command hands to the log."""
    wanted = sign(number)
    data = msgspec.to_builtins(domain.decide(domain.Pledge(), wanted)[0])
    stream = domain.stream(wanted.student, YEAR)
    return Append(stream, 0, (NewEvent("PledgeSigned", data),), wanted.district, context())


def append(log: Log, count: int, clients: int) -> float:
    commands: Commands[domain.Pledge, domain.Command, domain.Event] = Commands(log, domain.DECIDER)

    def client(numbers: Iterator[int]) -> None:
        for number in numbers:
            commands.run(command(number))

    def all_of_it(numbers: range) -> None:
        left = iter(numbers)
        for each in [pool.submit(client, left) for _ in range(clients)]:
            each.result()

    start = log.head()[0]
    with ThreadPoolExecutor(clients) as pool:
        all_of_it(range(start, start + clients * 2))
        start += clients * 2
        return _rate(count, lambda: all_of_it(range(start, start + count)))


def batch(log: Log, count: int) -> float:
    """What is decided before the clock starts is checked against its contract, encoded and written after."""
    start = log.head()[0]
    batches = [
        [appended(number) for number in range(first, first + BATCH)]
        for first in range(start, start + BATCH + count, BATCH)
    ]
    log.append_all(batches.pop())

    def all_of_it() -> None:
        for each in batches:
            log.append_all(each)

    return _rate(count, all_of_it)


def read(log: Log, count: int) -> float:
    """The last `count` events of the log, page by page. Data are decoded when they are asked for, so they are."""
    after = max(0, log.head()[0] - count)

    def all_of_it() -> None:
        at, seen = after, 0
        while events := log.read(at, PAGE):
            at = events[-1].position
            seen += len([event.data for event in events])
        assert seen == min(count, at), seen

    return _rate(count, all_of_it)


def _rate(count: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    mode, url, *numbers = sys.argv[1:]
    # What an edge logs goes to a pipe; here, to nobody.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    logs.configure("bench", "INFO")
    measures: dict[str, Callable[..., float]] = {"append": append, "batch": batch, "read": read}
    print(json.dumps({"rate": measures[mode](Log(Database(url), "pledges"), *map(int, numbers))}))  # noqa: T201
