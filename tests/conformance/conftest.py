"""A log on each kind of database."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, MetaData, Table, Text

from alliance.database import Database
from alliance.log import Log
from alliance.migrations import upgrade


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
