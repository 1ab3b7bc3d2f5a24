"""What may be recorded of a folder, given what is recorded already."""

from __future__ import annotations

import pytest

from alliance.errors import Invalid, Refused, Stale
from services.folders.folder import FolderEvent, FolderReturned, outcomes
from tests.builders_folders import (
    after,
    give_back,
    line,
    month,
    returned,
    send,
    send_all,
    sent,
    then,
    void,
    voided,
)

NOTHING: list[FolderEvent] = []


# --- sending


def test_sending_without_a_list_names_all_who_are_enrolled_that_day() -> None:
    assert then(NOTHING, send_all(enrolled=("ana", "ben"))) == [sent("ana", "ben")]


def test_sending_to_some_names_only_these() -> None:
    assert then(NOTHING, send("ben")) == [sent("ben")]


def test_a_student_named_twice_is_sent_one_folder() -> None:
    assert then(NOTHING, send("ben", "ana", "ben")) == [sent("ben", "ana")]


@pytest.mark.parametrize("on", ["09-04", "09-20"])
def test_sending_again_to_the_same_students_records_nothing(on: str) -> None:
    assert then([sent("ana", "ben", "cleo")], send_all(on=on)) == []


def test_a_late_enrolment_is_added_and_the_others_are_not_sent_again() -> None:
    history: list[FolderEvent] = [sent("ana", "ben")]
    command = send_all(on="09-20", enrolled=("ana", "ben", "cleo"))
    assert then(history, command) == [sent("cleo", on="09-20")]


def test_naming_again_a_student_who_has_left_since_records_nothing() -> None:
    assert then([sent("ana")], send("ana", on="09-20", enrolled=("ben",))) == []


def test_a_student_not_enrolled_that_day_is_refused_by_id() -> None:
    with pytest.raises(Refused, match="zoe") as refusal:
        then(NOTHING, send("ana", "zoe"))
    assert refusal.value.errors == [{"field": "students", "message": "zoe is not enrolled that day"}]


def test_an_empty_list_is_refused_because_empty_never_counts_as_reported() -> None:
    with pytest.raises(Refused, match="empty"):
        then(NOTHING, send())


def test_a_class_without_students_that_day_cannot_be_sent_a_folder() -> None:
    with pytest.raises(Refused, match="Nobody is enrolled in class c-1 on 2026-09-04"):
        then(NOTHING, send_all(enrolled=()))


@pytest.mark.parametrize("on", ["09-01", "09-30", "10-01", "10-31"])
def test_a_folder_goes_home_in_its_month_or_late_in_the_next(on: str) -> None:
    assert then(NOTHING, send("ana", on=on)) == [sent("ana", on=on)]


@pytest.mark.parametrize("on", ["08-31", "11-01", "2025-09-04"])
def test_a_folder_sent_outside_these_two_months_is_invalid(on: str) -> None:
    with pytest.raises(Invalid, match="from 2026-09-01 to 2026-10-31") as invalid:
        then(NOTHING, send("ana", on=on))
    assert [error["field"] for error in invalid.value.errors] == ["sent_on"]


@pytest.mark.parametrize(
    ("period", "on", "window"),
    [
        ("2026-08", "08-09", "2026-08-10 to 2026-09-30"),
        ("2027-05", "2027-05-29", "2027-05-01 to 2027-05-28"),
        ("2027-05", "2027-06-01", "2027-05-01 to 2027-05-28"),
    ],
)
def test_a_folder_sent_outside_the_school_year_is_invalid(period: str, on: str, window: str) -> None:
    with pytest.raises(Invalid, match=window):
        then(NOTHING, send("ana", on=on, of=month(period)))


@pytest.mark.parametrize("period", ["2026-07", "2027-06", "2025-09"])
def test_a_month_outside_the_school_year_is_invalid(period: str) -> None:
    with pytest.raises(Invalid, match="2026-08 to 2027-05") as invalid:
        then(NOTHING, send("ana", of=month(period)))
    assert [error["field"] for error in invalid.value.errors] == ["period"]


# --- returning


def test_one_return_is_recorded_as_a_single_one() -> None:
    assert then([sent("ana")], give_back(line("ana"))) == [returned("ana")]


def test_a_list_of_returns_is_recorded_as_a_class_list() -> None:
    events = then([sent("ana", "ben")], give_back(line("ana"), line("ben", on="09-09")))
    assert events == [
        returned("ana", provenance="class_list"),
        returned("ben", on="09-09", provenance="class_list"),
    ]


def test_a_scanned_return_keeps_the_scan_as_its_provenance() -> None:
    events = then([sent("ana", "ben")], give_back(line("ana", mode="scan"), line("ben")))
    assert events == [
        returned("ana", mode="scan", provenance="scan"),
        returned("ben", provenance="class_list"),
    ]


def test_nobody_is_returned_by_sending() -> None:
    assert after(sent("ana", "ben")).returned == {}


def test_a_folder_may_be_signed_on_the_day_it_was_sent() -> None:
    assert then([sent("ana")], give_back(line("ana", on="09-04"))) == [returned("ana", on="09-04")]


def test_a_folder_signed_before_it_was_sent_is_refused() -> None:
    with pytest.raises(Refused, match="Signed on 2026-09-03, before the folder went home on 2026-09-04"):
        then([sent("ana")], give_back(line("ana", on="09-03")))


def test_a_late_enrolments_folder_cannot_be_signed_before_that_child_was_sent_it() -> None:
    history: list[FolderEvent] = [sent("ana"), sent("cleo", on="09-20")]
    with pytest.raises(Refused, match="before the folder went home on 2026-09-20"):
        then(history, give_back(line("cleo", on="09-10")))


def test_a_return_of_a_student_who_was_not_sent_the_folder_is_refused() -> None:
    with pytest.raises(Refused, match="No folder of 2026-09 was sent to student ben") as refusal:
        then([sent("ana")], give_back(line("ben")))
    assert [error["field"] for error in refusal.value.errors] == ["returns.0.student"]


def test_a_list_refused_for_days_and_for_rules_is_refused_as_a_whole() -> None:
    with pytest.raises(Refused, match="None of these returns"):
        then([sent("ana")], give_back(line("ana", on="08-09"), line("zoe")))


@pytest.mark.parametrize("on", ["09-08", "09-15"])
def test_returning_twice_records_nothing_new(on: str) -> None:
    assert then([sent("ana"), returned("ana")], give_back(line("ana", on=on))) == []


def test_returning_the_same_again_says_so_and_asks_for_nothing() -> None:
    (outcome,) = outcomes(after(sent("ana"), returned("ana")), give_back(line("ana")))
    assert outcome.detail == "This return is recorded already."


def test_returning_on_another_day_says_which_day_stays() -> None:
    folder = after(sent("ana"), returned("ana"))
    (outcome,) = outcomes(folder, give_back(line("ana", on="09-15")))
    assert outcome.status == "already_recorded"
    assert "2026-09-08" in outcome.detail
    assert "void" in outcome.detail


def test_the_sound_lines_of_a_list_are_recorded_and_each_bad_one_is_said() -> None:
    folder = after(sent("ana", "ben", "cleo"), returned("cleo"))
    command = give_back(line("ana"), line("zoe"), line("ben", on="09-01"), line("cleo"))
    assert [outcome.status for outcome in outcomes(folder, command)] == [
        "recorded",
        "refused",
        "refused",
        "already_recorded",
    ]
    assert then([sent("ana", "ben", "cleo"), returned("cleo")], command) == [
        returned("ana", provenance="class_list")
    ]


def test_a_student_listed_twice_is_returned_once() -> None:
    command = give_back(line("ana"), line("ana", on="09-09"))
    assert then([sent("ana")], command) == [returned("ana", provenance="class_list")]
    assert [outcome.status for outcome in outcomes(after(sent("ana")), command)] == [
        "recorded",
        "already_recorded",
    ]


def test_a_sound_line_counts_after_a_bad_one_of_the_same_student() -> None:
    command = give_back(line("ana", on="09-01"), line("ana", on="09-08"))
    assert then([sent("ana")], command) == [returned("ana", provenance="class_list")]


def test_a_list_without_one_sound_line_is_refused_line_by_line() -> None:
    with pytest.raises(Refused) as refusal:
        then([sent("ana")], give_back(line("zoe"), line("ana", on="09-01")))
    assert [error["field"] for error in refusal.value.errors] == ["returns.0.student", "returns.1.signed_on"]


def test_an_empty_list_of_returns_is_refused() -> None:
    with pytest.raises(Refused, match="empty"):
        then([sent("ana")], give_back())


@pytest.mark.parametrize("on", ["08-09", "2027-05-29"])
def test_a_signature_outside_the_school_year_is_invalid(on: str) -> None:
    with pytest.raises(Invalid, match="2026-08-10 to 2027-05-28") as invalid:
        then([sent("ana")], give_back(line("ana", on=on)))
    assert [error["field"] for error in invalid.value.errors] == ["returns.0.signed_on"]


def test_a_signature_on_the_first_and_on_the_last_day_of_the_school_year_is_taken() -> None:
    first = then([sent("ana", on="08-10")], give_back(line("ana", on="08-10"), of=month("2026-08")))
    last = then([sent("ana")], give_back(line("ana", on="2027-05-28")))
    assert [
        event.signed_on.isoformat() for event in (*first, *last) if isinstance(event, FolderReturned)
    ] == [
        "2026-08-10",
        "2027-05-28",
    ]


def test_an_unknown_mode_is_invalid() -> None:
    with pytest.raises(Invalid, match="paper, web, sms, scan"):
        then([sent("ana")], give_back(line("ana", mode="pigeon")))


# --- voiding


def test_a_return_can_be_voided() -> None:
    assert then([sent("ana"), returned("ana")], void("ana")) == [voided("ana")]


def test_a_void_leaves_the_other_returns_alone() -> None:
    folder = after(sent("ana", "ben"), returned("ana"), returned("ben"), voided("ana"))
    assert set(folder.returned) == {"ben"}


def test_after_a_void_the_student_is_sent_and_not_returned() -> None:
    folder = after(sent("ana"), returned("ana"), voided("ana"))
    assert set(folder.sent) == {"ana"}
    assert folder.returned == {}


def test_a_voided_return_can_be_recorded_again() -> None:
    history: list[FolderEvent] = [sent("ana"), returned("ana"), voided("ana")]
    assert then(history, give_back(line("ana", on="09-15"))) == [returned("ana", on="09-15")]


@pytest.mark.parametrize("history", [[], [sent("ana")], [sent("ana"), returned("ana"), voided("ana")]])
def test_a_return_that_does_not_count_cannot_be_voided(history: list[FolderEvent]) -> None:
    with pytest.raises(Refused, match="No return of student ana"):
        then(history, void("ana"))


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_a_void_needs_a_reason_of_at_most_200_characters(reason: str) -> None:
    with pytest.raises(Invalid) as invalid:
        then([sent("ana"), returned("ana")], void("ana", reason))
    assert [error["field"] for error in invalid.value.errors] == ["reason"]


def test_a_reason_of_200_characters_is_taken() -> None:
    assert then([sent("ana"), returned("ana")], void("ana", "x" * 200)) == [voided("ana")]


# --- versions


def test_a_command_for_the_current_version_is_taken() -> None:
    assert then([sent("ana")], give_back(line("ana"), if_match=1)) == [returned("ana")]


def test_a_first_sending_may_insist_on_being_the_first() -> None:
    assert then(NOTHING, send("ana", if_match=0)) == [sent("ana")]


@pytest.mark.parametrize(
    "command",
    [send("ana", if_match=1), give_back(line("ana"), if_match=1), void("ana", if_match=3)],
)
def test_a_command_for_another_version_is_stale(command: object) -> None:
    with pytest.raises(Stale, match="the current one, 2"):
        then([sent("ana"), returned("ana")], command)  # type: ignore[arg-type]
