"""Draws that depend on a seed and a place, never on the order in which they are asked for.

A year played by four threads, stopped half-way and played again must make the same draws, so there is no
generator whose state moves on: each draw is a hash of the seed and of the thing that it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from uuid import UUID

_SPAN = float(1 << 64)


def chance(seed: int, *place: str) -> float:
    """A number in [0, 1), the same for the same seed and place on every machine."""
    return int.from_bytes(_digest(seed, place, 8), "big") / _SPAN


def chances(seed: int, count: int, *place: str) -> list[float]:
    """Up to sixteen independent numbers in [0, 1) from one hash, each with 32 bits."""
    digest = _digest(seed, place, 4 * count)
    return [int.from_bytes(digest[at : at + 4], "big") / 4294967296.0 for at in range(0, 4 * count, 4)]


def key(seed: int, *place: str) -> str:
    """The Idempotency-Key of the request at this place, a UUID: the same request, the same key."""
    return str(UUID(bytes=_digest(seed, place, 16), version=5))


def pick(at: float, weighted: Sequence[tuple[str, float]]) -> str:
    """The choice under `at` in [0, 1); the weights add up to one."""
    for choice, weight in weighted:
        at -= weight
        if at < 0:
            return choice
    return weighted[-1][0]


def _digest(seed: int, place: tuple[str, ...], size: int) -> bytes:
    return blake2b(
        "\x1f".join(place).encode(), key=seed.to_bytes(8, "big", signed=True), digest_size=size
    ).digest()
