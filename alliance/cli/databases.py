"""migrate, doctor: the databases and what hangs on them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import inspect

from .. import broker, checkpoints, migrations
from ..context import Context
from ..database import Database
from ..errors import Unavailable
from ..journal import Journal
from ..log import Log
from ..relay import CHECKPOINT
from ..settings import SERVICES, SOURCES, Settings
from . import composition

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
    if "surveys" in (owners or OWNERS):
        # The shipped instruments are part of the release as the tables are; published once, then left alone.
        composition.app("surveys", settings).publish_shipped({}, Context.of_system())


@click.command(epilog="Example: alliance doctor")
def doctor() -> None:
    """Check databases, migrations, logs and the broker, and say how to mend what is wrong.

    Ends with status 1 when something is.
    """
    settings = Settings.load()
    findings = [*_databases(settings), *_broker(settings), *_journal(settings)]
    table = Table("part", "what", "state", "how to mend it")
    for part, what, wrong, mend in findings:
        table.add_row(
            part, what, f"[red]{wrong}[/]" if wrong else "[green]in order[/]", mend if wrong else ""
        )
    Console().print(table)
    sys.exit(1 if any(wrong for _, _, wrong, _ in findings) else 0)


Finding = tuple[str, str, str, str]


def _databases(settings: Settings) -> Iterator[Finding]:
    for owner, database in composition.databases(settings).items():
        try:
            database.ping()
        except Unavailable:
            yield (
                owner,
                f"database {database.url}",
                "cannot be reached",
                f"start it, or correct ALLIANCE_{owner.upper()}_DATABASE_URL",
            )
            continue
        yield owner, f"database {database.url}", "", ""
        pending = migrations.pending(database, owner)
        wrong = f"{len(pending)} to come: {', '.join(pending)}" if pending else ""
        yield owner, "migrations", wrong, f"alliance migrate {owner}"
        if not pending and owner in SOURCES:
            yield _log(owner, database)


def _log(owner: str, database: Database) -> Finding:
    position, _ = Log(database, owner).head()
    with database.reading() as connection:
        published, _ = checkpoints.load(connection, CHECKPOINT)
    wrong = f"the relay's checkpoint {published} is beyond the log" if published > position else ""
    mend = "the log was restored from an older copy: follow 'After a restore' in docs/operators.md"
    return owner, f"log at {position}, published to {published}", wrong, mend


def _broker(settings: Settings) -> Iterator[Finding]:
    if settings.broker_url is None:
        return
    connection = broker.connect(settings.broker_url)
    try:
        connection.connect()
        yield "broker", "connection", "", ""
        for source in SOURCES:
            queue = broker.queue("evaluation", source, settings.broker_prefix)
            try:
                with connection.channel() as channel:
                    queue(channel).queue_declare(passive=True)
                wrong = ""
            except broker.BrokerErrors:
                wrong = "missing"
            yield (
                "broker",
                f"queue {queue.name}",
                wrong,
                f"start `alliance relay {source}` or `alliance receive`",
            )
    except broker.BrokerErrors as error:
        yield "broker", "connection", type(error).__name__, "start RabbitMQ, or correct ALLIANCE_BROKER_URL"
    finally:
        broker.drop(connection)


def _journal(settings: Settings) -> Iterator[Finding]:
    evaluation = Database(settings.database_url("evaluation"))
    try:
        if not inspect(evaluation.engine).has_table("journal_sources"):
            return
        journal = Journal(evaluation)
        for source in SOURCES:
            copied, followed = journal.source(source)
            database = Database(settings.database_url(source))
            if not inspect(database.engine).has_table("log_head"):
                continue
            position, epoch = Log(database, source).head()
            wrong = ""
            if copied > position or (followed and followed != epoch):
                wrong = "belongs to another history of the log"
            mend = "follow 'After a restore' in docs/operators.md"
            yield "evaluation", f"journal of {source} at {copied} of {position}", wrong, mend
    except Exception as error:
        yield "evaluation", "journal", type(error).__name__, "mend the databases above first"
