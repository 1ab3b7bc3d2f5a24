"""A report's tables as files: CSV and JSON of each, and a manifest that says what they are made of and proves it.

Nothing here looks at a clock: the same tables and pins give the same bytes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import orjson

from .pins import Pins

Value = str | int | float | bool | None

MANIFEST = "manifest.json"
#: What the auditor sees of the report, which later ones are audited with.
RELEASE = "release.json"
#: What a spreadsheet would take for a formula when it stands first in a cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


#: How a column is printed: a "share" of 1 as per cent, a "change" of shares as points with its sign, "count" with
#: thousands separated, "number" to two places, "dollars". The files have the value as it is.
Kind = Literal["text", "share", "change", "count", "number", "dollars"]


def shares(*keys: str) -> dict[str, Kind]:
    """These columns are printed as shares."""
    return dict.fromkeys(keys, "share")


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` {key: heading}; a row has a value for each key, None where it is not shown.

    `kinds` {key: how it is printed}, "text" where it says nothing. `definition` is the anchor of docs/methods.md that
    says what the figures are and how they are computed.
    """

    name: str
    title: str
    columns: Mapping[str, str]
    rows: Sequence[Sequence[Value]]
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    definition: str = ""

    def check(self) -> None:
        """Raise ValueError, naming row and column, for a row of another length or a number that is none."""
        for number, row in enumerate(self.rows, start=1):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"{self.name}, row {number}: {len(row)} values for {len(self.columns)} columns"
                )
            for key, value in zip(self.columns, row, strict=True):
                if isinstance(value, float) and not math.isfinite(value):
                    raise ValueError(f"{self.name}, row {number}, column {key}: {value!r} is no number")
        if strange := sorted(set(self.kinds) - set(self.columns)):
            raise ValueError(f"{self.name}: kind of {strange[0]!r}, which is no column")


def files(
    tables: Sequence[Table], pins: Pins, documents: Mapping[str, bytes] | None = None
) -> dict[str, bytes]:
    """{path in the report's folder: bytes}, `documents` included as they are, the manifest last.

    Raises ValueError for a table that is wrong, or a name that two have.
    """
    found: dict[str, bytes] = dict(documents or {})
    for table in tables:
        table.check()
        for path, content in (
            (f"tables/{table.name}.csv", as_csv(table)),
            (f"tables/{table.name}.json", as_json(table)),
        ):
            if path in found:
                raise ValueError(f"{path}: two tables have this name")
            found[path] = content
    ordered = dict(sorted(found.items()))
    manifest = {
        "report": pins.report,
        "pins": pins.to_json(),
        "files": {
            path: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for path, content in ordered.items()
        },
    }
    return {
        **ordered,
        MANIFEST: orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n",
    }


def wrong(folder: Mapping[str, bytes]) -> list[str]:
    """What in a report's folder is not as its manifest says; nothing, where it is whole."""
    listed = orjson.loads(folder[MANIFEST])["files"]
    others = set(folder) - {MANIFEST}
    found = [f"{path} is missing" for path in sorted(set(listed) - others)]
    found += [f"{path} is not in the manifest" for path in sorted(others - set(listed))]
    for path in sorted(others & set(listed)):
        if hashlib.sha256(folder[path]).hexdigest() != listed[path]["sha256"]:
            found.append(f"{path} was changed")
    return found


def as_csv(table: Table) -> bytes:
    """UTF-8 with a mark for spreadsheets, lines ended as RFC 4180 has it; what is not shown is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.columns.values())
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def as_json(table: Table) -> bytes:
    document = {
        "name": table.name,
        "title": table.title,
        "definition": f"docs/methods.md#{table.definition}" if table.definition else None,
        "columns": [{"key": key, "heading": heading} for key, heading in table.columns.items()],
        "rows": [dict(zip(table.columns, row, strict=True)) for row in table.rows],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        # A name that begins like a formula is told to be text.
        return f"'{value}" if value.startswith(_FORMULA) else value
    return repr(value)
