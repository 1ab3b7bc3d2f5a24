"""The journal folded into read models from zero, against GROUP BY over the same journal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from alliance.cli import composition
from alliance.database import Database
from tests.benchmarks import bare
from tests.benchmarks.bench import Bench
from tests.benchmarks.filling import fill_journal_with_a_year, new_log
from tests.benchmarks.row import Row
from tests.benchmarks.turns import Figures, take_turns

OURS = "tests.benchmarks.fold_ours"
#: The projection whose events these are: who is enrolled, and whose pledge is signed.
ONE = "participation"


def rebuild(bench: Bench) -> Iterator[Row]:
    """Enrolments and pledges into `participation`, by one process and by two; and into all read models at once."""
    url = bench.database()
    database = new_log(url, "evaluation")
    events = fill_journal_with_a_year(database, bench.size(60_000, 1000))
    every = [projection.name for projection in composition.projections()[0]]

    def ours(partitions: int, names: Sequence[str]) -> Figures:
        _forget(database)
        with ThreadPoolExecutor(partitions) as pool:
            spans = list(
                pool.map(lambda k: bench.child(OURS, url, f"{k}/{partitions}", *names), range(partitions))
            )
        took = max(span["ended"] for span in spans) - min(span["began"] for span in spans)
        return {"rate": events / took}

    medians = take_turns(
        bench.rounds,
        one=lambda: ours(1, [ONE]),
        two=lambda: ours(2, [ONE]),
        every=lambda: ours(1, every),
        limit=lambda: {"rate": bare.group_by(url, events)},
    )
    one, limit = medians["one"]["rate"], medians["limit"]["rate"]
    yield Row(
        "rebuild", one, "events/s", limit=limit, limit_name="GROUP BY", least_limit_ratio=0.25,
        notes={"projection": ONE, "events": events},
    )  # fmt: skip
    yield Row(
        "rebuild_two_partitions", medians["two"]["rate"], "events/s", peer=one, peer_name="one partition",
        least_ratio=1.5, limit=limit, limit_name="GROUP BY",
    )  # fmt: skip
    yield Row(
        "rebuild_every_read_model", medians["every"]["rate"], "events/s", limit=limit, limit_name="GROUP BY",
        notes={"projections": len(every)},
    )  # fmt: skip
    database.close()
    bench.drop(url)


def _forget(database: Database) -> None:
    """Read models as `alliance migrate` leaves them on the first day."""
    tables = [table for each in composition.projections()[1].values() for table in each.values()]
    with database.transaction() as connection:
        for table in tables:
            table.drop(connection, checkfirst=True)
            table.create(connection)
        connection.execute(text("TRUNCATE checkpoints, projection_positions"))
