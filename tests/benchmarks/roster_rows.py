"""The whole state's roster, imported for the first time and again unchanged."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from simulation.state import write_state
from tests.benchmarks.bench import Bench
from tests.benchmarks.filling import new_log
from tests.benchmarks.row import Row
from tests.benchmarks.state import SCHOOLS, made_up_districts

STUDENTS = 481_677
DISTRICTS = 144
GIGABYTE = 1_000_000_000


def roster_import(bench: Bench) -> Iterator[Row]:
    """`alliance roster import` in a process of its own, once each: it takes minutes and varies little."""
    students = bench.size(STUDENTS, DISTRICTS * SCHOOLS)
    bundle = bench.folder / "state.zip"
    write_state(bundle, "State", made_up_districts(DISTRICTS, students), seed=1)
    url = bench.database()
    new_log(url, "roster").close()
    first, first_peak = _import(bench, bundle, url)
    again, again_peak = _import(bench, bundle, url)
    yield Row("roster_import", first, "s", notes={"students": students})
    yield Row(
        "roster_import_unchanged",
        again,
        "s",
        first,
        "first time",
        most_ratio=0.1,
        notes={"students": students},
    )
    for name, peak in (("first", first_peak), ("unchanged", again_peak)):
        yield Row(f"roster_import_peak_{name}", peak / GIGABYTE, "GB", most=1)
    bench.drop(url)


def _import(bench: Bench, bundle: Path, url: str) -> tuple[float, int]:
    """Seconds and bytes at the peak of one import in a new process."""
    command = [str(Path(sys.executable).parent / "alliance"), "roster", "import", str(bundle)]
    environment = {
        **os.environ, "ALLIANCE_ROSTER_DATABASE_URL": url, "ALLIANCE_VAR": str(bench.folder / "roster"),
        "ALLIANCE_SECRET_KEY": "bench",
    }  # fmt: skip
    began = time.perf_counter()
    with (bench.folder / "roster-import.log").open("ab") as log:
        file = log.fileno()
        pid = os.posix_spawn(
            command[0], command, environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, file, 1), (os.POSIX_SPAWN_DUP2, file, 2)],
        )  # fmt: skip
        _, status, used = os.wait4(pid, 0)
    if status:
        raise RuntimeError((bench.folder / "roster-import.log").read_text()[-4000:])
    return time.perf_counter() - began, used.ru_maxrss * 1024
