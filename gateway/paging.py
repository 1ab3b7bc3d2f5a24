"""Pages of a list: an opaque cursor says after which item to go on, so that new items shift nothing."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from alliance.errors import Invalid


def page(
    items: list[dict[str, Any]], by: tuple[str, ...], *, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of a list that a service gave whole, ordered by the texts or numbers under `by`."""

    def place(item: dict[str, Any]) -> list[Any]:
        return ["" if item[name] is None else item[name] for name in by]

    ordered = sorted(items, key=place)
    if cursor is not None:
        after = read(cursor, [type(part) for part in place(ordered[0])] if ordered else None)
        ordered = [item for item in ordered if place(item) > after]
    shown = ordered[:limit]
    return {"data": shown, "next": write(place(shown[-1])) if len(ordered) > limit else None}


def write(place: list[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def read(cursor: str, kinds: list[type] | None = None) -> list[Any]:
    """The place that `write` was given; raises Invalid for a text that it did not make, or not for this list."""
    try:
        place = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _foreign() from error
    if not isinstance(place, list) or (kinds is not None and [type(part) for part in place] != kinds):
        raise _foreign()
    return place


def _foreign() -> Invalid:
    return Invalid(
        "This cursor is not from this list; give the `next` of its last page, or leave it out to start again.",
        errors=[{"field": "cursor", "message": "must be the `next` of this list's last page"}],
    )
