"""A later release of the contracts: PledgeSigned has version 2, with one more field, and an upcaster from version 1."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from alliance import contracts, decider
from alliance.contracts import registry


def install() -> None:
    if contracts.current("PledgeSigned") == 2:
        return
    newer = type(
        "PledgeSigned", (contracts.pledges.PledgeSigned,), {"collection": fields.String(required=True)}
    )
    registry.contract("pledges", version=2, example={})(newer)
    registry.upcaster("PledgeSigned", version=1)(lambda data: {**data, "collection": "unknown"})
    encode = decider.encode

    def with_collection(event: object) -> dict[str, Any]:
        data = encode(event)
        return {**data, "collection": "at the door"} if type(event).__name__ == "PledgeSigned" else data

    decider.encode = with_collection
