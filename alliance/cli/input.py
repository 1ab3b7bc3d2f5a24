"""roster import, outcomes import, simulate: what goes in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import httpx
from rich.console import Console
from rich.progress import Progress

from ..context import Context
from ..settings import Settings
from . import composition, listing


@click.group(epilog="Example: alliance roster import bundle.zip --dry-run")
def roster() -> None:
    """Districts, schools, classes, students and guardians."""


@roster.command("import", epilog="Example: alliance roster import bundle.zip --dry-run")
@click.argument("bundle", type=click.Path(exists=True, path_type=Path))
@click.option("--source", default="state", show_default=True, help="Whose sourcedIds these are.")
@click.option("--strict", is_flag=True, help="Import nothing if there is any error.")
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@click.option(
    "--confirm", is_flag=True, help="Import although more than 10 % of the students would be dropped."
)
def import_(bundle: Path, source: str, strict: bool, dry_run: bool, confirm: bool) -> None:
    """Import a OneRoster 1.1 or 1.2 CSV bundle (a zip or a folder) into roster's database.

    Problems are listed with file, line and column, the first 1,000 of each kind and how many more there are; what
    is sound is imported. Importing again changes only what is different, so an import that was interrupted is
    simply repeated.
    """
    app = composition.app("roster", Settings.load())
    body = {
        "path": str(bundle),
        "source": source,
        "strict": strict,
        "dry_run": dry_run,
        "confirm": confirm,
    }
    with Progress(transient=True) as progress:
        task = progress.add_task("importing", total=None)
        app.progress = lambda done, total: progress.update(task, completed=done, total=total)
        result = app.import_roster(body, Context.of_system())
    console = Console(soft_wrap=True)
    for problem in result["problems"]:
        where = f"{problem['file']}:{problem['line']}" if problem["line"] else problem["file"]
        column = f" {problem['column']}" if problem["column"] else ""
        console.print(f"{problem['severity']}: {where}{column}: {problem['message']}", markup=False)
    table = listing.table("event", "would be added" if dry_run else "added")
    for type_, count in result["changes"].items():
        table.add_row(type_, f"{count:,}")
    if result["changes"]:
        listing.show(table)
    else:
        click.echo("Nothing would change." if dry_run else "Nothing has changed.")
    if dry_run and result["needs_confirm"]:
        students = result["students"]
        click.echo(
            f"{students['dropped']:,} of {students['before']:,} students would be dropped: this takes --confirm."
        )
    if strict and any(problem["severity"] == "error" for problem in result["problems"]):
        sys.exit(1)


@click.group(epilog="Example: alliance outcomes import 2022_maap_ela_math.xlsx --dry-run")
def outcomes() -> None:
    """Published test results and graduation rates (37-3-69)."""


@outcomes.command("import", epilog="Example: alliance outcomes import 2022_maap_ela_math.xlsx --dry-run")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would be recorded; record nothing.")
def import_outcomes(file: Path, dry_run: bool) -> None:
    """Import the state's workbook, federal graduation rates, or any CSV zipped with its mapping.json.

    Names that are not certainly a district's are listed for a decision, and their results left out: put the decisions,
    {"name as published": "district id" or null}, into decisions.json beside the file in a zip, and import again.
    """
    app = composition.app("evaluation", Settings.load())
    body = {"path": str(file), "name": file.name, "dry_run": dry_run}
    result = app.import_outcomes(body, Context.of_system())
    console = Console(soft_wrap=True)
    for problem in result["problems"]:
        console.print(f"{problem['place']}: {problem['text']}", markup=False)
    if result["more_problems"]:
        click.echo(f"… and {result['more_problems']:,} more")
    for name in result["review"]:
        candidates = (
            ", ".join(f"{each['name']} ({each['id']})" for each in name["candidates"]) or "no candidate"
        )
        console.print(f"to decide: {name['name']}: {candidates}. {name['reason']}", markup=False)
    changed = f"{result['sets']:,} would be looked at" if dry_run else f"{result['changed']:,} new or changed"
    click.echo(
        f"{result['figures']:,} figures of {result['districts']} districts in {result['sets']:,} sets ({changed}); "
        f"{result['left_out']:,} left out until their names are decided."
    )


@click.group(epilog="Example: alliance simulate mississippi --scale 0.05")
def simulate() -> None:
    """Play a school year through the public API, and compare what comes out with what went in."""


_url = click.option("--url", help="A running gateway; without, its address from the settings.")
_token = click.option("--token-file", type=click.Path(exists=True, path_type=Path), help="The state's token.")
_seed = click.option("--seed", default=1, show_default=True)


@simulate.command(epilog="Example: alliance simulate sample --url http://127.0.0.1:8000")
@_url
@_token
@_seed
def sample(url: str | None, token_file: Path | None, seed: int) -> None:
    """Play the sample state (8 districts, 40 schools, about 6,000 students)."""
    folder = Settings.load().var / "sample"
    folder.mkdir(parents=True, exist_ok=True)
    bundle = folder / "roster.zip"
    composition.simulation("sample").write_sample(bundle, seed)
    _play(url, token_file, seed, bundle, folder, bulk=False)


@simulate.command(epilog="Example: alliance simulate mississippi --scale 0.05")
@click.option("--scale", type=click.FloatRange(0, 1, min_open=True), default=0.05, show_default=True)
@_url
@_token
@_seed
def mississippi(scale: float, url: str | None, token_file: Path | None, seed: int) -> None:
    """Play the real districts and schools of Mississippi with made-up students in their real numbers.

    Reads the data folder that ALLIANCE_DATA names (default ../shared/data).
    """
    folder = Settings.load().var / f"mississippi-{scale:g}"
    folder.mkdir(parents=True, exist_ok=True)
    bundle = folder / "roster.zip"
    module = composition.simulation("mississippi")
    try:
        written = module.write_mississippi(bundle, scale, seed)
    except module.DataMissing as error:
        raise click.ClickException(str(error)) from error
    for note in written.notes:
        click.echo(f"Note: {note}")
    _play(url, token_file, seed, bundle, folder, bulk=True)


def _play(
    url: str | None, token_file: Path | None, seed: int, bundle: Path, folder: Path, *, bulk: bool
) -> None:
    settings = Settings.load()
    address = url or f"http://{settings.host}:{settings.port}"
    kept = token_file or settings.var / "state.token"
    if not kept.exists():
        raise click.ClickException(f"There is no token in {kept}: start the platform, or give --token-file.")
    try:
        httpx.get(f"{address}/livez", timeout=10, trust_env=False)
    except httpx.HTTPError as error:
        raise click.ClickException(
            f"Nothing answers at {address}: start the platform, or give --url."
        ) from error
    token = kept.read_text().strip()
    report = composition.simulation("report")
    with report.Memory(settings.var) as memory:
        try:
            played = composition.simulation("year").play(address, token, bundle, seed, folder, bulk=bulk)
        except composition.simulation("client").Refusal as error:
            raise click.ClickException(str(error)) from error
        recovery: Any = composition.simulation("recovery").recover(address, token, played)
        accuracy = composition.simulation("accuracy").examine(address, token, played)
        issued: Any = (
            composition.simulation("issuing").issue(address, token, played, folder) if bulk else None
        )
    report.show(played, recovery, accuracy, memory.peaks(), Console(), issued)
    sys.exit(1 if recovery.mismatches() else 0)
