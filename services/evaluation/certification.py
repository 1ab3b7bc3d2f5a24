"""A district's month, certified by its coordinator: once, and again when later facts have amended it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from alliance.decider import Decider
from alliance.errors import Refused

from .indicators import Ratio

#: A month's figures by indicator, as (numerator, denominator).
Figures = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class CertifyPeriod:
    """`missing`: the classes that were expected and have sent nothing; `incomplete`: whoever certifies knows that."""

    district: str
    school_year: str
    period: str
    certified_on: date
    figures: Figures
    missing: tuple[str, ...]
    as_of: Mapping[str, int]
    incomplete: bool


@dataclass(frozen=True, slots=True)
class PeriodCertified:
    district: str
    school_year: str
    period: str
    certified_on: date
    figures: Figures
    missing: tuple[str, ...]
    as_of: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Certification:
    """What was certified last."""

    figures: Figures | None = None
    missing: tuple[str, ...] = ()


def stream(district: str, period: str) -> str:
    return f"certification-{district}-{period}"


def figures(indicators: Mapping[str, Ratio]) -> Figures:
    return {
        name: {"numerator": ratio.numerator, "denominator": ratio.denominator}
        for name, ratio in sorted(indicators.items())
    }


def decide(state: Certification, command: CertifyPeriod) -> list[PeriodCertified]:
    """Certifying the same figures again records nothing new."""
    if state.figures == command.figures and state.missing == command.missing:
        return []
    if command.missing and not command.incomplete:
        raise Refused(
            f"{len(command.missing)} of the classes expected in {command.period} have sent no folder: "
            f"{', '.join(command.missing[:5])}{' …' if len(command.missing) > 5 else ''}. Have them sent, or certify "
            "the month as it is with incomplete: true."
        )
    return [
        PeriodCertified(
            command.district, command.school_year, command.period, command.certified_on, command.figures,
            command.missing, command.as_of,
        )
    ]  # fmt: skip


def evolve(state: Certification, event: PeriodCertified) -> Certification:
    return replace(state, figures=event.figures, missing=event.missing)


DECIDER = Decider(Certification(), decide, evolve, (PeriodCertified,))
