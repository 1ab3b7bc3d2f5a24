"""The versioned texts of the pledge; a version's text never changes once somebody has signed it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from alliance.errors import Invalid


@dataclass(frozen=True, slots=True)
class Statement:
    """One text in one language. `hash` is the SHA-256 of title and text in UTF-8, joined by a line break."""

    statement: str
    language: str
    title: str
    text: str

    @property
    def hash(self) -> str:
        return hashlib.sha256(f"{self.title}\n{self.text}".encode()).hexdigest()


class Statements:
    """Every version in every language, from documents {statement, texts: {language: {title, text}}}, one a version."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        self._statements: dict[tuple[str, str], Statement] = {}
        for document in documents:
            for language, text in document["texts"].items():
                statement = Statement(document["statement"], language, text["title"], text["text"])
                self._statements[statement.statement, language] = statement

    def all(self) -> list[Statement]:
        return list(self._statements.values())

    def get(self, statement: str, language: str) -> Statement:
        """The text, or Invalid that lists the versions and languages there are."""
        try:
            return self._statements[statement, language]
        except KeyError:
            known = ", ".join(f"{version} ({language})" for version, language in self._statements)
            message = f"There is no pledge text {statement!r} in language {language!r}; there is {known}."
            raise Invalid(message, errors=[{"field": "statement", "message": message}]) from None
