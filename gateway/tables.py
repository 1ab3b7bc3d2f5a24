"""The gateway's own tables: who may come in. Secrets are kept as SHA-256 only, so reading them opens no door."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, MetaData, String, Table, Text

from alliance.tables import UtcTime

metadata = MetaData()

#: Bearer tokens. `units` is a JSON list of ids of districts, schools or classes.
tokens = Table(
    "tokens",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("units", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
)

#: People signed in on the pages; a session reaches exactly as far as its token, and ends with it.
sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("token", String(36), ForeignKey("tokens.id"), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

#: One-time sign-in links. A used one is deleted, so that a second use finds nothing.
links = Table(
    "links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("token", String(36), ForeignKey("tokens.id"), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)
