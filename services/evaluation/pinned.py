"""The read models as they stand at one journal position: the live ones where they are there, else folded anew.

Only events that a projection folds count: the position of a report does not move when the report itself is recorded.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from alliance import migrations
from alliance.database import Database
from alliance.errors import Invalid
from alliance.journal import journal, journal_sources, last_position, read_batch
from alliance.projector import Projector
from alliance.tables import checkpoints

from .projections import PROJECTIONS, TABLES

#: Every type that some projection folds.
COUNTED = frozenset().union(*(projection.types for projection in PROJECTIONS))

#: Seconds that live read models are waited for before the journal is folded anew, which takes minutes for a state.
PATIENCE = 20.0
PAUSE = 0.2
#: Events that are folded in one go.
BATCH = 5000

_VERSIONED = {f"{projection.name}-v{projection.version}" for projection in PROJECTIONS}


@dataclass(frozen=True, slots=True)
class Pinned:
    """`models` sees the read models at `position`, `source` the journal that they are folded from."""

    position: int
    models: Connection
    source: Connection


@contextmanager
def models_at(
    database: Database,
    position: int | None = None,
    *,
    patience: float = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Pinned]:
    """The read models of everything that the journal holds now, or held at `position`.

    Guarantee: the same position gives the same rows, whether they were read live or folded anew, as long as what
    was parked then is parked when folded anew. Raises Invalid for a position that the journal has not reached.
    """
    until, target = clock() + patience, None
    while True:
        with database.reading() as connection:
            if target is None:
                target = last_counted(connection, position)
            live = _live(connection)
            # Of now, whatever has come since may be in it; a position of the past is that position.
            if live is not None and (live == target or (position is None and live > target)):
                yield Pinned(live, connection, connection)
                return
        if position is not None or clock() >= until:
            break
        sleep(PAUSE)
    with database.reading() as source, tempfile.TemporaryDirectory(prefix="alliance-pinned-") as folder:
        scratch = Database(f"sqlite:///{Path(folder) / 'models.db'}")
        try:
            fold_anew(source, target, scratch)
            with scratch.reading() as models:
                yield Pinned(target, models, source)
        finally:
            scratch.close()


def last_counted(connection: Connection, until: int | None = None) -> int:
    """The last journal position, at or before `until`, whose event counts; 0 where there is none."""
    head = last_position(connection)
    if until is not None and not 0 <= until <= head:
        raise Invalid(
            f"The journal is at {head}; there is no position {until}.",
            errors=[{"field": "journal", "message": f"must be a position from 0 to {head}"}],
        )
    row = journal.c
    query = select(row.position).where(
        row.position <= (head if until is None else until), row.type.in_(COUNTED)
    )
    return connection.scalar(query.order_by(row.position.desc()).limit(1)) or 0


def positions_at(connection: Connection, position: int) -> dict[str, int]:
    """What the journal holds of each source at that position."""
    row = journal.c
    found = {}
    for source in sorted(connection.scalars(select(journal_sources.c.source))):
        query = select(row.source_position).where(row.source == source, row.position <= position)
        # A source that was heard of later is none that the past has.
        if (held := connection.scalar(query.order_by(row.source_position.desc()).limit(1))) is not None:
            found[source] = held
    return found


def _live(connection: Connection) -> int | None:
    """The last event that every partition of every projection has folded; None where they differ."""
    folded = [
        (row.name.rpartition("-")[0], row.position)
        for row in connection.execute(select(checkpoints.c.name, checkpoints.c.position))
        if row.name.rpartition("-")[0] in _VERSIONED
    ]
    if {name for name, _ in folded} != _VERSIONED:
        return None
    reached = {last_counted(connection, position) for position in {at for _, at in folded}}
    return reached.pop() if len(reached) == 1 else None


def fold_anew(source: Connection, position: int, scratch: Database) -> None:
    """Fold the journal up to the position into read models of a database that has nothing yet."""
    migrations.upgrade(scratch, "evaluation")
    projectors = [Projector(scratch, each, TABLES[each.name]) for each in PROJECTIONS]
    for projector in projectors:
        projector.prepare()
    at = 0
    while at < position:
        batch = read_batch(source, at, min(BATCH, position - at), COUNTED)
        assert batch is not None, f"the journal has nothing after {at}"
        with scratch.transaction() as connection:
            for projector in projectors:
                projector.take(connection, batch)
        at = batch.end
