"""A database as a value: loaded before a step's transaction, kept after it, compared by its rows.

The product's own `Database` runs on it, with SQLite in memory. Every transaction and every lone statement asks for
leave at the `Door` first: there the exploration decides on which state of the database it runs, or that it fails.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from alliance.database import Database

#: What may be answered to a request for a transaction or a statement.
GO, AWAY, UNSURE = "goes on", "finds the database away", "commits, but is told that the database went away"

Rows = tuple[tuple[Any, ...], ...]
Contents = tuple[tuple[str, Rows], ...]


class Door:
    """Stands before one database. `ask` returns GO, AWAY or UNSURE, and has loaded the database before GO."""

    def __init__(self, name: str, ask: Callable[[str, str], str]) -> None:
        self.name = name
        self._ask = ask
        self._unsure = False
        #: All that the step has been told by the database since it was let in: what it goes on with depends on
        #: nothing else.
        self.views: list[Any] = []
        #: Whether something may have been written since.
        self.wrote = False

    def enter(self, sql: str) -> None:
        kind = "transaction" if sql.startswith("BEGIN IMMEDIATE") else "statement"
        self._unsure = False
        answer = self._ask(kind, self.name)
        if answer == AWAY:
            raise _went_away()
        self._unsure = answer == UNSURE
        self.wrote = self.wrote or not sql.startswith(("SELECT", "PRAGMA"))

    def leave(self) -> None:
        if self._unsure:
            raise _went_away()


class _Cursor(sqlite3.Cursor):
    """Fetches at once, since the next statement may find another state of the database, and notes what was told."""

    connection: _Connection
    _fetched: deque[Any]

    def execute(self, sql: str, parameters: Any = ()) -> _Cursor:
        return self._through_the_door(sql, lambda: super(_Cursor, self).execute(sql, parameters))

    def executemany(self, sql: str, parameters: Any) -> _Cursor:
        return self._through_the_door(sql, lambda: super(_Cursor, self).executemany(sql, parameters))

    def _through_the_door(self, sql: str, run: Callable[[], Any]) -> _Cursor:
        door, inside = self.connection.door, self.connection.in_transaction
        self._fetched = deque()
        if door is None:
            run()
            self._fetched.extend(super().fetchall())
            return self
        if not inside:
            if sql == "ROLLBACK":
                return self  # what was begun has ended with the fault that is being handled
            door.enter(sql)
        try:
            run()
            self._fetched.extend(super().fetchall())
        except sqlite3.Error as error:
            door.views.append(repr(error))
            raise
        door.views.append(tuple(self._fetched) if self.description else self.rowcount)
        if sql == "COMMIT":
            door.leave()
        return self

    def fetchone(self) -> Any:
        return self._fetched.popleft() if self._fetched else None

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        return [self._fetched.popleft() for _ in range(min(size or 1, len(self._fetched)))]

    def fetchall(self) -> list[Any]:
        rows = list(self._fetched)
        self._fetched.clear()
        return rows


class _Connection(sqlite3.Connection):
    door: Door | None = None

    def close(self) -> None:
        """Stays open: the pool closes a connection whose step was broken off, and is given the same one again."""

    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(_Cursor if factory is None else factory)


class MemoryDatabase(Database):
    """The product's Database on one connection to memory, whose whole contents can be taken out and put back."""

    def __init__(self, door: Door | None = None) -> None:
        super().__init__("sqlite://")
        self.raw = sqlite3.connect(":memory:", isolation_level=None, factory=_Connection)
        self.raw.execute("PRAGMA page_size=1024")
        self.engine = create_engine("sqlite://", creator=lambda: self.raw, poolclass=StaticPool)
        self.engine.connect().close()  # the engine's own first questions are no step's
        self.raw.door = door

    def alone(self, what: str) -> Any:
        """The model runs one rebuild at a time; its lock is a file's or PostgreSQL's, shown in tests/faults."""
        return nullcontext()

    def load(self, image: bytes) -> None:
        self.raw.deserialize(image)
        # Two images can have the same number of changes to different schemas; what SQLite remembers of one is stale.
        self.raw.cursor(sqlite3.Cursor).execute("PRAGMA writable_schema=RESET")

    def close(self) -> None:
        super().close()
        sqlite3.Connection.close(self.raw)


class Values:
    """The values that one database has taken, by number. Equal rows are one value, whatever the bytes of the file."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._ignored = {"alembic_version", "sqlite_sequence"}
        self._numbers: dict[Contents, int] = {}
        self._images: list[bytes] = []
        self._rows: list[dict[str, Rows]] = []

    def keep(self) -> int:
        """The number of the value that the database has now."""
        contents = self._contents()
        number = self._numbers.get(contents)
        if number is None:
            number = self._numbers[contents] = len(self._images)
            self._images.append(self._database.raw.serialize())
            self._rows.append(dict(contents))
        return number

    def load(self, number: int) -> None:
        self._database.load(self._images[number])

    def rows(self, number: int, table: str) -> Rows:
        """A table's rows in the order of its columns and keys; () for a table that is not there."""
        return self._rows[number].get(table, ())

    def __len__(self) -> int:
        return len(self._images)

    def _contents(self) -> Contents:
        cursor = self._database.raw.cursor(sqlite3.Cursor)
        names = cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        return tuple(
            (name, tuple(sorted(cursor.execute(f'SELECT * FROM "{name}"'), key=repr)))
            for (name,) in names
            if name not in self._ignored
        )


def _went_away() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("the database went away")
