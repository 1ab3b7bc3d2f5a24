"""restored, refold: what has to be said after a database came back from an older copy."""

from __future__ import annotations

from uuid import uuid4

import click
from sqlalchemy import Connection, delete, update

from .. import broker, rosterview
from ..database import Database
from ..journal import journal, journal_head, journal_sources
from ..log import Log
from ..parking import parked
from ..projection import projection_positions
from ..relay import CHECKPOINT
from ..settings import SOURCES, Settings
from ..tables import checkpoints as checkpoint_table
from . import composition
from .parts import CONSUMER

#: The services that keep a view of the roster.
VIEWERS = ("pledges", "folders", "surveys")


@click.command(epilog="Example: alliance restored pledges --yes")
@click.argument("service", type=click.Choice(SOURCES))
@click.option(
    "--yes", is_flag=True, help="The receiver, the projector and this service's edge and relay are stopped."
)
def restored(service: str, yes: bool) -> None:
    """Declare that SERVICE's database was restored from an older copy.

    Gives its log a new epoch, and empties what was copied from the logs, so that all of it is made again from the
    feeds: the journal and the read models, the queue at the broker, and after a restore of roster the views of the
    roster. Stop the parts first: docs/operators.md, 'After a restore'.
    """
    if not yes:
        raise click.UsageError(
            "stop the receiver, the projector and this service's parts first, then add --yes"
        )
    settings = Settings.load()
    if settings.broker_url is not None:
        _forget_messages(settings.broker_url, service, settings.broker_prefix)
    log = Log(Database(settings.database_url(service)), service)
    epoch = uuid4()
    log.new_epoch(epoch)
    click.echo(f"{service}: ends at {log.head()[0]}, new epoch {epoch}")
    _forget_journal(Database(settings.database_url("evaluation")))
    click.echo(
        "evaluation: journal and read models are empty; the receiver and the projector make them again"
    )
    if service == "roster":
        for viewer in VIEWERS:
            rosterview.forget(Database(settings.database_url(viewer)))
            click.echo(f"{viewer}: the view of the roster is empty; its edge makes it again")


def _forget_messages(url: str, service: str, prefix: str) -> None:
    """Drop what still waits in the queue: events of the lost history, at positions that others will have."""
    queue = broker.queue(CONSUMER, service, prefix).name
    connection = broker.connect(url)
    try:
        connection.connect()
        dropped = broker.forget(connection, CONSUMER, service, prefix)
    except broker.BrokerErrors as error:
        raise click.ClickException(
            f"Nothing was changed: the queue {queue} has to be emptied, and the broker cannot be used "
            f"({type(error).__name__}). Start RabbitMQ, or correct ALLIANCE_BROKER_URL."
        ) from error
    finally:
        broker.drop(connection)
    click.echo(f"broker: {dropped} messages dropped from {queue}")


@click.command(epilog="Example: alliance refold --yes")
@click.option("--yes", is_flag=True, help="Every projector is stopped.")
def refold(yes: bool) -> None:
    """Empty the read models, so that projectors fold the journal again from its start.

    For another number of partitions. Scorecards are empty meanwhile; to fold one projection again beside its live
    tables there is `alliance rebuild`.
    """
    if not yes:
        raise click.UsageError("stop every projector first, then add --yes")
    with Database(Settings.load().database_url("evaluation")).transaction() as connection:
        _forget_read_models(connection)
    click.echo("evaluation: the read models are empty; start the projectors, all with the same K")


def _forget_journal(database: Database) -> None:
    with database.transaction() as connection:
        _forget_read_models(connection)
        for emptied in (journal, journal_sources):
            connection.execute(delete(emptied))
        connection.execute(update(journal_head).values(position=0))


def _forget_read_models(connection: Connection) -> None:
    _, tables = composition.projections()
    for of_projection in tables.values():
        for table in of_projection.values():
            table.drop(connection, checkfirst=True)
    for emptied in (parked, projection_positions):
        connection.execute(delete(emptied))
    # What evaluation itself has recorded stays published.
    connection.execute(delete(checkpoint_table).where(checkpoint_table.c.name != CHECKPOINT))
