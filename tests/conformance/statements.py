"""What a database is asked, by whatever way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from alliance.compiled import Compiled
from alliance.database import Database


@contextmanager
def heard(database: Database) -> Iterator[list[str]]:
    """The texts sent to it in the block, in order: by SQLAlchemy, and by the driver's own cursor."""
    sent: list[str] = []
    asked = Compiled._asked

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        sent.append(statement)

    def note_too(compiled: Compiled, connection: Any, given: dict[str, Any]) -> Any:
        if connection.engine is database.engine:
            sent.append(compiled._text)
        return asked(compiled, connection, given)

    event.listen(database.engine, "before_cursor_execute", note)
    Compiled._asked = note_too  # type: ignore[method-assign]
    try:
        yield sent
    finally:
        Compiled._asked = asked  # type: ignore[method-assign]
        event.remove(database.engine, "before_cursor_execute", note)
