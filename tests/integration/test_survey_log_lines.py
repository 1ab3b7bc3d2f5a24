"""Log lines join nobody with an anonymous response, whatever is bound of the request that sent it."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from alliance import logs
from alliance.database import Database
from services.surveys import waiting
from services.surveys.waiting import BATCH
from tests.builders_surveys import World
from tests.integration.test_survey_anonymity import Attacked

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def test_a_confidential_response_is_told(database: Database) -> None:
    world = World(database)
    survey, tokens = world.confidential("ana")
    with capture_logs() as lines:
        world.submit(survey, tokens["ana"])

    [event] = world.responses(survey)
    assert [(line["event"], line["ids"]) for line in lines] == [("events appended", [event.id])]


def test_no_line_tells_of_an_anonymous_response(database: Database) -> None:
    attacked = Attacked(database, BATCH + 3)
    with capture_logs(processors=[merge_contextvars]) as lines:
        for household in attacked.households:
            logs.bind(f"request of {household}", TRACEPARENT)
            attacked.submit(household)
        assert lines == []
        attacked.world.close(attacked.survey)
    logs.unbind()

    events = attacked.world.responses(attacked.survey)
    assert len(events) == BATCH + 3
    [closing] = attacked.world.events("SurveyClosed", attacked.survey)
    assert [(line["types"], line["positions"], line["ids"]) for line in lines] == [
        (["SurveyClosed"], [closing.position] * 2, [closing.id])
    ]


def test_a_batch_that_fails_is_told_without_the_request_that_completed_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Connection, batch: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(waiting, "leave", fails)
    attacked = Attacked(database, BATCH)
    with capture_logs(processors=[merge_contextvars]) as lines:
        for household in attacked.households:
            logs.bind(f"request of {household}", TRACEPARENT)
            attacked.submit(household)
    logs.unbind()

    [line] = lines
    assert (line["event"], line["correlation_id"], line["trace_id"]) == (
        "a command's own tables refused it",
        None,
        None,
    )
    assert not [submission for submission in attacked.submissions if submission.token in repr(line)]
