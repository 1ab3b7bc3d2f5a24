"""The answers to commands, one or many, in the shape that every service gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from .decider import Command, Commands
from .errors import AllianceError
from .log import Appended, Outcome

C = TypeVar("C")


def answer(source: str, appended: Appended) -> dict[str, Any]:
    """What an accepted command answers: where it is in the log, and whether it added anything."""
    return {
        "position": {"source": source, "sequence": appended.position},
        "created": bool(appended.events) and not appended.repeated,
        **appended.result,
    }


def answers(
    source: str, commands: Commands[Any, C, Any], items: Sequence[Command[C] | AllianceError]
) -> list[dict[str, Any]]:
    """Run the commands in one append; each item's result in the order given, an error's as its problem document.

    Items that were refused before (an AllianceError in the command's place) are answered and not run.
    """
    outcomes = iter(commands.run_all([item for item in items if isinstance(item, Command)]))
    return [_item(source, item if isinstance(item, AllianceError) else next(outcomes)) for item in items]


def _item(source: str, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, AllianceError):
        return {"status": outcome.status, "problem": outcome.to_problem()}
    result = answer(source, outcome)
    return {"status": 201 if result["created"] else 200, **result}
