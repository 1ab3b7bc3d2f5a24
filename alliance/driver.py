"""PostgreSQL's driver itself, on SQLAlchemy's connection: for what is asked too often for more, or what SQLAlchemy has
no words for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import psycopg2
from sqlalchemy import Connection, Select
from sqlalchemy.exc import DBAPIError

#: Bytes of a copy that are handed to the driver at a time.
_PIECE = 1 << 20


@contextmanager
def cursor(connection: Connection, statement: str) -> Iterator[Any]:
    """The driver's cursor; the faults of `statement` are those that SQLAlchemy would raise."""
    driver = connection.connection
    try:
        with closing(driver.cursor()) as found:
            yield found
    except psycopg2.Error as error:
        if driver.dbapi_connection is None or driver.dbapi_connection.closed:
            # Asked anything it fails again, and now SQLAlchemy sees it: it gives up the pool's other connections.
            connection.exec_driver_sql("SELECT 1")
        raise DBAPIError.instance(
            statement, None, error, psycopg2.Error, hide_parameters=True, dialect=connection.dialect
        ) from error


def copy_in(connection: Connection, statement: str, content: bytes) -> None:
    """COPY … FROM STDIN, which psycopg2 cannot do in green threads."""
    with cursor(connection, statement) as found:
        found.copy_expert(statement, BytesIO(content), _PIECE)


def copy_out(connection: Connection, query: Select[Any], take: Callable[[bytes], object]) -> None:
    """`take` gets each row of the query as COPY … TO STDOUT writes it: values between tabs, and a line's end.

    PostgreSQL's protocol promises one message a row, and the driver hands on one message at a time. For the rest of the
    transaction no statement is too long: what a table's reader does with its rows counts as the statement's time.
    """
    compiled = query.compile(dialect=connection.dialect)
    with cursor(connection, str(compiled)) as found:
        found.execute("SET LOCAL statement_timeout = 0")
        statement = found.mogrify(str(compiled), compiled.params).decode()
        found.copy_expert(f"COPY ({statement}) TO STDOUT", SimpleNamespace(write=take))
