"""The journal, what is parked beside it, and the read models' positions. Read models make their own tables."""

import sqlalchemy as sa
from alembic import op

from alliance.journal import create_journal
from alliance.migrations import create_checkpoints
from alliance.parking import create_parking

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_journal(op)
    create_parking(op)
    create_checkpoints(op)
    op.create_table(
        "projection_positions",
        sa.Column("projection", sa.Text, primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
