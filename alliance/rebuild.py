"""Fold a projection again from zero beside its live tables, while the live ones go on.

    prepare    empty tables with the suffix `_next`
    replay     the journal from 0 to close behind the live checkpoint, strictly: a failing event stops the rebuild
    compare    with the live projectors held, fold up to exactly their checkpoints and hash both sides
    go live    exchange the rows in the same transaction, or abort and drop the new tables

Guarantee: readers see the old tables or the new ones, each as of the checkpoint that stands beside them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, MetaData, Table, delete, insert, select, tuple_

from .checkpoints import lock
from .database import Database
from .journal import read_batch
from .parking import parked
from .projection import Projection
from .projector import BATCH, Projector, checkpoint_name
from .tables import checkpoints

Progress = Callable[[int, int], None]

#: Journal positions that may be left when the live projectors are held: what is folded while they wait.
CLOSE = 5 * BATCH

#: Rows that are hashed at a time.
PAGE = 20_000


@dataclass(frozen=True, slots=True)
class Compared:
    """What a rebuild found: each table's hash on both sides at the same positions, and whether it went live."""

    projection: str
    positions: tuple[int, ...]
    live: dict[str, str]
    rebuilt: dict[str, str]
    went_live: bool

    @property
    def equal(self) -> bool:
        return self.live == self.rebuilt


def rebuild(
    database: Database,
    projection: Projection,
    tables: Mapping[str, Table],
    *,
    partitions: int = 1,
    go_live: bool = False,
    progress: Progress = lambda done, total: None,
) -> Compared:
    """Rebuild one projection; raises `parking.Failure` when an event cannot be folded, and changes nothing then.

    Refused while the same projection is being rebuilt elsewhere.

    The new tables go live when they are equal to the old ones, or when `go_live` says that a difference is meant
    (after a mend in the fold); a projection with parked streams differs until they are replayed.
    """
    # Two at once would fold into the same tables.
    with database.alone(f"rebuild-{projection.name}"):
        return _rebuild(database, projection, tables, partitions, go_live, progress)


def _rebuild(
    database: Database,
    projection: Projection,
    tables: Mapping[str, Table],
    partitions: int,
    go_live: bool,
    progress: Progress,
) -> Compared:
    fresh = {name: _next(table) for name, table in tables.items()}
    _drop(database, fresh)
    with database.transaction() as connection:
        for table in fresh.values():
            table.create(connection)
    try:
        projectors = [
            Projector(database, projection, fresh, partition=partition, partitions=partitions)
            for partition in range(partitions)
        ]
        reached = _replay(database, projectors, progress)
        with database.transaction() as connection:
            if database.dialect == "postgresql":
                # Hashing and copying a large table takes longer than any request may.
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            positions = [
                lock(connection, checkpoint_name(projection, partition, partitions))
                for partition in range(partitions)
            ]
            for projector, at, target in zip(projectors, reached, positions, strict=True):
                _fold_to(connection, projector, at, target)
            live, rebuilt = _hashes(connection, tables), _hashes(connection, fresh)
            goes_live = go_live or live == rebuilt
            if goes_live:
                _exchange(connection, tables, fresh)
                connection.execute(delete(parked).where(parked.c.projection == projection.name))
        return Compared(projection.name, tuple(positions), live, rebuilt, goes_live)
    finally:
        _drop(database, fresh)


def _next(table: Table) -> Table:
    """The same table under another name, without secondary indexes, which nobody would use."""
    fresh = table.to_metadata(MetaData(), name=f"{table.name}_next")
    fresh.indexes.clear()
    return fresh


def _replay(database: Database, projectors: list[Projector], progress: Progress) -> list[int]:
    """Fold until every partition is close behind its live checkpoint; returns the positions reached."""
    reached = []
    for projector in projectors:
        at = 0
        while True:
            with database.transaction() as connection:
                live = connection.scalars(
                    select(checkpoints.c.position).where(checkpoints.c.name == projector.checkpoint)
                ).one()
                progress(at, live)
                if live - at <= CLOSE:
                    break
                at = _fold_on(connection, projector, at, BATCH)
        reached.append(at)
    return reached


def _fold_to(connection: Connection, projector: Projector, at: int, target: int) -> None:
    if at > target:
        raise RuntimeError(
            f"{projector.checkpoint} is at {target}, behind the rebuild at {at}: is its projector on?"
        )
    while at < target:
        at = _fold_on(connection, projector, at, min(BATCH, target - at))


def _fold_on(connection: Connection, projector: Projector, at: int, limit: int) -> int:
    """Fold what follows a position that the live projector has passed; returns where that ends."""
    batch = read_batch(connection, at, limit, projector.projection.types)
    assert batch is not None, (
        f"the journal has nothing after {at}, though {projector.checkpoint} is beyond it"
    )
    projector.fold_strictly(connection, batch.events)
    return batch.end


def _hashes(connection: Connection, tables: Mapping[str, Table]) -> dict[str, str]:
    return {name: table_hash(connection, table) for name, table in tables.items()}


def table_hash(connection: Connection, table: Table) -> str:
    """SHA-256 over the rows in the order of their keys; counts that came back to zero are as good as none."""
    digest = hashlib.sha256()
    counts = table.info.get("write") == "count"
    keys = len(table.primary_key)
    key = tuple_(*table.primary_key)
    query = select(*table.primary_key, *(column for column in table.c if not column.primary_key))
    query = query.order_by(*table.primary_key).limit(PAGE)
    rows = connection.execute(query).all()
    while rows:
        for row in rows:
            if counts and not any(row[keys:]):
                continue
            digest.update(msgspec.json.encode(tuple(row)))
        # Page by page: a state's rows do not fit into a small machine's memory.
        rows = connection.execute(query.where(key > tuple_(*rows[-1][:keys]))).all()
    return digest.hexdigest()


def _exchange(connection: Connection, tables: Mapping[str, Table], fresh: Mapping[str, Table]) -> None:
    # Row by row and not by renaming: a reader that began before would find the renamed table empty, since its rows
    # are younger than what that reader sees.
    for name, table in tables.items():
        connection.execute(delete(table))
        connection.execute(insert(table).from_select(list(table.c.keys()), select(fresh[name])))


def _drop(database: Database, tables: Mapping[str, Table]) -> None:
    with database.transaction() as connection:
        for table in tables.values():
            table.drop(connection, checkfirst=True)
