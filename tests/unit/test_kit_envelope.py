"""Events, contexts and errors arrive in another process as they left this one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.append import event_id
from alliance.context import Caller, Context
from alliance.envelope import UNREADABLE, Event, from_json, to_cloudevent, to_json
from alliance.errors import (
    AllianceError,
    Forbidden,
    Invalid,
    Refused,
    Unavailable,
    WrongVersion,
    from_problem,
)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)
positions = st.integers(1, 2**63 - 1)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.builds(
    lambda seconds, microseconds, zone: (
        datetime.fromtimestamp(seconds, zone) + timedelta(microseconds=microseconds)
    ),
    st.integers(0, 2**32),
    st.integers(0, 999_999),
    zones,
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
recorded = st.builds(
    Event,
    id=st.uuids().map(str),
    source=st.sampled_from(["roster", "pledges"]),
    position=positions,
    stream=texts,
    stream_version=st.integers(1, 2**31 - 1),
    type=st.sampled_from(["PledgeSigned", "StudentEnrolled"]),
    schema_version=st.integers(1, 99),
    time=times,
    district=texts,
    text=st.dictionaries(texts, values, max_size=4).map(lambda data: msgspec.json.encode(data).decode()),
    correlation_id=texts,
    causation_id=texts,
    traceparent=st.none() | texts,
)


@given(
    command=st.uuids(),
    stream=st.text(st.characters(exclude_categories=["Cs"])),
    version=st.integers(1, 2**31 - 1),
)
def test_an_events_id_is_the_named_uuid_of_the_standard(command: UUID, stream: str, version: int) -> None:
    assert event_id(command, stream, version) == str(uuid5(command, f"{stream}/{version}"))


@given(event=recorded)
def test_an_event_is_the_same_after_the_wire(event: Event) -> None:
    assert from_json(to_json(event)) == event


def test_data_travel_as_they_were_written() -> None:
    text = '{"b":1.10, "a":"\\u00e9", "c":12345678901234567890123}'
    event = from_json(to_json(example(text=text)))
    assert event.text == text
    assert event.data == {"b": 1.1, "a": "\u00e9", "c": 12345678901234567890123}
    assert event.data is event.data, "decoded once"


def test_other_data_change_nothing_else() -> None:
    event = example(text='{"a":1}')
    assert event.data == {"a": 1}
    assert event.with_data({"b": 2}) == example(text='{"b":2}')
    assert event.with_data({"b": 2}).data == {"b": 2}


def test_the_time_on_the_wire_is_utc() -> None:
    central = datetime(2026, 9, 1, 8, 30, tzinfo=timezone(-timedelta(hours=5)))
    assert to_cloudevent(example(time=central))["time"] == "2026-09-01T13:30:00Z"


def example(**changes: Any) -> Event:
    plain = {
        "id": str(UUID(int=1)), "source": "pledges", "position": 1, "stream": "pledge-s1", "stream_version": 1,
        "type": "PledgeSigned", "schema_version": 1, "time": datetime(2026, 9, 1, tzinfo=UTC), "district": "d1",
        "text": "{}", "correlation_id": "c", "causation_id": "c",
    }  # fmt: skip
    return Event(**{**plain, **changes})


#: The type names the source, and the other two are always the same.
NEEDED = sorted(to_cloudevent(example()).keys() - {"specversion", "source", "datacontenttype"})


@pytest.mark.parametrize("missing", NEEDED)
def test_a_document_that_lacks_what_an_event_has_cannot_be_read(missing: str) -> None:
    document = {name: value for name, value in to_cloudevent(example()).items() if name != missing}
    with pytest.raises(UNREADABLE):
        from_json(msgspec.json.encode(document))


@given(body=st.binary(max_size=40))
def test_no_body_raises_anything_else_than_what_is_waited_for(body: bytes) -> None:
    with pytest.raises(UNREADABLE):
        from_json(body)


@given(
    changes=st.dictionaries(
        st.sampled_from(sorted(to_cloudevent(example()))), values | st.floats() | st.integers(), min_size=1
    )
)
def test_no_document_raises_anything_else_either(changes: dict[str, Any]) -> None:
    try:
        event = from_json(msgspec.json.encode({**to_cloudevent(example()), **changes}))
    except UNREADABLE:
        return
    assert 1 <= event.position < 2**63
    assert event.time.tzinfo is not None


contexts = st.builds(
    Context,
    caller=st.builds(Caller, role=texts, units=st.lists(texts, max_size=3).map(tuple), token=texts),
    command_id=st.uuids(),
    keyed=st.booleans(),
    now=times.map(lambda time: time.astimezone(UTC)),
    correlation_id=texts,
    traceparent=st.none() | texts,
)


@given(context=contexts)
def test_a_context_is_the_same_after_the_wire(context: Context) -> None:
    assert Context.from_dict(msgspec.json.decode(msgspec.json.encode(context.to_dict()))) == context


def test_an_items_command_id_depends_on_the_whole_and_on_its_place_and_on_nothing_else() -> None:
    one, other = (Context(Caller("state"), uuid4(), True, datetime.now(UTC), "c") for _ in range(2))
    again = Context(Caller("system"), one.command_id, True, datetime.now(UTC), "d")
    assert one.item(3).command_id == again.item(3).command_id
    assert len({each.item(index).command_id for each in (one, other) for index in range(50)}) == 100
    assert one.item(3).keyed


@pytest.mark.parametrize(
    ("caller", "covered"),
    [
        (Caller("state"), True),
        (Caller("system"), True),
        (Caller("integrator"), True),
        (Caller("district"), False),  # without a unit it stands for nothing
        (Caller("teacher"), False),
        (Caller("family"), False),
        (Caller("district", ("d1",)), True),
        (Caller("district", ("d2",)), False),
        (Caller("integrator", ("d2",)), False),
        (Caller("state", ("d2",)), False),
        (Caller("school", ("sc1",)), True),
        (Caller("school", ("sc2",)), False),
        (Caller("teacher", ("c1",)), True),
        (Caller("teacher", ("c9", "c1")), True),
        (Caller("teacher", ("c2",)), False),
    ],
)
def test_a_caller_covers_what_lies_in_its_org_unit(caller: Caller, covered: bool) -> None:
    assert caller.covers(district="d1", school="sc1", class_="c1") is covered
    if not covered:
        with pytest.raises(Forbidden):
            caller.require(district="d1", school="sc1", class_="c1")


def test_a_unit_covers_nothing_that_is_not_named() -> None:
    assert not Caller("school", ("sc1",)).covers(district="d1")
    assert not Caller("teacher", ("",)).covers(district="d1", school=None, class_="")


def test_an_error_is_the_same_after_the_wire() -> None:
    for error in (
        Invalid("Give a day.", errors=[{"field": "day", "message": "missing"}]),
        WrongVersion("Somebody was first."),
        Unavailable("The database is away."),
        Unavailable("Come back later.", retry_after=30),
    ):
        again = from_problem(msgspec.json.decode(msgspec.json.encode(error.to_problem())))
        assert type(again) is type(error)
        assert again.to_problem() == error.to_problem()
    assert issubclass(WrongVersion, Refused)


def test_a_problem_of_somebody_else_is_an_error_all_the_same() -> None:
    for problem in (
        {},
        {"title": "Bad Gateway"},
        {"type": "about:blank", "status": 502, "detail": "no route"},
    ):
        assert type(from_problem(problem)) is AllianceError
