"""What is published and how its figures add up: what suppression takes and gives, and all that its auditor sees."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .inputs import BadInput

#: One coordinate per dimension of a table, such as (district, indicator). A coordinate that is a total has parts.
Key = tuple[str, ...]
#: A figure: (table, key).
Figure = tuple[str, Key]

Status = Literal["shown", "rate only", "bound", "hidden"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be shown. Percentages are in per cent.

    Below `least` persons nothing; up to `rate_only` the rate without n; rates from `high` or to `low` as bounds
    without n. A hidden number of persons must be uncertain by `width`, one shown as a rate or a bound only by
    `rate_only_width`, the persons behind a hidden or bounded rate by `count_width`. Source: the state's reporting
    rules (n < 10, < 5 %, > 95 %).
    """

    least: int = 10
    rate_only: int = 20
    low: float = 5.0
    high: float = 95.0
    width: int = 10
    rate_only_width: int = 3
    count_width: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.rate_only + 1 or not 0 <= self.low < self.high <= 100:
            raise BadInput(f"{self}: the limits are not in order")


#: The state's own.
STATE_RULES = Rules()


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure before suppression: k of n persons, or n persons where `k` is None.

    Where n counts something else, such as the months of children, `persons` says how many persons are behind it.
    """

    n: int
    k: int | None = None
    persons: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """`cells` by key; `parts` says for each dimension which value is a part of which: {dimension: {part: total}}.

    The cells of a total's parts add up to it; a part without a cell counts nobody. Where persons count in two parts (a
    child with classes in two schools) the excess is taken as known to a reader. With `counts` the numbers counted are
    printed beside the rates of figures that are shown in full.
    """

    name: str
    dimensions: tuple[str, ...]
    cells: Mapping[Key, Cell]
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    counts: bool = False

    def check(self) -> None:
        """Raise BadInput, naming the cell, where a number is no count, or k is above n."""
        for key, cell in self.cells.items():
            place = f"{self.name} {key}"
            if len(key) != len(self.dimensions):
                raise BadInput(f"{place}: {len(key)} coordinates for the dimensions {self.dimensions}")
            for name, number in (("n", cell.n), ("k", cell.k)):
                if number is not None and (math.isnan(number) or number != int(number) or number < 0):
                    raise BadInput(f"{place}: {name} = {number!r} is no count")
            if cell.k is not None and cell.k > cell.n:
                raise BadInput(f"{place}: k = {cell.k} is above n = {cell.n}")
        if strange := sorted(set(self.parts) - set(self.dimensions)):
            raise BadInput(f"{self.name}: parts of {strange[0]!r}, which is no dimension of the table")


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as a reader sees it. `n`, `k` and `rate` (per cent, rounded to `decimals`) are None where not told.

    What the reader knows all the same, from the status and the rules, are the bounds: persons from `n_low` to `n_high`
    (None: no limit), the rate from `rate_low` to `rate_high` per cent.
    """

    status: Status
    n: int | None = None
    rate: float | None = None
    decimals: int = 1
    n_low: int = 0
    n_high: int | None = None
    rate_low: float = 0.0
    rate_high: float = 100.0
    k: int | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """`parts` add up to `total` plus what counts twice: `excess_n` persons, `excess_k` of those counted."""

    total: Figure
    parts: tuple[Figure, ...]
    excess_n: int = 0
    excess_k: int = 0

    def __iter__(self) -> Iterator[Figure]:
        yield self.total
        yield from self.parts


@dataclass(frozen=True, slots=True)
class Release:
    """Everything that one publication shows, with the sums that a reader knows to hold. `rated` tables have rates."""

    name: str
    shown: Mapping[Figure, Shown]
    sums: tuple[Sum, ...]
    rated: frozenset[str]
    rules: Rules = STATE_RULES


def sums_of(table: Table) -> list[Sum]:
    """Each total of each dimension with its parts, the other coordinates being the same."""
    found = []
    for place, dimension in enumerate(table.dimensions):
        total_of = table.parts.get(dimension, {})
        groups: dict[Key, list[Key]] = {}
        for key in table.cells:
            if (total := total_of.get(key[place])) is not None:
                groups.setdefault((*key[:place], total, *key[place + 1 :]), []).append(key)
        for total_key, parts in groups.items():
            if total_key in table.cells:
                found.append(_sum(table, total_key, parts))
    return found


def _sum(table: Table, total: Key, parts: list[Key]) -> Sum:
    whole, cells = table.cells[total], [table.cells[part] for part in parts]
    return Sum(
        total=(table.name, total),
        parts=tuple((table.name, part) for part in parts),
        excess_n=sum(cell.n for cell in cells) - whole.n,
        excess_k=sum(cell.k or 0 for cell in cells) - (whole.k or 0),
    )


def to_json(release: Release) -> dict[str, Any]:
    """Plain JSON types, figures in order of their names: equal releases give equal documents. See `from_json`."""
    return {
        "name": release.name,
        "rules": asdict(release.rules),
        "rated": sorted(release.rated),
        "shown": [
            {"figure": _figure_to_json(figure), **asdict(shown)}
            for figure, shown in sorted(release.shown.items(), key=lambda item: item[0])
        ],
        "sums": [
            {
                "total": _figure_to_json(each.total),
                "parts": [_figure_to_json(part) for part in each.parts],
                "excess_n": each.excess_n,
                "excess_k": each.excess_k,
            }
            for each in release.sums
        ],
    }


def from_json(document: Mapping[str, Any]) -> Release:
    """The release that `to_json` was given. Errors: BadInput for a document that is none."""
    try:
        return Release(
            name=document["name"],
            shown={
                _figure_from_json(each["figure"]): Shown(
                    **{name: each[name] for name in each if name != "figure"}
                )
                for each in document["shown"]
            },
            sums=tuple(
                Sum(
                    _figure_from_json(each["total"]),
                    tuple(_figure_from_json(part) for part in each["parts"]),
                    each["excess_n"],
                    each["excess_k"],
                )
                for each in document["sums"]
            ),
            rated=frozenset(document["rated"]),
            rules=Rules(**document["rules"]),
        )
    except (KeyError, TypeError) as error:
        raise BadInput(f"this document is no release: {error!r}") from error


def _figure_to_json(figure: Figure) -> list[str]:
    return [figure[0], *figure[1]]


def _figure_from_json(names: list[str]) -> Figure:
    return names[0], tuple(names[1:])
