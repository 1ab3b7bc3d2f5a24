"""An append as one statement of PostgreSQL.

The counter is locked, moved and let go within one round trip: nobody waits for a client that computes between the lock
and the commit, and one event costs one round trip instead of four. What a statement cannot say is who of a group is
refused, and why: it leaves all undone then, and the transaction of log.py settles it.

The order of commits stays the order of positions: every row written takes its position from the counter's row, which
stays locked from there to the end. A version taken by somebody else breaks the log's unique key.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DataError, IntegrityError

from .append import Append, command_row, event_row
from .rows import Unsplittable, Values, columns_of, names_of, split
from .tables import commands, events

#: Streams that are written to behind an event must have that event; it is looked up by the key, whatever the planner
#: believes of a table that has just been filled.
_HELD = f"""
 WHERE NOT EXISTS (
   SELECT FROM unnest({split(events.c.stream)}, {split(events.c.stream_version)}) AS held (stream, version)
   WHERE (SELECT e.position FROM events AS e
          WHERE e.stream = held.stream AND e.stream_version = held.version) IS NULL)"""


class Taken:
    """A group as the statement will write it, its positions counted from 0."""

    def __init__(self) -> None:
        self.events: list[Values] = []
        self.commands: list[Values] = []
        self.held: list[tuple[str, int]] = []
        #: Each append's position and the version of its stream after it.
        self.ends: list[tuple[int, int]] = []


def prepared(appends: Sequence[Append], encoded: Sequence[Sequence[str]]) -> Taken | None:
    """The group, or None when it is not for one statement: something is written beside, or nothing at all, or some
    contradict others."""
    taken = Taken()
    versions: dict[str, int] = {}
    keys: set[object] = set()
    for append, data in zip(appends, encoded, strict=True):
        version = versions.get(append.stream)
        if version is None:
            version = append.expected
            if version:
                taken.held.append((append.stream, version))
        # What adds nothing has no row that a version taken meanwhile would break.
        if append.beside is not None or version != append.expected or not append.events:
            return None
        for event, each in zip(append.events, data, strict=True):
            version += 1
            taken.events.append(
                event_row(append, event, each, position=len(taken.events) + 1, version=version)
            )
        versions[append.stream] = version
        position = len(taken.events)
        taken.ends.append((position, version))
        if append.context.keyed:
            if append.context.command_id in keys:
                return None
            keys.add(append.context.command_id)
            taken.commands.append(command_row(append, position, version))
    return taken if taken.events else None


def write(connection: Connection, taken: Taken) -> int | None:
    """The log's position before the group, or None when nothing of it was written."""
    many = len(taken.events)
    try:
        held = columns_of(taken.held)
        values = [many, *held, many, *columns_of(taken.events), *columns_of(taken.commands)]
    except Unsplittable:
        return None
    try:
        found = connection.exec_driver_sql(
            _statement(bool(taken.held), bool(taken.commands)), tuple(values)
        ).scalar()
    except (IntegrityError, DataError):
        return None
    return None if found is None else int(found)


@lru_cache(maxsize=4)
def _statement(held: bool, keyed: bool) -> str:
    written = f", written AS ({_insert(events)})" + (f", taken AS ({_insert(commands)})" if keyed else "")
    return (
        f"WITH head AS (UPDATE log_head SET position = position + %s{_HELD if held else ''}"
        f" RETURNING position - %s AS before){written} SELECT before FROM head"
    )


def _insert(table: Table) -> str:
    names = names_of(table)
    moved = ", ".join(
        "head.before + new.position" if column.name == "position" else f'new."{column.name}"'
        for column in table.c
    )
    columns = ", ".join(map(split, table.c))
    return (
        f'INSERT INTO "{table.name}" ({names}) SELECT {moved} FROM head, unnest({columns}) AS new ({names})'
    )
