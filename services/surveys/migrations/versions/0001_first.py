"""The log, instruments, gates, the ledgers of tokens, and the responses that wait."""

import sqlalchemy as sa
from alembic import op

from alliance.migrations import create_log

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_log(op)
    op.create_table(
        "instruments",
        sa.Column("instrument", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "gates",
        sa.Column("survey", sa.Text, primary_key=True),
        sa.Column("accepting", sa.Boolean, nullable=False),
    )
    # Without SQLite's rowid the rows lie in the order of their key, not in the order in which they came.
    op.create_table(
        "invited_households",
        sa.Column("survey", sa.Text, primary_key=True),
        sa.Column("household", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "anonymous_tokens",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("survey", sa.Text, nullable=False, index=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "confidential_tokens",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("survey", sa.Text, nullable=False, index=True),
        sa.Column("household", sa.Text, nullable=False),
        sa.Column("schools", sa.Text, nullable=False),
        sa.Column("answered", sa.Boolean, nullable=False),
    )
    op.create_table(
        "waiting_responses",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("survey", sa.Text, nullable=False, index=True),
        sa.Column("batch", sa.Text),
        sa.Column("response", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        # What was deleted lies in the file until a vacuum: here it must not lie long.
        for table in ("anonymous_tokens", "waiting_responses"):
            op.execute(
                f"ALTER TABLE {table} SET"
                " (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)"
            )
