"""SELECTs whose text is made once.

SQLAlchemy finds a statement's text in a cache, but to look there it builds the statement, walks through it and prepares
its result, each time: on the way of a command that took longer than all else. PostgreSQL gets the text as it was made
at first; SQLite, whose types have to be converted, is asked as usual.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func
from sqlalchemy.dialects.postgresql import psycopg2

#: The condition that a column is one of the list that is given under a name.
Among = Callable[[ColumnElement[Any], str], ColumnElement[bool]]


class Compiled:
    """A SELECT with named parameters, the same on both databases. Safe to share between threads.

    Columns must be of types that PostgreSQL's driver gives as they are wanted: text, numbers, dates, times.
    """

    def __init__(self, make: Callable[[Among], Select[Any]]) -> None:
        """`make` gets `among`: a list is an array on PostgreSQL and as many parameters as it has values on SQLite."""
        self._select = make(lambda column, name: column.in_(bindparam(name, expanding=True)))
        compiled = make(lambda column, name: column == func.any(bindparam(name))).compile(
            dialect=psycopg2.dialect()  # type: ignore[no-untyped-call]
        )
        self._text, self._constants = str(compiled), compiled.params

    def all(self, connection: Connection, **given: Any) -> Sequence[Any]:
        """The rows, their columns by name and in order."""
        if connection.dialect.name == "postgresql":
            return connection.exec_driver_sql(self._text, {**self._constants, **given}).all()
        return connection.execute(self._select, given).all()

    def one(self, connection: Connection, **given: Any) -> Any | None:
        """The row of a SELECT that finds one at most, or None."""
        return next(iter(self.all(connection, **given)), None)
