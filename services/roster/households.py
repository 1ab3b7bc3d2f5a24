"""Households: children who share a guardian are one, and so are those joined to them by another."""

from __future__ import annotations

import polars as pl


def households(links: pl.DataFrame) -> pl.DataFrame:
    """(student, head) for every student in `links` (student, guardian): head is the smallest guardian of the household.

    The head depends on the household's guardians only, not on the order of the links.
    """
    guardians = links.select(guardian=pl.col("guardian").unique().sort()).with_row_index("number")
    numbered = links.select("student", "guardian").join(guardians, on="guardian").sort("student")
    parent = list(range(guardians.height))
    before, first = None, 0
    for student, number in numbered.select("student", "number").iter_rows():
        if student == before:
            _join(parent, first, number)
        else:
            before, first = student, number
    head = pl.Series("head_number", [_find(parent, number) for number in range(len(parent))], dtype=pl.UInt32)
    heads = guardians.with_columns(head).join(
        guardians.select(head_number="number", head="guardian"), on="head_number"
    )
    return (
        numbered.unique("student", keep="any")
        .join(heads.select("number", "head"), on="number")
        .select("student", "head")
    )


def _join(parent: list[int], one: int, other: int) -> None:
    one, other = _find(parent, one), _find(parent, other)
    if one != other:
        # The smaller number stands for both, so that the smallest guardian heads the household.
        parent[max(one, other)] = min(one, other)


def _find(parent: list[int], number: int) -> int:
    while parent[number] != number:
        parent[number] = parent[parent[number]]
        number = parent[number]
    return number
