"""A log's feed reads the same in its own process and through a service's edge."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
import sqlalchemy

from alliance.database import Database
from alliance.envelope import UNREADABLE, Event
from alliance.errors import Unavailable
from alliance.feed import Feed, LocalFeed, Page, RemoteFeed, to_json
from alliance.log import Log
from alliance.migrations import upgrade
from alliance.private_servers import PrivatePostgres
from alliance.private_servers.process import free_port
from tests.builders import NOW, append, context, signed, withdrawn
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
        self.port, self.url = port, f"http://127.0.0.1:{port}"
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


def test_an_edge_that_is_asked_to_end_closes_the_connections_that_are_kept(
    postgres: PrivatePostgres, tmp_path: Path
) -> None:
    """Else they would bring new requests for as long as others are under way, and it would never end under load."""
    name = f"test_{uuid4().hex}"
    source = Source(postgres.create_database(name), tmp_path)
    kept, busy = (http.client.HTTPConnection("127.0.0.1", source.port, timeout=20) for _ in range(2))
    kept.request("GET", "/feed")
    first = kept.getresponse()
    assert (first.read() is not None, first.getheader("Connection")) == (True, None)
    with source.database.transaction() as connection:
        connection.exec_driver_sql("LOCK TABLE log_head IN ACCESS EXCLUSIVE MODE")
        busy.request("GET", "/feed", headers={"X-Alliance-Edge-Secret": SECRET})
        waiting = sqlalchemy.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        until(lambda: connection.scalar(waiting), 20, "a request is under way")
        source.process.terminate()
        until(lambda: not source.answers(), 20, "it takes no new connection")
        kept.request("GET", "/feed")
        assert kept.getresponse().getheader("Connection") == "close"
    assert busy.getresponse().status == 200
    assert source.process.wait(15) == 0
    source.database.close()
    postgres.drop_database(name)


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
        with answering(lambda after, limit, body=body: body) as url, pytest.raises(Unavailable) as refused:
            RemoteFeed("pledges", url, SECRET).page(0)
        assert isinstance(refused.value.__cause__, UNREADABLE)


#: What a source answers to (after, limit); None is a 503.
Answer = Callable[[int, int], bytes | None]


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """The address of a source that says what it is told to."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            body = answer(int(query["after"][0]), int(query["limit"][0]))
            self.send_response(503 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        # A connection that is kept must not keep the test.
        server.daemon_threads, server.block_on_close = True, False
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Written:
    """A source of 2,500 events; `asked` are the positions after which pages were wanted."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        #: Away from the how-manyth question on.
        self.away_after = 1_000_000

    def __call__(self, after: int, limit: int) -> bytes | None:
        self.asked.append(after)
        if len(self.asked) > self.away_after:
            return None
        events = [event(at) for at in range(after + 1, min(after + limit, 2500) + 1)]
        return to_json(Page("e", 2500, events))


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def remote(written: Written) -> Iterator[RemoteFeed]:
    with answering(written) as url:
        yield RemoteFeed("pledges", url, SECRET)


def event(position: int) -> Event:
    return Event(
        id=str(uuid4()), source="pledges", position=position, stream=f"s{position}", stream_version=1,
        type="PledgeSigned", schema_version=1, time=NOW, district="d1", text="{}", correlation_id="c", causation_id="c",
    )  # fmt: skip


def test_after_a_full_page_the_next_two_are_on_their_way_before_they_are_asked_for(
    written: Written, remote: RemoteFeed
) -> None:
    first = remote.page(0)
    until(lambda: sorted(written.asked) == [0, 1000, 2000], 10, "the next pages are asked for")
    second, third = remote.page(1000), remote.page(2000)
    positions = [each.position for page in (first, second, third) for each in page.events]
    assert positions == list(range(1, 2501))
    assert sorted(written.asked) == [0, 1000, 2000], "each once, and none behind the head"


def test_a_page_that_came_in_vain_is_not_taken_for_another(remote: RemoteFeed) -> None:
    remote.page(0)
    assert [each.position for each in remote.page(500).events] == list(range(501, 1501))
    assert [each.position for each in remote.page(0, 1).events] == [1]


def test_a_source_that_goes_away_meanwhile_is_unavailable_once_and_asked_again(
    written: Written, remote: RemoteFeed
) -> None:
    written.away_after = 1
    remote.page(0)
    with pytest.raises(Unavailable, match="answers 503"):
        remote.page(1000)
    written.away_after = 1_000_000
    assert remote.page(1000).events[0].position == 1001
