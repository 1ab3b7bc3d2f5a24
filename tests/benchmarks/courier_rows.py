"""From the log to the broker, and from the feeds to an empty journal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from alliance import checkpoints
from alliance.database import Database
from alliance.envelope import to_json
from alliance.feed import PAGE
from alliance.log import Log
from alliance.private_servers.process import free_port
from alliance.relay import CHECKPOINT
from tests.benchmarks import bare
from tests.benchmarks.bench import Bench
from tests.benchmarks.filling import fill_journal_with_pledges, fill_log, new_log
from tests.benchmarks.processes import answering, running
from tests.benchmarks.row import Row
from tests.benchmarks.turns import Figures, take_turns
from tests.benchmarks.whole_nameko import Nameko

OURS = "tests.benchmarks.courier_ours"


def publish(bench: Bench) -> Iterator[Row]:
    """The relay against nameko's EventDispatcher, and py-amqp alone.

    One publisher against one; beside it, without a floor, against nameko's ten workers at once.
    """
    count, dispatched = bench.size(40_000, 500), bench.size(2_000, 50)
    url = bench.database()
    database = new_log(url)
    log = Log(database, "pledges")
    fill_log(database, count)
    bodies = [to_json(event) for start in range(0, count, 1000) for event in log.read(start, 1000)]

    def ours() -> Figures:
        with database.transaction() as connection:
            checkpoints.reset(connection, CHECKPOINT)
        return bench.child(OURS, "publish", url, bench.vhost())

    def peer(workers: int) -> Figures:
        with Nameko(bench, ("pledges",)) as nameko:
            return {"rate": nameko.dispatch(dispatched, workers)}

    medians = take_turns(
        bench.rounds,
        ours=ours,
        one=lambda: peer(1),
        ten=lambda: peer(10),
        limit=lambda: {"rate": bare.publish(bench.vhost(), "pledges", "evaluation", bodies)},
    )
    rate, limit = medians["ours"]["rate"], medians["limit"]["rate"]
    yield Row(
        "publish", rate, "events/s", medians["one"]["rate"], "nameko's EventDispatcher", limit, "py-amqp",
        least_ratio=12, least_limit_ratio=0.6,
    )  # fmt: skip
    yield Row(
        "publish_ten_workers", rate, "events/s", medians["ten"]["rate"], "EventDispatcher in ten workers"
    )
    database.close()
    bench.drop(url)


def catch_up(bench: Bench) -> Iterator[Row]:
    """An empty journal fills from a running edge's feed, against COPY of the same rows, a page a transaction."""
    count = bench.size(60_000, 2000)
    url, journal_url, copied = bench.database(), bench.database(), bench.database()
    database = new_log(url)
    fill_log(database, count)
    journals = [new_log(each, "evaluation") for each in (journal_url, copied)]
    fill_journal_with_pledges(journals[0], count, Log(database, "pledges").head()[1])
    rows = bare.taken_out(journal_url, "journal")

    def empty(journal: Database) -> None:
        with journal.transaction() as connection:
            connection.execute(text("TRUNCATE journal, journal_sources"))
            connection.execute(text("UPDATE journal_head SET position = 0"))

    def limit() -> Figures:
        empty(journals[1])
        return {"rate": bare.copy_rows(copied, "journal", rows, PAGE)}

    with _edge(bench, url) as edge:

        def ours() -> Figures:
            empty(journals[0])
            return bench.child(OURS, "catch_up", journal_url, f"pledges={edge}")

        medians = take_turns(bench.rounds, ours=ours, limit=limit)
    yield Row(
        "catch_up",
        medians["ours"]["rate"],
        "events/s",
        limit=medians["limit"]["rate"],
        limit_name="COPY",
        least_limit_ratio=0.4,
    )
    for each in (database, *journals):
        each.close()
    for address in (url, journal_url, copied):
        bench.drop(address)


@contextmanager
def _edge(bench: Bench, url: str) -> Iterator[str]:
    """`alliance serve pledges` on this database; its address."""
    port = free_port()
    given = {
        "ALLIANCE_VAR": str(bench.folder / "edge"),
        "ALLIANCE_PLEDGES_DATABASE_URL": url,
        "ALLIANCE_PLEDGES_PORT": str(port),
        "ALLIANCE_PLEDGES_METRICS_PORT": str(free_port()),
        "ALLIANCE_EDGE_SECRET": "bench",
    }
    os.environ["ALLIANCE_EDGE_SECRET"] = "bench"
    with running(["-m", "alliance.edge_process", "pledges"], given, bench.folder / "edge.log"):
        answering(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}"
