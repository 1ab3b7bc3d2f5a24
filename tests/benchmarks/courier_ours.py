"""Our relay and receiver in a process of their own.

python -m tests.benchmarks.courier_ours publish LOG_URL BROKER_URL     the whole log to the broker, confirmed
python -m tests.benchmarks.courier_ours catch_up JOURNAL_URL SOURCE=EDGE_URL ...     from the feeds of running edges
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from threading import Thread

from alliance.broker import Publisher
from alliance.database import Database
from alliance.feed import RemoteFeed
from alliance.journal import Journal
from alliance.log import Log
from alliance.receiver import Receiver
from alliance.relay import Relay
from alliance.settings import Settings


def publish(log_url: str, broker_url: str) -> float:
    log = Log(Database(log_url, pool_size=2), "pledges")
    relay = Relay(log, Publisher(broker_url, "pledges", ["evaluation"]))
    head = log.head()[0]
    began = time.perf_counter()
    while relay.step():
        pass
    return head / (time.perf_counter() - began)


def catch_up(journal_url: str, *feeds: str) -> float:
    """A thread a source, as `alliance receive` has."""
    journal = Journal(Database(journal_url))
    secret = Settings.load().edge_secret
    sources = (each.split("=") for each in feeds)
    receivers = [Receiver(journal, RemoteFeed(source, url, secret)) for source, url in sources]
    threads = [Thread(target=receiver.catch_up) for receiver in receivers]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return journal.head() / (time.perf_counter() - began)


if __name__ == "__main__":
    mode, *arguments = sys.argv[1:]
    measures: dict[str, Callable[..., float]] = {"publish": publish, "catch_up": catch_up}
    print(json.dumps({"rate": measures[mode](*arguments)}))  # noqa: T201
