"""Anonymous responses between the spending of a token and the log: without a time or an order.

Whenever one comes in, those of the survey that wait are deleted and written again in a new order, so that
order and transaction tell nothing. Ten together become a batch, and a batch enters the log shuffled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from uuid import UUID

from sqlalchemy import Connection, delete, select

from alliance.rows import insert_many

from .tables import waiting_responses

#: Responses of one survey that enter the log together at least, until the survey is closed.
BATCH = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """`id` is random and becomes the response's id; `response` is JSON."""

    id: str
    response: str


def random_id(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def add(
    connection: Connection, survey: str, responses: Iterable[Waiting], random: Random, *, last: bool = False
) -> None:
    """Put responses with those that wait and shuffle all; ten or more, or the `last`, become a batch.

    The caller has entered the survey (`ledger.enter`): of two at once, one would miss what the other wrote.
    """
    waiting = waiting_responses.c
    gone = delete(waiting_responses).where(waiting.survey == survey, waiting.batch.is_(None))
    rows = [Waiting(*row) for row in connection.execute(gone.returning(waiting.id, waiting.response))]
    rows.extend(responses)
    random.shuffle(rows)
    batch = random_id(random) if last or len(rows) >= BATCH else None
    insert_many(
        connection,
        waiting_responses,
        [{"id": row.id, "survey": survey, "batch": batch, "response": row.response} for row in rows],
    )


def batches(connection: Connection, survey: str) -> dict[str, list[Waiting]]:
    """The batches of a survey that are due in the log."""
    waiting = waiting_responses.c
    due = (
        select(waiting_responses)
        .where(waiting.survey == survey, waiting.batch.is_not(None))
        .order_by(waiting.id)
    )
    found: dict[str, list[Waiting]] = {}
    for row in connection.execute(due):
        found.setdefault(row.batch, []).append(Waiting(row.id, row.response))
    return found


def leave(connection: Connection, batch: str) -> None:
    """The batch is in the log."""
    connection.execute(delete(waiting_responses).where(waiting_responses.c.batch == batch))
