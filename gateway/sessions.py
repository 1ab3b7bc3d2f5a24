"""Signing in to the pages: with a token once, or with a one-time link; then a session that a cookie names."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from alliance.database import Database

from .tables import links, sessions
from .tokens import hash_of, utc_now

LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(hours=12)


def create_link(database: Database, token_id: str, now: datetime | None = None) -> str:
    """The path of a link that signs its first visitor in with this token, within LINK_LIFE."""
    nonce = secrets.token_urlsafe(32)
    expires_at = (now or utc_now()) + LINK_LIFE
    with database.transaction() as connection:
        connection.execute(links.insert().values(hash=hash_of(nonce), token=token_id, expires_at=expires_at))
    return f"/sign-in/{nonce}"


def open_link(database: Database, nonce: str, now: datetime) -> str | None:
    """The id of a new session, or None when the link is unknown, used or too old. It is spent either way."""
    spent = delete(links).where(links.c.hash == hash_of(nonce)).returning(links.c.token, links.c.expires_at)
    with database.transaction() as connection:
        row = connection.execute(spent).first()
        if row is None or row.expires_at <= now:
            return None
        return _start(connection, row.token, now)


def start(database: Database, token_id: str, now: datetime) -> str:
    """The id of a new session of this token: a secret that only the visitor's cookie holds."""
    with database.transaction() as connection:
        return _start(connection, token_id, now)


def token_of(database: Database, session: str, now: datetime) -> str | None:
    """The id of the token that this session belongs to, or None when it has ended. The token may be revoked by now."""
    query = select(sessions.c.token).where(sessions.c.hash == hash_of(session), sessions.c.expires_at > now)
    with database.asking() as connection:
        return connection.execute(query).scalar()


def end(database: Database, session: str) -> None:
    with database.transaction() as connection:
        connection.execute(delete(sessions).where(sessions.c.hash == hash_of(session)))


def _start(connection: Connection, token_id: str, now: datetime) -> str:
    # Each new session clears away what has run out, so the tables stay as small as their use.
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    connection.execute(delete(links).where(links.c.expires_at <= now))
    session = secrets.token_urlsafe(32)
    connection.execute(
        sessions.insert().values(hash=hash_of(session), token=token_id, expires_at=now + SESSION_LIFE)
    )
    return session
