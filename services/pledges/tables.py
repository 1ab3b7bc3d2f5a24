"""The pledges service's own state. Notes can hold names, so they stay here and never enter an event."""

from sqlalchemy import Column, MetaData, Table, Text

from alliance.tables import UtcTime

metadata = MetaData()

#: What was written on a paper pledge beside the signature, e.g. who signed in a guardian's place.
notes = Table(
    "notes",
    metadata,
    Column("command_id", Text, primary_key=True),
    Column("student", Text, nullable=False, index=True),
    Column("school_year", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("written_at", UtcTime, nullable=False),
)
