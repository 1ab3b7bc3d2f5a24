"""report: the annual report of Miss. Code 37-3-71, made, issued, and written into a folder."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ..context import Context
from ..contracts.fields import is_school_year
from ..settings import Settings
from . import composition

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DOLLARS = click.IntRange(min=0)


@click.command(epilog="Example: alliance report --school-year 2026-27 --budget 2500000 --floor 10000")
@click.option("--school-year", help="Such as 2026-27.")
@click.option(
    "--journal", type=click.IntRange(min=1), help="Make it at this position of the journal; default: now."
)
@click.option("--budget", type=_DOLLARS, help="A budget in dollars, for three scenarios of funding.")
@click.option("--floor", type=_DOLLARS, default=0, help="What each district gets at least, in dollars.")
@click.option("--coordinators", type=click.IntRange(min=0), help="How many; default: one for each district.")
@click.option("--coordinator-cost", type=_DOLLARS, default=0, help="Of one coordinator, in dollars.")
@click.option("--covariates", type=_FILE, help="CSV: district, poverty, english_learners, grade_span, …")
@click.option("--survey", type=_FILE, help="CSV: the answers of a home survey that was run elsewhere.")
@click.option("--survey-mapping", type=_FILE, help="JSON: what the columns of --survey are.")
@click.option(
    "--shapes", type=_FILE, help="TopoJSON of districts for the map; default: from the public data."
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Default: reports/ in the data folder."
)
@click.option(
    "--check", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Only check this folder."
)
def report(school_year: str | None, out: Path | None, check: Path | None, **options: Any) -> None:
    """Make the report to the Legislature and the Governor and write it into a folder of its own.

    HTML, tagged PDF, CSV and JSON of every table, and manifest.json with the positions and the SHA-256 of every file.
    It is recorded as issued. Made again at the same position it is the same, byte by byte; else that is refused.
    """
    if check is not None:
        sys.exit(_check(check))
    if school_year is None or not is_school_year(school_year):
        raise click.UsageError("Give the --school-year, such as 2026-27.")
    body = _body(school_year, options)
    settings = _settings()
    began = time.monotonic()
    app = composition.app("evaluation", settings)
    app.prepare()
    result, made = app.make_report(body, Context.of_system())
    folder = (out or settings.var / "reports") / f"{school_year}-{result['report']}"
    write(folder, made.files)
    seconds, peak = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    said = "issued" if result["created"] else "issued before, and the same again"
    click.echo(f"Report {result['report']} of {school_year}, {said}: {len(made.files)} files in {folder}")
    click.echo(f"manifest.json has SHA-256 {result['manifest']}")
    click.echo(f"{seconds:.1f} s, {peak / 1e6:.0f} MB at most")


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """The folder holds these files and no others of an earlier report."""
    for old in sorted(folder.rglob("*"), reverse=True):
        if old.is_file() and str(old.relative_to(folder)) not in files:
            old.unlink()
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _body(school_year: str, options: Mapping[str, Any]) -> dict[str, Any]:
    roles = ("covariates", "survey", "survey-mapping", "shapes")
    given = {role: options[role.replace("-", "_")] for role in roles}
    body: dict[str, Any] = {
        "school_year": school_year,
        "journal": options["journal"],
        "files": {role: (path.name, path.read_bytes()) for role, path in given.items() if path is not None},
    }
    if options["budget"] is not None:
        body["budget"] = {
            "budget": 100 * options["budget"],
            "floor": 100 * options["floor"],
            "coordinators": options["coordinators"],
            "coordinator_cost": 100 * options["coordinator_cost"],
        }
    elif options["floor"] or options["coordinators"] is not None or options["coordinator_cost"]:
        raise click.UsageError(
            "--floor, --coordinators and --coordinator-cost are parts of a --budget; give it too."
        )
    return body


def _settings() -> Settings:
    """The settings; where nothing says which platform is meant, and several keep their data here, the one that was
    written to last, as `make mississippi` leaves one below the data folder. Nothing is made where there is none."""
    var = Path(os.environ.get("ALLIANCE_VAR") or "var").absolute()
    databases = ("ALLIANCE_DATABASE_URL", "ALLIANCE_EVALUATION_DATABASE_URL")
    if any(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in databases):
        return Settings.load()
    kept = [var / "evaluation.db"]
    if not os.environ.get("ALLIANCE_VAR"):
        kept += var.glob("mississippi/*/evaluation.db")
    found = [path for path in kept if path.exists()]
    if not found:
        raise click.ClickException(
            f"There is no platform's data in {var}: `make up` or `make mississippi` makes some, or ALLIANCE_VAR "
            "and ALLIANCE_DATABASE_URL say where they are."
        )
    newest = max(found, key=_written)
    settings = Settings.load()
    if newest.parent == settings.var:
        return settings
    click.echo(f"The data written last are those in {newest.parent} (ALLIANCE_VAR chooses others).")
    urls = {name: f"sqlite:///{newest.parent / f'{name}.db'}" for name in settings.database_urls}
    return replace(settings, var=newest.parent, database_urls=urls)


def _written(database: Path) -> float:
    journal = database.with_name(f"{database.name}-wal")
    return max(path.stat().st_mtime for path in (database, journal) if path.exists())


def _check(folder: Path) -> int:
    """Whether a report's folder is as its manifest says."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    if "manifest.json" not in files:
        raise click.ClickException(f"{folder} has no manifest.json: it is no report's folder.")
    try:
        wrong = composition.report_folder().wrong(files)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise click.ClickException(
            f"{folder}/manifest.json cannot be read, so that nothing of the folder is proven: {error}"
        ) from error
    for each in wrong:
        click.echo(each)
    click.echo(f"{len(files)} files are as the manifest says." if not wrong else f"{len(wrong)} are not.")
    return 1 if wrong else 0
