"""Alembic migrations of every service's log and state tables. Read models are rebuilt, never migrated.

Alembic is imported where it is used: it takes as long to load as SQLAlchemy, and most processes migrate nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import sqlalchemy as sa

from .database import Database
from .tables import UtcTime

if TYPE_CHECKING:
    from alembic.config import Config

#: Packages that own a database, with the folder of their Alembic scripts.
PACKAGES: Mapping[str, str] = {
    **{name: f"services.{name}" for name in ("roster", "pledges", "folders", "surveys", "evaluation")},
    "gateway": "gateway",
}


def upgrade(database: Database, owner: str) -> None:
    """Bring `owner`'s database to the newest revision; on PostgreSQL two callers at once wait for each other."""
    from alembic import command

    config = _config(owner)
    with database.transaction() as connection:
        if database.dialect == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(37367)")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def pending(database: Database, owner: str) -> list[str]:
    """The revisions that `owner`'s database still lacks, oldest first."""
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config(owner))
    with database.reading() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return [revision.revision for revision in script.iterate_revisions("head", current or "base")][::-1]


def _config(owner: str) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("alliance").joinpath("alembic")))
    config.set_main_option(
        "version_locations", str(resources.files(PACKAGES[owner]).joinpath("migrations", "versions"))
    )
    config.set_main_option("path_separator", "os")
    return config


def create_log(op: Any, checkpoints: bool = True) -> None:
    """The migration that gives a service its log: frozen as of release 0.1; later changes are new revisions.

    A service that has `checkpoints` already, for what it folds, shares them with its relay.
    """
    bind = op.get_bind()
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("stream_version", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("schema_version", sa.SmallInteger, nullable=False),
        sa.Column("time", UtcTime, nullable=False),
        sa.Column("district", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("correlation_id", sa.Text, nullable=False),
        sa.Column("causation_id", sa.Text, nullable=False),
        sa.Column("traceparent", sa.Text),
        sa.UniqueConstraint("stream", "stream_version", name="events_stream_key"),
    )
    head = op.create_table(
        "log_head",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.String(36), nullable=False),
        sa.CheckConstraint("id = 1", name="log_head_is_one_row"),
    )
    op.bulk_insert(head, [{"id": 1, "position": 0, "epoch": str(uuid4())}])
    op.create_table(
        "commands",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("stream_version", sa.Integer, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
    )
    if checkpoints:
        create_checkpoints(op)
    _refuse_changes(op, bind.dialect.name)


def drop_id_index(op: Any) -> None:
    """An event's id is derived from its stream and version, which have an index that lets each be there once. A second
    one, in no order that the events have, was a fifth of an append's time and a tenth of the log's size.

    SQLite, which would have to copy the whole log to change a table, keeps it.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("events_id_key", "events", type_="unique")


def create_checkpoints(op: Any) -> None:
    op.create_table(
        "checkpoints",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.String(36), nullable=False),
    )


def _refuse_changes(op: Any, dialect: str) -> None:
    """Events are facts: the database itself refuses to change or remove one, whoever asks."""
    for statement in _REFUSALS[dialect]:
        op.execute(statement)


_REFUSALS: dict[str, list[Any]] = {
    "postgresql": [
        """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'events are append-only: % refused', TG_OP; END $$""",
        """CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE ON events
           FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON events
           FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    ],
    "sqlite": [
        """CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events
           BEGIN SELECT RAISE(ABORT, 'events are append-only: UPDATE refused'); END""",
        """CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
           BEGIN SELECT RAISE(ABORT, 'events are append-only: DELETE refused'); END""",
    ],
}
