"""The service's own state beside the log. No column holds a time, no anonymous row leads to a household."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, MetaData, Table, Text

metadata = MetaData()

#: The published documents, texts included; the events carry what scoring needs.
instruments = Table(
    "instruments",
    metadata,
    Column("instrument", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("hash", Text, nullable=False),
    Column("document", Text, nullable=False),
)

#: One row a survey: whether it takes responses. An anonymous one locks it, so that a closing waits for it.
gates = Table(
    "gates",
    metadata,
    Column("survey", Text, primary_key=True),
    Column("accepting", Boolean, nullable=False),
)

#: Who was invited, in both modes, and nothing else: so that inviting again reaches only the new households.
invited_households = Table(
    "invited_households",
    metadata,
    Column("survey", Text, primary_key=True),
    Column("household", Text, primary_key=True),
    sqlite_with_rowid=False,
)

#: The digests of the unspent tokens of anonymous surveys; a token is spent by deleting its row.
anonymous_tokens = Table(
    "anonymous_tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("survey", Text, nullable=False),
    sqlite_with_rowid=False,
)

#: The tokens of confidential surveys. `schools` is JSON: those of the household's children at the invitation.
confidential_tokens = Table(
    "confidential_tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("survey", Text, nullable=False),
    Column("household", Text, nullable=False),
    Column("schools", Text, nullable=False),
    Column("answered", Boolean, nullable=False),
)

#: Anonymous responses on their way to the log. `batch` is null until ten of the survey have come together.
waiting_responses = Table(
    "waiting_responses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("survey", Text, nullable=False),
    Column("batch", Text),
    Column("response", Text, nullable=False),
    sqlite_with_rowid=False,
)
