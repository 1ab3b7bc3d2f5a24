"""The limits: what the drivers and servers do when nothing of ours stands between."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import psycopg2
from kombu import Connection

from alliance import broker
from alliance.broker import WINDOW
from tests.benchmarks.bench import plain


def copy_rows(url: str, table: str, rows: Sequence[Sequence[Any]], batch: int) -> float:
    """Rows a second by COPY, a transaction a batch; the text is made before the clock starts."""
    texts = [_text(rows[start : start + batch]) for start in range(0, len(rows), batch)]
    with closing(psycopg2.connect(plain(url))) as connection, connection.cursor() as cursor:
        began = time.perf_counter()
        for text in texts:
            cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO(text))
            connection.commit()
        return len(rows) / (time.perf_counter() - began)


def taken_out(url: str, table: str) -> list[tuple[Any, ...]]:
    """Every row of a table, to be copied into an empty one of the same shape."""
    with closing(psycopg2.connect(plain(url))) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY position")
        return cursor.fetchall()


def publish(url: str, source: str, consumer: str, bodies: Sequence[bytes]) -> float:
    """Messages a second by py-amqp alone, persistent, with a window of confirms, into the same kind of queue."""
    with Connection(url) as connection:
        broker.declare(connection, source, [consumer])
        channel = connection.channel()
        channel.confirm_select()
        unconfirmed: set[int] = set()

        def confirmed(tag: int, multiple: bool) -> None:
            nonlocal unconfirmed
            if multiple:
                unconfirmed = {each for each in unconfirmed if each > tag}
            else:
                unconfirmed.discard(tag)

        channel.events["basic_ack"].add(confirmed)
        began = time.perf_counter()
        for number, body in enumerate(bodies, start=1):
            while len(unconfirmed) >= WINDOW:
                connection.drain_events(timeout=10)
            unconfirmed.add(number)
            message = channel.prepare_message(body, properties={"delivery_mode": 2})
            channel.basic_publish(message, exchange=f"{source}.events", routing_key="PledgeSigned")
        while unconfirmed:
            connection.drain_events(timeout=10)
        return len(bodies) / (time.perf_counter() - began)


def group_by(url: str, events: int) -> float:
    """Events a second of one GROUP BY over the journal, counting by district and type."""
    with closing(psycopg2.connect(plain(url))) as connection, connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute("SELECT district, type, count(*) FROM journal GROUP BY district, type")
        cursor.fetchall()
        return events / (time.perf_counter() - began)


def _text(rows: Sequence[Sequence[Any]]) -> str:
    return "".join("\t".join(_field(value) for value in row) + "\n" for row in rows)


def _field(value: Any) -> str:
    return (
        "\\N" if value is None else str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    )
