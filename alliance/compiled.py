"""SELECTs whose text is made once.

SQLAlchemy finds a statement's text in a cache, but to look there it builds the statement, walks through it and prepares
its result, each time: on the way of a command that took longer than all else. PostgreSQL gets the text as it was made
at first, and its rows as the driver makes them; SQLite, whose types have to be converted, is asked as usual.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql

from . import driver

#: The condition that a column is one of the list that is given under a name.
Among = Callable[[ColumnElement[Any], str], ColumnElement[bool]]


class Compiled:
    """A SELECT with named parameters, the same on both databases. Safe to share between threads.

    Columns must be of types that PostgreSQL's driver gives as they are wanted: text, numbers, dates, times.
    """

    def __init__(self, make: Callable[[Among], Select[Any]]) -> None:
        """`make` gets `among`: a list is an array on PostgreSQL and as many parameters as it has values on SQLite."""
        self._select = make(lambda column, name: column.in_(bindparam(name, expanding=True)))
        compiled = make(_in_array).compile(dialect=postgresql.psycopg2.dialect())  # type: ignore[no-untyped-call]
        self._text, self._constants = str(compiled), compiled.params
        row: Any = namedtuple("Row", self._select.selected_columns.keys())  # type: ignore[misc]
        self._named: Callable[[Sequence[Any]], Any] = row._make

    def all(self, connection: Connection, **given: Any) -> Sequence[Any]:
        """The rows, their columns by name and in order."""
        if connection.dialect.name == "postgresql":
            return [*map(self._named, self._asked(connection, given))]
        return connection.execute(self._select, given).all()

    def tuples(self, connection: Connection, **given: Any) -> Sequence[Sequence[Any]]:
        """The rows, their columns in order: for those who take many, and all columns of each."""
        if connection.dialect.name == "postgresql":
            return self._asked(connection, given)
        return connection.execute(self._select, given).all()

    def one(self, connection: Connection, **given: Any) -> Any | None:
        """The row of a SELECT that finds one at most, or None."""
        return next(iter(self.all(connection, **given)), None)

    def _asked(self, connection: Connection, given: dict[str, Any]) -> list[tuple[Any, ...]]:
        """By the driver's own cursor, on SQLAlchemy's connection: its faults are those that SQLAlchemy would raise."""
        with driver.cursor(connection, self._text) as cursor:
            cursor.execute(self._text, {**self._constants, **given})
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found


def _in_array(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    # From a subquery: the planner would weigh each value of a list that it sees, and of a table that has just been
    # filled it believes that a few hundred streams are all there is, and reads the whole.
    values = cast(bindparam(name), postgresql.ARRAY(column.type))
    return column == func.any(func.array(select(func.unnest(values)).scalar_subquery()))
