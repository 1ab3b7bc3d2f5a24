"""Many rows in one statement, on both databases.

PostgreSQL gets each column as one text, which it splits: the statement stays the same whatever the number of rows, no
value is an expression that has to be parsed, and psycopg2 would send an executemany row by row. COPY is faster,
but green threads cannot use it. SQLite's executemany is a loop in C and needs no such thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Column, Connection, Insert, String, Table, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

Key = tuple[Any, ...]
RowData = Mapping[Any, Any]
#: A row's values in the order of its table's columns: half the work of naming each.
Values = tuple[Any, ...]

#: Keys of one SELECT on SQLite, far below its limit of 32,766 bound values.
_KEYS = 500


class Writes:
    """Statements of one transaction that write: PostgreSQL gets them together, in one round trip, by `send`.

    What a statement violates is raised by it, or by `send`: IntegrityError, DataError; the transaction is over then.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._together = connection.dialect.name == "postgresql"
        self._statements: list[str] = []
        self._values: list[Any] = []

    def insert(self, table: Table, rows: Sequence[RowData]) -> Writes:
        """Rows that have every column."""
        return self.insert_values(table, _values(table, rows))

    def insert_values(self, table: Table, rows: Sequence[Values]) -> Writes:
        """The same rows without their columns' names."""
        if self._together:
            self._insert(table, rows, "")
        elif rows:
            names = [column.name for column in table.c]
            self._connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        return self

    def upsert(self, table: Table, rows: Sequence[RowData], *, add: bool = False) -> Writes:
        """Insert rows, or replace those with the same key; with `add`, sum the other columns instead.

        No two of the rows may have the same key.
        """
        if self._together:
            self._insert(table, _values(table, rows), _on_conflict(table, add))
        elif rows:
            self._connection.execute(_sqlite_upsert(table, add), list(rows))
        return self

    def set(self, table: Table, values: RowData, where: RowData = MappingProxyType({})) -> Writes:
        """New values in the rows that have these ones; without `where`, in every row."""
        if self._together:
            changed = ", ".join(f'"{name}" = %s' for name in values)
            having = " AND ".join(f'"{name}" = %s' for name in where)
            self._statements.append(
                f'UPDATE "{table.name}" SET {changed}' + (f" WHERE {having}" if where else "")
            )
            self._values += (*values.values(), *where.values())
        else:
            conditions = [table.c[name] == value for name, value in where.items()]
            self._connection.execute(update(table).where(*conditions).values(values))
        return self

    def send(self) -> None:
        if self._statements:
            self._connection.exec_driver_sql("; ".join(self._statements), tuple(self._values))
        self._statements, self._values = [], []

    def _insert(self, table: Table, rows: Sequence[Values], on_conflict: str) -> None:
        if not rows:
            return
        try:
            values = columns_of(rows)
        except Unsplittable:
            for row in rows:
                self._statements.append(_insert_one(table) + on_conflict)
                self._values += row
            return
        self._statements.append(_insert(table) + on_conflict)
        self._values += values


def _values(table: Table, rows: Sequence[RowData]) -> list[Values]:
    names = [column.name for column in table.c]
    return [tuple([row[name] for name in names]) for row in rows]


def insert_many(connection: Connection, table: Table, rows: Sequence[RowData]) -> None:
    """Insert rows that have every column; a violated constraint raises IntegrityError and inserts none."""
    Writes(connection).insert(table, rows).send()


def upsert_many(connection: Connection, table: Table, rows: Sequence[RowData]) -> None:
    """Insert rows, or replace those with the same key. No two of the rows may have the same key."""
    Writes(connection).upsert(table, rows).send()


def fetch_many(connection: Connection, table: Table, keys: Iterable[Key]) -> Iterable[RowData]:
    """The rows of these primary keys that exist, in no order."""
    ordered = sorted(set(keys))
    if connection.dialect.name == "postgresql":
        if ordered:
            result = connection.exec_driver_sql(
                _select(table), tuple(list(column) for column in zip(*ordered, strict=True))
            )
            yield from result.mappings()
        return
    columns = list(table.primary_key)
    for start in range(0, len(ordered), _KEYS):
        query = select(table).where(tuple_(*columns).in_(ordered[start : start + _KEYS]))
        yield from connection.execute(query).mappings()


class Unsplittable(Exception):
    """A column that one text cannot stand for: a value holds one of the two characters, or is no text or number."""


#: PostgreSQL reads these as Python writes them.
_WRITTEN_AS_READ = {str, int, float, bool, Decimal, date, datetime, UUID, type(None)}
#: Between two values, and in the place of one that is missing: control characters, which JSON never has in it.
_SPLIT, _NULL = "\x1f", "\x1e"


def columns_of(rows: Sequence[Values]) -> list[str]:
    """Each column of the rows as the one text that `split` takes apart; raises Unsplittable."""
    return [_joined(column) for column in zip(*rows, strict=True)]


def _joined(values: Sequence[Any]) -> str:
    kinds = {*map(type, values)}
    if kinds == {str}:
        joined = _SPLIT.join(values)
    elif kinds == {type(None)}:
        return _SPLIT.join([_NULL] * len(values))
    elif kinds == {datetime}:
        # As RFC 3339 writes them, all at once: to write each alone takes longer than to check its whole event.
        joined = msgspec.json.encode(values).decode()[2:-2].replace('","', _SPLIT)
    elif kinds == {int}:
        joined = msgspec.json.encode(values).decode()[1:-1].replace(",", _SPLIT)
    elif kinds <= _WRITTEN_AS_READ:
        joined = _SPLIT.join([_NULL if value is None else str(value) for value in values])
    else:
        raise Unsplittable
    # An empty text is split into nothing, not into one that is empty.
    if not joined or joined.count(_SPLIT) != len(values) - 1 or joined.count(_NULL) != values.count(None):
        raise Unsplittable
    return joined


def names_of(table: Table) -> str:
    """The table's columns as a statement lists them."""
    return ", ".join(f'"{column.name}"' for column in table.c)


def split(column: Column[Any]) -> str:
    """PostgreSQL's array of a column's values, of which `columns_of` makes the one parameter."""
    array = f"string_to_array(%s, '{_SPLIT}', '{_NULL}')"
    # A text that is too long for its column must be refused, and a cast would cut it.
    if isinstance(column.type, String):
        return array
    return f"{array}::{column.type.compile(dialect=postgresql.dialect())}[]"  # type: ignore[no-untyped-call]


@lru_cache(maxsize=256)
def _insert(table: Table) -> str:
    columns = ", ".join(map(split, table.c))
    return f'INSERT INTO "{table.name}" ({names_of(table)}) SELECT * FROM unnest({columns})'


@lru_cache(maxsize=256)
def _insert_one(table: Table) -> str:
    return f'INSERT INTO "{table.name}" ({names_of(table)}) VALUES ({", ".join(["%s"] * len(table.c))})'


@lru_cache(maxsize=256)
def _sqlite_upsert(table: Table, add: bool) -> Insert:
    statement = sqlite.insert(table)
    keys = [column.name for column in table.primary_key]
    others = {
        column.name: column + statement.excluded[column.name] if add else statement.excluded[column.name]
        for column in table.c
        if not column.primary_key
    }
    if others:
        return statement.on_conflict_do_update(index_elements=keys, set_=others)
    return statement.on_conflict_do_nothing(index_elements=keys)


@lru_cache(maxsize=256)
def _select(table: Table) -> str:
    keys = [f'"{column.name}"' for column in table.primary_key]
    return (
        f'SELECT "{table.name}".* FROM "{table.name}" '
        f"JOIN unnest({_arrays(list(table.primary_key))}) AS wanted ({', '.join(keys)}) USING ({', '.join(keys)})"
    )


@lru_cache(maxsize=256)
def _on_conflict(table: Table, add: bool) -> str:
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    others = [f'"{column.name}"' for column in table.c if not column.primary_key]
    if not others:
        return f" ON CONFLICT ({keys}) DO NOTHING"
    old = f'"{table.name}".' if add else None
    changes = ", ".join(f"{name} = {f'{old}{name} + ' if old else ''}excluded.{name}" for name in others)
    return f" ON CONFLICT ({keys}) DO UPDATE SET {changes}"


def _arrays(columns: Sequence[Any]) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return ", ".join(f"%s::{column.type.compile(dialect=dialect)}[]" for column in columns)
