"""rebuild, parked: the read models and what was set aside."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from .. import parking
from ..database import Database
from ..projector import Failure, Projector
from ..rebuild import rebuild as rebuild_projection
from ..settings import Settings
from . import composition


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
    table = Table("table", "live", "rebuilt", "")
    for each, hash_ in compared.live.items():
        same = hash_ == compared.rebuilt[each]
        table.add_row(each, hash_[:16], compared.rebuilt[each][:16], "equal" if same else "[red]different[/]")
    Console().print(table)
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
    table = Table("projection", "stream", "from position", "events", "reason", "since")
    with database.reading() as connection:
        for entry in parking.streams(connection):
            table.add_row(
                entry.projection,
                entry.stream,
                str(entry.first_position),
                str(entry.events),
                entry.reason,
                f"{entry.parked_at:%Y-%m-%d %H:%M} UTC",
            )
        rejected = parking.count_rejected(connection)
    Console().print(table)
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
    click.echo(f"{len(entries) - failed} of {len(entries)} streams flow again.")
    sys.exit(1 if failed else 0)
