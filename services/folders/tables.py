"""The folders service's own state. Reasons are free text and can hold names, so they never enter an event."""

from sqlalchemy import Column, MetaData, Table, Text

from alliance.tables import UtcTime

metadata = MetaData()

#: Why a return was voided, one row for each FolderVoided (its causation id is the `command_id`).
void_reasons = Table(
    "void_reasons",
    metadata,
    Column("command_id", Text, primary_key=True),
    Column("class_", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("student", Text, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("voided_at", UtcTime, nullable=False),
)
