"""A report issued and a programme recognised: given what was recorded, when it is asked (again), then …"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

import pytest

from alliance import contracts
from alliance.decider import decode, encode
from alliance.errors import Refused
from services.evaluation import issue, recognition
from services.evaluation.issue import Issue, IssueReport, ReportIssued
from services.evaluation.recognition import DecideRecognition, Recognition, RecognitionDecided

SAME, OTHER = "a" * 64, "b" * 64


def issuing(**changes: Any) -> IssueReport:
    of: dict[str, Any] = {
        "report": "9f86d081884c7d65", "school_year": "2026-27", "journal": 1740,
        "positions": {"folders": 411, "roster": 1329}, "version": "0.1.0+3f2a9c04d1e7", "settings": "c" * 64,
        "manifest": SAME, "issued_on": date(2027, 7, 15),
    }  # fmt: skip
    return IssueReport(**{**of, **changes})


def issued(**changes: Any) -> ReportIssued:
    return ReportIssued(**asdict(issuing(**changes)))


def given_issues(*events: ReportIssued) -> Issue:
    state = issue.DECIDER.initial
    for event in events:
        state = issue.DECIDER.evolve(state, event)
    return state


def deciding(**changes: Any) -> DecideRecognition:
    of: dict[str, Any] = {
        "district": "d1", "school_year": "2026-27", "indicator": "pledges_signed", "recognised": True,
        "reasons": ("practice_documented", "site_visit"), "report": "9f86d081884c7d65",
        "decided_on": date(2027, 7, 12),
    }  # fmt: skip
    return DecideRecognition(**{**of, **changes})


def decided(**changes: Any) -> RecognitionDecided:
    return RecognitionDecided(**asdict(deciding(**changes)))


def given_decisions(*events: RecognitionDecided) -> Recognition:
    state = recognition.DECIDER.initial
    for event in events:
        state = recognition.DECIDER.evolve(state, event)
    return state


def test_a_report_is_issued_with_all_that_proves_it() -> None:
    assert issue.decide(given_issues(), issuing()) == [issued()]


def test_the_same_report_on_another_day_records_nothing_new() -> None:
    assert issue.decide(given_issues(issued()), issuing(issued_on=date(2027, 8, 1))) == []


def test_other_files_under_the_same_pins_are_refused_and_the_report_is_named() -> None:
    with pytest.raises(Refused, match=r"Report 9f86d081884c7d65 was issued before .* The issued one stands"):
        issue.decide(given_issues(issued()), issuing(manifest=OTHER))


def test_each_report_has_a_stream_of_its_own() -> None:
    assert issue.stream("9f86d081884c7d65") == "report-9f86d081884c7d65"


def test_a_decision_is_recorded_with_its_reasons_in_order_and_once_each() -> None:
    command = deciding(reasons=("site_visit", "practice_documented", "site_visit"))
    assert recognition.decide(given_decisions(), command) == [
        decided(reasons=("practice_documented", "site_visit"))
    ]


@pytest.mark.parametrize(
    "again",
    [
        {},
        {"decided_on": date(2027, 9, 1)},
        {"report": "0000000000000000"},
        {"reasons": ("site_visit", "practice_documented")},
    ],
    ids=["as it was", "on another day", "on another report", "reasons in another order"],
)
def test_the_same_decision_for_the_same_reasons_records_nothing_new(again: dict[str, Any]) -> None:
    assert recognition.decide(given_decisions(decided()), deciding(**again)) == []


@pytest.mark.parametrize("change", [{"recognised": False}, {"reasons": ("site_visit",)}])
def test_another_decision_or_other_reasons_are_recorded(change: dict[str, Any]) -> None:
    assert recognition.decide(given_decisions(decided()), deciding(**change)) == [decided(**change)]


def test_not_to_recognise_is_a_decision_too() -> None:
    refusal = {"recognised": False, "reasons": ("data_in_doubt",)}
    assert recognition.decide(given_decisions(), deciding(**refusal)) == [decided(**refusal)]


def test_a_decision_can_be_taken_back_and_taken_again() -> None:
    history = (decided(), decided(recognised=False))
    assert recognition.decide(given_decisions(*history), deciding()) == [decided()]


def test_programmes_are_told_apart_by_year_district_and_indicator() -> None:
    places = [
        ("2026-27", "d1", "pledges_signed"),
        ("2027-28", "d1", "pledges_signed"),
        ("2026-27", "d2", "pledges_signed"),
        ("2026-27", "d1", "folders_returned"),
    ]
    assert len({recognition.stream(*place) for place in places}) == len(places)


@pytest.mark.parametrize("event", [issued(), decided()], ids=lambda event: type(event).__name__)
def test_an_event_keeps_its_contract_and_is_read_back_as_it_was(
    event: ReportIssued | RecognitionDecided,
) -> None:
    """What was recorded is what the decider goes on with."""
    written = contracts.write(type(event).__name__, 1, encode(event))
    assert decode(type(event), written) == event
