"""The mapping file of `mapped`: which column of a CSV file is what, and how its values are written. JSON:

    columns    field -> the file's column
    constants  field -> what every row has, where the file has no such column
    values     "percent" (45.3 or 45.3%), "proportion" (.453) or "count" (24, of n)
    hidden     marks that stand for a hidden figure; ["*"] unless said otherwise
    words      field -> {as in the file: as here}, such as {"subject": {"Reading": "ela"}}

Fields: level, district, school, lea, ncessch, school_year, measure, subject, grade, group, n, value, mean_score.
`school_year`, `measure` and a column for `value` are needed; so is `n` for counts, and `district` unless the level is
"state" throughout. Without a `level` a row with a school's name is a school's, another one a district's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .outcome import Problem

FIELDS = (
    *("level", "district", "school", "lea", "ncessch"),
    *("school_year", "measure", "subject", "grade", "group"),
    *("n", "value", "mean_score"),
)
WRITTEN = ("percent", "proportion", "count")
_PARTS = ("columns", "constants", "values", "hidden", "words")


@dataclass(frozen=True, slots=True)
class FileMapping:
    """As in the mapping file. Every field is in `columns` or in `constants`, or in neither, never in both."""

    columns: Mapping[str, str]
    constants: Mapping[str, str]
    values: str
    hidden: frozenset[str]
    words: Mapping[str, Mapping[str, str]]

    def text(self, field: str, row: Mapping[str, str]) -> str | None:
        """What the row says of the field, in our words; None where the mapping does not have it."""
        if field in self.columns:
            written = row[self.columns[field]]
            return self.words.get(field, {}).get(written, written)
        return self.constants.get(field)


def read_mapping(mapping: bytes, header: tuple[str, ...]) -> FileMapping | tuple[Problem, ...]:
    """The mapping for a file with this header, or all that is wrong with it."""
    try:
        given = json.loads(mapping)
    except (ValueError, RecursionError) as error:
        return (Problem("mapping", f"The mapping is no JSON ({error})."),)
    if not isinstance(given, dict):
        return (
            Problem(
                "mapping", 'The mapping is no JSON object such as {"columns": {"district": "DISTRICT"}}.'
            ),
        )
    wrong = [Problem(f"mapping, {part}", "There is no such part.") for part in given if part not in _PARTS]
    columns = _texts(given, "columns", wrong)
    constants = _texts(given, "constants", wrong)
    words = {
        field: _texts(given["words"], field, wrong, "words.") for field in _object(given, "words", wrong, "")
    }
    hidden = given.get("hidden", ["*"])
    if not isinstance(hidden, list) or not all(isinstance(mark, str) for mark in hidden):
        wrong.append(Problem("mapping, hidden", 'This must be a list of marks such as ["*"].'))
        hidden = []
    values = given.get("values")
    if values not in WRITTEN:
        wrong.append(
            Problem("mapping, values", f"This must be one of {', '.join(WRITTEN)}; it is {values!r}.")
        )
    for part, fields in (("columns", columns), ("constants", constants), ("words", words)):
        unknown = [field for field in fields if field not in FIELDS]
        wrong += [
            Problem(f"mapping, {part}.{field}", f"Fields are {', '.join(FIELDS)}.") for field in unknown
        ]
    for field, column in columns.items():
        if column not in header:
            has = f"The file has no column {column!r}; it has {', '.join(filter(None, header))}."
            wrong.append(Problem(f"mapping, columns.{field}", has))
        if field in constants:
            wrong.append(Problem(f"mapping, constants.{field}", "There is a column for it as well."))
    needed = ["school_year", "measure", *(["n"] if values == "count" else [])]
    needed += [] if constants.get("level") == "state" else ["district"]
    lacking = [field for field in needed if field not in columns and field not in constants]
    lacking += [] if "value" in columns else ["value"]
    wrong += [Problem("mapping", f"It does not say which column is {field}.") for field in lacking]
    if wrong:
        return tuple(wrong)
    return FileMapping(columns, constants, str(values), frozenset(hidden), words)


def _object(given: dict[str, Any], part: str, wrong: list[Problem], above: str) -> dict[str, Any]:
    value = given.get(part, {})
    if isinstance(value, dict):
        return value
    wrong.append(Problem(f"mapping, {above}{part}", "This must be an object."))
    return {}


def _texts(given: dict[str, Any], part: str, wrong: list[Problem], above: str = "") -> dict[str, str]:
    """An object's texts; what is no text is reported."""
    value = _object(given, part, wrong, above)
    for name, text in value.items():
        if not isinstance(text, str):
            wrong.append(
                Problem(f"mapping, {above}{part}.{name}", f"{text!r} is no text; write it in quotes.")
            )
    return {name: text.strip() for name, text in value.items() if isinstance(text, str)}
