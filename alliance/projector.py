"""From the journal to the read models: batches in, one transaction each with the checkpoint.

    lock the checkpoint -> read the journal after it -> load rows -> fold -> write rows, positions, checkpoint

Guarantee: read model == fold(journal up to the checkpoint), whatever is killed when, and however many projectors
run: the checkpoint's row lock lets one at a time work on a partition. A stream whose event cannot be folded is
parked whole (`parking.py`); in a rebuild the same event stops it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Table, func, select
from sqlalchemy.exc import DataError, IntegrityError

from . import contracts, metrics, parking
from .checkpoints import lock
from .database import Database
from .envelope import Event
from .errors import Refused, Unavailable
from .journal import Batch, journal, last_position, read, read_batch
from .pace import Pace
from .parking import Failure, Parked
from .projection import Projection, Rows, belongs, load, projection_positions, store
from .pulse import Pulse
from .rows import Writes
from .tables import checkpoints

log = structlog.get_logger()

BATCH = 2000
#: After fewer events than these it rests a moment: a step costs a dozen queries, however few events it finds.
WORTHWHILE = 500
RETRY_SECONDS = 1.0
#: Seconds in which a step is taken though the journal has not grown: what others replay shows in the metrics.
LOOK_SECONDS = 5.0
#: Seconds between two looks at how far it is behind, while it works: three queries, and most batches are small.
MEASURE_SECONDS = 1.0

#: What must end the process, not park a stream.
_FATAL = (KeyboardInterrupt, SystemExit, MemoryError, GeneratorExit)

#: What a value that does not fit its column raises: by the database, by psycopg2, by sqlite3.
_REFUSED_VALUES = (DataError, IntegrityError, ValueError, OverflowError)


class Projector(Pulse):
    """One partition of one projection. `tables` are the projection's own, by logical name."""

    def __init__(
        self,
        database: Database,
        projection: Projection,
        tables: Mapping[str, Table],
        *,
        partition: int = 0,
        partitions: int = 1,
    ) -> None:
        self.database = database
        self.projection = projection
        self.tables = tables
        self.partition = partition
        self.partitions = partitions
        self.checkpoint = checkpoint_name(projection, partition, partitions)
        #: The journal's head when a step last found nothing after the checkpoint.
        self._level: int | None = None
        self._measured = float("-inf")

    def prepare(self) -> None:
        """Create the read model's tables and the checkpoint at 0 where they are missing.

        Raises Refused when the read model was built with another number of partitions: districts would be folded
        twice, or by nobody.
        """
        with self.database.transaction() as connection:
            if self.database.dialect == "postgresql":
                # Two that start together would both find a table missing, and one would end. SQLite has one writer.
                connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(self.projection.name))))
            for table in self.tables.values():
                table.create(connection, checkfirst=True)
            stem = checkpoint_name(self.projection, 0, 0).removesuffix("0/0")
            names = connection.scalars(select(checkpoints.c.name).where(checkpoints.c.name.startswith(stem)))
            built_with = {int(name.rpartition("/")[2]) for name in names}
            if built_with - {self.partitions}:
                raise Refused(
                    f"{self.projection.name} was built with {built_with.pop()} partitions, not {self.partitions}; "
                    "run as many, or stop all projectors and empty the read models with `alliance refold --yes`."
                )
            statement = self.database.insert(checkpoints).values(name=self.checkpoint, position=0, epoch="")
            connection.execute(statement.on_conflict_do_nothing())

    def step(self, limit: int = BATCH) -> int:
        """Fold one batch of the journal; returns how many journal positions were passed."""
        with self.database.transaction() as connection:
            position = lock(connection, self.checkpoint)
            batch = read_batch(connection, position, limit, self.projection.types)
            if batch is None:
                self._measure(connection, position)
                self._level = position
                return 0
            self.take(connection, batch)
            if time.monotonic() - self._measured > MEASURE_SECONDS:
                self._measure(connection, batch.end)
        passed = batch.end - position
        metrics.projection_batch_events.labels(self.projection.name).observe(passed)
        return passed

    def take(self, connection: Connection, batch: Batch) -> None:
        """Fold what follows the checkpoint, park what cannot be folded, and move the checkpoint to the batch's end,
        all in the caller's transaction. Its events may be more than this projection's."""
        mine = [(at, event) for at, event in batch.events if self._wants(event)]
        if mine:
            flowing = parking.set_aside(connection, self.projection.name, self.partition, mine)
            self._write(connection, flowing)
        self._advance(connection, batch)

    def run(self, stopping: threading.Event) -> None:
        """Step until `stopping` is set; faults are waited out."""
        idle, stepped = Pace(), 0.0
        while not stopping.is_set():
            began = time.monotonic()
            try:
                passed = 0
                # Most looks find nothing, and a step asks six questions for it.
                if time.monotonic() - stepped > LOOK_SECONDS or self._grown():
                    passed, stepped = self.step(), time.monotonic()
            except Unavailable as error:
                self.healthy = False
                log.warning("projector waits", projection=self.projection.name, reason=error.detail)
                stopping.wait(RETRY_SECONDS)
                continue
            self.healthy = True
            if passed:
                idle.worked()
            if passed < WORTHWHILE:
                idle.rest(stopping, time.monotonic() - began)

    def _grown(self) -> bool:
        with self.database.asking() as connection:
            return last_position(connection) != self._level

    def replay(self, entry: Parked) -> int:
        """Fold a parked stream's events up to the checkpoint and release it; returns how many.

        Raises Failure when an event still cannot be folded; then the stream stays parked and nothing is changed.
        """
        with self.database.transaction() as connection:
            position = lock(connection, self.checkpoint)
            if not parking.release(connection, entry):
                return 0  # somebody else has replayed it, or a rebuild has
            events = read(
                connection,
                entry.first_position - 1,
                position,
                journal.c.source == entry.source,
                journal.c.stream == entry.stream,
                journal.c.position <= position,
            )
            wanted = [(at, event) for at, event in events if self._wants(event)]
            try:
                store(connection, self.tables, self._fold(connection, wanted, strict=True))
            except _REFUSED_VALUES as error:
                raise Failure(*wanted[0], _reason(error)) from error
        return len(wanted)

    def fold_strictly(self, connection: Connection, batch: Sequence[tuple[int, Event]]) -> None:
        """Fold a batch into the tables in the caller's transaction; raises Failure. For rebuilds."""
        mine = [(at, event) for at, event in batch if self._wants(event)]
        try:
            store(connection, self.tables, self._fold(connection, mine, strict=True))
        except _REFUSED_VALUES as error:
            raise Failure(*mine[0], f"or one soon after it: {_reason(error)}") from error

    def _wants(self, event: Event) -> bool:
        return (
            event.type in self.projection.types
            and event.source in self.projection.sources
            and belongs(event, self.partition, self.partitions)
        )

    def _write(self, connection: Connection, batch: Sequence[tuple[int, Event]]) -> None:
        """Fold and store. Where the database refuses a value (a sum too large, say), the batch is taken event by
        event to find whose it is, and that stream is parked."""
        try:
            with connection.begin_nested():
                store(connection, self.tables, self._fold(connection, batch, strict=False))
            return
        except _REFUSED_VALUES as error:
            log.warning("taken event by event", projection=self.projection.name, reason=type(error).__name__)
        parked: dict[tuple[str, str], int] = {}
        for at, event in batch:
            if (event.source, event.stream) in parked:
                continue
            try:
                with connection.begin_nested():
                    store(connection, self.tables, self._fold(connection, [(at, event)], strict=True))
            except (Failure, *_REFUSED_VALUES) as error:
                failure = error if isinstance(error, Failure) else Failure(at, event, _reason(error))
                parked.update(self._park(connection, [failure], batch, strict=False))

    def _fold(self, connection: Connection, batch: Sequence[tuple[int, Event]], *, strict: bool) -> Rows:
        known, failures = _upcast(batch)
        wanted: list[tuple[str, tuple[Any, ...]]] = []
        readable: list[tuple[int, Event]] = []
        for at, event in known:
            try:
                wanted.extend(self.projection.keys(event))
                readable.append((at, event))
            except Exception as error:
                failures.append(Failure(at, event, _reason(error)))
        rows = load(connection, self.tables, wanted)
        parked = self._park(connection, failures, batch, strict) if failures else {}
        for at, event in readable:
            first = parked.get((event.source, event.stream))
            if first is not None and at > first:
                continue
            try:
                self.projection.fold(rows, event)
            except _FATAL:
                raise
            except (
                BaseException
            ) as error:  # also eventlet's Timeout, which is no Exception: it must not kill us
                rows.discard()
                failure = Failure(at, event, _reason(error))
                parked.update(self._park(connection, [failure], batch, strict))
                continue
            rows.keep()
        return rows

    def _park(
        self,
        connection: Connection,
        failures: Iterable[Failure],
        batch: Sequence[tuple[int, Event]],
        strict: bool,
    ) -> dict[tuple[str, str], int]:
        in_order = sorted(failures, key=lambda failure: failure.position)
        if strict:
            raise in_order[0]
        return parking.park_streams(connection, self.projection.name, self.partition, in_order, batch)

    def _advance(self, connection: Connection, batch: Batch) -> None:
        own = {"projection": self.projection.name, "partition": self.partition}
        reached = [
            {**own, "source": source, "position": position}
            for source, position in sorted(batch.reached.items())
            if source in self.projection.sources
        ]
        writes = Writes(connection).upsert(projection_positions, reached)
        writes.set(checkpoints, {"position": batch.end}, where={"name": self.checkpoint}).send()

    def _measure(self, connection: Connection, position: int) -> None:
        self._measured = time.monotonic()
        labels = (self.projection.name, str(self.partition))
        oldest = connection.scalars(
            select(journal.c.time).where(journal.c.position == position + 1)
        ).one_or_none()
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        metrics.projection_lag_events.labels(*labels).set(max(0, last_position(connection) - position))
        metrics.projection_lag_seconds.labels(*labels).set(max(0.0, age))
        parked = len(parking.streams(connection, self.projection.name))
        metrics.parked_streams.labels(self.projection.name).set(parked)


def checkpoint_name(projection: Projection, partition: int, partitions: int) -> str:
    return f"{projection.name}-v{projection.version}-{partition}/{partitions}"


def _upcast(batch: Sequence[tuple[int, Event]]) -> tuple[list[tuple[int, Event]], list[Failure]]:
    known: list[tuple[int, Event]] = []
    failures: list[Failure] = []
    for at, event in batch:
        try:
            if event.schema_version != contracts.current(event.type):
                data = contracts.upcast(event.type, event.schema_version, event.data)
                event = event.with_data(data)
            known.append((at, event))
        except Exception as error:
            failures.append(Failure(at, event, _reason(error)))
    return known, failures


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]
