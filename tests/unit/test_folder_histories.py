"""Random histories of one folder against an oracle that knows only sets of students and their days.

The oracle reads the commands and never an event; it was written from the rules, not from the decider.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from alliance.errors import AllianceError
from services.folders.folder import (
    Folder,
    FolderCommand,
    FolderSent,
    ReturnFolders,
    SendFolder,
    VoidReturn,
    decide,
    evolve,
    outcomes,
)
from services.folders.signed_folder import SignedFolder
from tests.builders_folders import SEPTEMBER

CHILDREN = ("ana", "ben", "cleo", "dora")
#: Each side of every border: the class's first day, the month's first, the last late day; and days between.
DAYS = [
    date.fromisoformat(f"2026-{day}")
    for day in ("08-09", "08-10", "08-31", "09-01", "09-02", "09-20", "10-05", "10-31", "11-01")
]

child = st.sampled_from(CHILDREN)
children = st.lists(child, max_size=5).map(tuple)
enrolled = st.just(CHILDREN) | children
some_day = st.sampled_from(DAYS)
sendings = st.builds(SendFolder, st.just(SEPTEMBER), some_day, st.none() | children, enrolled)
lines = st.builds(SignedFolder, child, some_day, st.sampled_from(["paper", "scan", "fax"]))
returns = st.builds(ReturnFolders, st.just(SEPTEMBER), st.lists(lines, max_size=6).map(tuple))
voids = st.builds(VoidReturn, st.just(SEPTEMBER), child, st.sampled_from(["a slip", " "]))
#: Long ones, because a void is only telling where several returns stand.
histories = st.lists(sendings | returns | voids, min_size=8, max_size=30)


@dataclass
class Oracle:
    sent: set[tuple[str, date]] = field(default_factory=set)
    returned: set[tuple[str, date]] = field(default_factory=set)

    def day_sent(self, student: str) -> date | None:
        return next((day for who, day in self.sent if who == student), None)

    def has_returned(self, student: str) -> bool:
        return student in {who for who, _ in self.returned}

    def obey(self, command: FolderCommand) -> bool:
        """Whether the command is accepted."""
        match command:
            case SendFolder(sent_on=sent_on, students=students, enrolled=enrolled):
                named = set(enrolled if students is None else students)
                added = named - {who for who, _ in self.sent}
                in_time = date(2026, 9, 1) <= sent_on <= date(2026, 10, 31)
                if not named or not in_time or added - set(enrolled):
                    return False
                self.sent |= {(student, sent_on) for student in added}
                return True
            case ReturnFolders(returns=listed):
                taken = [self._take(each) for each in listed]
                return any(taken)
            case VoidReturn(student=student, reason=reason):
                if not reason.strip() or not self.has_returned(student):
                    return False
                self.returned = {(who, day) for who, day in self.returned if who != student}
                return True

    def _take(self, line: SignedFolder) -> bool:
        sent_on = self.day_sent(line.student)
        if line.mode == "fax" or line.signed_on < date(2026, 8, 10) or sent_on is None:
            return False
        if not self.has_returned(line.student):
            if line.signed_on < sent_on:
                return False
            self.returned.add((line.student, line.signed_on))
        return True


def obey(folder: Folder, command: FolderCommand) -> tuple[Folder, bool]:
    try:
        events = decide(folder, command)
    except AllianceError:
        return folder, False
    for event in events:
        folder = evolve(folder, event)
    return folder, True


@settings(deadline=None)
@given(histories)
def test_a_folder_is_what_the_oracle_says_after_every_history(history: list[FolderCommand]) -> None:
    folder, oracle = Folder(), Oracle()
    for command in history:
        folder, accepted = obey(folder, command)
        assert accepted == oracle.obey(command)
        assert set(folder.sent.items()) == oracle.sent
        assert {(student, row.signed_on) for student, row in folder.returned.items()} == oracle.returned
        assert set(folder.returned) <= set(folder.sent)


@settings(deadline=None)
@given(histories)
def test_an_accepted_command_given_again_at_once_records_nothing_or_is_refused(
    history: list[FolderCommand],
) -> None:
    folder = Folder()
    for command in history:
        folder, _ = obey(folder, command)
        again, _ = obey(folder, command)
        assert again == folder


@settings(deadline=None)
@given(histories)
def test_no_event_names_nobody_and_each_line_of_a_list_has_one_outcome(history: list[FolderCommand]) -> None:
    folder = Folder()
    for command in history:
        if isinstance(command, ReturnFolders):
            found = outcomes(folder, command)
            assert [each.line for each in found] == list(command.returns)
            assert all(each.detail for each in found)
        with suppress(AllianceError):
            events = decide(folder, command)
            assert all(event.students for event in events if isinstance(event, FolderSent))
            version = folder.version
            for event in events:
                folder = evolve(folder, event)
            assert folder.version == version + len(events)
