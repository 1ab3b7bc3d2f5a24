"""How far the read models have come: the positions that figures are as of or can wait for, and their lag."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from alliance.journal import journal, journal_sources
from alliance.projection import Projection, projection_positions
from alliance.tables import checkpoints

#: Positions by source, as of now.
Positions = Callable[[Connection], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Freshness:
    """`as_of`: per source, the position that every read model has folded at least. `lag_seconds`: the age of the
    oldest event in the journal that one of them has not, 0 when there is none."""

    as_of: Mapping[str, int]
    lag_seconds: float

    def to_json(self) -> dict[str, Any]:
        return {"as_of": dict(self.as_of), "lag_seconds": self.lag_seconds}


def read(connection: Connection, projections: Sequence[Projection], now: datetime) -> Freshness:
    folded = _partitions(connection, projections)
    behind = min((position for _, _, position in folded), default=0)
    waiting = connection.scalar(select(journal.c.time).where(journal.c.position == behind + 1))
    lag = max(0.0, (now - waiting).total_seconds()) if waiting else 0.0
    return Freshness(_as_of(connection, projections, folded), lag)


def folded_positions(projections: Sequence[Projection]) -> Positions:
    """What figures are as of, for `positions.wait_for`."""

    def positions(connection: Connection) -> Mapping[str, int]:
        return _as_of(connection, projections, _partitions(connection, projections))

    return positions


def received_positions(connection: Connection) -> Mapping[str, int]:
    """What the journal holds, for `positions.wait_for`."""
    return {row.source: row.position for row in connection.execute(select(journal_sources))}


def _partitions(connection: Connection, projections: Sequence[Projection]) -> list[tuple[str, int, int]]:
    """(projection, partition, journal position) of every partition that has a checkpoint."""
    names = {f"{projection.name}-v{projection.version}": projection.name for projection in projections}
    found = []
    for row in connection.execute(select(checkpoints.c.name, checkpoints.c.position)):
        versioned, _, partition = row.name.rpartition("-")
        if versioned in names:
            found.append((names[versioned], int(partition.partition("/")[0]), row.position))
    return found


def _as_of(
    connection: Connection, projections: Sequence[Projection], folded: Sequence[tuple[str, int, int]]
) -> dict[str, int]:
    rows = connection.execute(select(projection_positions))
    positions = {(row.projection, row.partition, row.source): row.position for row in rows}
    as_of: dict[str, int] = {}
    for projection in projections:
        partitions = [partition for name, partition, _ in folded if name == projection.name]
        for source in projection.sources:
            # A partition without a row has met no event of the source, so it has counted none.
            reached = min(
                (positions.get((projection.name, each, source), 0) for each in partitions), default=0
            )
            as_of[source] = min(reached, as_of.get(source, reached))
    return dict(sorted(as_of.items()))
