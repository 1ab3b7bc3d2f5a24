"""The disk under a service's database is full: its tables lie in a small tmpfs, and the tmpfs is filled."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2

from tests.builders_year import YEAR

from ..history import Kind
from ..parts import wait_for
from ..platform import Platform
from ..verdict import Verdict

MEGABYTES = 200
PARTS = ("pledges", "relay-pledges")


def disk_full(platform: Platform, verdict: Verdict) -> None:
    with tempfile.TemporaryDirectory(prefix="alliance-matrix-disk-") as folder:
        os.chmod(folder, 0o755)
        disk = Path(folder) / "small"
        disk.mkdir()
        refused = _mount(disk)
        if refused:
            verdict.skipped = f"no tmpfs can be mounted here: {refused}"
            return
        try:
            with _tables_on(platform, disk):
                _filled(platform, verdict, disk / "filler")
        finally:
            subprocess.run(["umount", str(disk)], check=False)


def _filled(platform: Platform, verdict: Verdict, filler: Path) -> None:
    reader, child = platform.client(), platform.children[0]
    with platform.load(verdict) as load:
        wait_for(lambda: len(load.history.operations) > 20, 30, "the load runs")
        began = time.monotonic()
        with filler.open("wb") as file, suppress(OSError):
            while True:
                file.write(b"\0" * 65536)
        wait_for(lambda: _come_back(load.history.tries(began)) > 20, 120, "writes are refused")
        full = time.monotonic()
        reads = [reader.get(f"/v1/pledges/{child.student}/{YEAR}")[0] for _ in range(20)]
        cards = [reader.get(f"/v1/state/scorecard?school_year={YEAR}")[0] for _ in range(3)]
        time.sleep(min(5.0, platform.scale.outage))
        meanwhile = load.history.tries(full)
        filler.unlink()
        freed = time.monotonic()
        wait_for(
            lambda: any(each.kind is Kind.ACCEPTED for each in load.history.tries(freed)),
            60,
            "writes are taken",
        )
        recovered = time.monotonic() - freed
    reader.close()
    verdict.require(
        "503 for writes", _come_back(meanwhile) > 0, f"{_come_back(meanwhile)} of {len(meanwhile)}"
    )
    verdict.require(
        "reads served", set(reads) == {200} and set(cards) == {200}, f"{reads.count(200)} of {len(reads)}"
    )
    verdict.within("recovers", recovered, 15.0)
    verdict.notes.append(
        "the write-ahead log lies on another disk, as usual; with it on the full one PostgreSQL ends"
    )


def _come_back(tries: list[Any]) -> int:
    return sum(each.kind is Kind.COME_BACK for each in tries)


def _mount(disk: Path) -> str:
    """Mount a tmpfs there; else why not."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return "only root can mount"
    ran = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=0777", "tmpfs", str(disk)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ran.stderr.strip() if ran.returncode else ""


@contextmanager
def _tables_on(platform: Platform, disk: Path) -> Iterator[None]:
    """Pledges' tables lie on this disk for the length of the block."""
    place = disk / "tables"
    place.mkdir()
    shutil.chown(place, platform.servers.postgres["pledges"].user or os.geteuid())
    _move(
        platform, f"CREATE TABLESPACE small LOCATION '{place}'", "ALTER DATABASE pledges SET TABLESPACE small"
    )
    try:
        yield
    finally:
        _move(platform, "ALTER DATABASE pledges SET TABLESPACE pg_default", "DROP TABLESPACE small")


def _move(platform: Platform, *statements: str) -> None:
    """Nobody may be connected meanwhile."""
    platform.parts.stop(*PARTS)
    platform.logs["pledges"].close()
    server = platform.servers.postgres["pledges"]
    with closing(psycopg2.connect(server.url.replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)
    platform.parts.start(*PARTS)
