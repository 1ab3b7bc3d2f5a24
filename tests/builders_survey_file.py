"""Mapping files of surveys: that of the Parent and Family Involvement in Education survey of 2019, and small ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: The mapping that the documentation gives as an example, with the items of satisfaction, 1 for "very satisfied".
EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "nhes-pfi-2019.mapping.json"
NHES_ITEMS = tuple(json.loads(EXAMPLE.read_text())["scales"]["satisfaction"]["items"])
NHES_ACTIVITIES = tuple(json.loads(EXAMPLE.read_text())["activities"])


def nhes(**others: Any) -> bytes:
    """The mapping of the survey of 2019; `others` are further parts."""
    return encoded(**json.loads(EXAMPLE.read_text()), **others)


def small(**parts: Any) -> bytes:
    """Two items, A and the reversed B, of 1 to 5; `parts` are put in place of its own."""
    scales = {"trust": {"points": [1, 5], "items": {"A": {}, "B": {"reversed": True, "wording": "Hard"}}}}
    return encoded(**{"title": "Small", "scales": scales, "no_answer": {"-9": "not stated"}, **parts})


def encoded(**parts: Any) -> bytes:
    return json.dumps(parts).encode()
