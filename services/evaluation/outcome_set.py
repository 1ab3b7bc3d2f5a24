"""What was published of one district or the state in one subject and grade; a newer file replaces it."""

from __future__ import annotations

from dataclasses import dataclass

from alliance.decider import Decider

#: The subject of graduation rates, which have no grade.
GRADUATION = "graduation"


@dataclass(frozen=True, slots=True)
class Result:
    """One figure: the proportion lies in [low, high], of `n` students (None: hidden). `school` None: the district's."""

    school: str | None
    ncessch: str | None
    measure: str
    group: str
    n: int | None
    low: float
    high: float
    mean_score: float | None


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """`file` is the name of what was read, `digest` its SHA-256."""

    district: str
    school_year: str
    subject: str
    grade: str | None
    file: str
    digest: str
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class OutcomeImported:
    district: str
    school_year: str
    subject: str
    grade: str | None
    file: str
    digest: str
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class OutcomeSet:
    results: tuple[Result, ...] | None = None


def stream(district: str, school_year: str, subject: str, grade: str | None) -> str:
    return f"outcome-{district}-{school_year}-{subject}" + (
        f"-{grade.lower().replace(' ', '_')}" if grade else ""
    )


def decide(state: OutcomeSet, command: ImportOutcome) -> list[OutcomeImported]:
    """The same figures again record nothing new, whatever file they come in."""
    if state.results == command.results:
        return []
    return [
        OutcomeImported(
            command.district, command.school_year, command.subject, command.grade, command.file, command.digest,
            command.results,
        )
    ]  # fmt: skip


def evolve(state: OutcomeSet, event: OutcomeImported) -> OutcomeSet:
    return OutcomeSet(event.results)


DECIDER = Decider(OutcomeSet(), decide, evolve, (OutcomeImported,))
