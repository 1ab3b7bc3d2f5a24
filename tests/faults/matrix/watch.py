"""How far everything has come, looked at twenty times a second past every part, in the databases themselves."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg2

SECONDS = 0.05

_LOG = "SELECT (SELECT position FROM log_head), coalesce((SELECT position FROM checkpoints WHERE name = 'relay'), 0)"
_JOURNAL = """SELECT coalesce((SELECT position FROM journal_sources WHERE source = 'pledges'), 0),
    coalesce((SELECT min(position) FROM projection_positions
              WHERE projection = 'participation' AND source = 'pledges'), 0)"""


@dataclass(frozen=True, slots=True)
class Look:
    """Positions of pledges' log at a moment of the monotonic clock; None where a database did not answer."""

    at: float
    head: int | None
    published: int | None
    received: int | None
    folded: int | None


class Watch:
    """Looks from `start` to `stop`; `looks` is in the order of time."""

    def __init__(self, log_url: str, journal_url: str) -> None:
        self.looks: list[Look] = []
        self._databases = [_Asked(log_url, _LOG), _Asked(journal_url, _JOURNAL)]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(10)
        for each in self._databases:
            each.close()

    def _run(self) -> None:
        while not self._stopping.wait(SECONDS):
            log, journal = (each.ask() for each in self._databases)
            self.looks.append(Look(time.monotonic(), *log, *journal))

    def reached(self, name: str, position: int) -> float | None:
        """When the figure of this name was first seen at a position or beyond it."""
        return next((look.at for look in list(self.looks) if (getattr(look, name) or 0) >= position), None)

    def moved(self, name: str, after: float) -> float:
        """Seconds from `after` until the figure was first seen to have grown; infinite if never."""
        looks = [look for look in list(self.looks) if getattr(look, name) is not None]
        before = max((getattr(look, name) for look in looks if look.at <= after), default=0)
        return next(
            (look.at - after for look in looks if look.at > after and getattr(look, name) > before),
            float("inf"),
        )


class _Asked:
    """One database and one question; a connection is made anew after a fault."""

    def __init__(self, url: str, question: str) -> None:
        self._url, self._question = url.replace("+psycopg2", ""), question
        self._connection: Any = None

    def ask(self) -> tuple[int | None, int | None]:
        try:
            if self._connection is None:
                self._connection = psycopg2.connect(
                    self._url, connect_timeout=2, options="-c statement_timeout=2000"
                )
                self._connection.autocommit = True
            cursor = self._connection.cursor()
            cursor.execute(self._question)
            first, second = cursor.fetchone()
        except psycopg2.Error:
            self.close()
            return None, None
        return first, second

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg2.Error):
                self._connection.close()
            self._connection = None
