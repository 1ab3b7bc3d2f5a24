"""Evaluation's own log: what districts certify, what is imported, what is reported."""

from alembic import op

from alliance.migrations import create_log

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_log(op, checkpoints=False)
