"""rebuild, parked: the read models and what was set aside."""

from __future__ import annotations

import sys

import click
from rich.markup import escape
from rich.progress import Progress
from sqlalchemy.exc import NoResultFound

from .. import parking
from ..database import Database
from ..parking import Failure
from ..projector import Projector
from ..rebuild import rebuild as rebuild_projection
from ..settings import Settings
from . import composition, listing


@click.command(epilog="Example: alliance rebuild participation")
@click.argument("name")
@click.option("--partitions", default=1, show_default=True, help="K of the running projectors.")
@click.option(
    "--go-live", is_flag=True, help="Take the new tables although they differ (after a mend in the fold)."
)
def rebuild(name: str, partitions: int, go_live: bool) -> None:
    """Fold the projection NAME again from zero beside its live tables, compare, and swap.

    The live system goes on meanwhile. Equal tables are swapped; different ones are shown and left as they are,
    unless --go-live says that the difference is meant.
    """
    settings = Settings.load()
    projections, tables = composition.projections()
    found = {each.name: each for each in projections}
    if name not in found:
        raise click.BadParameter(f"there is {', '.join(found)}", param_hint="NAME")
    with Progress(transient=True) as progress:
        task = progress.add_task(f"rebuilding {name}")
        try:
            compared = rebuild_projection(
                Database(settings.database_url("evaluation")),
                found[name],
                tables[name],
                partitions=partitions,
                go_live=go_live,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        except Failure as error:
            raise click.ClickException(f"Nothing was changed: {error}") from error
        except (NoResultFound, RuntimeError) as error:
            raise click.ClickException(_not_so_many(name, partitions)) from error
    table = listing.table("table", "live", "rebuilt", "")
    for each, hash_ in compared.live.items():
        same = hash_ == compared.rebuilt[each]
        table.add_row(each, hash_[:16], compared.rebuilt[each][:16], "equal" if same else "[red]different[/]")
    listing.show(table)
    positions = ", ".join(map(str, compared.positions))
    click.echo(
        f"As of journal position {positions}: {'went live' if compared.went_live else 'nothing was changed'}."
    )
    sys.exit(0 if compared.went_live else 1)


@click.group(epilog="Example: alliance parked list")
def parked() -> None:
    """Streams set aside because an event of theirs could not be folded."""


@parked.command("list", epilog="Example: alliance parked list")
def list_() -> None:
    """List the parked streams with the reason of each, and how many messages could not be read at all."""
    database = Database(Settings.load().database_url("evaluation"))
    table = listing.table(
        "projection", "stream", "from position", "events", "since", "reason", whole="stream"
    )
    with database.reading() as connection:
        entries = parking.streams(connection)
        rejected = parking.count_rejected(connection)
    for entry in entries:
        since = f"{entry.parked_at:%Y-%m-%d %H:%M} UTC"
        counts = str(entry.first_position), str(entry.events)
        table.add_row(entry.projection, entry.stream, *counts, since, escape(entry.reason))
    if entries:
        listing.show(table)
    else:
        click.echo("Nothing is parked.")
    if rejected:
        click.echo(
            f"{rejected} messages could not be read; their events came from the source's feed instead."
        )


@parked.command(epilog="Example: alliance parked replay")
@click.option("--partitions", default=1, show_default=True, help="K of the running projectors.")
def replay(partitions: int) -> None:
    """Fold every parked stream again, in its order; those that still fail stay parked."""
    database = Database(Settings.load().database_url("evaluation"))
    projections, tables = composition.projections()
    found = {each.name: each for each in projections}
    with database.reading() as connection:
        entries = parking.streams(connection)
    if not entries:
        click.echo("Nothing is parked.")
        return
    failed = 0
    for entry in entries:
        projection = found[entry.projection]
        projector = Projector(
            database, projection, tables[projection.name], partition=entry.partition, partitions=partitions
        )
        try:
            click.echo(f"{entry.projection} {entry.stream}: {projector.replay(entry)} events folded")
        except Failure as error:
            failed += 1
            click.echo(f"{entry.projection} {entry.stream}: still parked, {error.reason}")
        except NoResultFound as error:
            raise click.ClickException(_not_so_many(entry.projection, partitions)) from error
    click.echo(f"{len(entries) - failed} of {len(entries)} streams flow again.")
    sys.exit(1 if failed else 0)


def _not_so_many(name: str, partitions: int) -> str:
    many = "1 projector" if partitions == 1 else f"{partitions} projectors"
    return (
        f"Nothing was changed: {many} cannot have kept {name} up. Give the running ones' K as --partitions."
    )
