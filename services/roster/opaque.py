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

Kind = Literal["district", "school", "other", "class", "student", "guardian", "household", "key"]


def opaque_id(secret_key: bytes, kind: Kind, source: str, sourced_id: str) -> str:
    """Sixteen lower-case base32 characters."""
    digest = hmac.digest(secret_key, f"{kind}:{source}:{sourced_id}".encode(), "sha256")
    return b32encode(digest[:10]).decode().lower()


@dataclass(frozen=True, slots=True)
class OpaqueIds:
    """The ids of one source."""

    source: str
    secret_key: bytes = field(repr=False)

    def of(self, kind: Kind, sourced_id: str) -> str:
        return opaque_id(self.secret_key, kind, self.source, sourced_id)

    def column(self, kind: Kind, sourced_ids: pl.Series) -> pl.Series:
        """The ids of many things; a null stays null."""
        return sourced_ids.map_elements(lambda sourced_id: self.of(kind, sourced_id), return_dtype=pl.String)

    def check(self) -> str:
        """Tells this secret key from another without giving it away."""
        return self.of("key", "")
