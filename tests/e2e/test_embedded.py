"""`make up` as it is used: stopped, killed, started again, twice at once. The sample is a tiny one, played in full."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from alliance.private_servers.process import free_port
from alliance.settings import SOURCES
from deploy.running import ROOT
from tests.builders_roster import small
from tests.e2e.small_state import zipped
from tests.e2e.state import ZIP
from tests.fixtures.waiting import until

#: `alliance serve embedded` with two districts of eighty pupils for a sample instead of eight of six thousand.
TINY = """
import simulation.sample
simulation.sample._DISTRICTS = (("Bayou Clair County", 2, 50), ("Tupelo Hollow", 1, 30))
from alliance.cli import main
main()
"""
SECONDS = 120.0


@dataclass
class Up:
    """A platform in the embedded form with a data folder of its own, as `make up` starts it."""

    var: Path
    sample: str = "small"
    environment: dict[str, str] = field(default_factory=dict)
    #: The one started last.
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ALLIANCE_")},
            "ALLIANCE_VAR": str(self.var),
            "ALLIANCE_PORT": str(free_port()),
            "ALLIANCE_GATEWAY_METRICS_PORT": str(free_port()),
            "ALLIANCE_SAMPLE": self.sample,
            "ALLIANCE_SECRET_KEY": "the same for every platform here, so that ids can be compared",
            "PYTHONUNBUFFERED": "1",
        }
        self.base_url = f"http://127.0.0.1:{self.environment['ALLIANCE_PORT']}"
        self.printed = self.var.with_suffix(".printed")

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Started, and killed at the end of the block if it still runs."""
        with self.printed.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", TINY, "serve", "embedded"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.process = process
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def await_shown(self, process: subprocess.Popen[bytes]) -> str:
        """Wait until it has said where to go on; returns all that it has printed."""
        until(lambda: "state's token" in self.said() or process.poll() is not None, SECONDS, "it is up")
        assert process.poll() is None, self.said()
        return self.said()

    def said(self) -> str:
        return self.printed.read_text(errors="replace")

    @property
    def token(self) -> str:
        return (self.var / "state.token").read_text().strip()

    def get(self, path: str, **asked: str) -> Any:
        answer = httpx.get(
            f"{self.base_url}{path}",
            params=asked,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def positions(self) -> dict[str, int]:
        return {source: self.position(source) for source in SOURCES}

    def position(self, source: str) -> int:
        """How many events the log holds; 0 before there is one."""
        path = self.var / f"{source}.db"
        if not path.exists():
            return 0
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
            try:
                return int(connection.execute("SELECT position FROM log_head").fetchone()[0])
            except sqlite3.OperationalError:
                return 0

    def cards(self) -> dict[str, Any]:
        """Every district's scorecard, without how far it has read."""
        rows = self.get("/v1/districts")["data"]
        found = {}
        for row in rows:
            card = self.get(f"/v1/districts/{row['district']['id']}/scorecard", school_year="2026-27")
            found[row["district"]["name"]] = {
                name: card[name] for name in ("district", "indicators", "survey")
            }
        return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A platform that has played the tiny sample in one go."""
    up = Up(tmp_path_factory.mktemp("undisturbed") / "var")
    with up.running() as process:
        up.await_shown(process)
        yield up


def test_it_prints_the_districts_an_address_a_token_and_a_link(undisturbed: Up) -> None:
    said = undisturbed.said()

    assert "Bayou Clair" in said
    assert "Tupelo Hollow" in said
    assert f"Alliance runs at {undisturbed.base_url}" in said
    assert undisturbed.token in said
    assert re.search(rf"{undisturbed.base_url}/sign-in/\S{{20,}}", said)
    for row in undisturbed.get("/v1/districts")["data"]:
        assert row["district"]["id"] in said
        # Everything that was played is in the table.
        for name in ("pledges_signed", "folders_returned"):
            assert f"{row['indicators'][name]['rate']:.1%}" in said
    assert undisturbed.var.joinpath("state.token").stat().st_mode & 0o077 == 0
    assert undisturbed.var.joinpath("roster.db").stat().st_mode & 0o077 == 0


def test_killed_in_the_middle_of_the_sample_it_goes_on_and_ends_with_the_same_counts(
    undisturbed: Up, tmp_path: Path
) -> None:
    up = Up(tmp_path / "var")
    whole = undisturbed.positions()
    kills = {"roster": 5, "pledges": 5, "folders": whole["folders"] // 2, "surveys": 5}

    for source, events in kills.items():
        with up.running() as process:
            until(
                lambda source=source, events=events: (
                    up.position(source) >= events or process.poll() is not None
                ),
                SECONDS,
                f"{source} has {events} events",
            )
            assert process.poll() is None, up.said()
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert not (up.var / "sample" / "played.json").exists()

    with up.running() as process:
        up.await_shown(process)
        assert up.positions() == whole
        assert up.cards() == undisturbed.cards()


def make_down(up: Up, ending: subprocess.Popen[bytes] | None = None) -> str:
    """What `make down` prints; a child of ours is no longer there only when we have waited for it."""
    command = ["make", "--silent", "--no-print-directory", "down"]
    with subprocess.Popen(command, cwd=ROOT, env=up.environment, stdout=subprocess.PIPE, text=True) as down:
        if ending is not None:
            ending.wait(60)
        printed, _ = down.communicate(timeout=60)
    assert down.returncode == 0
    return printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_plays_the_sample_it_ends_soon_and_cleanly(
    tmp_path: Path, number: signal.Signals
) -> None:
    up = Up(tmp_path / "var")
    with up.running() as process:
        until(lambda: up.position("pledges") > 0, SECONDS, "it plays")
        process.send_signal(number)
        assert process.wait(30) == 0
    assert "Traceback" not in up.said()
    assert not (up.var / "alliance.pid").exists()


def test_a_port_that_is_taken_is_told_with_a_way_out(tmp_path: Path) -> None:
    up = Up(tmp_path / "var", sample="none")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(up.environment["ALLIANCE_PORT"])))
        taken.listen()
        with up.running() as process:
            assert process.wait(SECONDS) == 1

    said = " ".join(up.said().split())
    assert f"Port {up.environment['ALLIANCE_PORT']} of 127.0.0.1 cannot be used" in said
    assert "make down" in said
    assert "ALLIANCE_PORT" in said
    assert "Traceback" not in said


def test_a_taken_internal_port_costs_the_metrics_only(undisturbed: Up, tmp_path: Path) -> None:
    up = Up(tmp_path / "var", sample="none")
    up.environment["ALLIANCE_GATEWAY_METRICS_PORT"] = undisturbed.environment["ALLIANCE_GATEWAY_METRICS_PORT"]
    with up.running() as process:
        said = up.await_shown(process)
        assert "ALLIANCE_GATEWAY_METRICS_PORT" in said
        assert up.get("/v1/districts")["data"] == []


def test_the_sample_never_comes_to_a_roster_of_ones_own(tmp_path: Path) -> None:
    bundle = zipped(small())
    up = Up(tmp_path / "var", sample="none")
    with up.running() as process:
        up.await_shown(process)
        headers = {"Authorization": f"Bearer {up.token}", **ZIP}
        imported = httpx.post(f"{up.base_url}/v1/rosters", content=bundle, headers=headers, timeout=60)
        assert imported.status_code == 201
        make_down(up, process)
    positions = up.positions()

    up.environment["ALLIANCE_SAMPLE"] = "small"
    with up.running() as process:
        said = up.await_shown(process)
        assert "Oktibbeha" in said
        assert "the sample is left out" in said
        assert up.positions() == positions


def test_started_again_it_goes_on_from_its_folder_and_replays_nothing(undisturbed: Up) -> None:
    # The last of those that share it: nothing runs afterwards.
    up = undisturbed
    first = up.said()
    positions, cards, token = up.positions(), up.cards(), up.token
    feed = up.get("/v1/events", limit="1")["head"]
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(30) == 0
    assert "stopping" in up.said()
    assert not (up.var / "alliance.pid").exists()

    with up.running() as process:
        second = up.await_shown(process)
        assert "playing" not in second
        assert (up.positions(), up.cards(), up.token) == (positions, cards, token)
        assert up.get("/v1/events", limit="1")["head"] == feed
        links = [re.search(r"/sign-in/(\S+)", said) for said in (first, second)]
        assert all(links)
        assert links[0][1] != links[1][1]  # type: ignore[index]

        assert make_down(up, process) == "alliance stopped\n"
        assert process.returncode == 0
    assert make_down(up) == f"nothing runs on {up.var}/\n"
