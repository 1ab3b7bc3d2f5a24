"""A relay, receiver or projector that is killed at the worst moment, in a process of its own:

python -m tests.faults.victim relay|receiver|projector LOG_URL JOURNAL_URL BROKER_URL
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from kombu.transport.pyamqp import Channel
from sqlalchemy import MetaData

from alliance import checkpoints
from alliance.broker import Publisher
from alliance.database import Database
from alliance.feed import LocalFeed
from alliance.journal import Journal
from alliance.log import Log
from alliance.projector import Projector
from alliance.receiver import Receiver, consume
from alliance.relay import Relay
from tests.faults.pipeline import CONSUMER
from tests.faults.read_model import Signatures


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    part, log_url, journal_url, broker_url = sys.argv[1:]
    log = Log(Database(log_url), "pledges")
    if part == "relay":
        checkpoints.move = die  # type: ignore[assignment]
        Relay(log, Publisher(broker_url, "pledges", [CONSUMER])).step()
    elif part == "projector":
        Projector._advance = die  # type: ignore[assignment]
        projection = Signatures()
        Projector(Database(journal_url), projection, projection.tables(MetaData())).step()
    else:
        Channel.basic_ack = die
        receiver = Receiver(Journal(Database(journal_url)), LocalFeed(log))
        receiver.catch_up = lambda: 0  # type: ignore[method-assign]  # what it gets, it gets from the queue
        consume(receiver, broker_url, threading.Event(), consumer=CONSUMER)
