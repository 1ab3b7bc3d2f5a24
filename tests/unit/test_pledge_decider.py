"""What a pledge allows: given events, when a command, then events or a refusal."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.errors import Invalid, Refused
from services.pledges.pledge import (
    DECIDER,
    OfferPledge,
    Pledge,
    PledgeOffered,
    PledgeSigned,
    PledgeWithdrawn,
    SignPledge,
    WithdrawPledge,
)

OFFER = OfferPledge("ana", "2026-27", "oak", "north", "2026-1", "en", date(2026, 8, 10))
OFFERED = PledgeOffered("ana", "2026-27", "oak", "north", "2026-1", "en", date(2026, 8, 10))
SIGN = SignPledge(
    "ana", "mother", frozenset({"mother", "father"}), "2026-27", "oak", "north", date(2026, 8, 14),
    "web", "es", "2026-1", "hash-1", False,
)  # fmt: skip
SIGNED = PledgeSigned(
    "ana", "mother", "2026-27", "oak", "north", date(2026, 8, 14), "web", "es", "2026-1", "hash-1", False
)
WITHDRAW = WithdrawPledge(
    "ana", "mother", frozenset({"mother", "father"}), "2026-27", "oak", "north", date(2026, 10, 2)
)
WITHDRAWN = PledgeWithdrawn("ana", "mother", "2026-27", "oak", "north", date(2026, 10, 2))


def when(given_events, command):
    pledge = DECIDER.initial
    for event in given_events:
        pledge = DECIDER.evolve(pledge, event)
    return list(DECIDER.decide(pledge, command))


@pytest.mark.parametrize(
    ("given_events", "command", "then"),
    [
        ([], OFFER, [OFFERED]),
        ([OFFERED], OFFER, []),
        ([OFFERED], replace(OFFER, offered_on=date(2026, 8, 20)), []),
        ([OFFERED], replace(OFFER, language="es"), [replace(OFFERED, language="es")]),
        ([SIGNED], OFFER, []),
        ([], SIGN, [SIGNED]),
        ([OFFERED], SIGN, [SIGNED]),
        ([SIGNED], SIGN, []),
        ([SIGNED], replace(SIGN, guardian="father"), []),
        ([SIGNED], replace(SIGN, signed_on=date(2026, 9, 1)), []),
        ([SIGNED, WITHDRAWN], SIGN, [SIGNED]),
        ([SIGNED], WITHDRAW, [WITHDRAWN]),
        ([SIGNED, WITHDRAWN], WITHDRAW, []),
        ([SIGNED], replace(WITHDRAW, guardian=None), [replace(WITHDRAWN, guardian=None)]),
    ],
)
def test_a_command_gives_these_events(given_events, command, then):
    assert when(given_events, command) == then


def test_a_new_text_is_signed_anew():
    again = replace(SIGN, statement="2026-2", statement_hash="hash-2")
    assert when([SIGNED], again) == [replace(SIGNED, statement="2026-2", statement_hash="hash-2")]


def test_a_child_who_has_moved_to_another_district_needs_a_new_signature():
    assert when([SIGNED], replace(SIGN, school="elm", district="south")) == [
        replace(SIGNED, school="elm", district="south")
    ]


def test_a_pledge_is_withdrawn_where_it_was_signed_although_the_child_has_moved():
    assert when([SIGNED], replace(WITHDRAW, school="elm", district="south")) == [WITHDRAWN]


def test_somebody_who_is_no_guardian_cannot_sign():
    with pytest.raises(Refused, match="not a guardian"):
        when([], replace(SIGN, guardian="neighbour"))


def test_a_paper_with_a_note_can_be_signed_by_somebody_else():
    paper = replace(SIGN, guardian=None, mode="paper", note_on_file=True)
    assert when([], paper) == [replace(SIGNED, guardian=None, mode="paper", note_on_file=True)]


@pytest.mark.parametrize("mode", ["web", "sms", "scan"])
def test_a_note_is_no_substitute_outside_paper(mode):
    with pytest.raises(Invalid, match="Name the guardian"):
        when([], replace(SIGN, guardian=None, mode=mode, note_on_file=True))


def test_a_paper_without_a_note_names_the_guardian():
    with pytest.raises(Invalid) as refusal:
        when([], replace(SIGN, guardian=None, mode="paper"))
    assert [error["field"] for error in refusal.value.errors] == ["guardian"]


@pytest.mark.parametrize("day", [date(2026, 6, 30), date(2027, 7, 1)])
@pytest.mark.parametrize(
    ("command", "field"), [(OFFER, "offered_on"), (SIGN, "signed_on"), (WITHDRAW, "withdrawn_on")]
)
def test_a_day_outside_the_school_year_is_refused_with_the_days_that_are_in_it(command, field, day):
    with pytest.raises(Invalid, match="from 2026-07-01 to 2027-06-30") as refusal:
        when([SIGNED], replace(command, **{field: day}))
    assert [error["field"] for error in refusal.value.errors] == [field]


def test_what_was_never_signed_cannot_be_withdrawn():
    with pytest.raises(Refused, match="no signed pledge"):
        when([OFFERED], WITHDRAW)


def test_a_stranger_cannot_withdraw():
    with pytest.raises(Refused, match="Only a guardian"):
        when([SIGNED], replace(WITHDRAW, guardian="neighbour"))


def test_a_pledge_cannot_be_withdrawn_before_it_was_signed():
    with pytest.raises(Invalid, match="signed on 2026-08-14"):
        when([SIGNED], replace(WITHDRAW, withdrawn_on=date(2026, 8, 13)))


@given(st.lists(st.sampled_from([OFFER, SIGN, WITHDRAW]), max_size=12))
def test_after_any_history_the_pledge_stands_if_the_last_signing_or_withdrawal_was_a_signing(commands):
    events = []
    for command in commands:
        try:
            events += when(events, command)
        except Refused:
            assert isinstance(command, WithdrawPledge)
    pledge: Pledge = DECIDER.initial
    for event in events:
        pledge = DECIDER.evolve(pledge, event)
    decisive = [command for command in commands if not isinstance(command, OfferPledge)]
    assert (pledge.signature is not None) == bool(decisive and isinstance(decisive[-1], SignPledge))
