"""The small systems that are explored, each with the parts and the faults of one concern."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from alliance.context import Caller, Context
from alliance.decider import Command
from services.pledges.pledge import OfferPledge, SignPledge, WithdrawPledge, stream
from tests.builders import NOW, YEAR
from tests.model.stage import Sizes
from tests.model.world import Configuration

DAY = date(2026, 9, 1)


def command(key: int, what: Any, body: str = "") -> Command[Any]:
    """A command that came with Idempotency-Key number `key`; a minute lies between two keys."""
    context = Context(
        caller=Caller("system"),
        command_id=UUID(int=key),
        keyed=True,
        now=NOW + timedelta(minutes=key),
        correlation_id=f"correlation-{key}",
    )
    return Command(
        stream=stream(what.student, YEAR),
        command=what,
        district=what.district,
        context=context,
        body={"body": body or repr(what)},
        result={"key": key},
    )


def sign(key: int, student: str, statement: str = "2026-1") -> Command[Any]:
    digest = hashlib.sha256(statement.encode()).hexdigest()
    return command(
        key,
        SignPledge(
            student, "g1", frozenset({"g1"}), YEAR, "sc1", "d1", DAY, "web", "en", statement, digest, False
        ),
    )


def offer(key: int, student: str) -> Command[Any]:
    return command(key, OfferPledge(student, YEAR, "sc1", "d1", "2026-1", "en", DAY))


def withdraw(key: int, student: str) -> Command[Any]:
    return command(key, WithdrawPledge(student, "g1", frozenset({"g1"}), YEAR, "sc1", "d1", DAY))


BROKER_FAULTS = frozenset({"drop", "duplicate", "reorder", "cut", "wipe", "queue deleted"})
DATABASE_FAULTS = frozenset({"away", "unsure"})

#: Three clients: one that repeats its command; one that is first with another signature, then an impatient copy of the
#: first one's command; and one that withdraws what they sign.
COMMANDS = Configuration(
    name="commands",
    commands=[sign(1, "s1"), withdraw(2, "s1"), sign(3, "s1"), sign(4, "s2")],
    scripts=[[0, 0], [2, 0], [1, 3]],
    faults=DATABASE_FAULTS | {"crash"},
    budget=1,
)

#: Two relays of one log, and a broker that confirms late, refuses or loses the topology.
RELAYS = Configuration(
    name="relays",
    commands=[sign(1, "s1"), sign(2, "s2")],
    scripts=[[0, 1]],
    relays=2,
    faults=frozenset({"crash", "timeout", "refused", "unsure"}),
    budget=1,
)

#: One relay that is met by every fault of the courier, two of them on one path.
RELAY = replace(
    RELAYS,
    name="relay and faults of the broker",
    relays=1,
    faults=frozenset({"crash", "timeout", "refused", "cut", "wipe", "queue deleted", "nack", "away"}),
    budget=2,
)

#: Two clients that append at the same time, and a relay that reads behind them.
CLIENTS = replace(
    RELAYS,
    name="two clients and a relay",
    scripts=[[0], [1]],
    relays=1,
    faults=frozenset({"crash", "away", "unsure"}),
)

#: A log that is restored from an empty copy while its relay is at work.
RESTORED_RELAY = replace(
    RELAYS,
    name="relay of a log that is restored",
    relays=1,
    faults=frozenset({"crash", "restore the log"}),
    budget=2,
)

#: A relay and a receiver, and everything that a courier can do to messages.
TRANSPORT = Configuration(
    name="transport",
    commands=[sign(1, "s1"), withdraw(2, "s1")],
    scripts=[[0, 1]],
    relays=1,
    receivers=1,
    faults=BROKER_FAULTS | {"crash"},
    budget=1,
)

#: Two receivers of one queue: the second takes over while the first is still at work.
RECEIVERS = replace(
    TRANSPORT,
    name="two receivers",
    receivers=2,
    begun=frozenset({"client", "relay"}),
    faults=frozenset({"cut", "crash", "duplicate", "drop", "reorder", "away", "unsure"}),
    sizes=Sizes(receiver_batch=1),
)

#: Evaluation's database comes back from an older copy while a receiver has several messages in hand.
JOURNAL_BACK = replace(
    TRANSPORT,
    name="journal restored under a receiver",
    begun=frozenset({"client", "relay"}),
    faults=frozenset({"restore the journal", "crash", "duplicate", "reorder", "drop"}),
    budget=2,
)

#: Two projectors, a fold that fails until it is mended, and an operator who replays.
PROJECTION = Configuration(
    name="projection",
    commands=[sign(1, "s1", "poison"), offer(2, "s2"), sign(3, "s2"), withdraw(4, "s1")],
    scripts=[[0, 1, 2, 3]],
    begun=frozenset({"client"}),
    followers=1,
    projectors=2,
    people=frozenset({"mend", "replay"}),
    faults=DATABASE_FAULTS | {"crash"},
    budget=1,
    sizes=Sizes(page=1, projector_batch=2),
)

#: A rebuild beside a projector and an operator who replays.
REBUILD = replace(
    PROJECTION,
    name="rebuild",
    commands=[sign(1, "s1", "poison"), sign(2, "s2")],
    scripts=[[0, 1]],
    begun=frozenset({"client", "follower"}),
    projectors=1,
    people=frozenset({"mend", "replay", "rebuild", "rebuild go live"}),
)

#: From the command to the read model, every part once.
WHOLE = Configuration(
    name="from command to read model",
    commands=[sign(1, "s1")],
    scripts=[[0, 0]],
    relays=1,
    receivers=1,
    projectors=1,
    faults=(BROKER_FAULTS - {"reorder"}) | DATABASE_FAULTS | {"crash", "timeout", "restore the journal"},
    budget=1,
)

#: The log is restored from an empty copy, with a new epoch, as docs/operators.md prescribes, and then the rest of the
#: procedure. At the beginning the first event is in the queue.
RESTORE = Configuration(
    name="restored log, with a new epoch",
    commands=[sign(1, "s1"), sign(2, "s2"), sign(3, "s3")],
    scripts=[[0, 1, 2]],
    relays=1,
    receivers=1,
    people=frozenset({"declare"}),
    faults=frozenset({"restore the log"}),
    budget=1,
    sizes=Sizes(relay_batch=1, receiver_batch=1),
    epoch=True,
    begun=frozenset({"client", "relay"}),
    first_commands=1,
)

#: The same, and nobody says so; the first command is in the journal already.
RESTORE_UNTOLD = replace(
    RESTORE,
    name="restored log, not declared",
    epoch=False,
    people=frozenset(),
    begun=frozenset({"client", "relay", "receiver"}),
)

#: Every part twice, for random histories.
LONG = Configuration(
    name="long histories",
    commands=[
        sign(1, "s1", "poison"), offer(2, "s2"), sign(3, "s2"), withdraw(4, "s1"), withdraw(5, "s2"),
        sign(6, "s1"), sign(7, "s3"), sign(8, "s1", "2026-2"),
    ],
    scripts=[[0, 2, 3, 0, 5, 7], [1, 2, 4, 6, 6]],
    relays=2,
    receivers=2,
    projectors=2,
    people=REBUILD.people,
    faults=BROKER_FAULTS | DATABASE_FAULTS | {"crash", "timeout", "refused", "nack"},
    budget=12,
    sizes=Sizes(relay_batch=3, receiver_batch=3, projector_batch=3),
)  # fmt: skip

ALL: Mapping[str, Configuration] = {
    each.name: each
    for each in (
        COMMANDS, RELAYS, RELAY, CLIENTS, RESTORED_RELAY, TRANSPORT, RECEIVERS, JOURNAL_BACK, PROJECTION, REBUILD,
        WHOLE, RESTORE_UNTOLD, RESTORE,
    )
}  # fmt: skip


def deeper(configuration: Configuration) -> Configuration:
    """One more fault on each path."""
    return replace(configuration, budget=configuration.budget + 1)
