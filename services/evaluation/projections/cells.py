"""Small structures kept in one text column of a row, and the rows that students are spread over.

Keys are sorted, so that equal states are equal text: rebuilds are compared by it. Text also means that a row
handed out by `Rows.get` cannot be changed in place by a fold that fails halfway.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import orjson

#: Rows that hold the students of one district and school year or month. With a row per student, a class's folder
#: would be twenty-five rows to load and write; with a row per district, each return would rewrite all of it.
BUCKETS = 256


def encode(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def decode(text: str) -> Any:
    return orjson.loads(text)


def bucket(student: str) -> int:
    """Which of the rows a student is in: the same on every machine and for good."""
    return crc32(student.encode()) % BUCKETS
