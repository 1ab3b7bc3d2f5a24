"""Run commands: load the stream, decide, append; again when somebody else was first; the same answer to a repeat."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from keyword import iskeyword
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Connection

from . import contracts, metrics
from .context import Context
from .errors import AllianceError, TooNew, Unavailable, WrongVersion
from .log import GROUP, Append, Appended, Log, NewEvent, Outcome, same_command
from .together import Together

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")

#: Conflicts of one command that are settled by deciding again; more means a stream that everybody writes to.
ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Decider(Generic[S, C, E]):
    """An aggregate as two pure functions. `events` are frozen dataclasses named as their event types."""

    initial: S
    decide: Callable[[S, C], Sequence[E]]
    evolve: Callable[[S, E], S]
    events: tuple[type[E], ...]


@dataclass(frozen=True, slots=True)
class Command(Generic[C]):
    """One command on its way to one stream.

    `body` is what the caller sent: a repeated Idempotency-Key must come with the same. The command itself may
    hold facts of the roster, which can have changed since. `tell` adds to `result` what became of the command, given
    the state that it met and the events decided on.
    """

    stream: str
    command: C
    district: str
    context: Context
    body: Mapping[str, Any]
    beside: Callable[[Connection], None] | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    tell: Callable[[Any, Sequence[Any]], Mapping[str, Any]] | None = None


class Commands(Generic[S, C, E]):
    """The commands of one aggregate on one log. Safe to share between threads."""

    def __init__(self, log: Log, decider: Decider[S, C, E]) -> None:
        self.log = log
        self._decider = decider
        self._types = {event.__name__: event for event in decider.events}
        self._together: Together[Command[C], Appended] = Together(self._settled, GROUP)

    def run(self, command: Command[C]) -> Appended:
        """Take one command, or raise the AllianceError that `decide` or the log raised.

        `beside` runs only when events are appended, in their transaction. A command that changes nothing is
        accepted and remembered as well: `events` is 0, and the position is the log's at that moment.

        Commands that arrive while others are under way are taken together: one query loads all their streams, one
        transaction appends. What goes wrong with one of them is its caller's alone.
        """
        started = time.perf_counter()
        label = "error"
        try:
            outcome = self._together.run(command)
            label = _label(outcome)
            return outcome
        except AllianceError as error:
            label = error.code
            raise
        finally:
            self._measure(type(command.command).__name__, label, started)

    def run_all(self, commands: Sequence[Command[C]]) -> list[Outcome]:
        """Take many commands in one transaction; each has its own outcome, in the order given.

        Several commands to one stream are decided one after another, each on what the one before it left. A fault of
        the program itself, which no outcome can tell, is raised when the others have been taken.
        """
        started = time.perf_counter()
        outcomes: list[Outcome] = []
        for outcome in self._settled(commands):
            if isinstance(outcome, Exception) and not isinstance(outcome, AllianceError):
                raise outcome
            outcomes.append(outcome)
        told = Counter(
            (type(command.command).__name__, _label(outcome))
            for command, outcome in zip(commands, outcomes, strict=True)
        )
        for (name, label), count in told.items():
            self._measure(name, label, started, count)
        return outcomes

    def _settled(self, commands: Sequence[Command[C]]) -> list[Appended | Exception]:
        """Each command's outcome. Raises Unavailable when the database is away: whether any was taken is open."""
        outcomes: list[Appended | Exception | None] = [None] * len(commands)
        open_ = list(range(len(commands)))
        for _ in range(ATTEMPTS):
            for index, outcome in zip(open_, self._tried([commands[index] for index in open_]), strict=True):
                outcomes[index] = outcome
            # The last conflict is the caller's to hear of.
            open_ = [index for index in open_ if isinstance(outcomes[index], WrongVersion)]
            if not open_:
                break
        return [outcome for outcome in outcomes if outcome is not None]

    def _tried(self, commands: Sequence[Command[C]]) -> Sequence[Appended | Exception]:
        try:
            return self._run_once(commands)
        except Unavailable as error:
            if not isinstance(error, TooNew):
                raise
            fault: Exception = error
        except Exception as error:
            fault = error
        if len(commands) == 1:
            return [fault]
        # A fault of one must not become the others'. None of these has been taken: they were not decided on, or their
        # transaction was rolled back.
        return [self._tried([command])[0] for command in commands]

    def _run_once(self, commands: Sequence[Command[C]]) -> list[Outcome]:
        found, firsts = self.log.load(
            {command.stream for command in commands}, (command.context for command in commands)
        )
        states = {stream: self._fold(events) for stream, events in found.items()}
        outcomes: list[Outcome | None] = []
        appends: list[Append] = []
        for command in commands:
            # A command without a key has no repeat that it could be taken for.
            keyed = command.context.keyed
            fingerprint = _fingerprint(command) if keyed else ""
            state, version = states.get(command.stream, (self._decider.initial, 0))
            try:
                if keyed and (taken_before := firsts.get(str(command.context.command_id))):
                    outcomes.append(same_command(taken_before, fingerprint))
                    continue
                decided = self._decider.decide(state, command.command)
                append = self._append(command, state, version, decided, fingerprint)
            except AllianceError as error:
                outcomes.append(error)
                continue
            appends.append(append)
            outcomes.append(None)
            for event in decided:
                state = self._decider.evolve(state, event)
            states[command.stream] = (state, version + len(decided))
        taken = iter(self.log.append_all(appends)) if appends else iter(())
        return [next(taken) if outcome is None else outcome for outcome in outcomes]

    def state(self, stream: str) -> tuple[S, int]:
        """The state that the stream's events add up to, and its version (0: there are none)."""
        return self._fold(self.log.read_stream(stream))

    def _fold(self, events: Sequence[Any]) -> tuple[S, int]:
        state = self._decider.initial
        for event in events:
            state = self._decider.evolve(state, self._event(event.type, event.data))
        return state, events[-1].stream_version if events else 0

    def _append(
        self, command: Command[C], state: S, version: int, decided: Sequence[E], fingerprint: str
    ) -> Append:
        return Append(
            stream=command.stream,
            expected=version,
            events=tuple(
                NewEvent(type(event).__name__, encode(event), contracts.current(type(event).__name__))
                for event in decided
            ),
            # An event is of the district that it names: a pledge is withdrawn where it was signed.
            district=getattr(decided[0], "district", command.district) if decided else command.district,
            context=command.context,
            beside=command.beside if decided else None,
            fingerprint=fingerprint,
            result={**command.result, **(command.tell(state, decided) if command.tell else {})},
        )

    def _event(self, type_: str, data: Mapping[str, Any]) -> E:
        return decode(self._types[type_], data)

    def _measure(self, name: str, label: str, started: float, count: int = 1) -> None:
        took = time.perf_counter() - started
        ended, seconds = _measures(self.log.source, name, label)
        ended.inc(count)
        for _ in range(count):
            seconds.observe(took)


@lru_cache(maxsize=1024)
def _measures(source: str, name: str, label: str) -> tuple[Any, Any]:
    """Found once: prometheus_client takes longer to find them than to count."""
    return metrics.commands.labels(source, name, label), metrics.command_seconds.labels(source, name)


def _label(outcome: Outcome) -> str:
    if isinstance(outcome, AllianceError):
        return outcome.code
    if outcome.repeated:
        return "repeated"
    return "accepted" if outcome.events else "unchanged"


def encode(event: Any) -> dict[str, Any]:
    """A domain event as JSON data; a field named `class_` is `class` outside Python."""
    data: dict[str, Any] = msgspec.to_builtins(event)
    kind: Any = type(event)
    if _renames(kind):
        data = {name.removesuffix("_"): value for name, value in data.items()}
    return data


@lru_cache(maxsize=256)
def _renames(type_: type) -> bool:
    return any(each.name.endswith("_") for each in fields(type_))


def decode(type_: type[E], data: Mapping[str, Any]) -> E:
    """The domain event of contract data; fields that the event does not have are left out."""
    return msgspec.convert({_python_name(name): value for name, value in data.items()}, type_)


@lru_cache(maxsize=256)
def _python_name(name: str) -> str:
    return f"{name}_" if iskeyword(name) else name


def _fingerprint(command: Command[Any]) -> str:
    """Tells two commands apart under one Idempotency-Key, without keeping what they say."""
    body = [type(command.command).__name__, command.body]
    return hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()
