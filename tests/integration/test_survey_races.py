"""Many at once, and parts that fail half-way: nothing accepted is lost or doubled, no batch is too small."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import SystemRandom
from typing import Any

import pytest

from alliance.database import Database
from alliance.errors import AllianceError, Refused, Unavailable
from alliance.log import Log
from services.surveys.tables import waiting_responses
from services.surveys.waiting import BATCH
from tests.builders_surveys import World, answers, names


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def at_once(calls: Iterable[Callable[[], Any]]) -> list[Any]:
    """What the calls return or raise, all started at one moment."""
    listed = list(calls)
    start = threading.Barrier(len(listed))

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return call()
        except AllianceError as error:
            return error

    with ThreadPoolExecutor(len(listed)) as threads:
        return list(threads.map(run, listed))


def submit(world: World, survey: str, token: str, *values: int) -> Callable[[], Any]:
    context = world.context()
    return lambda: world.submit(survey, token, answers(*values), context)


def numbered(responses: Iterable[Any]) -> list[int]:
    return sorted(event.data["answers"]["c1"] + 5 * (event.data["answers"]["c2"] - 1) for event in responses)


@pytest.mark.parametrize("mode", ["anonymous", "confidential"])
def test_many_families_at_once_are_each_in_the_log_once(world: World, mode: str) -> None:
    households = names(23)
    world.households(households)
    survey = world.open(mode=mode)
    tokens = world.invite(survey)
    calls = [
        submit(world, survey, tokens[household], number % 5 + 1, number // 5 + 1)
        for number, household in enumerate(households)
    ]

    assert all(result["created"] for result in at_once(calls))
    batches = Counter(event.correlation_id for event in world.responses(survey))
    world.close(survey)
    assert numbered(world.responses(survey)) == list(range(1, 24))
    if mode == "anonymous":
        assert min(batches.values()) >= BATCH


def test_of_one_anonymous_token_used_at_once_by_many_one_use_counts(world: World) -> None:
    survey, tokens = world.anonymous("ana")
    results = at_once(submit(world, survey, tokens["ana"], number % 5 + 1) for number in range(8))

    assert sum(isinstance(result, dict) for result in results) == 1
    assert all("already been used" in result.detail for result in results if isinstance(result, Refused))
    world.close(survey)
    assert len(world.responses(survey)) == 1


def test_of_one_confidential_token_used_at_once_by_many_those_who_say_the_same_hear_the_first_result(
    world: World,
) -> None:
    survey, tokens = world.confidential("ana")
    results = at_once(submit(world, survey, tokens["ana"], number % 2 + 1) for number in range(8))

    [response] = world.responses(survey)
    taken = [result for result in results if not isinstance(result, Refused)]
    assert Counter(result["created"] for result in taken) == {True: 1, False: 3}
    assert {result["position"]["sequence"] for result in taken} == {response.position}
    assert all("with other answers" in each.detail for each in results if isinstance(each, Refused))


@pytest.mark.parametrize("mode", ["anonymous", "confidential"])
def test_two_who_invite_at_once_give_each_household_one_token(world: World, mode: str) -> None:
    world.households(names(20))
    survey = world.open(mode=mode)
    calls = [partial(world.app.invite, {"survey": survey}, world.context()) for _ in range(4)]
    results = at_once(calls)

    invited = [each["household"] for result in results for each in result["invitations"]]
    assert sorted(invited) == names(20)
    assert len(world.events("InvitationsIssued")) == 1


@pytest.mark.parametrize("mode", ["anonymous", "confidential"])
def test_who_is_told_that_the_answers_are_taken_is_in_the_log_before_the_closing(
    world: World, mode: str
) -> None:
    households = names(23)
    world.households(households)
    survey = world.open(mode=mode)
    tokens = world.invite(survey)
    calls = [
        submit(world, survey, tokens[household], number % 5 + 1, number // 5 + 1)
        for number, household in enumerate(households)
    ]
    closing = world.context()
    results = at_once([*calls, lambda: world.app.close_survey({"survey": survey}, closing)])[:-1]

    taken = [number + 1 for number, result in enumerate(results) if isinstance(result, dict)]
    assert all("closed" in result.detail for result in results if not isinstance(result, dict))
    assert numbered(world.responses(survey)) == taken
    assert world.log.read(0, 1000)[-1].type == "SurveyClosed"
    assert world.rows(waiting_responses) == []


class LogThatFails(Log):
    """Loses its database for as many appends of several events at once as it is told to."""

    failures = 0

    def append_all(self, appends: Any) -> Any:
        if self.failures:
            self.failures -= 1
            raise Unavailable("the database is away")
        return super().append_all(appends)


@pytest.fixture
def failing(world: World) -> LogThatFails:
    log = LogThatFails(world.database, "surveys")
    world.app._anonymous._log = world.app._closing._log = log
    return log


def test_a_batch_that_could_not_enter_the_log_enters_with_the_next_response(
    world: World, failing: LogThatFails
) -> None:
    survey, tokens = world.anonymous(*names(11))
    failing.failures = 1
    for household in names(10):
        assert world.submit(survey, tokens[household])["created"]
    assert (len(world.responses(survey)), len(world.rows(waiting_responses))) == (0, 10)
    world.submit(survey, tokens[names(11)[-1]])

    assert (len(world.responses(survey)), len(world.rows(waiting_responses))) == (10, 1)


def test_a_closing_that_failed_half_way_takes_nothing_more_and_is_finished_by_closing_again(
    world: World, failing: LogThatFails
) -> None:
    survey, tokens = world.anonymous("ana", "ben")
    world.submit(survey, tokens["ana"])
    failing.failures = 1
    with pytest.raises(Unavailable):
        world.close(survey)
    assert world.events("SurveyClosed") == []

    with pytest.raises(Refused, match="closed"):
        world.submit(survey, tokens["ben"])
    assert world.close(survey)["created"]
    assert len(world.responses(survey)) == 1


def test_a_batch_that_two_processes_bring_to_the_log_is_there_once(
    world: World, failing: LogThatFails
) -> None:
    survey, tokens = world.anonymous(*names(10))
    failing.failures = 1
    for token in tokens.values():
        world.submit(survey, token)
    opened = world.app._surveys.state(f"survey-{survey}")[0].opened
    assert opened is not None
    one, other = (world.app._anonymous.due(opened, world.now.date()) for _ in range(2))

    assert not any(isinstance(outcome, AllianceError) for outcome in world.log.append_all(one))
    assert all(isinstance(outcome, Refused) for outcome in world.log.append_all(other))
    assert len(world.responses(survey)) == 10
    assert world.rows(waiting_responses) == []


def test_the_randomness_of_a_deployment_can_do_what_the_service_asks_of_it() -> None:
    random = SystemRandom()
    numbers = list(range(50))
    random.shuffle(numbers)

    assert len(random.randbytes(10)) == 10
    assert random.getrandbits(128) < 1 << 128
    assert sorted(numbers) == list(range(50))
