"""The log's index of event ids goes: ids are derived from stream and version."""

from alembic import op

from alliance.migrations import drop_id_index

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    drop_id_index(op)
