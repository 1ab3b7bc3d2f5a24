"""A later release of the contracts: PledgeSigned has version 2, with one more field, and an upcaster from version 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from marshmallow import fields

from alliance import contracts, decider
from alliance.contracts import registry

_undo: list[Callable[[], None]] = []


def install() -> None:
    """In this process, until `uninstall`."""
    if contracts.current("PledgeSigned") == 2:
        return
    for known in (registry._contracts, registry._strict, registry._tolerant, registry._surely, registry._upcasters,
                  registry._current):  # fmt: skip
        _undo.append(partial(_put_back, known, dict(known)))
    newer = type(
        "PledgeSigned", (contracts.pledges.PledgeSigned,), {"collection": fields.String(required=True)}
    )
    registry.contract("pledges", version=2, example={})(newer)
    registry.upcaster("PledgeSigned", version=1)(lambda data: {**data, "collection": "unknown"})
    encode = decider.encode

    def with_collection(event: object) -> dict[str, Any]:
        data = encode(event)
        return {**data, "collection": "at the door"} if type(event).__name__ == "PledgeSigned" else data

    _undo.append(partial(setattr, decider, "encode", encode))
    decider.encode = with_collection


def uninstall() -> None:
    while _undo:
        _undo.pop()()


def _put_back(known: dict[Any, Any], before: Mapping[Any, Any]) -> None:
    known.clear()
    known.update(before)
