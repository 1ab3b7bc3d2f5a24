"""The exploration finds what is wrong with each mutant, and the shortest way to it. The code as it is passes the same
configurations in test_exploration.py."""

from __future__ import annotations

import pytest

from tests.model.configurations import ALL, RECEIVERS, TRANSPORT
from tests.model.exploration import explore, settled
from tests.model.mutants import MUTANTS
from tests.model.mutants_receiver import TakeAnythingThatIsNew, never_look_at_the_feed
from tests.model.stage import Parts


@pytest.mark.parametrize("name", MUTANTS)
def test_the_exploration_catches(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    mutant = MUTANTS[name]
    assert ALL[mutant.configuration.name] == mutant.configuration
    found = explore(mutant.configuration, mutant.parts, ignored=mutant.ignored)
    assert found.violation is not None, f"the mutant survives {len(found.states)} states"
    wrong, way = found.violation
    with capsys.disabled():
        print(f"\n{name}\n  {found.row()}\n  {wrong}\n    " + "\n    ".join(way))  # noqa: T201
    assert wrong.startswith(f"{mutant.caught_by}: ")


def test_a_receiver_that_does_not_look_for_gaps_is_held_by_the_journal_and_comes_through(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The journal refuses what does not follow, and a receiver that is refused starts anew at the feed."""
    found = explore(TRANSPORT, Parts(receiver=TakeAnythingThatIsNew))
    with capsys.disabled():
        print(f"\n{found.row()}")  # noqa: T201
    assert (found.violation, found.complete) == (None, True)
    assert not found.dead_ends(settled(found.model))


def test_a_receiver_that_never_looks_at_the_feed_can_come_to_a_dead_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is wrong in any state, yet the newest event that the broker has lost is never missed."""
    found = explore(RECEIVERS, Parts(consume=never_look_at_the_feed))
    assert found.violation is None
    assert found.complete
    dead_ends = found.dead_ends(settled(found.model))
    assert dead_ends
    with capsys.disabled():
        print(f"\n{found.row()}\n    " + "\n    ".join(found.way(dead_ends[0])))  # noqa: T201
    assert found.states[dead_ends[0]].broker.lost
