"""Every interleaving of the steps, every state checked, and from every state a way to the end. Counts are printed."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache

import pytest

from tests.model.configurations import ALL, RESTORE, RESTORE_UNTOLD, deeper
from tests.model.exploration import (
    BY_ITSELF,
    Explored,
    explore,
    modelled,
    nothing_parked,
    settled,
    with_people,
)  # fmt: skip
from tests.model.moves import Model
from tests.model.world import COMMAND, DECLARED, RESTORED, Configuration, World

#: With ALLIANCE_MODEL=deep each path has one fault more: minutes and gigabytes instead of seconds.
DEEP = os.environ.get("ALLIANCE_MODEL") == "deep"


@lru_cache(maxsize=1)
def _explored(name: str) -> Explored:
    return explore(deeper(ALL[name]) if DEEP else ALL[name])


def explored(configuration: Configuration, capsys: pytest.CaptureFixture[str]) -> Explored:
    found = _explored(configuration.name)
    with capsys.disabled():
        print("\n" + found.row())  # noqa: T201
    assert found.violation is None, "\n".join([found.violation[0], *found.violation[1]])
    assert found.complete
    assert found.faults == found.model.configuration.faults, "a fault that cannot happen proves nothing"
    return found


@pytest.mark.parametrize("name", [name for name in ALL if not name.startswith("restored")])
def test_guarantees_hold_in_every_state_and_each_leads_to_the_end(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = explored(ALL[name], capsys)
    dead_ends = found.dead_ends(settled(found.model))
    assert not dead_ends, "\n".join(found.way(dead_ends[0]))
    if ALL[name].people:
        assert any(found.model.facts.journal(world.journal).parked for world in found.states)
        stay_parked = found.dead_ends(nothing_parked(found.model), with_people())
        assert not stay_parked, "\n".join(found.way(stay_parked[0]))


def test_with_a_new_epoch_readers_of_a_restored_log_stop_before_they_mix_two_histories(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = explored(RESTORE, capsys)
    assert not [world for world in found.states if mixed(found.model, world)]
    restored = [number for number, world in enumerate(found.states) if holds_what_is_lost(found.model, world)]
    assert restored
    not_noticed = {*found.dead_ends(found.model.halted)}.intersection(restored)
    assert not not_noticed, "\n".join(found.way(min(not_noticed)))


def test_the_operators_procedure_heals_a_restored_log(capsys: pytest.CaptureFixture[str]) -> None:
    found = explored(RESTORE, capsys)
    assert any(world.history == DECLARED for world in found.states)
    ill = found.dead_ends(settled(found.model), with_people())
    assert not ill, "\n".join(found.way(ill[0]))


def test_without_a_new_epoch_a_reused_position_is_noticed_when_its_message_comes_and_not_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is not noticed: a log that has grown beyond the journal again looks, to a reader of the feed, like one that
    has gone on. The reader takes what follows, and two histories are mixed until the relay, whose checkpoint is as old
    as the copy, publishes a position again. So the epoch has to be declared."""
    found = explored(RESTORE_UNTOLD, capsys)
    unnoticed = [number for number, world in enumerate(found.states) if mixed(found.model, world)]
    assert unnoticed
    never = {*found.dead_ends(found.model.halted)}.intersection(unnoticed)
    assert not never, "\n".join(found.way(min(never)))


def test_without_a_new_epoch_a_lost_message_leaves_two_histories_mixed_for_ever() -> None:
    with modelled(replace(RESTORE_UNTOLD, faults=frozenset({"restore the log", "drop"}), budget=2)) as model:
        world = move(model, model.first(), fault="restore the log")
        world = at_rest(model, move(model, world, kind=COMMAND), without="receiver")
        world = move(model, world, fault="drop")
        world = at_rest(model, move(model, world, kind=COMMAND))
        assert mixed(model, world)
        assert settled(model)(world)
        assert not world.broker.ready


def move(model: Model, world: World, *, kind: str = "", fault: str = "") -> World:
    """Where the first move of this kind leads, or this fault."""
    return next(
        each.world for each in model.moves(world) if (fault and each.fault == fault) or each.kind == kind
    )


def at_rest(model: Model, world: World, *, without: str = "") -> World:
    """The world when everything has been done that is done by itself, without one kind of parts."""
    while True:
        possible = (
            each.world
            for each in model.moves(world)
            if each.kind in BY_ITSELF
            and not (isinstance(each.label[0], int) and model.kinds[each.label[0]] == without)
        )
        if (after := next(possible, None)) is None:
            return world
        world = after


def holds_what_is_lost(model: Model, world: World) -> bool:
    """Whether the journal has an event that the restored log does not have."""
    facts = model.facts
    lost = facts.journal(world.journal).identities - facts.log(world.log).identities
    return world.history == RESTORED and bool(lost)


def mixed(model: Model, world: World) -> bool:
    """Whether the journal has a lost event, and after it one of the new history, and its reader goes on."""
    facts = model.facts
    log, journal = facts.log(world.log).identities, facts.journal(world.journal).identities
    lost = [position for position, _ in journal - log]
    kept = [position for position, _ in journal & log]
    return bool(lost) and max(kept, default=0) > min(lost) and not model.halted(world)
