"""migrate, doctor: the databases and what hangs on them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import NamedTuple

import click
from kombu import Connection, Exchange, Queue
from rich.markup import escape
from sqlalchemy import select

from .. import broker, checkpoints, migrations, parking
from ..context import Context
from ..database import Database
from ..errors import Unavailable
from ..journal import Journal, journal
from ..log import Log
from ..relay import CHECKPOINT
from ..settings import SERVICES, SOURCES, Settings
from ..tables import events
from . import composition, listing

OWNERS = (*SERVICES, "gateway")


@click.command(epilog="Example: alliance migrate pledges")
@click.argument("owners", nargs=-1, type=click.Choice(OWNERS))
def migrate(owners: tuple[str, ...]) -> None:
    """Bring databases to the newest revision: those named, or all.

    Safe to repeat, and safe while the parts run: a revision is taken whole or not at all.
    """
    settings = Settings.load()
    for owner in owners or OWNERS:
        database = Database(settings.database_url(owner))
        pending = migrations.pending(database, owner)
        migrations.upgrade(database, owner)
        click.echo(f"{owner}: {', '.join(pending) if pending else 'is at the newest revision'}")
        database.close()
        if owner == "evaluation":
            # Read models are made anew rather than migrated; an edge may be asked before the first projector runs.
            composition.app(owner, settings).prepare()
    if "surveys" in (owners or OWNERS):
        # The shipped instruments are part of the release as the tables are; published once, then left alone.
        composition.app("surveys", settings).publish_shipped({}, Context.of_system())


@click.command(epilog="Example: alliance doctor")
def doctor() -> None:
    """Check databases, migrations, logs and the broker, and say how to mend what is wrong.

    Ends with status 1 when something is.
    """
    settings = Settings.load()
    sound: dict[str, Database] = {}
    findings = [*_databases(settings, sound), *_broker(settings), *_journal(sound)]
    table = listing.table("part", "what", "state")
    for part, what, wrong, _ in findings:
        table.add_row(part, escape(what), f"[red]{escape(wrong)}[/]" if wrong else "[green]in order[/]")
    listing.show(table)
    to_mend = [finding for finding in findings if finding.wrong]
    for part, what, wrong, mend in to_mend:
        click.echo(f"{part}: {what}: {wrong}.\n  {mend}.")
    sys.exit(1 if to_mend else 0)


class Finding(NamedTuple):
    """`wrong` is empty when all is in order; `mend` then says nothing."""

    part: str
    what: str
    wrong: str
    mend: str


def _databases(settings: Settings, sound: dict[str, Database]) -> Iterator[Finding]:
    """Puts those that answer and have their tables into `sound`."""
    for owner, database in composition.databases(settings).items():
        what = f"database {database.url}"
        try:
            database.ping()
        except Unavailable:
            variable = f"ALLIANCE_{owner.upper()}_DATABASE_URL"
            mend = f"Start it, or correct {variable} or ALLIANCE_DATABASE_URL"
            yield Finding(owner, what, "cannot be reached", mend)
            continue
        yield Finding(owner, what, "", "")
        pending = migrations.pending(database, owner)
        wrong = f"{len(pending)} to come ({', '.join(pending)})" if pending else ""
        yield Finding(owner, "migrations", wrong, f"Run: alliance migrate {owner}")
        if not pending:
            sound[owner] = database
            if owner in SOURCES:
                yield _log(owner, database, settings.broker_url is not None)


def _log(owner: str, database: Database, published: bool) -> Finding:
    position, _ = Log(database, owner).head()
    with database.reading() as connection:
        relayed, _ = checkpoints.load(connection, CHECKPOINT)
    what = f"log at {position}, published to {relayed}" if published else f"log at {position}"
    wrong = f"the relay's checkpoint {relayed} is beyond the log" if relayed > position else ""
    return Finding(owner, what, wrong, _AFTER_A_RESTORE)


def _broker(settings: Settings) -> Iterator[Finding]:
    if settings.broker_url is None:
        return
    connection = broker.connect(settings.broker_url)
    try:
        connection.connect()
        yield Finding("broker", "connection", "", "")
        for source in SOURCES:
            queue = broker.queue("evaluation", source, settings.broker_prefix)
            mend = f"Start `alliance relay {source}` or `alliance receive`: each declares it"
            for kind, named in (("exchange", queue.exchange), ("queue", queue)):
                there = _declared(connection, named, passive=True)
                yield Finding("broker", f"{kind} {named.name}", "" if there else "is missing", mend)
                if there and not _declared(connection, named):
                    wrong = "was declared in another way"
                    yield Finding("broker", f"{kind} {named.name}", wrong, "Delete it; " + mend)
    except broker.BrokerErrors as error:
        wrong = f"cannot be used ({type(error).__name__})"
        yield Finding("broker", "connection", wrong, "Start RabbitMQ, or correct ALLIANCE_BROKER_URL")
    finally:
        broker.drop(connection)


def _declared(connection: Connection, named: Exchange | Queue, passive: bool = False) -> bool:
    """Whether it exists; not passive, whether it is as we declare it. A missing binding shows as the relay's lag:
    AMQP has no question for it, and what cannot be routed comes back to the relay."""
    try:
        with connection.channel() as channel:
            entity = named(channel)
            declare = entity.queue_declare if isinstance(named, Queue) else entity.declare
            declare(passive=passive)
    except broker.BrokerErrors:
        return False
    return True


def _journal(sound: dict[str, Database]) -> Iterator[Finding]:
    """Compares the journal with those logs that can be read, and counts what was set aside."""
    if "evaluation" not in sound:
        return
    database = sound["evaluation"]
    for source in SOURCES:
        if source in sound:
            copied, followed = Journal(database).source(source)
            position, epoch = Log(sound[source], source).head()
            another = (followed and followed != epoch) or not _same_event(
                database, sound[source], source, copied
            )
            wrong = "belongs to another history of the log" if another else ""
            what = f"journal of {source} at {copied} of {position}"
            yield Finding("evaluation", what, wrong, _AFTER_A_RESTORE)
    with database.reading() as connection:
        streams = len(parking.streams(connection))
    wrong = f"{streams} set aside" if streams else ""
    yield Finding("evaluation", "streams", wrong, "Run: alliance parked list")


def _same_event(evaluation: Database, source: Database, name: str, position: int) -> bool:
    """Whether journal and log hold the same event at the last position copied; after a restore they do not."""
    if position == 0:
        return True
    copy = select(journal.c.id).where(journal.c.source == name, journal.c.source_position == position)
    with evaluation.reading() as connection:
        copied = connection.scalars(copy).one_or_none()
    with source.reading() as connection:
        return (
            copied
            == connection.scalars(select(events.c.id).where(events.c.position == position)).one_or_none()
        )


_AFTER_A_RESTORE = "The log was restored from an older copy: follow 'After a restore' in docs/operators.md"
