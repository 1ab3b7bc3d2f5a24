"""The log, and the reasons of voided returns."""

import sqlalchemy as sa
from alembic import op

from alliance.migrations import create_log
from alliance.tables import UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_log(op)
    op.create_table(
        "void_reasons",
        sa.Column("command_id", sa.Text, primary_key=True),
        sa.Column("class_", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("student", sa.Text, nullable=False, index=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("voided_at", UtcTime, nullable=False),
    )
