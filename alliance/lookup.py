"""Rows by their ids: those who ask at the same time are answered by one SELECT."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .compiled import Compiled
from .database import Database
from .together import Together

#: Callers that one SELECT answers at most, and ids that it asks for.
CALLERS = 100
IDS = 5000


class Lookup:
    """A SELECT of one state whose parameter is `ids` and whose first column is the id. Safe to share between threads.

    Nobody waits for company: who comes alone is answered alone, who comes while an answer is under way is answered
    with the others by the next.
    """

    def __init__(self, database: Database, query: Compiled) -> None:
        self._database = database
        self._query = query
        self._together: Together[frozenset[str], list[Any]] = Together(self._answer, CALLERS)

    def rows(self, ids: Iterable[str]) -> list[Any]:
        """The rows of these ids, in no order; raises Unavailable when the database is away."""
        return self._together.run(frozenset(ids))

    def one(self, id_: str) -> Any | None:
        """The row of this id, or None."""
        return next(iter(self.rows([id_])), None)

    def _answer(self, asked: Sequence[frozenset[str]]) -> list[list[Any]]:
        ids = sorted(frozenset().union(*asked))
        found: dict[str, list[Any]] = {}
        for start in range(0, len(ids), IDS):
            with self._database.asking() as connection:
                rows = self._query.all(connection, ids=ids[start : start + IDS])
            for row in rows:
                found.setdefault(row[0], []).append(row)
        return [[row for id_ in each for row in found.get(id_, ())] for each in asked]
