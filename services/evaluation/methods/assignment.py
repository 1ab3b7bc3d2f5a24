"""Who begins first when funding limits districts (37-3-71): by lot, so that the effect can be told afterwards.

The lot is drawn by SHA-256 of the seed and the unit's name: whoever has the list and the seed draws the same lot with
any program, and nobody who fixed the list before the seed was known could have chosen it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from .inputs import BadInput


@dataclass(frozen=True, slots=True)
class Assignment:
    """`wave` of each unit: 1 begins first; 0 does not take part in any. `strata` {stratum: (units, chosen in each
    wave)}.

    `digest` is the SHA-256 of the seed and of the sorted list of units with their strata: to be published before the
    draw without the seed's result, it proves afterwards that neither was changed.
    """

    wave: Mapping[str, int]
    order: tuple[str, ...]
    strata: Mapping[str, tuple[int, tuple[int, ...]]]
    seed: str
    digest: str


def lottery(
    units: Sequence[str], places: int, seed: str, strata: Mapping[str, str] | None = None
) -> Assignment:
    """`places` of the units by lot, each stratum its share. Errors: as `phase_in`."""
    return phase_in(units, [places], seed, strata)


def phase_in(
    units: Sequence[str], waves: Sequence[int], seed: str, strata: Mapping[str, str] | None = None
) -> Assignment:
    """Units into waves of the given sizes; who is in none waits. `strata` {unit: stratum}.

    Each stratum has its share of the first wave to within one unit, and of each later wave its share of those left.
    What a share has beyond whole units is settled by lot. Errors: BadInput where units repeat, the waves need more
    units than there are, or a unit has no stratum. Source: Bruhn and McKenzie (2009), Am. Econ. J. Applied 1,
    200-232.
    """
    names = list(units)
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"units names {twice!r} twice")
    if any(int(size) != size or size < 0 for size in waves):
        raise BadInput(f"waves = {list(waves)!r} are no whole numbers from 0")
    if sum(waves) > len(names):
        raise BadInput(f"{sum(waves)} places for {len(names)} units: a lottery needs fewer places than units")
    if not seed:
        raise BadInput("seed is empty: without one the draw cannot be repeated")
    of = dict.fromkeys(names, "") if strata is None else {name: strata.get(name) for name in names}
    if lacking := [name for name in names if of[name] is None]:
        raise BadInput(f"strata lacks {lacking[0]!r}")
    groups: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: _lot(seed, "unit", name)):
        groups.setdefault(str(of[name]), []).append(name)
    # Strata one after the other, in an order by lot. Cutting this row at equal distances, from a start by lot, gives
    # each stratum its share of each wave to within one.
    row = [
        name
        for stratum in sorted(groups, key=lambda each: _lot(seed, "stratum", each))
        for name in groups[stratum]
    ]
    wave = _cut(row, waves, seed)
    counted = {
        stratum: (
            len(members),
            tuple(sum(wave[name] == each for name in members) for each in range(1, len(waves) + 1)),
        )
        for stratum, members in sorted(groups.items())
    }
    listed = "\n".join(f"{name}\t{of[name]}" for name in sorted(names))
    return Assignment(
        wave=wave,
        order=tuple(row),
        strata=counted,
        seed=seed,
        digest=sha256(f"{seed}\n{listed}".encode()).hexdigest(),
    )


def _cut(row: Sequence[str], waves: Sequence[int], seed: str) -> dict[str, int]:
    """Systematic sampling: of every `len(row) / places` units one is in each wave's turn."""
    size = len(row)
    wave = dict.fromkeys(row, 0)
    left = list(row)
    for number, places in enumerate(waves, start=1):
        if not places:
            continue
        start = int(_lot(seed, "start", str(number))[:13], 16) / 16**13
        step = len(left) / places
        chosen = {left[int(np.floor((turn + start) * step))] for turn in range(places)}
        wave.update(dict.fromkeys(chosen, number))
        left = [name for name in left if name not in chosen]
    assert sum(value > 0 for value in wave.values()) == sum(waves) <= size
    return wave


def _lot(seed: str, kind: str, name: str) -> str:
    return sha256(f"{seed}\n{kind}\n{name}".encode()).hexdigest()
