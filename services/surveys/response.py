"""A household's answers as they come in, checked against the instrument. Scores are evaluation's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alliance.errors import Invalid

from .instrument import POINTS, Instrument

MODES = ("web", "paper", "sms", "scan")

Answers = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Response:
    """`answers` holds 1 to 5, None for "not sure"; an item left out is absent, and then `complete` is false.

    The items stand in the instrument's order: the order in which somebody answered is nobody's business.
    """

    language: str
    mode: str
    answers: Answers
    complete: bool


def read(instrument: Instrument, language: str, mode: str, answers: Mapping[str, Any]) -> Response:
    """The response, or Invalid with every field at fault; one without any answer is no response."""
    errors = []
    if language not in instrument.languages:
        errors.append(_error("language", f"must be one of {', '.join(instrument.languages)}"))
    if mode not in MODES:
        errors.append(_error("mode", f"must be one of {', '.join(MODES)}"))
    items = [item.item for item in instrument.items]
    known = set(items)
    for item, answer in answers.items():
        if item not in known:
            errors.append(
                _error(f"answers.{item}", f"is no item of {instrument.name}; its items are {_list(items)}")
            )
        elif not _is_answer(answer):
            errors.append(
                _error(f"answers.{item}", f"must be a whole number from 1 to {POINTS}, or null for not sure")
            )
    if not answers:
        errors.append(
            _error("answers", "must hold at least one answer; do not send a sheet that came back empty")
        )
    if errors:
        first = errors[0]
        raise Invalid(f"The response cannot be taken: {first['field']} {first['message']}.", errors=errors)
    return Response(
        language, mode, {item: answers[item] for item in items if item in answers}, len(answers) == len(items)
    )


def _is_answer(answer: Any) -> bool:
    # True is an int in Python, and no answer.
    return answer is None or (type(answer) is int and 1 <= answer <= POINTS)


def _error(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}


def _list(items: list[str]) -> str:
    return ", ".join(items)
