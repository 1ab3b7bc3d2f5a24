"""Mapping files of surveys: that of the Parent and Family Involvement in Education survey of 2019, and small ones."""

from __future__ import annotations

import json
from typing import Any

#: The items of satisfaction, 1 for "very satisfied" to 4 for "very dissatisfied".
NHES_ITEMS = {
    "FCSCHOOL": "The school this child attends this year",
    "FCTEACHR": "The teachers this child has this year",
    "FCSTDS": "The academic standards of the school",
    "FCORDER": "The order and discipline at the school",
    "FCSUPPRT": "The way that school staff interacts with parents",
}
NHES_ACTIVITIES = {
    "FSSPORTX": "Attended a school or class event",
    "FSVOL": "Served as a volunteer",
    "FSMTNG": "Attended a general school meeting",
    "FSPTMTNG": "Attended a meeting of the parent-teacher organisation",
    "FSATCNFN": "Went to a parent-teacher conference",
}


def nhes(**others: Any) -> bytes:
    """The mapping of the survey of 2019; `others` are further parts."""
    return encoded(
        title="Parent and Family Involvement in Education 2019",
        scales={
            "satisfaction": {
                "points": [1, 4],
                "items": {column: {"wording": text, "reversed": True} for column, text in NHES_ITEMS.items()},
            }
        },
        no_answer={"-1": "valid skip"},
        activities={
            column: {"wording": text, "yes": "1", "no": "2"} for column, text in NHES_ACTIVITIES.items()
        },
        **others,
    )


def small(**parts: Any) -> bytes:
    """Two items, A and the reversed B, of 1 to 5; `parts` are put in place of its own."""
    scales = {"trust": {"points": [1, 5], "items": {"A": {}, "B": {"reversed": True, "wording": "Hard"}}}}
    return encoded(**{"title": "Small", "scales": scales, "no_answer": {"-9": "not stated"}, **parts})


def encoded(**parts: Any) -> bytes:
    return json.dumps(parts).encode()
