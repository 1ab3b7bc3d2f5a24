"""The log, and the notes on paper pledges."""

import sqlalchemy as sa
from alembic import op

from alliance.migrations import create_log
from alliance.tables import UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_log(op)
    op.create_table(
        "notes",
        sa.Column("command_id", sa.Text, primary_key=True),
        sa.Column("student", sa.Text, nullable=False, index=True),
        sa.Column("school_year", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("written_at", UtcTime, nullable=False),
    )
