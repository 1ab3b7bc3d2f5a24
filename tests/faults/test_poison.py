"""An event that cannot be folded: its stream is set aside whole, everything else flows, and a replay heals it."""

from __future__ import annotations

import json

import msgspec
import pytest
from sqlalchemy import select

from alliance import contracts, parking
from alliance.journal import journal
from alliance.log import NewEvent
from alliance.parking import Failure, Parked
from tests.builders import YEAR, append, signed, stream, withdrawn
from tests.faults.pipeline import Pipeline, sample
from tests.faults.read_model import projected


class Worse(BaseException):
    """Not an Exception, as eventlet's Timeout is not."""


def parked(pipeline: Pipeline) -> list[Parked]:
    with pipeline.database.reading() as connection:
        return parking.streams(connection)


def sign_poison(pipeline: Pipeline, student: str = "ill", expected: int = 0) -> None:
    pipeline.log.append(append(student, expected, [signed(student, statement="poison")]))


@pytest.mark.parametrize("error", [ZeroDivisionError("by a bug"), Worse("by a timeout")])
def test_a_fold_that_raises_parks_its_stream_and_no_other(folding: Pipeline, error: BaseException) -> None:
    folding.projection.breaks = error
    folding.sign(8)
    sign_poison(folding)
    folding.log.append(append("ill", 1, [signed("ill"), withdrawn("ill")]))
    folding.sign(8)
    folding.project()
    (entry,) = parked(folding)
    assert (entry.source, entry.stream, entry.events, entry.first_position) == (
        "pledges",
        stream("ill"),
        3,
        11,
    )
    assert entry.reason == f"{type(error).__name__}: {error}"
    totals, standing = projected(folding.database, folding.tables)
    assert len(standing) == 16
    assert ("d1", "ill") not in standing
    assert sum(one + other for one, other in totals.values()) == 20, "half a fold is not kept"
    assert sample("alliance_parked_streams", projection="signatures") == 1

    folding.log.append(append("ill", 3, [signed("ill")]))
    folding.sign(4)
    folding.project()
    (entry,) = parked(folding)
    # Accepted = projected + parked + pending, and nothing is pending.
    totals, _ = projected(folding.database, folding.tables)
    assert sum(one + other for one, other in totals.values()) + entry.events == folding.log.head()[0]

    with pytest.raises(Failure):
        folding.projector.replay(entry)
    assert parked(folding) == [entry]
    folding.projection.breaks = None
    assert folding.projector.replay(entry) == 4
    folding.project()
    folding.assert_faithful()
    assert sample("alliance_parked_streams", projection="signatures") == 0


def test_a_failure_that_arrives_in_another_batch_than_its_followers_parks_them_too(folding: Pipeline) -> None:
    folding.projection.breaks = ZeroDivisionError()
    sign_poison(folding)
    folding.log.append(append("ill", 1, [withdrawn("ill"), signed("ill"), withdrawn("ill")]))
    folding.receiver.catch_up()
    while folding.projector.step(limit=1):
        pass
    assert [(entry.events, entry.first_position) for entry in parked(folding)] == [(4, 1)]


def test_a_replay_knows_nothing_of_what_came_after_it_was_asked_for(folding: Pipeline) -> None:
    """The operator's list of parked streams is older than the replay: the stream has grown since."""
    folding.projection.breaks = ZeroDivisionError()
    sign_poison(folding)
    folding.project()
    (entry,) = parked(folding)
    folding.log.append(append("ill", 1, [withdrawn("ill"), signed("ill"), withdrawn("ill")]))
    folding.project()
    folding.projection.breaks = None
    assert folding.projector.replay(entry) == 4
    folding.assert_faithful()


def test_a_replay_passes_by_what_the_projection_does_not_fold(folding: Pipeline) -> None:
    offer = NewEvent(
        "PledgeOffered",
        {
            "student": "ill", "school_year": YEAR, "school": "sc1", "district": "d1", "statement": "2026-1",
            "language": "en", "offered_on": "2026-08-10",
        },
    )  # fmt: skip
    folding.projection.breaks = ZeroDivisionError()
    sign_poison(folding)
    folding.log.append(append("ill", 1, [offer, offer, offer, withdrawn("ill")]))
    folding.project()
    (entry,) = parked(folding)
    assert entry.events == 2
    folding.projection.breaks = None
    assert folding.projector.replay(entry) == 2
    folding.assert_faithful()


def test_a_replay_asked_for_twice_folds_once(folding: Pipeline) -> None:
    folding.projection.breaks = ZeroDivisionError()
    sign_poison(folding)
    folding.project()
    (entry,) = parked(folding)
    folding.projection.breaks = None
    assert folding.projector.replay(entry) == 1
    assert folding.projector.replay(entry) == 0
    folding.assert_faithful()


@pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit, MemoryError])
def test_what_must_end_the_process_parks_nothing(folding: Pipeline, fatal: type[BaseException]) -> None:
    folding.projection.breaks = fatal()
    folding.sign(4)
    sign_poison(folding)
    folding.receiver.catch_up()
    with pytest.raises(fatal):
        folding.projector.step()
    assert folding.folded() == 0
    folding.projection.breaks = None
    folding.project()
    folding.assert_faithful()


def test_an_event_whose_sums_no_column_holds_parks_its_stream_and_no_other(folding: Pipeline) -> None:
    folding.projection.weight = 10**30
    folding.sign(8)
    folding.log.append(append("ill", 0, [signed("ill", statement="heavy"), withdrawn("ill")]))
    folding.sign(8)
    folding.project()
    (entry,) = parked(folding)
    assert (entry.stream, entry.events, entry.first_position) == (stream("ill"), 2, 11)
    totals, _ = projected(folding.database, folding.tables)
    assert sum(one + other for one, other in totals.values()) == 20
    with pytest.raises(Failure):
        folding.projector.replay(entry)
    folding.projection.weight = 1
    assert folding.projector.replay(entry) == 2
    folding.project()
    folding.assert_faithful()


def test_an_event_without_what_the_fold_reads_parks_its_stream(folding: Pipeline) -> None:
    folding.sign(4)
    odd = msgspec.structs.replace(
        folding.log.read(0, 1)[0], position=6, id="odd", stream="pledge-odd", stream_version=1, text="{}"
    )
    folding.receiver.catch_up()
    folding.journal.append("pledges", [odd])
    while folding.projector.step():
        pass
    assert [(entry.stream, entry.reason) for entry in parked(folding)] == [
        ("pledge-odd", "KeyError: 'student'")
    ]


def test_data_that_cannot_be_read_park_their_stream_and_no_other(folding: Pipeline) -> None:
    folding.sign(4)
    first = folding.log.read(0, 1)[0]
    torn = {"id": "torn", "stream": "pledge-torn", "stream_version": 1, "text": '{"student": "s'}
    whole = {"id": "whole", "stream": stream("new"), "stream_version": 1}
    folding.receiver.catch_up()
    folding.journal.append(
        "pledges",
        [
            msgspec.structs.replace(first, position=6, **torn),
            msgspec.structs.replace(first.with_data({**first.data, "student": "new"}), position=7, **whole),
        ],
    )
    while folding.projector.step():
        pass
    assert [(entry.stream, entry.events) for entry in parked(folding)] == [("pledge-torn", 1)]
    assert "truncated" in parked(folding)[0].reason
    assert ("d0", "new") in projected(folding.database, folding.tables)[1]


def test_a_version_from_the_future_waits_until_the_code_knows_it(
    folding: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    folding.sign(4)
    folding.receiver.catch_up()
    ours = folding.log.read(0, 1)[0]
    data = {**ours.data, "student": "new", "statement": {"version": "2030-1"}}
    future = msgspec.structs.replace(
        ours.with_data(data),
        position=6,
        id="future",
        stream=stream("new"),
        stream_version=1,
        schema_version=2,
    )
    folding.journal.append("pledges", [future])
    while folding.projector.step():
        pass
    (entry,) = parked(folding)
    assert (entry.stream, entry.reason.split(":")[0]) == (stream("new"), "UnknownContract")

    registry = contracts.registry
    for name in ("_contracts", "_strict", "_tolerant", "_surely", "_upcasters", "_current"):
        monkeypatch.setattr(registry, name, dict(getattr(registry, name)))
    for version in (2, 3):
        newer = type("PledgeSigned", (contracts.pledges.PledgeSigned,), {})
        registry.contract("pledges", version=version, example={})(newer)
    registry.upcaster("PledgeSigned", version=1)(
        lambda data: {**data, "statement": {"version": data["statement"]}}
    )
    registry.upcaster("PledgeSigned", version=2)(
        lambda data: {**data, "statement": data["statement"]["version"]}
    )
    assert folding.projector.replay(entry) == 1
    _, standing = projected(folding.database, folding.tables)
    assert standing["d0", "new"] == "2030-1"


def test_a_type_that_nobody_folds_passes_by_and_stays_in_the_journal(folding: Pipeline) -> None:
    folding.sign(4)
    folding.receiver.catch_up()
    odd = msgspec.structs.replace(
        folding.log.read(0, 1)[0],
        position=6,
        id="odd",
        stream="pledge-odd",
        stream_version=1,
        type="PledgeSung",
    )
    folding.journal.append("pledges", [odd])
    while folding.projector.step():
        pass
    assert parked(folding) == []
    assert folding.folded() == 6
    with folding.database.reading() as connection:
        kept = connection.execute(select(journal).where(journal.c.position == 6)).one()
    assert (kept.type, json.loads(kept.data)) == ("PledgeSung", odd.data)
