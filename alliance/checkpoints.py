"""Named positions in a log, moved by compare-and-set: of two movers at most one succeeds."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from .compiled import Compiled
from .tables import checkpoints

_NAMED = Compiled(lambda _: select(checkpoints).where(checkpoints.c.name == bindparam("name")))
_LOCKED = Compiled(
    lambda _: select(checkpoints.c.position).where(checkpoints.c.name == bindparam("name")).with_for_update()
)


def load(connection: Connection, name: str) -> tuple[int, str]:
    """The position and the log's epoch it belongs to; (0, "") for a name that was never moved."""
    row = _NAMED.one(connection, name=name)
    return (row.position, row.epoch) if row else (0, "")


def lock(connection: Connection, name: str) -> int:
    """The position; its row stays locked to the end of the transaction, so nobody else goes on from there."""
    [row] = _LOCKED.all(connection, name=name)
    return int(row.position)


def move(connection: Connection, name: str, *, expected: int, position: int, epoch: str) -> bool:
    """Move from `expected` to `position`; False when somebody else moved it first, and then nothing is changed."""
    moved = connection.execute(
        update(checkpoints)
        .where(checkpoints.c.name == name, checkpoints.c.position == expected)
        .values(position=position, epoch=epoch)
    ).rowcount
    if moved or expected:
        return bool(moved)
    try:
        with connection.begin_nested():
            connection.execute(insert(checkpoints).values(name=name, position=position, epoch=epoch))
    except IntegrityError:
        return False
    return True


def reset(connection: Connection, name: str) -> None:
    """Forget the position: the next reader starts from the beginning."""
    connection.execute(checkpoints.delete().where(checkpoints.c.name == name))
