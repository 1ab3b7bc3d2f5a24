"""What must hold in every state. Each check has the name of the guarantee that it is a part of.

I1  every accepted command is in the log exactly once; a repeat gets the same answer; each event was decided on the
    version that it follows; positions and versions rise without a hole
I2  nothing outside that is not in the log
I3  read model == fold(journal up to the checkpoint), without what is parked; also after a rebuild from zero
I4  in the journal, positions of a source and versions of a stream rise without a hole; an event is there once
I5  accepted = projected + parked + pending
I6  no part ends or halts by itself, nothing is set aside that no fault explains (and, on the explored graph: every
    state has a way to the end without a further fault: `exploration.py`)
R1  the relay's checkpoint never passes an event that the broker has not taken
R2  the relay's checkpoint never goes back
R3  what the broker has taken is in the queue until the journal has it
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tests.faults.read_model import Signatures
from tests.model import steps
from tests.model.facts import JournalFacts, LogFacts, Row
from tests.model.moves import Model
from tests.model.world import RESTORED, World


class Invariants:
    """Finds what is wrong with a world: "" when nothing is. What depends on the databases alone is checked once."""

    def __init__(self, model: Model, ignored: frozenset[str] = frozenset()) -> None:
        self._model = model
        self._ignored = ignored
        self._by_databases: dict[tuple[int, int, bool], str] = {}
        self._by_answers: dict[tuple[int, tuple[Any, ...]], str] = {}
        self._by_rebuild: dict[int, str] = {}

    def wrong_move(self, before: World, world: World) -> str:
        """What is wrong with a move to a state that may be known."""
        if before.log == world.log or before.history != world.history:
            return ""
        earlier = self._model.facts.log(before.log).published
        later = self._model.facts.log(world.log).published
        if later < earlier and "R2" not in self._ignored:
            return f"R2: the relay's checkpoint went back from {earlier} to {later}"
        return ""

    def wrong(self, world: World) -> str:
        if world.wrong:
            return world.wrong if world.wrong.startswith("I") else f"I6: {world.wrong}"
        key = (world.log, world.journal, world.history == RESTORED)
        found = self._by_databases.get(key)
        if found is None:
            found = self._by_databases[key] = self._first(self._of_databases(*key))
        return found or self._first(self._of_world(world))

    def _first(self, findings: Iterator[str]) -> str:
        return next((found for found in findings if found[:2] not in self._ignored), "")

    def _of_databases(self, log_number: int, journal_number: int, two_histories: bool) -> Iterator[str]:
        log = self._model.facts.log(log_number)
        journal = self._model.facts.journal(journal_number)
        yield from _of_log(log)
        yield from _of_journal(journal)
        if not two_histories:
            yield from _of_both(log, journal)
        if journal_number not in self._by_rebuild:
            self._by_rebuild[journal_number] = self._rebuilt(journal_number, journal)
        yield from filter(None, [self._by_rebuild[journal_number]])

    def _of_world(self, world: World) -> Iterator[str]:
        facts, broker = self._model.facts, world.broker
        log, journal = facts.log(world.log), facts.journal(world.journal)
        if not world.history:
            key = (world.log, world.told)
            if key not in self._by_answers:
                self._by_answers[key] = self._first(self._of_commands(world, log))
            yield from filter(None, [self._by_answers[key]])
        if world.history != RESTORED:
            outside = {facts.message(number) for number in _messages(world)}
            if outside - log.identities:
                yield f"I2: {outside - log.identities} is outside, and not in the log"
            if self._model.halted(world):
                yield "I6: a receiver has halted, and there are no two histories"
            if journal.rejected:
                yield "I6: a message was set aside, and every one was an event of the log"
        if log.published:
            taken = {facts.message(number)[1] for number in broker.taken}
            ids = [row["id"] for row in log.events if row["position"] <= log.published]
            if not taken.issuperset(ids):
                yield f"R1: the relay's checkpoint is {log.published}, the broker has not taken all before it"
        if log.published > log.position:
            yield "R1: the relay's checkpoint is beyond the log's end"
        if self._model.configuration.receivers and not world.history and not self._loses_the_journal():
            kept = {*broker.lost, *broker.ready}
            kept.update(message for each in broker.subscriptions for _, message in each.unacknowledged)
            gone = {facts.message(number) for number in broker.taken - kept}
            if gone - journal.identities:
                yield f"R3: gone from the queue and not in the journal: {gone - journal.identities}"

    def _loses_the_journal(self) -> bool:
        return "restore the journal" in self._model.configuration.faults

    def _of_commands(self, world: World, log: LogFacts) -> Iterator[str]:
        by_command = Counter(row["causation_id"] for row in log.events)
        ends = {row["causation_id"]: (row["position"], row["stream_version"]) for row in log.events}
        for number, told in enumerate(world.told):
            command = str(self._model.configuration.commands[number].context.command_id)
            if by_command[command] > 1:
                yield f"I1: command {number} is in the log {by_command[command]} times"
            if isinstance(told, steps.Refusal) and by_command[command]:
                yield f"I1: command {number} was refused, and is in the log"
            if isinstance(told, steps.Answer):
                if told.events is not None and told.events != by_command[command]:
                    yield f"I1: command {number} was accepted, and is in the log {by_command[command]} times"
                if command in ends and ends[command] != (told.position, told.version):
                    yield f"I1: command {number} is at {ends[command]}, its caller was told {told}"

    def _rebuilt(self, number: int, journal: JournalFacts) -> str:
        """Fold from zero with the mended fold, on a copy: the same hash, and what is parked is taken in."""
        stage = self._model.stage
        stage.values["journal"].load(number)
        compared = stage.parts.rebuild(
            stage.databases["journal"], stage.projection(True), stage.tables(), go_live=True
        )
        after = self._model.facts.journal(stage.values["journal"].keep())
        if not journal.parked and not compared.equal:
            return f"I3: a rebuild gives another hash: {compared}"
        if (after.totals, after.standing) != folded(journal.events, journal.folded, ()):
            return f"I3: a rebuild gives {after.totals} {after.standing}"
        return ""


def _of_log(log: LogFacts) -> Iterator[str]:
    positions = [row["position"] for row in log.events]
    if positions != list(range(1, log.position + 1)):
        yield f"I1: the log's head is {log.position}, its positions are {positions}"
    standing: dict[str, str] = {}
    versions = Counter[str]()
    for row in log.events:
        stream, data = row["stream"], json.loads(row["data"])
        versions[stream] += 1
        if row["stream_version"] != versions[stream]:
            yield f"I1: {stream} has version {row['stream_version']} after {versions[stream] - 1}"
        if row["type"] == "PledgeOffered":
            continue
        # Nobody signs a text that stands signed, or withdraws where none does.
        signs = data.get("statement", "")
        if standing.get(stream, "") == signs:
            yield f"I1: {row['type']} at {row['position']} was not decided on what is before it"
        standing[stream] = signs


def _of_journal(journal: JournalFacts) -> Iterator[str]:
    positions = [row["position"] for row in journal.events]
    if positions != list(range(1, journal.position + 1)):
        yield f"I4: the journal's head is {journal.position}, its positions are {positions}"
    copied = [row["source_position"] for row in journal.events]
    if copied != list(range(1, journal.copied + 1)):
        yield f"I4: the journal is at {journal.copied} of the source, and holds {copied}"
    versions = Counter[str]()
    for row in journal.events:
        versions[row["stream"]] += 1
        if row["stream_version"] != versions[row["stream"]]:
            yield f"I4: {row['stream']} has version {row['stream_version']} after {versions[row['stream']] - 1}"
    found = (journal.totals, journal.standing)
    if found != folded(journal.events, journal.folded, journal.parked):
        yield f"I3: the read model is {found}, and not the fold of the journal up to {journal.folded}"


def _of_both(log: LogFacts, journal: JournalFacts) -> Iterator[str]:
    strange = {(row["source_position"], row["id"]) for row in journal.events} - log.identities
    if strange:
        yield f"I2: the journal holds {strange}, and the log does not"
    accepted = _wanted(log.events)
    projected = sum(sum(counts) for counts in journal.totals.values())
    parked = sum(row["events"] for row in journal.parked)
    # As the metrics of lag say it: by positions.
    on_the_way = [row for row in log.events if row["position"] > journal.copied]
    unfolded = [row for row in journal.events if row["position"] > journal.folded]
    pending = _wanted(on_the_way) + _wanted(unfolded)
    if accepted != projected + parked + pending:
        yield f"I5: {accepted} accepted, {projected} projected, {parked} parked, {pending} pending"


def _wanted(rows: Sequence[Row]) -> int:
    return sum(row["type"] in Signatures.types for row in rows)


def _messages(world: World) -> Iterator[int]:
    yield from world.broker.ready
    for channel in world.broker.channels:
        if channel is not None:
            yield from (message for _, message in channel.wire)
    for subscription in world.broker.subscriptions:
        yield from (message for _, message in subscription.unacknowledged)


def folded(events: Sequence[Row], until: int, parked: Sequence[Row]) -> tuple[dict[str, Any], dict[Any, str]]:
    """The read model as it should be, counted from the journal's rows."""
    first = {row["stream"]: row["first_position"] for row in parked}
    totals: dict[str, tuple[int, int]] = {}
    standing: dict[tuple[str, str], str] = {}
    for row in events:
        at, stream = row["position"], row["stream"]
        if at > until or at >= first.get(stream, at + 1):
            continue
        if row["type"] not in Signatures.types:
            continue
        data = json.loads(row["data"])
        signed, withdrawn = totals.get(row["district"], (0, 0))
        if row["type"] == "PledgeSigned":
            signed += 1
            standing[row["district"], data["student"]] = data["statement"]
        else:
            withdrawn += 1
            standing[row["district"], data["student"]] = ""
        totals[row["district"]] = (signed, withdrawn)
    return totals, standing
