"""The command line: `alliance …`. Each command's help ends with an example.

databases.py   migrate, doctor
parts.py       serve, relay, receive, project
models.py      rebuild, parked
people.py      tokens
restoring.py   restored, refold
input.py       roster import, outcomes import, simulate
report.py      report
"""

from __future__ import annotations

import sys

import click
from environs import EnvError
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from .. import __version__
from ..errors import AllianceError
from . import databases, input, models, parts, people, report, restoring

#: PostgreSQL's code for a table that is not there.
UNDEFINED_TABLE = "42P01"

stderr = Console(stderr=True, soft_wrap=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog="Example: alliance doctor")
@click.version_option(__version__, prog_name="alliance")
def cli() -> None:
    """Alliance for Families (Miss. Code 37-3-61 to 37-3-75) for a whole state.

    Settings come from environment variables (ALLIANCE_…); docs/operators.md lists them.
    """


for command in (
    databases.migrate,
    databases.doctor,
    parts.serve,
    parts.relay,
    parts.receive,
    parts.project,
    models.rebuild,
    models.parked,
    people.tokens,
    restoring.restored,
    restoring.refold,
    input.roster,
    input.outcomes,
    input.simulate,
    report.report,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line; an error that a person can mend is a sentence, not a traceback."""
    try:
        cli()
    except AllianceError as error:
        stderr.print(error.detail, style="red", markup=False)
        for each in error.errors:
            stderr.print(f"  {each['field']}: {each['message']}", markup=False)
        sys.exit(1)
    except EnvError as error:
        stderr.print(f"A setting is wrong: {error}", style="red", markup=False)
        sys.exit(2)
    except DBAPIError as error:
        if not _lacks_a_table(error):
            raise
        stderr.print("A table is missing: run `alliance migrate` first.", style="red", markup=False)
        sys.exit(1)


def _lacks_a_table(error: DBAPIError) -> bool:
    """What PostgreSQL and SQLite say of a database that was never migrated."""
    return getattr(error.orig, "pgcode", None) == UNDEFINED_TABLE or "no such table" in str(error.orig)
