"""restored: what has to be said after a database came back from an older copy."""

from __future__ import annotations

from uuid import uuid4

import click
from sqlalchemy import delete, update

from .. import rosterview
from ..database import Database
from ..journal import journal, journal_head, journal_sources
from ..log import Log
from ..parking import parked
from ..projection import projection_positions
from ..settings import SOURCES, Settings
from ..tables import checkpoints as checkpoint_table
from . import composition

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
    feeds: the journal and the read models, and after a restore of roster the views of the roster. Stop the parts
    first: docs/operators.md, 'After a restore'.
    """
    if not yes:
        raise click.UsageError(
            "stop the receiver, the projector and this service's parts first, then add --yes"
        )
    settings = Settings.load()
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


def _forget_journal(database: Database) -> None:
    _, tables = composition.projections()
    with database.transaction() as connection:
        for of_projection in tables.values():
            for table in of_projection.values():
                table.drop(connection, checkfirst=True)
        for emptied in (journal, journal_sources, parked, projection_positions, checkpoint_table):
            connection.execute(delete(emptied))
        connection.execute(update(journal_head).values(position=0))
