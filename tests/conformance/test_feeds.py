"""A log's feed reads the same in its own process and through a service's edge."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from alliance.database import Database
from alliance.errors import Unavailable
from alliance.feed import Feed, LocalFeed, RemoteFeed
from alliance.log import Log
from alliance.migrations import upgrade
from alliance.private_servers.process import free_port
from tests.builders import append, context, signed, withdrawn
from tests.fixtures.waiting import until

ROOT = Path(__file__).parents[2]
SECRET = "between gateway and edges"


class Source:
    """A pledges log and its edge, a process as it is in the distributed form; roster is away."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.database = Database(database_url)
        upgrade(self.database, "pledges")
        self.log = Log(self.database, "pledges")
        port, metrics_port, nobody = free_port(), free_port(), free_port()
        environment = {
            **os.environ,
            "ALLIANCE_VAR": str(folder),
            "ALLIANCE_PLEDGES_DATABASE_URL": database_url,
            "ALLIANCE_PLEDGES_PORT": str(port),
            "ALLIANCE_PLEDGES_METRICS_PORT": str(metrics_port),
            "ALLIANCE_ROSTER_URL": f"http://127.0.0.1:{nobody}",
            "ALLIANCE_EDGE_SECRET": SECRET,
            "ALLIANCE_LOG_LEVEL": "ERROR",
        }
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "alliance.edge_process", "pledges"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment)
        until(self.answers, 40, "the edge answers")

    def answers(self) -> bool:
        try:
            self.feed("remote").page(0)
        except Unavailable:
            return False
        return True

    def feed(self, kind: str, *, seconds: float = 10.0) -> Feed:
        if kind == "local":
            return LocalFeed(self.log)
        return RemoteFeed("pledges", self.url, SECRET, seconds=seconds)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    folder = tmp_path_factory.mktemp("source")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'pledges.db'}"
    else:
        url = request.getfixturevalue("postgres").create_database("source")
    source = Source(url, folder)
    yield source
    source.process.terminate()
    assert source.process.wait(15) == 0, "asked to end, an edge ends in order"
    source.database.close()
    if request.param == "postgresql":
        request.getfixturevalue("postgres").drop_database("source")


def test_pages_are_the_same_near_and_far(source: Source) -> None:
    feeds = [source.feed("local"), source.feed("remote")]
    for feed in feeds:
        empty = feed.page(0)
        assert (feed.source, empty.head, empty.events) == ("pledges", 0, [])
        assert empty.epoch == source.log.head()[1]

    traced = context(
        correlation_id="ação “1”", traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    )
    source.log.append(append("s1", 0, [signed("s1"), withdrawn("s1")], in_context=traced))
    source.log.append_all([append(f"t{n}", district=f"d{n % 3}") for n in range(40)])
    recorded = source.log.read(0, 100)
    assert len(recorded) == 42
    for after, limit in ((0, 1000), (0, 1), (1, 1), (0, 2), (17, 5), (41, 10), (42, 10), (1000, 10)):
        for feed in feeds:
            page = feed.page(after, limit)
            assert page.events == recorded[after : after + limit]
            assert (page.head, page.epoch) == (42, source.log.head()[1])

    source.log.new_epoch(uuid4())
    assert {feed.page(42).epoch for feed in feeds} == {source.log.head()[1]}


def test_a_feed_is_read_only_with_the_secret(source: Source) -> None:
    assert httpx.get(f"{source.url}/feed", trust_env=False).status_code == 401
    with pytest.raises(Unavailable):
        RemoteFeed("pledges", source.url, "guessed").page(0)


def test_a_stopped_source_is_unavailable_in_time_and_reads_on_afterwards(source: Source) -> None:
    hurried = source.feed("remote", seconds=0.5)
    hurried.page(0)
    source.process.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            hurried.page(0)
        assert time.monotonic() - started < 2
    finally:
        source.process.send_signal(signal.SIGCONT)
    until(source.answers, 10, "the edge answers again")


def test_a_source_that_is_down_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        RemoteFeed("pledges", f"http://127.0.0.1:{free_port()}", SECRET).page(0)


def test_an_answer_that_is_no_page_is_unavailable() -> None:
    """A proxy's own page, say, while the source is restarted."""
    for body in (
        b"<html>welcome</html>",
        b"[]",
        b'{"epoch": "e", "head": 1, "events": [{}]}',
        b"[" * 100_000,
    ):
        feed = RemoteFeed("pledges", "http://source", SECRET)
        feed._client = httpx.Client(
            base_url="http://source",
            transport=httpx.MockTransport(lambda request, body=body: httpx.Response(200, content=body)),
        )
        with pytest.raises(Unavailable):
            feed.page(0)
