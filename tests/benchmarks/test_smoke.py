"""The benchmark's own code, at a size that measures nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliance.private_servers import PrivatePostgres
from tests.benchmarks import courier_rows, log_rows, page
from tests.benchmarks.bench import Bench
from tests.benchmarks.loads import Latencies
from tests.benchmarks.row import Row


@pytest.fixture
def bench(tmp_path: Path, postgres: PrivatePostgres) -> Bench:
    tiny = Bench(rounds=1, scale=0.0001, folder=tmp_path, peers="")
    tiny.postgres = postgres
    return tiny


def test_an_event_is_weighed_in_the_log_and_in_the_journal(bench: Bench) -> None:
    rows = {row.name: row for row in log_rows.event_bytes(bench)}

    assert list(rows) == ["bytes_per_event_log", "bytes_per_event_journal"]
    assert all(200 < row.ours < 2000 for row in rows.values())


def test_an_empty_journal_is_filled_from_a_running_edge(bench: Bench) -> None:
    (row,) = courier_rows.catch_up(bench)

    assert row.ours > 0
    assert row.limit_ratio is not None
    assert row.floor == "at least 0.4 of COPY"


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("r", 80, "events/s", peer=10, least_ratio=8), True),
        (Row("r", 79, "events/s", peer=10, least_ratio=8), False),
        (Row("r", 80, "events/s", peer=10, limit=200, least_ratio=8, least_limit_ratio=0.5), False),
        (Row("r", 51, "ms", peer=100, most_ratio=0.5), False),
        (Row("r", 400, "ms", peer=900, most_ratio=0.1, most=500, either=True), True),
        (Row("r", 600, "ms", peer=900, most_ratio=0.1, most=500, either=True), False),
        (Row("r", 1, "s"), None),
    ],
)
def test_a_floor_is_met_or_not_or_there_is_none(row: Row, met: bool | None) -> None:
    assert row.met is met
    assert row.to_json()["met"] is met


def test_an_event_waits_from_its_acceptance_until_so_many_are_visible() -> None:
    accepted = [10.0, 10.0, 11.0, 12.0]
    seen = [(10.5, 2), (12.5, 4)]

    assert Latencies.of(accepted, seen) == Latencies(p50=500.0, p99=1500.0)


def test_the_page_gets_the_table_and_the_sums_of_a_run() -> None:
    names = (
        "live", "class_check_in", "bytes_per_event_log", "bytes_per_event_journal", "rebuild_every_read_model",
    )  # fmt: skip
    rows = [Row("http_sign", 134, "requests/s", peer=67, peer_name="nameko", least_ratio=4), *_rows(names)]
    text = "before\n<!-- table: written by tests/benchmarks/page.py -->\nold\n<!-- end of table -->\nafter"

    page_ = page.filled(text, "table", page.table([row.to_json() for row in rows]))

    assert (
        "| http_sign | 134 | requests/s | 67.00 | 2.00 |  |  | at least 4 x nameko | **not met** |" in page_
    )
    assert "old" not in page_
    assert page_.startswith("before\n")
    assert page_.endswith("\nafter")
    # 481,677 x 0.5 / 3,600 = 66.9 signatures in the busiest second; 134 are twice that.
    assert "One gateway and one edge sign 134: 2.0 times that." in page.sums([row.to_json() for row in rows])


def _rows(names: tuple[str, ...]) -> list[Row]:
    return [Row(name, 1000, "") for name in names]
