"""Many lines of a CSV file at once: those without a quotation mark are split in one go, the others one by one.

Guarantee: a block is either taken apart as Python's csv module would, or not at all.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Block:
    """`plain` has the columns asked for and `line`; `others` are all other rows with theirs, an empty line as an empty
    row. Lines count from 0; `lines` says how many there are."""

    plain: pl.DataFrame
    others: list[tuple[int, list[str]]]
    lines: int


def split(text: str, width: int, places: Mapping[str, int]) -> Block | None:
    """Whole lines whose rows should have `width` fields, of which those at `places` are wanted.

    None where a row is more than one line, or cannot be read: then only row by row can tell what is meant.
    """
    if text.count("\r") != text.count("\r\n"):
        return None
    lines = pl.Series("text", [text.removesuffix("\n")]).str.split("\n").explode()
    frame = lines.str.strip_suffix("\r").to_frame().with_row_index("line")
    written = pl.col("text")
    is_plain = (
        ~written.str.contains('"', literal=True)
        & (written.str.count_matches(",", literal=True) == width - 1)
        & (written.str.len_chars() <= csv.field_size_limit())
        & (written != "")
    )
    others = frame.filter(~is_plain)
    rows = _rows(others["text"].to_list())
    if rows is None:
        return None
    fields = written.str.split_exact(",", width - 1).struct
    plain = frame.filter(is_plain).select(
        pl.col("line").cast(pl.Int32),
        **{name: fields.field(f"field_{place}") for name, place in places.items()},
    )
    return Block(plain, list(zip(others["line"].to_list(), rows, strict=True)), frame.height)


def _rows(lines: list[str]) -> list[list[str]] | None:
    """A row for each line. As many rows as lines mean that none goes on in the next line: no row is less than one."""
    try:
        rows = list(csv.reader(lines, strict=True))
    except csv.Error:
        return None
    return rows if len(rows) == len(lines) else None
