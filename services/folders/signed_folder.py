"""One line of a list of returns: a folder that came back signed, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from alliance.errors import AllianceError, Invalid, Refused

from .class_month import ClassMonth

MODES = ("paper", "web", "sms", "scan")


@dataclass(frozen=True, slots=True)
class SignedFolder:
    student: str
    signed_on: date
    mode: str

    def provenance(self, lines: int) -> str:
        """How we know of it: read by a scanner, said on its own, or said in a list of several `lines`."""
        if self.mode == "scan":
            return "scan"
        return "single" if lines == 1 else "class_list"


@dataclass(frozen=True, slots=True)
class Returned:
    """A return that counts."""

    signed_on: date
    mode: str
    provenance: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` is recorded, already_recorded or refused; a refusal names its kind and the field at fault."""

    line: SignedFolder
    status: str
    detail: str
    refusal: type[AllianceError] | None = None
    field: str = ""


def outcome(month: ClassMonth, line: SignedFolder, sent_on: date | None, before: Returned | None) -> Outcome:
    """What becomes of a line for a student whose folder went home on `sent_on` and came back as `before`."""

    def refused(kind: type[AllianceError], field: str, detail: str) -> Outcome:
        return Outcome(line, "refused", detail, kind, field)

    if line.mode not in MODES:
        return refused(Invalid, "mode", f"mode must be one of {', '.join(MODES)}.")
    if not month.begins_on <= line.signed_on <= month.ends_on:
        days = f"{month.begins_on} to {month.ends_on}"
        return refused(Invalid, "signed_on", f"signed_on must lie in the class's school year, {days}.")
    if sent_on is None:
        detail = f"No folder of {month.period} was sent to student {line.student}; record the sending first."
        return refused(Refused, "student", detail)
    if before is not None:
        return Outcome(line, "already_recorded", _already(line, before))
    if line.signed_on < sent_on:
        detail = f"Signed on {line.signed_on}, before the folder went home on {sent_on}; mend signed_on."
        return refused(Refused, "signed_on", detail)
    return Outcome(line, "recorded", f"Recorded as signed on {line.signed_on}.")


def _already(line: SignedFolder, before: Returned) -> str:
    if (line.signed_on, line.mode) == (before.signed_on, before.mode):
        return "This return is recorded already."
    return (
        f"A return signed on {before.signed_on} ({before.mode}) is recorded already and stays; "
        "to change it, void it and record it again."
    )
