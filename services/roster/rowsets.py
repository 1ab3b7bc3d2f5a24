"""Frames as sets of rows."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def differing(after: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The rows of `after` that are not in `before` just so."""
    return after.join(before, on=after.columns, how="anti", nulls_equal=True)


def either_way(after: pl.DataFrame, before: pl.DataFrame) -> list[pl.Series]:
    """The students of rows that are in one of the two only."""
    gone = before.join(after, on=after.columns, how="anti", nulls_equal=True)
    return [differing(after, before)["student"], gone["student"]]


def only(rows: pl.DataFrame, column: str, values: pl.Series) -> pl.DataFrame:
    return rows.join(values.to_frame("value"), left_on=column, right_on="value", how="semi")


def without(rows: pl.DataFrame, column: str, values: pl.Series) -> pl.DataFrame:
    return rows.join(values.to_frame("value"), left_on=column, right_on="value", how="anti")


def texts(values: Sequence[str]) -> pl.Series:
    return pl.Series(list(values), dtype=pl.String)
