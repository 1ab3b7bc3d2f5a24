"""The smallest of services, for the conformance of its clients: it says what it was asked, or fails as told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alliance.context import Context
from alliance.database import Database
from alliance.errors import from_problem


class Away(Database):
    """A database whose state the test decides by a file."""

    def __init__(self, flag: Path) -> None:
        super().__init__("sqlite://")
        self._flag = flag

    def ping(self) -> None:
        if self._flag.exists():
            raise from_problem({"type": "urn:alliance:problem:unavailable", "detail": "away"})


class Example:
    """Each public method is an operation."""

    def __init__(self, flag: Path) -> None:
        self.database = Away(flag)

    def say(self, body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        return {"body": body, "context": context.to_dict(), "now": repr(context.now)}

    def fail(self, body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Raise the error of the problem document that the body is."""
        raise from_problem(body)

    def weigh(self, body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Size and hash of the file handed in, and what came with it."""
        content = Path(body["path"]).read_bytes()
        return {
            "bytes": len(content),
            "hash": hashlib.sha256(content).hexdigest(),
            "term": body.get("term"),
            "role": context.caller.role,
        }
