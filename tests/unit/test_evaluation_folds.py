"""The folds on random histories: whatever the order and the batches, the same rows; counts that stay possible."""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance import contracts
from alliance.envelope import Event
from services.evaluation.projections import PROJECTIONS, TABLES
from tests.builders_evaluation import History, MemoryRows, State, fold, interleaved
from tests.world_evaluation import World, worlds

every_projection = pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@many
@given(worlds(), st.randoms(use_true_random=False))
def test_however_the_sources_mix_the_rows_are_the_same(world: World, random: Random) -> None:
    mixed = interleaved(world.history.events, random)
    for projection in PROJECTIONS:
        assert fold(projection, mixed) == fold(projection, world.history.events)


@many
@given(worlds(), st.randoms(use_true_random=False))
def test_a_stream_that_waited_aside_and_came_late_changes_nothing(world: World, random: Random) -> None:
    """As after parking: each stream keeps its own order only. But a response waits for its instrument, and whether
    an enrolment ends early is judged by the class as it is known then, so that these two stay in their place."""
    for projection in PROJECTIONS:
        first = ("InstrumentPublished", *(("ClassRegistered",) if projection.name == "participation" else ()))
        events = [each for each in world.history.events if each.type not in first or each.stream_version == 1]
        others = [each for each in events if each.type not in first]
        late = [*(each for each in events if each.type in first), *interleaved(others, random, by="stream")]
        assert fold(projection, late) == fold(projection, events)


@many
@given(worlds(), st.integers(1, 20))
def test_the_size_of_the_batches_does_not_matter(world: World, batch: int) -> None:
    for projection in PROJECTIONS:
        assert fold(projection, world.history.events, batch=batch) == fold(projection, world.history.events)


@many
@given(worlds(), st.randoms(use_true_random=False), st.integers(0, 120))
def test_no_part_ever_exceeds_its_whole(world: World, random: Random, length: int) -> None:
    """Also while one source is far behind the others."""
    events = interleaved(world.history.events, random)[:length]
    state: State = {}
    for projection in PROJECTIONS:
        state |= {f"{projection.name}.{table}": rows for table, rows in fold(projection, events).items()}
    for table, parts in (
        ("participation.units", ("pledges", "enrolled")),
        ("folders.class_months", ("homeroom_on_time", "homeroom_sent", "homeroom_expected")),
        ("folders.class_months", ("all_on_time", "all_sent", "all_expected")),
        ("folders.class_months", ("homeroom_expected", "all_expected")),
        ("folders.student_months", ("returned", "sent")),
    ):
        for row in state.get(table, {}).values():
            counts = [row.get(part, 0) for part in parts]
            assert counts == sorted(counts)
            assert min(counts) >= 0


@every_projection
def test_every_kind_of_event_that_a_projection_folds_is_one_of_its_sources(projection: Any) -> None:
    assert {contracts.registry.source_of(type_) for type_ in projection.types} == projection.sources


@every_projection
def test_the_contracts_own_examples_can_be_folded(projection: Any) -> None:
    history = History()
    for contract in contracts.contracts():
        history.record(contract.type, contract.type, **dict(contract.example))
    assert fold(projection, history.events)


def test_a_district_is_the_first_part_of_the_key_of_every_row_that_is_a_districts() -> None:
    keys = {
        table.name: next(iter(table.primary_key)).name
        for tables in TABLES.values()
        for table in tables.values()
    }
    others = {name for name, key in keys.items() if key != "district"}
    assert others == {"surveys_instruments_v1"}


def test_a_response_to_an_instrument_nobody_has_published_is_refused_and_changes_nothing() -> None:
    projection = next(each for each in PROJECTIONS if each.name == "surveys")
    history = History()
    history.survey()
    history.submitted({"c1": 4})
    state: State = {}
    *before, response = history.events
    for event in before:
        projection.fold(MemoryRows(state, projection.keys(event)), event)
    kept = deepcopy(state)
    with pytest.raises(LookupError, match="home-survey version 1 has not been published"):
        projection.fold(MemoryRows(state, projection.keys(response)), response)
    assert state == kept


def test_folding_leaves_the_rows_that_it_was_handed_as_they_were() -> None:
    history = History()
    history.class_()
    history.enrolled("ana")
    history.sent(["ana"], "2026-09-04")
    history.returned("ana")
    history.signed("ana")

    class Frozen(MemoryRows):
        def get(self, table: str, key: tuple[Any, ...]) -> dict[str, Any] | None:
            row = super().get(table, key)
            if row is not None:
                handed_out.append((row, deepcopy(row)))
            return row

    handed_out: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for projection in PROJECTIONS:
        state: State = {}
        for event in _of(projection, history.events):
            projection.fold(Frozen(state, projection.keys(event)), event)
    assert handed_out
    assert all(row == copy for row, copy in handed_out)


def _of(projection: Any, events: list[Event]) -> list[Event]:
    return [event for event in events if event.type in projection.types]
