"""A log on each kind of database, and the example service's edge."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, Text

from alliance.client import RemoteService
from alliance.database import Database
from alliance.log import Log
from alliance.migrations import upgrade
from alliance.private_servers.process import free_port
from tests.fixtures.waiting import until

ROOT = Path(__file__).parents[2]
SECRET = "between gateway and edges"


@pytest.fixture
def log(database: Database) -> Log:
    """An empty log; the test runs once on SQLite and once on PostgreSQL."""
    upgrade(database, "pledges")
    return Log(database, "pledges")


@pytest.fixture
def marks(log: Log) -> Table:
    """A table beside the log in which a command leaves its mark; `mark` is unique."""
    table = Table("marks", MetaData(), Column("mark", Text, primary_key=True))
    table.create(log.database.engine)
    return table


class Edge:
    """The example service's edge as a process."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.flag = folder / "the database is away"
        command = [
            sys.executable,
            "-m",
            "tests.conformance.example_edge",
            str(self.port),
            SECRET,
            str(self.flag),
        ]
        self.uploads = folder / "uploads"
        self.uploads.mkdir()
        self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TMPDIR": str(self.uploads)})
        self.client = RemoteService("example", self.url, SECRET)
        until(lambda: self.client.ready(), 30, "the edge is ready")


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    edge = Edge(tmp_path_factory.mktemp("edge"))
    yield edge
    edge.process.kill()
    edge.process.wait()
