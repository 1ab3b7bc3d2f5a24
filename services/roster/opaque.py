"""Opaque ids: the only names that leave this service.

Guarantees: the same (kind, source, sourcedId) gives the same id in every import of one deployment; without its secret
key nobody can tell whose id it is, nor test a guess. 80 bits: among ten million things the odds of two alike are
1 in 24 billion.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

#: Of a digest, and characters that they are written with.
_BYTES, _LENGTH = 10, 16

Kind = Literal["district", "school", "other", "class", "student", "guardian", "household", "key"]


def opaque_id(secret_key: bytes, kind: Kind, source: str, sourced_id: str) -> str:
    """Sixteen lower-case base32 characters."""
    return _written(_digest(secret_key, kind, source, sourced_id))


def _digest(secret_key: bytes, kind: Kind, source: str, sourced_id: str) -> bytes:
    return hmac.digest(secret_key, f"{kind}:{source}:{sourced_id}".encode(), "sha256")[:_BYTES]


def _written(digests: bytes) -> str:
    """Ten bytes make sixteen characters, so digests one after the other are written at once."""
    return b32encode(digests).decode().lower()


@dataclass(frozen=True, slots=True)
class OpaqueIds:
    """The ids of one source."""

    source: str
    secret_key: bytes = field(repr=False)

    def of(self, kind: Kind, sourced_id: str) -> str:
        return opaque_id(self.secret_key, kind, self.source, sourced_id)

    def column(self, kind: Kind, sourced_ids: pl.Series) -> pl.Series:
        """The ids of many things, none of them null."""
        digests = b"".join([_digest(self.secret_key, kind, self.source, each) for each in sourced_ids])
        written = _written(digests)
        ids = [written[at : at + _LENGTH] for at in range(0, len(written), _LENGTH)]
        return pl.Series(sourced_ids.name, ids, dtype=pl.String)

    def check(self) -> str:
        """Tells this secret key from another without giving it away."""
        return self.of("key", "")
