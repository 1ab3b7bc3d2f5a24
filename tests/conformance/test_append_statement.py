"""On PostgreSQL what nobody refuses is appended by one statement, and the rest as before."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from alliance.database import Database
from alliance.errors import WrongVersion
from alliance.log import Appended, Log
from alliance.migrations import upgrade
from alliance.private_servers import PrivatePostgres
from tests.builders import append, context, signed, stream, withdrawn
from tests.conformance.statements import heard


@pytest.fixture
def log(postgres: PrivatePostgres) -> Iterator[Log]:
    name = f"test_{uuid4().hex}"
    database = Database(postgres.create_database(name))
    upgrade(database, "pledges")
    yield Log(database, "pledges")
    database.close()
    postgres.drop_database(name)


@pytest.fixture
def statements(log: Log) -> Iterator[list[str]]:
    """What is sent to the database from here on, one text a round trip."""
    with heard(log.database) as sent:
        yield sent


def placed(log: Log) -> list[tuple[int, str, int]]:
    return [(each.position, each.stream, each.stream_version) for each in log.read(0, 100)]


def test_a_group_is_one_round_trip_and_each_position_counts_on_from_the_last(
    log: Log, statements: list[str]
) -> None:
    log.append(append("s0"))
    statements.clear()
    outcomes = log.append_all(
        [
            append("s1", 0, [signed("s1"), withdrawn("s1")], in_context=context(uuid4()), fingerprint="a"),
            append("s0", 1, [withdrawn("s0")]),
            append("s1", 2, [signed("s1")], in_context=context(uuid4()), fingerprint="a"),
        ]
    )
    assert len(statements) == 1
    assert [(each.position, each.version, each.events) for each in outcomes if isinstance(each, Appended)] == [
        (3, 2, 2), (4, 2, 1), (5, 3, 1),
    ]  # fmt: skip
    assert placed(log) == [
        (1, stream("s0"), 1), (2, stream("s1"), 1), (3, stream("s1"), 2), (4, stream("s0"), 2), (5, stream("s1"), 3),
    ]  # fmt: skip
    assert log.head()[0] == 5


def test_a_first_result_says_the_position_that_its_caller_was_told(log: Log) -> None:
    log.append(append("s0"))
    keyed = [context(uuid4()) for _ in range(3)]
    appends = [
        append("s1", in_context=keyed[0], fingerprint="a", result={"version": 1}),
        append("s2", 0, [], in_context=keyed[1], fingerprint="b"),
        append("s3", in_context=keyed[2], fingerprint="c"),
    ]
    told = log.append_all(appends)
    repeated = [log.first_result(each, key) for each, key in zip(keyed, "abc", strict=True)]
    assert [(each.position, each.version, each.result) for each in repeated if each] == [
        (each.position, each.version, each.result) for each in told if isinstance(each, Appended)
    ]
    assert [each.position for each in repeated if each] == [2, 2, 3]


def test_one_that_is_too_late_does_not_undo_the_others(log: Log, statements: list[str]) -> None:
    log.append(append("s1"))
    statements.clear()
    late, other = log.append_all([append("s1", 0, [withdrawn("s1")]), append("s2")])
    assert isinstance(late, WrongVersion)
    assert isinstance(other, Appended)
    assert len(statements) > 1
    assert placed(log) == [(1, stream("s1"), 1), (2, stream("s2"), 1)]


def test_what_adds_nothing_is_held_to_the_version_it_was_decided_on_too(log: Log) -> None:
    log.append(append("s1"))
    log.append(append("s1", 1, [withdrawn("s1")]))
    late, right, other = log.append_all([append("s1", 1, []), append("s1", 2, []), append("s2")])
    assert isinstance(late, WrongVersion)
    assert [(each.position, each.version, each.events) for each in (right, other)] == [(2, 2, 0), (3, 1, 1)]


@pytest.mark.parametrize("expected", [2, 7])
def test_a_version_that_the_stream_has_not_reached_leaves_no_hole_in_it(log: Log, expected: int) -> None:
    log.append(append("s1"))
    with pytest.raises(WrongVersion, match=f"is at version 1, not {expected}"):
        log.append(append("s1", expected, [withdrawn("s1")]))
    assert placed(log) == [(1, stream("s1"), 1)]
    assert log.append(append("s2")).position == 2


def test_a_text_with_the_character_that_separates_texts_is_appended_as_it_is(log: Log) -> None:
    separated = "between \x1f and \x1e"
    outcomes = log.append_all([append(separated), append("s2")])
    assert [each.position for each in outcomes if isinstance(each, Appended)] == [1, 2]
    assert placed(log) == [(1, stream(separated), 1), (2, stream("s2"), 1)]


def test_a_key_that_comes_twice_in_one_group_is_taken_once(log: Log) -> None:
    key = uuid4()
    first, second = log.append_all(
        [
            append("s1", in_context=context(key), fingerprint="a"),
            append("s1", in_context=context(key), fingerprint="a"),
        ]
    )
    assert isinstance(first, Appended)
    assert isinstance(second, Appended)
    assert (first.repeated, second.repeated) == (False, True)
    assert placed(log) == [(1, stream("s1"), 1)]
