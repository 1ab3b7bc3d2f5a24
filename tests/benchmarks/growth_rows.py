"""What 5,000,000 events in the log and the journal change: rates and the memory of each part."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from alliance.cli import composition
from alliance.feed import LocalFeed
from alliance.journal import Journal
from alliance.receiver import Receiver
from tests.benchmarks.bench import Bench
from tests.benchmarks.filling import fill_journal_with_pledges, fill_log
from tests.benchmarks.processes import peaks
from tests.benchmarks.row import Row
from tests.benchmarks.turns import medians
from tests.benchmarks.whole_ours import Ours

SMALL, LARGE = 100_000, 5_000_000
CONNECTIONS = 32
NAMES = ("growth", "memory")
MEGABYTE = 1_000_000
OURS = "tests.benchmarks.log_ours"


def growth(bench: Bench, wanted: frozenset[str]) -> Iterator[Row]:
    """Each size with the platform started anew; the events are put into the tables by SQL, and passed as folded."""
    signatures, live, appended = bench.size(2_000, 64), bench.size(15_000, 500), bench.size(10_000, 256)
    ours = Ours(bench, 4 * (bench.rounds + 1) * (signatures + CONNECTIONS) + 2400)
    with ours:
        pass  # the roster is in
    figures: dict[int, dict[str, float]] = {}
    memory: dict[int, dict[str, int]] = {}
    for size in (bench.size(SMALL, 1000), bench.size(LARGE, 5000)):
        _grow(ours, size)
        seen = []
        with ours:
            for _ in range(bench.rounds):
                ours.sign(CONNECTIONS, CONNECTIONS)
                found = {"http_sign": ours.sign(signatures, CONNECTIONS)["rate"]}
                ours.settle()
                seen.append({**found, "live": ours.live(live)})
            memory[size] = peaks(ours.var)
        for figure in seen:
            figure["append"] = bench.child(OURS, "append", ours.url("pledges"), appended, 64)["rate"]
        _pass_over(ours)
        figures[size] = medians(seen)
    ours.close()
    (small, before), (large, after) = figures.items()
    for name, unit in (("append", "commands/s"), ("live", "events/s"), ("http_sign", "requests/s")):
        yield Row(
            f"growth_{name}", after[name], unit, before[name], f"with {small:,} events", least_ratio=0.85,
            notes={"events": large},
        )  # fmt: skip
    for part in sorted(memory[large]):
        yield Row(
            f"memory_{part}", memory[large][part] / MEGABYTE, "MB", memory[small].get(part, 0) / MEGABYTE,
            f"with {small:,} events", most_ratio=1.15, most=200,
        )  # fmt: skip


def _grow(ours: Ours, size: int) -> None:
    """Up to so many events in log and journal, all relayed and folded."""
    missing = size - ours.log.head()[0]
    if missing > 0:
        fill_log(ours.pledges, missing)
        fill_journal_with_pledges(ours.evaluation, missing, ours.log.head()[1])
    _pass_over(ours)


def _pass_over(ours: Ours) -> None:
    """Let the journal hold the log to its end, and relay and projectors stand behind it."""
    head, epoch = ours.log.head()
    with ours.evaluation.asking() as connection:
        held = int(
            connection.scalar(text("SELECT position FROM journal_sources WHERE source = 'pledges'")) or 0
        )
    if held < head:
        Receiver(Journal(ours.evaluation), LocalFeed(ours.log)).catch_up()
    with ours.pledges.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO checkpoints VALUES ('relay', :head, :epoch)"
                " ON CONFLICT (name) DO UPDATE SET position = excluded.position"
            ),
            {"head": head, "epoch": epoch},
        )
    with ours.evaluation.transaction() as connection:
        for each in composition.projections()[0]:
            connection.execute(
                text(
                    "UPDATE checkpoints SET position = (SELECT position FROM journal_head)"
                    " WHERE name LIKE :name"
                ),
                {"name": f"{each.name}-v%"},
            )
            if "pledges" in each.sources:
                connection.execute(
                    text(
                        "INSERT INTO projection_positions VALUES (:name, 0, 'pledges', :head)"
                        " ON CONFLICT (projection, partition, source) DO UPDATE SET position = excluded.position"
                    ),
                    {"name": each.name, "head": head},
                )
