"""One database of one service: an engine and its kinds of transaction, the same on PostgreSQL and SQLite."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg2.extensions import new_type, register_type
from sqlalchemy import Connection, Engine, Table, create_engine, event, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from .errors import Refused, Unavailable

#: Seconds after which a statement or a wait for a lock is given up, so that a request never hangs.
STATEMENT_SECONDS = 30
CONNECT_SECONDS = 2

#: Seconds that a pooled connection may lie unused before it is asked whether it still stands. One in constant use is
#: not asked: that was a fifth of an edge's time, and a cut one gives no more than a 503 that is tried again.
TRUSTED_SECONDS = 0.5


class Database:
    """Connects at the first transaction, not before. Safe to share between threads."""

    def __init__(self, url: str, *, pool_size: int = 8, idle_seconds: int = 0) -> None:
        """`idle_seconds`: a transaction in which nothing is asked for so long is ended by the server, and its locks go
        to others; 0 is never. For parts of which a second one has to be able to take over from one that is stopped."""
        parsed = make_url(url)
        self.dialect = parsed.get_backend_name()
        self.url = parsed.render_as_string(hide_password=True)
        if self.dialect == "sqlite":
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_engine(
                parsed, connect_args={"timeout": STATEMENT_SECONDS}, hide_parameters=True
            )
            event.listen(self.engine, "connect", _prepare_sqlite)
        else:
            self.engine = create_engine(
                parsed,
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=CONNECT_SECONDS,
                # As on SQLite: transactions are begun by hand below, and a single SELECT needs none.
                isolation_level="AUTOCOMMIT",
                # An error's text must not carry what was being written: it could be a name.
                hide_parameters=True,
                connect_args={
                    "connect_timeout": CONNECT_SECONDS,
                    # No jit: to compile a statement takes longer than to run any that is asked for here.
                    "options": f"-c statement_timeout={STATEMENT_SECONDS * 1000} -c timezone=UTC -c jit=off"
                    + (
                        f" -c idle_in_transaction_session_timeout={idle_seconds * 1000}"
                        if idle_seconds
                        else ""
                    ),
                    "keepalives_idle": 10,
                    "keepalives_interval": 5,
                    "keepalives_count": 2,
                    # A network that swallows what we send, which keepalives do not see, ends the connection too.
                    "tcp_user_timeout": 20_000,
                },
            )
            event.listen(self.engine, "connect", _prepare_postgresql)
            event.listen(self.engine, "checkin", _note_use)
            event.listen(self.engine, "checkout", _ask_after_rest(self.engine))

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A writing transaction, committed at the end of the block and rolled back on any exception.

        On SQLite it takes the write lock at once: a lock taken later could fail in the middle of the block.
        Raises Unavailable when the database cannot be reached; then nothing is known of a commit under way.
        """
        with self._begun("BEGIN IMMEDIATE" if self.dialect == "sqlite" else "BEGIN", "COMMIT") as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and writes nothing."""
        one_state = "BEGIN" if self.dialect == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with self._begun(one_state, "ROLLBACK") as connection:
            yield connection

    @contextmanager
    def streaming(self) -> Iterator[Connection]:
        """As `reading`, for results that are larger than memory: the driver's cursors need a transaction of its own."""
        if self.dialect == "sqlite":
            with self.reading() as connection:
                yield connection
            return
        with _unavailable_when_away(), self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """For one SELECT alone, which sees one state by itself: two round trips less than `reading`."""
        with _unavailable_when_away(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def telling(self) -> Iterator[Connection]:
        """For one statement alone that writes: taken whole or not at all, and committed when it returns.

        Raises Unavailable when the database cannot be reached; then nothing is known of a statement under way.
        """
        with _unavailable_when_away(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _begun(self, begin: str, end: str) -> Iterator[Connection]:
        with _unavailable_when_away(), self.engine.connect() as connection:
            connection.exec_driver_sql(begin)
            try:
                yield connection
                connection.exec_driver_sql(end)
            except BaseException:
                _roll_back(connection)
                raise

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Refused while another process does the same on this database; a process that ends lets go of it."""
        if self.dialect == "sqlite":
            with open(f"{self.engine.url.database}.{what}.lock", "w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise _under_way(what) from None
                yield
            return
        with self.asking() as connection:
            if not connection.scalar(select(func.pg_try_advisory_lock(func.hashtext(what)))):
                raise _under_way(what)
            try:
                yield
            finally:
                connection.execute(select(func.pg_advisory_unlock(func.hashtext(what))))

    def insert(self, table: Table) -> Any:
        """The dialect's INSERT, which knows `on_conflict_do_update` and `on_conflict_do_nothing` in both dialects."""
        return postgresql.insert(table) if self.dialect == "postgresql" else sqlite.insert(table)

    def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        with self.asking() as connection:
            connection.execute(text("SELECT 1"))

    def answers(self) -> bool:
        try:
            self.ping()
        except Unavailable:
            return False
        return True

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _unavailable_when_away() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if "no such" in str(error.orig):  # SQLite's word for a table that a migration has still to make
            raise
        raise Unavailable("The database cannot be reached or is too busy; try again shortly.") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable("The database went away; try again shortly.") from error
        raise
    except PoolTimeout as error:
        raise Unavailable("Every database connection is in use; try again shortly.") from error


def _under_way(what: str) -> Refused:
    return Refused(f"{what} is under way in another process; wait until it has ended.")


def _roll_back(connection: Connection) -> None:
    """Leaves nothing begun behind in the pool: a connection that cannot be rolled back is let go."""
    try:
        connection.exec_driver_sql("ROLLBACK")
    except Exception:
        connection.invalidate()


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _ask_after_rest(engine: Engine) -> Any:
    """A pooled connection that a restarted server has cut is replaced before it is used, and all older ones too."""

    def ask(connection: Any, record: Any, _proxy: Any) -> None:
        used_at = record.info.get("used_at")
        if used_at is None or time.monotonic() - used_at < TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError() from error

    return ask


def _time(written: str | None, _cursor: Any) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)


#: timestamptz as the standard library reads it, in a third of the driver's time; 1184 is the type's number.
_TIME = new_type((1184,), "timestamptz", _time)


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    register_type(_TIME, connection)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own implicit BEGIN comes too late and is deferred; transactions are begun by hand above.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "cache_size=-32768",
    ):
        connection.execute(f"PRAGMA {pragma}")
