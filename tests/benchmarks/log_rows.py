"""The log against eventsourcing: one-event commands, batches, reading; and what an event weighs."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from sqlalchemy import text

from alliance.database import Database
from alliance.feed import LocalFeed
from alliance.journal import Journal
from alliance.log import Log
from alliance.receiver import Receiver
from tests.benchmarks import bare
from tests.benchmarks.bench import Bench
from tests.benchmarks.filling import fill_log, new_log
from tests.benchmarks.row import Row
from tests.benchmarks.turns import Figures, take_turns

PEER = "eventsourcing 9.5.6"
STORE = "eventsourcing_store.py"
OURS = "tests.benchmarks.log_ours"
CLIENTS = 64
THREADS = (1, 8, 16)
BATCH = 500


def append_concurrent(bench: Bench) -> Iterator[Row]:
    """One-event commands at 64 clients, against its best of 1, 8 and 16 threads."""
    ours, peer = bench.size(20_000, 256), bench.size(3_000, 48)
    url = bench.database()
    new_log(url).close()
    peer_url = bench.database()
    medians = take_turns(
        bench.rounds,
        ours=lambda: bench.child(OURS, "append", url, ours, CLIENTS),
        **{f"threads_{many}": _peer(bench, peer_url, "append", peer, many) for many in THREADS},
    )
    best = max(THREADS, key=lambda many: medians[f"threads_{many}"]["rate"])
    yield Row(
        "append_concurrent",
        medians["ours"]["rate"],
        "commands/s",
        peer=medians[f"threads_{best}"]["rate"],
        peer_name=PEER,
        least_ratio=8,
        notes={"clients": CLIENTS, **{each: medians[each]["rate"] for each in medians}},
    )
    bench.drop(url)
    bench.drop(peer_url)


def append_batch_500(bench: Bench) -> Iterator[Row]:
    """500 events in one transaction, against 500 in one save, and COPY of 500 rows into the same table."""
    count = max(BATCH, bench.size(50_000) // BATCH * BATCH)
    url, peer_url, copied = bench.database(), bench.database(), bench.database()
    new_log(url).close()
    new_log(copied).close()
    rows_of = bench.database()
    filled = new_log(rows_of)
    fill_log(filled, count)
    filled.close()
    rows = bare.taken_out(rows_of, "events")
    medians = take_turns(
        bench.rounds,
        ours=lambda: bench.child(OURS, "batch", url, count),
        peer=_peer(bench, peer_url, "batch", max(BATCH, count // 10)),
        limit=lambda: {"rate": _copy_afresh(copied, "events", rows)},
    )
    yield Row(
        "append_batch_500",
        medians["ours"]["rate"],
        "events/s",
        peer=medians["peer"]["rate"],
        peer_name=PEER,
        limit=medians["limit"]["rate"],
        limit_name="COPY",
        least_ratio=2.2,
        least_limit_ratio=0.5,
    )
    for each in (url, peer_url, copied, rows_of):
        bench.drop(each)


def log_read_decoded(bench: Bench) -> Iterator[Row]:
    """Pages of 1,000 events, each decoded to an event object."""
    count = bench.size(100_000, 2000)
    url, peer_url = bench.database(), bench.database()
    database = new_log(url)
    fill_log(database, count)
    database.close()
    medians = take_turns(
        bench.rounds,
        ours=lambda: bench.child(OURS, "read", url, count),
        peer=_peer(bench, peer_url, "read", count // BATCH * BATCH),
    )
    yield Row(
        "log_read_decoded",
        medians["ours"]["rate"],
        "events/s",
        peer=medians["peer"]["rate"],
        peer_name=PEER,
        least_ratio=2,
    )
    bench.drop(url)
    bench.drop(peer_url)


def event_bytes(bench: Bench) -> Iterator[Row]:
    """Table, indexes and what PostgreSQL keeps beside them, by event, as the product itself has written them."""
    count = max(BATCH, bench.size(100_000) // BATCH * BATCH)
    url, journal_url = bench.database(), bench.database()
    log = Log(new_log(url), "pledges")
    bench.child(OURS, "batch", url, count)
    database = new_log(journal_url, "evaluation")
    Receiver(Journal(database), LocalFeed(log)).catch_up()
    for name, owner, table in (("log", log.database, "events"), ("journal", database, "journal")):
        whole, heap, events = _weight(owner, table)
        yield Row(
            f"bytes_per_event_{name}",
            whole / events,
            "bytes",
            most=450,
            notes={"table": heap / events, "indexes": (whole - heap) / events},
        )
    log.database.close()
    database.close()
    bench.drop(url)
    bench.drop(journal_url)


def _peer(bench: Bench, url: str, *arguments: object):  # type: ignore[no-untyped-def]
    parts = urlsplit(url)
    given = {
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": parts.hostname or "",
        "POSTGRES_PORT": str(parts.port),
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": parts.password or "",
    }

    def run() -> Figures:
        return {"rate": float(bench.peer(STORE, *arguments, given=given)["rate"])}

    return run


def _copy_afresh(url: str, table: str, rows: list[tuple[object, ...]]) -> float:
    database = Database(url)
    with database.transaction() as connection:
        # TRUNCATE is refused by the product's own trigger.
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        connection.execute(text(f"TRUNCATE {table}"))
        connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
    database.close()
    return bare.copy_rows(url, table, rows, BATCH)


def _weight(database: Database, table: str) -> tuple[int, int, int]:
    """(bytes with indexes, bytes of the rows alone, rows)."""
    with database.asking() as connection:
        row = connection.execute(
            text(
                f"SELECT pg_total_relation_size('{table}') AS whole, pg_table_size('{table}') AS heap,"
                f" (SELECT count(*) FROM {table}) AS events"
            )
        ).one()
    return row.whole, row.heap, row.events
