"""The whole system at one moment, as a value; the moves that lead from one to another are in `moves.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.model.courier import Broker
from tests.model.stage import Sizes

#: Kinds of moves: a part's step, the broker's own doing, a new command, what a person does, a fault.
RESTORED, DECLARED = "restored", "declared"
STEP, BROKER, COMMAND, PERSON, FAULT = "step", "broker", "command", "person", "fault"


class Part(NamedTuple):
    """A process: what it remembers between its steps, and the point at which its step is suspended, if it is in one."""

    memory: Any = None
    point: int | None = None


class World(NamedTuple):
    """`log` and `journal` number values of the databases. `told` has what the callers of each command were told;
    `copy` is an older copy of the log; `wrong` is what a move itself has shown to be wrong."""

    log: int
    journal: int
    broker: Broker
    parts: tuple[Part, ...]
    told: tuple[Any, ...]
    faults: int
    copy: int
    mended: bool = False
    #: "" until the log was restored from its copy; then RESTORED, until an operator has done what is prescribed.
    history: str = ""
    wrong: str = ""


class Move(NamedTuple):
    """`label` says what happens, in parts that `exploration.told` puts into words; `fault` is the name of a fault."""

    label: tuple[Any, ...]
    kind: str
    world: World
    fault: str = ""


@dataclass(frozen=True)
class Configuration:
    """Which parts run, what is asked of them and what may go wrong.

    `scripts`: for each client the numbers of the commands that it sends, one after the other. `faults` names the
    faults that may happen, `budget` how many of them on one path.
    """

    name: str
    commands: Sequence[Any]
    scripts: Sequence[Sequence[int]]
    relays: int = 0
    receivers: int = 0
    #: Receivers that follow the feed without a broker.
    followers: int = 0
    projectors: int = 0
    people: frozenset[str] = frozenset()
    faults: frozenset[str] = frozenset()
    budget: int = 0
    sizes: Sizes = field(default_factory=Sizes)
    #: The restored log gets a new epoch.
    epoch: bool = False
    #: Begin when these kinds of parts have done all that they have to do with the first commands of each script.
    begun: frozenset[str] = frozenset()
    first_commands: int = 99

    def kinds(self) -> list[str]:
        return [
            *["client"] * len(self.scripts),
            *["relay"] * self.relays,
            *["receiver"] * self.receivers,
            *["follower"] * self.followers,
            *["projector"] * self.projectors,
            *["replayer"] * ("replay" in self.people),
            *["rebuilder"] * bool(self.people & {"rebuild", "rebuild go live"}),
        ]
