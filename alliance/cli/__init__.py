"""The command line: `alliance …`. Each command's help ends with an example.

serving.py     serve
databases.py   migrate, doctor
parts.py       relay, receive, project
models.py      rebuild, parked
people.py      tokens
restoring.py   restored, refold
input.py       roster import, outcomes import, simulate
report.py      report

A command's module is loaded when the command is asked for: each part of a deployment is started through here, and
needs little of what the others do.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from .. import __version__
from ..errors import AllianceError

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

#: PostgreSQL's code for a table that is not there.
UNDEFINED_TABLE = "42P01"

#: The module of each command, of the same name in it.
MODULES = {
    "serve": "serving",
    "migrate": "databases",
    "doctor": "databases",
    "relay": "parts",
    "receive": "parts",
    "project": "parts",
    "rebuild": "models",
    "parked": "models",
    "tokens": "people",
    "restored": "restoring",
    "refold": "restoring",
    "roster": "input",
    "outcomes": "input",
    "simulate": "input",
    "report": "report",
}


class Commands(click.Group):
    """The commands of MODULES."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in MODULES:
            return None
        found: click.Command = getattr(import_module(f".{MODULES[cmd_name]}", __package__), cmd_name)
        return found


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: alliance doctor",
)
@click.version_option(__version__, prog_name="alliance")
def cli() -> None:
    """Alliance for Families (Miss. Code 37-3-61 to 37-3-75) for a whole state.

    Settings come from environment variables (ALLIANCE_…); docs/operators.md lists them.
    """


def main() -> None:
    """Run the command line; an error that a person can mend is a sentence, not a traceback."""
    try:
        cli()
    except AllianceError as error:
        _say(error.detail, *(f"  {each['field']}: {each['message']}" for each in error.errors))
        sys.exit(1)
    except Exception as error:
        from environs import EnvError
        from sqlalchemy.exc import DBAPIError

        if isinstance(error, EnvError):
            _say(f"A setting is wrong: {error}")
            sys.exit(2)
        if not (isinstance(error, DBAPIError) and _lacks_a_table(error)):
            raise
        _say("A table is missing: run `alliance migrate` first.")
        sys.exit(1)


def _say(what: str, *more: str) -> None:
    from rich.console import Console

    stderr = Console(stderr=True, soft_wrap=True)
    stderr.print(what, style="red", markup=False)
    for line in more:
        stderr.print(line, markup=False)


def _lacks_a_table(error: DBAPIError) -> bool:
    """What PostgreSQL and SQLite say of a database that was never migrated."""
    return getattr(error.orig, "pgcode", None) == UNDEFINED_TABLE or "no such table" in str(error.orig)
