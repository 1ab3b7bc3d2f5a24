"""Folder commands and events with everything filled in; a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from services.folders.class_month import ClassMonth
from services.folders.folder import (
    Folder,
    FolderCommand,
    FolderEvent,
    FolderReturned,
    FolderSent,
    FolderVoided,
    ReturnFolders,
    SendFolder,
    VoidReturn,
    decide,
    evolve,
)
from services.folders.signed_folder import SignedFolder

#: September in a class of the school year 2026-27.
SEPTEMBER = ClassMonth(
    class_="c-1",
    school="s-1",
    district="d-1",
    school_year="2026-27",
    period="2026-09",
    begins_on=date(2026, 8, 10),
    ends_on=date(2027, 5, 28),
)
PLACE = ("c-1", "s-1", "d-1", "2026-09", "2026-27")


def month(period: str = "2026-09", **changes: Any) -> ClassMonth:
    return replace(SEPTEMBER, period=period, **changes)


def day(text: str) -> date:
    """`09-04` is the fourth of September 2026; `2027-01-05` is itself."""
    return date.fromisoformat(text if len(text) == 10 else f"2026-{text}")


def send(
    *students: str,
    on: str = "09-04",
    enrolled: tuple[str, ...] = ("ana", "ben", "cleo"),
    of: ClassMonth = SEPTEMBER,
    if_match: int | None = None,
) -> SendFolder:
    return SendFolder(of, day(on), students, enrolled, if_match)


def send_all(on: str = "09-04", enrolled: tuple[str, ...] = ("ana", "ben", "cleo")) -> SendFolder:
    return SendFolder(SEPTEMBER, day(on), None, enrolled)


def line(student: str, on: str = "09-08", mode: str = "paper") -> SignedFolder:
    return SignedFolder(student, day(on), mode)


def give_back(*lines: SignedFolder, of: ClassMonth = SEPTEMBER, if_match: int | None = None) -> ReturnFolders:
    return ReturnFolders(of, lines, if_match)


def void(
    student: str, reason: str = "entered for the wrong child", if_match: int | None = None
) -> VoidReturn:
    return VoidReturn(SEPTEMBER, student, reason, if_match)


def sent(*students: str, on: str = "09-04") -> FolderSent:
    return FolderSent(*PLACE, day(on), students)


def returned(
    student: str, on: str = "09-08", mode: str = "paper", provenance: str = "single"
) -> FolderReturned:
    return FolderReturned(*PLACE, student, day(on), mode, provenance)


def voided(student: str) -> FolderVoided:
    return FolderVoided(*PLACE, student)


def after(*events: FolderEvent) -> Folder:
    """The folder that these events tell of."""
    folder = Folder()
    for event in events:
        folder = evolve(folder, event)
    return folder


def then(history: list[FolderEvent], command: FolderCommand) -> list[FolderEvent]:
    return decide(after(*history), command)
