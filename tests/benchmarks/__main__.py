"""`python -m tests.benchmarks [--only NAME ...] [--rounds 3] [--scale 1.0]`: measure, print, write var/bench.json.

Ends with 0 when everything ran, whatever the figures: floors are read in the table.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from alliance.private_servers import sweep
from tests.benchmarks import courier_rows, fold_rows, growth_rows, log_rows, report, roster_rows, whole_rows
from tests.benchmarks.bench import ROOT, Bench
from tests.benchmarks.row import Row

Measure = Callable[[Bench], Iterator[Row]]

#: Rows that are measured alone.
SINGLE: dict[str, Measure] = {
    "append_concurrent": log_rows.append_concurrent,
    "append_batch_500": log_rows.append_batch_500,
    "log_read_decoded": log_rows.log_read_decoded,
    "publish": courier_rows.publish,
    "catch_up": courier_rows.catch_up,
    "rebuild": fold_rows.rebuild,
    "bytes_per_event": log_rows.event_bytes,
    "roster_import": roster_rows.roster_import,
}
#: Rows that share a running platform.
SHARED: dict[tuple[str, ...], Callable[[Bench, frozenset[str]], Iterator[Row]]] = {
    whole_rows.NAMES: whole_rows.whole,
    growth_rows.NAMES: growth_rows.growth,
}
NAMES = (*SINGLE, *(name for names in SHARED for name in names))


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    wanted = frozenset(asked.only or NAMES)
    console = Console(width=200)
    rows: list[Row] = []
    broken: list[str] = []
    began = time.monotonic()
    sweep()
    with (
        TemporaryDirectory(prefix="alliance-bench-") as folder,
        Bench(asked.rounds, asked.scale, Path(folder), asked.peers) as bench,
    ):
        for name, measure in _measures(bench, wanted):
            at = time.monotonic()
            try:
                rows += measure()
            except Exception:
                broken.append(name)
                traceback.print_exc()
            console.print(f"{name}: {time.monotonic() - at:.0f} s", style="dim")
            # After each: what was measured stays when it is broken off.
            report.write(rows, bench, asked.out, time.monotonic() - began)
        report.show(rows, console)
    if broken:
        console.print(f"broken: {', '.join(broken)}", style="red")
    return 1 if broken else 0


def _measures(bench: Bench, wanted: frozenset[str]) -> Iterator[tuple[str, Callable[[], Iterator[Row]]]]:
    for name, measure in SINGLE.items():
        if name in wanted:
            yield name, lambda measure=measure: measure(bench)  # type: ignore[misc]
    for names, shared in SHARED.items():
        chosen = wanted & frozenset(names)
        if chosen:
            yield ", ".join(names), lambda shared=shared, chosen=chosen: shared(bench, chosen)  # type: ignore[misc]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=3, help="rounds in turn, of which the median counts")
    parser.add_argument("--scale", type=float, default=1.0, help="below 1: smaller, to see that it works")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "bench.json")
    peers = os.environ.get("ALLIANCE_PEERS_PYTHON", str(Path(sys.prefix) / "peers" / "bin" / "python"))
    parser.add_argument("--peers", default=peers, help="the interpreter that has requirements-peers.lock")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
