"""Longer histories of the same steps and faults than can all be explored: drawn at random, checked after each move,
and run to their end without further faults.

A history that fails is drawn again from the same seed: ALLIANCE_MODEL_SEED=<seed> pytest tests/model/test_histories.py.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.model.configurations import LONG
from tests.model.exploration import BY_ITSELF, modelled, settled, told
from tests.model.invariants import Invariants
from tests.model.moves import Model
from tests.model.mutants import MUTANTS
from tests.model.world import COMMAND, FAULT, PERSON, Move

SEED = int(os.environ.get("ALLIANCE_MODEL_SEED", "37367"))
#: Moves after which a run without faults must have ended: a fair choice among them comes to each in turn.
PATIENCE = 3000

choices = st.integers(0, 5039)


class Histories(RuleBasedStateMachine):
    """What was drawn decides which of the possible moves comes next."""

    model: Model
    invariants_: Invariants

    def __init__(self) -> None:
        super().__init__()
        self.world = self.model.first()
        self.history: list[str] = []
        self.failed = False

    @rule(drawn=st.lists(choices, min_size=1, max_size=25))
    def goes_on(self, drawn: list[int]) -> None:
        for choice in drawn:
            self._move(BY_ITSELF | {COMMAND}, choice)

    @rule(choice=choices)
    @precondition(lambda self: self.world.faults)
    def fails(self, choice: int) -> None:
        self._move(frozenset({FAULT}), choice)

    @rule(choice=choices)
    def is_lent_a_hand(self, choice: int) -> None:
        self._move(frozenset({PERSON}), choice)

    def teardown(self) -> None:
        if self.failed:
            return
        fair = random.Random(SEED)
        self._until_settled(fair)
        journal = self.model.facts.journal(self.world.journal)
        if journal.parked:
            for _ in range(PATIENCE):
                self._move(BY_ITSELF | {PERSON}, fair.randrange(5040))
                journal = self.model.facts.journal(self.world.journal)
                if not journal.parked:
                    break
            self._until_settled(fair)
        assert not self.model.facts.journal(self.world.journal).parked, self._told("stays parked")

    def _until_settled(self, fair: random.Random) -> None:
        goal = settled(self.model)
        for _ in range(PATIENCE):
            if goal(self.world):
                return
            self._move(BY_ITSELF, fair.randrange(5040))
        raise AssertionError(self._told("I6: has not come to an end"))

    def _move(self, kinds: frozenset[str], choice: int) -> None:
        groups = self.model.groups(self.world)
        # Groups from the drawn one on, up to the first that has such a move: the others need not be found out.
        for number in range(len(groups)):
            group = groups[(choice + number) % len(groups)]
            possible = [move for move in group() if move.kind in kinds]
            if possible:
                self._take(possible[choice // len(groups) % len(possible)])
                return

    def _take(self, move: Move) -> None:
        before, self.world = self.world, move.world
        self.history.append(told(self.model, move))
        wrong = self.invariants_.wrong_move(before, self.world) or self.invariants_.wrong(self.world)
        self.failed = bool(wrong)
        assert not wrong, self._told(wrong)

    def _told(self, wrong: str) -> str:
        return "\n".join([f"{wrong} (seed {SEED})", *self.history])


def run(name: str | None, **options: Any) -> None:
    """Draw histories of the code as it is, or of a mutant."""
    mutant = MUTANTS[name] if name else None
    with modelled(LONG, mutant.parts if mutant else None) as model:
        machine = type("Machine", (Histories,), {"model": model, "invariants_": Invariants(model)})
        plain = settings(
            database=None,
            print_blob=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            stateful_step_count=30,
            # Not made shorter: that takes minutes, and the exploration has the shortest ways.
            phases=[Phase.generate],
            **options,
        )
        run_state_machine_as_test(seed(SEED)(machine), settings=plain)


def test_guarantees_hold_in_long_histories() -> None:
    run(None, max_examples=5)


@pytest.mark.parametrize(
    "name",
    [
        "checkpoint in another transaction",
        "look at the checkpoint before the lock",
    ],
)
def test_long_histories_catch_a_mutant_and_their_seed_replays(name: str) -> None:
    said = []
    for _ in range(2):
        with pytest.raises(AssertionError) as caught:
            run(name, max_examples=100)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert said[0].startswith(("I3: ", "I5: "))
