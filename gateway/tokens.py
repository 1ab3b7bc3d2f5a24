"""Bearer tokens: made once, shown once, kept as a hash, revoked at once."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, select, update

from alliance.context import STATEWIDE, Caller
from alliance.database import Database
from alliance.errors import Invalid, NotFound

from .permissions import TOKEN_ROLES
from .tables import tokens

#: Says in a log or a repository what a leaked string is, so that scanners find it.
PREFIX = "alliance_"

LABEL_LENGTH = 200

#: How long a gateway trusts what it found, so that a caller's every request does not ask the database again.
REMEMBERED = timedelta(seconds=1)
MOST_REMEMBERED = 1000


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token, without its secret."""

    id: str
    role: str
    units: tuple[str, ...]
    label: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def caller(self) -> Caller:
        return Caller(self.role, self.units, self.id)

    def valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Tokens:
    """The store of bearer tokens. A revoked token is refused at once by this store, by others within REMEMBERED."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self.database = database
        self.clock = clock
        self._remembered: dict[str, tuple[Token, datetime]] = {}

    def create(
        self, *, role: str, units: Sequence[str] = (), label: str = "", expires_at: datetime | None = None
    ) -> tuple[Token, str]:
        """A new token and its secret, which is kept nowhere. Raises Invalid for a role without its org unit."""
        _check(role, units, label)
        secret = PREFIX + secrets.token_urlsafe(32)
        token = Token(str(uuid4()), role, tuple(units), label, self.clock(), expires_at)
        row = {
            "id": token.id,
            "hash": hash_of(secret),
            "role": role,
            "units": json.dumps(list(units)),
            "label": label,
            "created_at": token.created_at,
            "expires_at": expires_at,
        }
        with self.database.transaction() as connection:
            connection.execute(tokens.insert().values(row))
        return token, secret

    def find(self, secret: str) -> Token | None:
        """The token of this secret, if it is valid now."""
        hashed, now = hash_of(secret), self.clock()
        token, until = self._remembered.get(hashed, (None, now))
        if token is not None and now < until and token.valid(now):
            return token
        token = self._valid(tokens.c.hash == hashed)
        if token is not None:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[hashed] = token, now + REMEMBERED
        return token

    def get(self, id: str) -> Token | None:
        """The token of this id, if it is valid now."""
        return self._valid(tokens.c.id == id)

    def all(self) -> list[Token]:
        """Every token ever made, oldest first, with the expired and the revoked ones."""
        with self.database.asking() as connection:
            return [
                _token(row)
                for row in connection.execute(select(tokens).order_by(tokens.c.created_at, tokens.c.id))
            ]

    def revoke(self, id: str) -> Token:
        """End this token for good, with the sessions that came of it. Raises NotFound for an id never given."""
        with self.database.transaction() as connection:
            connection.execute(
                update(tokens)
                .where(tokens.c.id == id, tokens.c.revoked_at.is_(None))
                .values(revoked_at=self.clock())
            )
            row = connection.execute(select(tokens).where(tokens.c.id == id)).first()
        self._remembered.clear()
        if row is None:
            raise NotFound(f"There is no token of id {id}; the list of tokens shows the ids.")
        return _token(row)

    def _valid(self, condition: Any) -> Token | None:
        with self.database.asking() as connection:
            row = connection.execute(select(tokens).where(condition)).first()
        token = _token(row) if row is not None else None
        return token if token is not None and token.valid(self.clock()) else None


def hash_of(secret: str) -> str:
    # Plain SHA-256 without salt or stretching: the secrets are 256 random bits, which nobody can try out.
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: Row[Any]) -> Token:
    return Token(
        row.id,
        row.role,
        tuple(json.loads(row.units)),
        row.label,
        row.created_at,
        row.expires_at,
        row.revoked_at,
    )


def _check(role: str, units: Sequence[str], label: str) -> None:
    if role not in TOKEN_ROLES:
        raise _invalid("role", f"must be one of {', '.join(TOKEN_ROLES)}")
    if role not in STATEWIDE and not units:
        raise _invalid(
            "units", f"must name at least one org unit: a token of role {role} reaches no further than that"
        )
    if role == "state" and units:
        raise _invalid("units", "must be empty: a token of role state reaches the whole state")
    if len(label) > LABEL_LENGTH:
        raise _invalid("label", f"must have at most {LABEL_LENGTH} characters")


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(
        f"The token cannot be made: {field} {message}.", errors=[{"field": field, "message": message}]
    )
