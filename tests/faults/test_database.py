"""The database dies and comes back: callers hear of it at once, and what was acknowledged is there."""

from __future__ import annotations

import threading
import time
from uuid import uuid4

import pytest

from alliance.errors import Unavailable
from alliance.log import Appended
from alliance.private_servers import PrivatePostgres
from tests.builders import append, context
from tests.faults.pipeline import Pipeline
from tests.fixtures.waiting import until

WRITERS = 6

#: Seconds that a caller waits at most before it hears that the database is away, on a busy machine.
PROMISE = 8.0


class Writer(threading.Thread):
    """A caller who repeats each command under its key until it is acknowledged."""

    def __init__(self, pipeline: Pipeline, number: int) -> None:
        super().__init__()
        self._pipeline = pipeline
        self._number = number
        self.stopping = threading.Event()
        self.acknowledged: dict[str, Appended] = {}
        self.unavailable: list[float] = []

    def run(self) -> None:
        count = 0
        while not self.stopping.is_set():
            student, district = f"w{self._number}-{count}", f"d{count % 3}"
            command = append(student, district=district, in_context=context(uuid4()))
            while command.stream not in self.acknowledged:
                asked = time.monotonic()
                try:
                    self.acknowledged[command.stream] = self._pipeline.log.append(command)
                except Unavailable:
                    self.unavailable.append(time.monotonic() - asked)
                    time.sleep(0.1)
            count += 1


def test_a_killed_database_loses_nothing_acknowledged_and_everything_goes_on(
    pipeline: Pipeline, postgres: PrivatePostgres
) -> None:
    pipeline.run_all()
    writers = [Writer(pipeline, number) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    until(lambda: all(len(writer.acknowledged) > 5 for writer in writers), 20, "the writers write")
    postgres.kill()
    try:
        until(lambda: all(writer.unavailable for writer in writers), 30, "every writer has heard of it")
        with pytest.raises(Unavailable):
            pipeline.log.head()
        until(
            lambda: not pipeline.receiver.healthy and not pipeline.projector.healthy, 20, "readers wait too"
        )
    finally:
        postgres.start()
    before = [len(writer.acknowledged) for writer in writers]
    until(
        lambda: all(len(w.acknowledged) > count + 5 for w, count in zip(writers, before, strict=True)),
        30,
        "the writers write again",
    )
    for writer in writers:
        writer.stopping.set()
        writer.join(30)
        assert not writer.is_alive()
    assert max(seconds for writer in writers for seconds in writer.unavailable) < PROMISE

    acknowledged = {stream: each.position for w in writers for stream, each in w.acknowledged.items()}
    recorded = {event.stream: event.position for event in pipeline.log.read(0, 100_000)}
    assert recorded == acknowledged, "every command exactly once, at the position that its caller heard"
    pipeline.settle()
    pipeline.stop()
    pipeline.assert_faithful()
