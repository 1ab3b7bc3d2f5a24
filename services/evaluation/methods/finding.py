"""What the auditor asks of a release, and how it says what can be told too closely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .release import Figure, Sum

Quantity = Literal["n", "k", "n - k"]
#: What a release must not tell: which quantity of which figure, to within which width.
Protected = tuple[Figure, Quantity, int]
#: Of which release, by its number: 0 is the newest.
Asked = tuple[int, Protected]


@dataclass(frozen=True, slots=True)
class Finding:
    """A figure that a reader can tell too closely: from `least` to `greatest`, by these sums.

    `earlier` names the earlier release whose figure it is, where the newest one says another.
    """

    figure: Figure
    quantity: Quantity
    least: int
    greatest: int
    sums: tuple[Sum, ...]
    text: str
    earlier: str | None = None


def text(
    figure: Figure,
    quantity: Quantity,
    least: int,
    greatest: int,
    by: Sequence[Sum],
    before: str | None,
    earlier: str | None,
) -> str:
    what = {"n": "the number of persons", "k": "the number counted", "n - k": "the number not counted"}[
        quantity
    ]
    value = f"is {least}" if least == greatest else f"is between {least} and {greatest}"
    how = "; ".join(f"{_name(each.total)} is the sum of {len(each.parts)} parts" for each in by[:3])
    if before is not None:
        how = "; ".join(filter(None, [f"the release {before!r} showed it", how]))
    of = "" if earlier is None else f" in the release {earlier!r}"
    return f"{_name(figure)}{of}: {what} {value}" + (f", because {how}" if how else "")


def _name(figure: Figure) -> str:
    table, key = figure
    return f"{table} ({', '.join(key)})"
