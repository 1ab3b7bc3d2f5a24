"""A report issued: once, since the same pins give the same report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from alliance.decider import Decider
from alliance.errors import Refused


@dataclass(frozen=True, slots=True)
class IssueReport:
    report: str
    school_year: str
    journal: int
    positions: Mapping[str, int]
    version: str
    settings: str
    manifest: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class ReportIssued:
    """`settings` and `manifest` are SHA-256 digests."""

    report: str
    school_year: str
    journal: int
    positions: Mapping[str, int]
    version: str
    settings: str
    manifest: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class Issue:
    manifest: str | None = None


def stream(report: str) -> str:
    return f"report-{report}"


def decide(state: Issue, command: IssueReport) -> list[ReportIssued]:
    """Made again with the same pins, a report has to be the same: another one is refused, and nothing is replaced."""
    if state.manifest == command.manifest:
        return []
    if state.manifest is not None:
        raise Refused(
            f"Report {command.report} was issued before with the same pins, and its files are others now. The issued "
            "one stands. Something that is no pin has changed: fonts or libraries of this machine, or a stream that "
            "was parked then and has been replayed since. Make it where it was made, or issue a report of now."
        )
    return [
        ReportIssued(
            command.report, command.school_year, command.journal, command.positions, command.version,
            command.settings, command.manifest, command.issued_on,
        )
    ]  # fmt: skip


def evolve(state: Issue, event: ReportIssued) -> Issue:
    return Issue(event.manifest)


DECIDER = Decider(Issue(), decide, evolve, (ReportIssued,))
