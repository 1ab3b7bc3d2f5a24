"""The rows as a table, and as var/bench.json."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from alliance.private_servers.process import find
from tests.benchmarks.bench import ROOT, Bench
from tests.benchmarks.page import number, ratio
from tests.benchmarks.row import Row

_MET = {True: "met", False: "NOT MET", None: ""}


def show(rows: Sequence[Row], console: Console) -> None:
    table = Table(box=SIMPLE)
    table.add_column("row", no_wrap=True)
    for heading in ("ours", "unit", "peer", "ratio", "limit", "of limit"):
        table.add_column(heading, justify="left" if heading == "unit" else "right", no_wrap=True)
    table.add_column("floor")
    table.add_column("", no_wrap=True)
    for row in rows:
        numbers = number(row.ours), row.unit, number(row.peer), ratio(row.ratio), number(row.limit)
        table.add_row(row.name, *numbers, ratio(row.limit_ratio), row.floor, _MET[row.met])
    console.print(table)


def write(rows: Sequence[Row], bench: Bench, path: Path, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"environment": _environment(bench, seconds), "rows": [row.to_json() for row in rows]}
    path.write_text(json.dumps(whole, indent=2) + "\n")


def _environment(bench: Bench, seconds: float) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _printed("git", "rev-parse", "HEAD"),
        "changed": bool(_printed("git", "status", "--porcelain")),
        "rounds": bench.rounds,
        "scale": bench.scale,
        "seconds": round(seconds),
        "cores": os.cpu_count(),
        "load_at_the_end": os.getloadavg()[0],
        "machine": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgresql": _printed(str(find("", "", "postgres", "/usr/lib/postgresql/*/bin") / "postgres"), "-V"),
        "packages": {
            name: version(name)
            for name in ("alliance", "amqp", "eventlet", "kombu", "nameko", "psycopg2-binary")
        },
        "peers": _printed(bench.peers, "-m", "pip", "freeze").splitlines(),
    }


def _printed(*command: str) -> str:
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.stdout.strip()
