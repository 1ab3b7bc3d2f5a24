"""The editions of reports, with their files."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("report", sa.Text, primary_key=True),
        sa.Column("school_year", sa.Text, nullable=False),
        sa.Column("issued", sa.BigInteger, nullable=False, unique=True),
        sa.Column("issued_on", sa.Text, nullable=False),
        sa.Column("base", sa.Text, nullable=False),
        sa.Column("earlier", sa.Text, nullable=False),
        sa.Column("manifest", sa.Text, nullable=False),
    )
    op.create_table(
        "report_files",
        sa.Column("report", sa.Text, sa.ForeignKey("reports.report"), primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
