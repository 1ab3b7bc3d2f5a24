"""What became of every command that was attempted, in the manner of Jepsen's total-queue checker. Pure.

    attempted      sent at least once
    acknowledged   answered 200 or 201
    lost           acknowledged, and not in the log
    unexpected     in the log, and never attempted
    duplicated     in the log more than once
    recovered      never acknowledged (503, a cut connection, no answer), and in the log: it may be there or not
    contradicted   answered with another position than the log's, or two tries answered differently

A command is known by its Idempotency-Key, which is also its correlation id and as such stands beside its event.
Every command attempted here adds exactly one event when it is taken.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """How one try ended."""

    ACCEPTED = "accepted"
    #: 503 with Retry-After. Whether the command was taken is open.
    COME_BACK = "come back"
    #: No answer, or a connection that broke. Whether the command was taken is open.
    OPEN = "open"
    #: Any other answer, also a 503 without Retry-After: never right here.
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Try:
    """One request: when it began and ended (seconds of the monotonic clock), and how."""

    began: float
    ended: float
    kind: Kind
    said: str = ""
    position: int | None = None

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass(slots=True)
class Operation:
    """One command and all its tries under one Idempotency-Key."""

    key: str
    stream: str
    type: str
    #: Address and body, for a repeat.
    request: tuple[str, dict[str, str]] = ("", {})
    tries: list[Try] = field(default_factory=list)

    @property
    def positions(self) -> set[int]:
        return {each.position for each in self.tries if each.position is not None}


@dataclass(frozen=True, slots=True)
class Logged:
    """An event as the log holds it."""

    position: int
    id: str
    key: str
    stream: str
    version: int
    type: str


class History:
    """Operations of many writers. Safe to share between threads."""

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        self._lock = threading.Lock()

    def begin(self, operation: Operation) -> None:
        with self._lock:
            self.operations[operation.key] = operation

    def tries(self, since: float = 0.0, until: float = float("inf")) -> list[Try]:
        """Those that had not ended at `since` and had begun by `until`."""
        with self._lock:
            operations = list(self.operations.values())
        return [
            each
            for operation in operations
            for each in list(operation.tries)
            if each.ended >= since and each.began <= until
        ]

    def forget_after(self, position: int) -> int:
        """Drop what was acknowledged beyond a position: gone with a restore, as its procedure says. How many."""
        with self._lock:
            gone = [
                key
                for key, each in self.operations.items()
                if each.positions and max(each.positions) > position
            ]
            for key in gone:
                del self.operations[key]
        return len(gone)


@dataclass(frozen=True, slots=True)
class Judged:
    """The figures of one history, and the keys behind those that must be empty."""

    attempted: int
    acknowledged: int
    recovered: int
    come_back: int
    open: int
    lost: Sequence[str] = ()
    unexpected: Sequence[str] = ()
    duplicated: Sequence[str] = ()
    contradicted: Sequence[str] = ()
    wrong: Sequence[str] = ()

    @property
    def sound(self) -> bool:
        return not (self.lost or self.unexpected or self.duplicated or self.contradicted)


def judge(
    operations: Iterable[Operation], log: Iterable[Logged], known: frozenset[str] = frozenset()
) -> Judged:
    """Hold the operations against the log. `known` are keys of the log that others wrote: not looked at."""
    attempted = {operation.key: operation for operation in operations}
    events = [event for event in log if event.key not in known]
    held: dict[str, Logged] = {event.key: event for event in events}
    times = Counter(event.key for event in events)
    ids = Counter(event.id for event in events)
    acknowledged = {key: each for key, each in attempted.items() if each.positions}
    tries = [each for operation in attempted.values() for each in operation.tries]
    return Judged(
        attempted=len(attempted),
        acknowledged=len(acknowledged),
        recovered=sum(key in held for key in attempted.keys() - acknowledged.keys()),
        come_back=sum(each.kind is Kind.COME_BACK for each in tries),
        open=sum(each.kind is Kind.OPEN for each in tries),
        lost=sorted(acknowledged.keys() - held.keys()),
        unexpected=sorted(held.keys() - attempted.keys()),
        duplicated=sorted(
            {key for key, count in times.items() if count > 1}
            | {event.key for event in events if ids[event.id] > 1}
        ),
        contradicted=sorted(
            key
            for key, each in acknowledged.items()
            if key in held
            and (
                each.positions != {held[key].position}
                or (each.stream, each.type) != (held[key].stream, held[key].type)
            )
        ),
        wrong=[each.said for each in tries if each.kind is Kind.WRONG],
    )


def disorder(log: Sequence[Logged]) -> list[str]:
    """What is wrong with the order of a log: positions 1, 2, 3 … and in each stream versions 1, 2, 3 … are right."""
    found = []
    if [event.position for event in log] != list(range(1, len(log) + 1)):
        found.append("positions are not 1, 2, 3 …")
    versions: dict[str, int] = {}
    for event in log:
        if event.version != versions.get(event.stream, 0) + 1:
            found.append(f"{event.stream} has version {event.version} after {versions.get(event.stream, 0)}")
        versions[event.stream] = event.version
    return found
