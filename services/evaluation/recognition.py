"""Whether a programme is exemplary (37-3-71): the written rule names districts, people decide, and say why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from alliance.decider import Decider


@dataclass(frozen=True, slots=True)
class DecideRecognition:
    """`report` is the edition whose finding was before those who decide."""

    district: str
    school_year: str
    indicator: str
    recognised: bool
    reasons: tuple[str, ...]
    report: str
    decided_on: date


@dataclass(frozen=True, slots=True)
class RecognitionDecided:
    district: str
    school_year: str
    indicator: str
    recognised: bool
    reasons: tuple[str, ...]
    report: str
    decided_on: date


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was decided last."""

    recognised: bool | None = None
    reasons: tuple[str, ...] = ()


def stream(school_year: str, district: str, indicator: str) -> str:
    return f"recognition-{school_year}-{district}-{indicator}"


def decide(state: Recognition, command: DecideRecognition) -> list[RecognitionDecided]:
    """The same decision for the same reasons again records nothing new."""
    reasons = tuple(sorted(set(command.reasons)))
    if (state.recognised, state.reasons) == (command.recognised, reasons):
        return []
    return [
        RecognitionDecided(
            command.district, command.school_year, command.indicator, command.recognised, reasons, command.report,
            command.decided_on,
        )
    ]  # fmt: skip


def evolve(state: Recognition, event: RecognitionDecided) -> Recognition:
    return Recognition(event.recognised, tuple(event.reasons))


DECIDER = Decider(Recognition(), decide, evolve, (RecognitionDecided,))
