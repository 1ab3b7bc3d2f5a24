"""What the log writes down of an append: one line with its events and the ids of its request, and of no other's."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from alliance import logs
from alliance.context import Caller, Context
from alliance.decider import Commands
from alliance.log import IDS, Log
from tests.builders import OFFERS, append, context, offer, signed, withdrawn

Lines = list[MutableMapping[str, Any]]


def trace(number: int) -> str:
    return f"{number:032x}"


def from_request(name: str, number: int) -> Context:
    return context(correlation_id=name, traceparent=f"00-{trace(number)}-00f067aa0ba902b7-01")


@pytest.fixture
def lines() -> Iterator[Lines]:
    """As they are written while another request's ids are bound."""
    logs.bind("another", f"00-{trace(99)}-00f067aa0ba902b7-01")
    with capture_logs(processors=[merge_contextvars]) as captured:
        yield captured
    logs.unbind()


def test_an_append_is_told_with_its_events_and_the_ids_of_its_request(log: Log, lines: Lines) -> None:
    log.append(append("s1"))
    log.append(append("s2", events=[signed("s2"), withdrawn("s2")], in_context=from_request("desk-7", 7)))

    assert lines[1] == {
        "event": "events appended",
        "log_level": "info",
        "source": "pledges",
        "positions": [2, 3],
        "ids": [event.id for event in log.read(1, 2)],
        "types": ["PledgeSigned", "PledgeWithdrawn"],
        "correlation_id": "desk-7",
        "trace_id": trace(7),
    }
    assert (lines[0]["correlation_id"], lines[0]["trace_id"]) == ("a-correlation", None)


def test_a_bulk_is_one_line_and_names_its_first_events(log: Log, lines: Lines) -> None:
    Commands(log, OFFERS).run_all([offer("a", student=f"s{number}") for number in range(500)])

    [line] = lines
    assert (line["positions"], line["types"]) == ([1, 500], ["PledgeOffered"])
    assert line["ids"] == [event.id for event in log.read(0, IDS)]


def test_what_adds_no_event_is_not_told(log: Log, lines: Lines) -> None:
    offers, key = Commands(log, OFFERS), uuid4()
    offers.run(offer("a", key=key))
    lines.clear()

    offers.run(offer("a", key=key))
    offers.run(offer("a"))
    offers.run_all([offer("a"), offer("forbidden")])

    assert lines == []


def test_what_the_system_appends_by_itself_is_not_told(log: Log, lines: Lines) -> None:
    by_itself = context(caller=Caller("system"))
    log.append(append("s1", in_context=by_itself))
    log.append_all([append("s2", in_context=by_itself), append("s3"), append("s4", in_context=by_itself)])

    [line] = lines
    assert (line["positions"], line["ids"]) == ([3, 3], [log.read(2, 1)[0].id])


def test_what_a_commands_own_tables_refuse_is_told_under_its_own_ids(log: Log, lines: Lines) -> None:
    def beside(_: Connection) -> None:
        raise ZeroDivisionError

    log.append_all(
        [
            append("s1", in_context=from_request("sound", 1)),
            append("s2", in_context=from_request("refused", 2), beside=beside),
            append("s3", in_context=context(caller=Caller("system")), beside=beside),
        ]
    )

    told = [(line["log_level"], line["correlation_id"], line["trace_id"]) for line in lines]
    assert told == [("error", "refused", trace(2)), ("error", None, None), ("info", "sound", trace(1))]
