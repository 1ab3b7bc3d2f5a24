"""The distributed form as `make serve` starts it: its servers are its own, and a restart goes on where it stopped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from alliance.private_servers import PrivateServerError
from alliance.settings import METRICS_PORTS
from deploy.running import running
from tests.fixtures.missing import without


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
                port = platform.environment[f"ALLIANCE_{part.upper().replace('-', '_')}_METRICS_PORT"]
                assert httpx.get(f"http://127.0.0.1:{port}/livez").status_code == 200, part
                assert "alliance_build_info" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
    except PrivateServerError as missing:
        if "was not found" not in str(missing):
            raise
        without(str(missing))
    assert not (var / "serve.pid").exists()
    assert not processes_of(var)

    with running("distributed", var) as platform:
        assert platform.token == token
        answer = httpx.get(f"{platform.base_url}/v1/districts", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        assert answer.json()["data"] == []
    assert not processes_of(var)


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
