"""A pipeline in its distributed form: PostgreSQL on both sides, RabbitMQ between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from alliance import projector, receiver, relay
from alliance.database import Database
from alliance.private_servers import PrivatePostgres
from tests.faults.pipeline import Pipeline


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that would only make the tests longer."""
    monkeypatch.setattr(receiver, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(projector, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(relay, "FIRST_RETRY", 0.1)
    monkeypatch.setattr(relay, "LONGEST_RETRY", 0.2)


@pytest.fixture(scope="session")
def two_databases(postgres: PrivatePostgres) -> list[str]:
    return [postgres.create_database(name) for name in ("faults_log", "faults_journal")]


@pytest.fixture
def pipeline(two_databases: list[str], broker_url: str) -> Iterator[Pipeline]:
    for url in two_databases:
        empty(url)
    pipeline = Pipeline(*two_databases, broker_url)
    yield pipeline
    pipeline.close()


def empty(url: str) -> None:
    """A tenth of the time that a new database takes."""
    database = Database(url)
    with database.transaction() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.close()


@pytest.fixture
def without_broker(tmp_path: Path) -> Iterator[Pipeline]:
    """For what does not depend on servers: SQLite on both sides, and nobody at the broker's address."""
    urls = [f"sqlite:///{tmp_path / name}.db" for name in ("log", "journal")]
    pipeline = Pipeline(*urls, "amqp://nobody:x@127.0.0.1:9/")
    yield pipeline
    pipeline.close()


@pytest.fixture
def folding(database_url: str, tmp_path: Path) -> Iterator[Pipeline]:
    """For what happens behind the journal, on both kinds of database; nobody is at the broker's address."""
    pipeline = Pipeline(f"sqlite:///{tmp_path / 'log.db'}", database_url, "amqp://nobody:x@127.0.0.1:9/")
    yield pipeline
    pipeline.close()
