"""The log, and the people, classes and orgs behind the opaque ids."""

import sqlalchemy as sa
from alembic import op

from alliance.migrations import create_log
from alliance.tables import UtcTime

revision = "0001"
down_revision = None


def _text(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _id() -> sa.Column:
    return sa.Column("id", sa.Text, primary_key=True)


def upgrade() -> None:
    create_log(op)
    op.create_table(
        "sources",
        sa.Column("source", sa.Text, primary_key=True),
        *_text("owner", "key_check"),
        sa.Column("imported_at", UtcTime),
    )
    op.create_table(
        "orgs",
        _id(),
        *_text("source", "kind", "sourced_id", "name"),
        sa.Column("identifier", sa.Text),
        *_text("parent"),
        sa.Column("district", sa.Text),
        sa.Column("made", sa.Boolean, nullable=False),
        sa.Column("standing", sa.Boolean, nullable=False),
        sa.Column("closed_on", sa.Date),
    )
    op.create_index("orgs_source", "orgs", ["source", "kind", "sourced_id"], unique=True)
    op.create_index("orgs_district", "orgs", ["district"])
    op.create_table(
        "sessions",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("sourced_id", sa.Text, primary_key=True),
        *_text("school_year"),
        sa.Column("begins_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
    )
    op.create_table(
        "classes",
        _id(),
        *_text("source", "sourced_id", "school", "district", "school_year"),
        sa.Column("begins_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        *_text("kind", "grades", "title"),
        sa.Column("standing", sa.Boolean, nullable=False),
        sa.Column("closed_on", sa.Date),
        sa.Column("new", sa.Boolean, nullable=False),
    )
    op.create_index("classes_source", "classes", ["source", "sourced_id"], unique=True)
    op.create_index("classes_school", "classes", ["school"])
    op.create_index("classes_district", "classes", ["district"])
    op.create_table(
        "students",
        _id(),
        *_text("source", "sourced_id", "given", "family"),
        sa.Column("grade", sa.Text),
        *_text("household", "district"),
        sa.Column("standing", sa.Boolean, nullable=False),
    )
    op.create_index("students_source", "students", ["source", "sourced_id"], unique=True)
    op.create_index("students_district", "students", ["district", "id"])
    op.create_table(
        "guardians",
        _id(),
        *_text("source", "sourced_id", "given", "family", "email", "sms", "phone", "relationship"),
    )
    op.create_index("guardians_source", "guardians", ["source", "sourced_id"], unique=True)
    op.create_table(
        "links",
        sa.Column("student", sa.Text, primary_key=True),
        sa.Column("guardian", sa.Text, primary_key=True),
        sa.Column("relationship", sa.Text),
    )
    op.create_index("links_guardian", "links", ["guardian"])
    op.create_table(
        "enrolments",
        sa.Column("student", sa.Text, primary_key=True),
        sa.Column("class_", sa.Text, primary_key=True),
        sa.Column("begins_on", sa.Date, primary_key=True),
        sa.Column("ends_on", sa.Date),
        sa.Column("claimed_on", sa.Date, nullable=False),
        sa.Column("sourced_id", sa.Text),
        sa.Column("stated_begins_on", sa.Date),
        sa.Column("stated_ends_on", sa.Date),
    )
    op.create_index("enrolments_class", "enrolments", ["class_"])
