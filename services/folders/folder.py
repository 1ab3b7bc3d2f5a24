"""The folder of one class and month: what was sent home with whom, and what came back signed.

A folder counts for a student only when somebody says so: nothing is ever ticked in advance, and an empty list
is refused, because sending a folder to nobody would count as a report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from alliance.decider import Decider
from alliance.errors import Invalid, Refused, Stale

from .class_month import ClassMonth
from .signed_folder import Outcome, Returned, SignedFolder, outcome

#: Longest reason for voiding a return, in characters.
REASON_LENGTH = 200


@dataclass(frozen=True, slots=True)
class FolderSent:
    """Only the students who were not sent this folder before; `sent_on` holds for them."""

    class_: str
    school: str
    district: str
    period: str
    school_year: str
    sent_on: date
    students: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FolderReturned:
    class_: str
    school: str
    district: str
    period: str
    school_year: str
    student: str
    signed_on: date
    mode: str
    provenance: str


@dataclass(frozen=True, slots=True)
class FolderVoided:
    """The return of this student does not count; why is kept by the service and told to nobody else."""

    class_: str
    school: str
    district: str
    period: str
    school_year: str
    student: str


FolderEvent = FolderSent | FolderReturned | FolderVoided


@dataclass(frozen=True, slots=True)
class SendFolder:
    """`students` None means everybody of `enrolled`, those who are in the class on `sent_on`."""

    month: ClassMonth
    sent_on: date
    students: tuple[str, ...] | None
    enrolled: tuple[str, ...]
    if_match: int | None = None


@dataclass(frozen=True, slots=True)
class ReturnFolders:
    """`told_with` counts the returns of this class and month that came in the same body as other commands."""

    month: ClassMonth
    returns: tuple[SignedFolder, ...]
    if_match: int | None = None
    told_with: int = 0

    @property
    def lines(self) -> int:
        return len(self.returns) + self.told_with


@dataclass(frozen=True, slots=True)
class VoidReturn:
    month: ClassMonth
    student: str
    reason: str
    if_match: int | None = None


FolderCommand = SendFolder | ReturnFolders | VoidReturn


@dataclass(frozen=True, slots=True)
class Folder:
    """Whoever is in `returned` is in `sent`. `version` is the stream's: the number of events so far."""

    sent: Mapping[str, date] = field(default_factory=dict)
    returned: Mapping[str, Returned] = field(default_factory=dict)
    version: int = 0


def decide(folder: Folder, command: FolderCommand) -> list[FolderEvent]:
    """Raises Invalid, Refused or Stale; an empty list means that all this is recorded already."""
    _check_version(folder, command.if_match)
    command.month.check_period()
    match command:
        case SendFolder():
            return _send(folder, command)
        case ReturnFolders():
            return _return(folder, command)
        case VoidReturn():
            return _void(folder, command)


def evolve(folder: Folder, event: FolderEvent) -> Folder:
    version = folder.version + 1
    match event:
        case FolderSent():
            sent = {**folder.sent, **dict.fromkeys(event.students, event.sent_on)}
            return replace(folder, sent=sent, version=version)
        case FolderReturned():
            returned = Returned(event.signed_on, event.mode, event.provenance)
            return replace(folder, returned={**folder.returned, event.student: returned}, version=version)
        case FolderVoided():
            kept = {student: row for student, row in folder.returned.items() if student != event.student}
            return replace(folder, returned=kept, version=version)


def new_students(folder: Folder, command: SendFolder) -> tuple[str, ...]:
    """Whom the command sends a folder for the first time, each once, in the order of the command."""
    named = command.enrolled if command.students is None else command.students
    return tuple(student for student in dict.fromkeys(named) if student not in folder.sent)


def outcomes(folder: Folder, command: ReturnFolders) -> list[Outcome]:
    """One outcome a line, in order; of a student named twice only the first sound line is recorded."""
    found: list[Outcome] = []
    returned = dict(folder.returned)
    for line in command.returns:
        found.append(outcome(command.month, line, folder.sent.get(line.student), returned.get(line.student)))
        if found[-1].status == "recorded":
            returned[line.student] = Returned(line.signed_on, line.mode, line.provenance(command.lines))
    return found


def _send(folder: Folder, command: SendFolder) -> list[FolderEvent]:
    month = command.month
    first, last = month.sending_days()
    if not first <= command.sent_on <= last:
        raise Invalid(
            f"A folder of {month.period} goes home from {first} to {last}, not on {command.sent_on}; "
            "mend sent_on or the period.",
            errors=[{"field": "sent_on", "message": f"must be from {first} to {last}"}],
        )
    if not (command.enrolled if command.students is None else command.students):
        raise Refused(
            f"Nobody is enrolled in class {month.class_} on {command.sent_on}; mend sent_on or the roster."
            if command.students is None
            else "The list of students is empty; name at least one, or give null for all enrolled that day.",
            errors=[{"field": "students", "message": "must not be empty"}],
        )
    students = new_students(folder, command)
    enrolled = set(command.enrolled)
    strangers = [student for student in students if student not in enrolled]
    if strangers:
        raise Refused(
            f"Not enrolled in class {month.class_} on {command.sent_on}: {', '.join(strangers)}; "
            "leave them out, or mend sent_on or the roster.",
            errors=[
                {"field": "students", "message": f"{student} is not enrolled that day"}
                for student in strangers
            ],
        )
    if not students:
        return []
    return [FolderSent(*_place(month), command.sent_on, students)]


def _return(folder: Folder, command: ReturnFolders) -> list[FolderEvent]:
    if not command.returns:
        raise Refused(
            "The list of returns is empty; name at least one student whose folder came back signed.",
            errors=[{"field": "returns", "message": "must not be empty"}],
        )
    found = outcomes(folder, command)
    refusals = [each.refusal for each in found if each.refusal]
    if len(refusals) == len(found):
        error = Invalid if all(refusal is Invalid for refusal in refusals) else Refused
        first = found[0].detail
        raise error(
            first if len(found) == 1 else f"None of these returns can be recorded; the first: {first}",
            errors=[
                {"field": f"returns.{index}.{each.field}", "message": each.detail}
                for index, each in enumerate(found)
            ],
        )
    lines = [each.line for each in found if each.status == "recorded"]
    place = _place(command.month)
    return [
        FolderReturned(*place, line.student, line.signed_on, line.mode, line.provenance(command.lines))
        for line in lines
    ]


def _void(folder: Folder, command: VoidReturn) -> list[FolderEvent]:
    if not command.reason.strip() or len(command.reason) > REASON_LENGTH:
        raise Invalid(
            f"Say in 1 to {REASON_LENGTH} characters why the return is voided.",
            errors=[{"field": "reason", "message": f"must have 1 to {REASON_LENGTH} characters"}],
        )
    if command.student not in folder.returned:
        raise Refused(
            f"No return of student {command.student} is recorded for {command.month.period}; "
            "there is nothing to void.",
            errors=[{"field": "student", "message": "has no recorded return"}],
        )
    return [FolderVoided(*_place(command.month), command.student)]


def _place(month: ClassMonth) -> tuple[str, str, str, str, str]:
    return month.class_, month.school, month.district, month.period, month.school_year


def _check_version(folder: Folder, if_match: int | None) -> None:
    if if_match is not None and if_match != folder.version:
        raise Stale(
            f"Version {if_match} of this folder is not the current one, {folder.version}; "
            "read it again and repeat the command with the new version."
        )


DECIDER: Decider[Folder, FolderCommand, FolderEvent] = Decider(
    initial=Folder(), decide=decide, evolve=evolve, events=(FolderSent, FolderReturned, FolderVoided)
)
