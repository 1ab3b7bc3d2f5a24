"""The distributed form as `make serve` starts it: its servers are its own, `alliance simulate` says what it has played
there, and a restart goes on where it stopped."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from alliance.private_servers import PrivateServerError
from alliance.settings import METRICS_PORTS, metrics_port_variable
from deploy.running import ROOT, Platform, running
from tests.fixtures.missing import without

#: `alliance` with a sample of two districts and forty pupils instead of eight and six thousand. Its import is as
#: short as the time between two looks at the memory, which are closer here.
TINY = """
import simulation.report, simulation.sample
simulation.report.PAUSE = 0.05
simulation.sample._DISTRICTS = (("Bayou Clair County", 1, 26), ("Tupelo Hollow", 1, 13))
from alliance.cli import main
main()
"""


@pytest.fixture
def var() -> Iterator[Path]:
    # Not tmp_path: that is for its owner alone, and the database's own user has to pass through.
    with TemporaryDirectory(prefix="alliance-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "var"


def test_every_part_is_ready_and_after_a_restart_the_token_and_the_data_are_still_there(var: Path) -> None:
    try:
        with running("distributed", var) as platform:
            token = platform.token
            for part in METRICS_PORTS:
                port = platform.environment[metrics_port_variable(part)]
                assert httpx.get(f"http://127.0.0.1:{port}/livez").status_code == 200, part
                assert "alliance_build_info" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
            assert districts(platform) == []
            assert_says_that_all_came_back_and_what_each_process_took_at_most(simulate_sample(platform))
            before = districts(platform)
            assert len(before) == 2
            assert_every_line_is_whole_and_says_whose_it_is(platform)
    except PrivateServerError as missing:
        if "was not found" not in str(missing):
            raise
        without(str(missing))
    assert not (var / "serve.pid").exists()
    assert not processes_of(var)

    with running("distributed", var) as platform:
        assert platform.token == token
        assert districts(platform) == before
    assert not processes_of(var)


def districts(platform: Platform) -> list[Any]:
    answer = httpx.get(
        f"{platform.base_url}/v1/districts", headers={"Authorization": f"Bearer {platform.token}"}
    )
    assert answer.status_code == 200
    found: list[Any] = answer.json()["data"]
    return found


def simulate_sample(platform: Platform) -> str:
    """What `alliance simulate sample` prints on a platform that runs."""
    ran = subprocess.run(
        [sys.executable, "-c", TINY, "simulate", "sample"],
        cwd=ROOT,
        env={**os.environ, **platform.environment, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def assert_says_that_all_came_back_and_what_each_process_took_at_most(said: str) -> None:
    assert "all exactly as simulated" in said
    _, _, memory = said.partition("Peak memory")
    rows = re.findall(r"^│ (\S.*?) +│ +(\d+) │ +([\d,]+) │ (.*?) *│$", memory, re.MULTILINE)
    assert len({pid for _, pid, _, _ in rows}) == len(rows)
    assert all(int(megabytes.replace(",", "")) > 5 for _, _, megabytes, _ in rows)
    names = [name for name, _, _, _ in rows]
    for part in ("simulation", "alliance.edge_process pledges", "alliance relay pledges", "alliance project"):
        assert names.count(part) == 1, part
    # A master and its worker.
    assert len([name for name in names if "gateway.wsgi" in name]) >= 2
    # It ended long before the report was written.
    (imported,) = [row for row in rows if row[0] == "services.roster.import_process"]
    assert imported[3] == "has ended; as last seen"


def assert_every_line_is_whole_and_says_whose_it_is(platform: Platform) -> None:
    printed = platform.log.read_text()
    told = [json.loads(line) for line in printed.splitlines() if "{" in line]
    assert {"gateway", "pledges-edge", "folders-edge"} <= {line["part"] for line in told}
    # What the program says itself stands between them.
    assert f"Alliance runs at {platform.base_url}" in printed


def processes_of(var: Path) -> list[str]:
    """The command lines of all processes that were started with this data folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"ALLIANCE_VAR={var}".encode() in environment and int(folder.name) != os.getpid():
            found.append(command.replace(b"\0", b" ").decode())
    return found
