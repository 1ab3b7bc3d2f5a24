"""What a new user sees: the sample state played once, the address, a token, a one-time link and the districts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from alliance.settings import Settings
from simulation.client import Api, Refusal, at_least
from simulation.sample import write_sample
from simulation.year import play

from . import sessions
from .tokens import Tokens

SEED = 1
#: Seconds for which the first table waits until everything that was played is in it.
PATIENCE = 120.0


def state_token(tokens: Tokens, path: Path) -> tuple[str, str]:
    """Id and secret of the state's token: the one in the file while it is valid, else a new one put there."""
    if path.exists():
        secret = path.read_text().strip()
        found = tokens.find(secret)
        if found is not None:
            return found.id, secret
    token, secret = tokens.create(role="state", label="made at the first start")
    path.touch(mode=0o600)
    path.write_text(f"{secret}\n")
    return token.id, secret


def show(tokens: Tokens, settings: Settings, console: Console, *, empty: bool) -> None:
    """Play the sample if it is wanted and not there yet, then print where to go on. `empty`: there is no roster."""
    address = f"http://{settings.host}:{settings.port}"
    token, secret = state_token(tokens, settings.var / "state.token")
    folder = settings.var / "sample"
    positions: Mapping[str, int] = {}
    if settings.sample != "none" and not (folder / "played.json").exists():
        # With a folder it is a sample whose playing was interrupted; without one, the roster is somebody's own.
        if empty or folder.exists():
            positions = _play(address, secret, folder, console)
        else:
            console.print(
                "There is a roster already, so the sample is left out; another ALLIANCE_VAR can hold it."
            )
    console.print(_districts(_read(address, secret, positions)))
    console.print(f"Alliance runs at {address} (Ctrl-C or `make down` stops it)")
    console.print(f"  API reference   {address}/docs")
    console.print(f"  sign in once    {address}{sessions.create_link(tokens.database, token)}")
    console.print(f"  state's token   {secret}")
    console.print(f"                  also in {settings.var / 'state.token'}")


def _play(address: str, secret: str, folder: Path, console: Console) -> Mapping[str, int]:
    """The positions up to which the sample's year is played; none when the platform refuses it, and says why."""
    console.print("Loading a sample state and playing its school year through the API:")
    folder.mkdir(parents=True, exist_ok=True)
    bundle = folder / "roster.zip"
    write_sample(bundle, SEED)
    try:
        played = play(address, secret, bundle, SEED, folder, bulk=True)
    except Refusal as refusal:
        console.print(f"The sample could not be played to its end: {refusal}", style="red", markup=False)
        return {}
    for note in played.notes:
        console.print(f"Note: {note}", markup=False)
    return played.positions


def _read(address: str, secret: str, positions: Mapping[str, int]) -> list[dict[str, Any]]:
    """The districts with their headline figures, as of these positions at least."""
    api = Api(address, secret, SEED, PATIENCE)
    fresh = {"at_least": at_least(positions)} if positions else {}
    try:
        return list(api.pages("/v1/districts", limit=100, **fresh))
    finally:
        api.close()


def _districts(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=SIMPLE)
    table.add_column("district")
    table.add_column("id", no_wrap=True)
    for heading in ("pledges", "folders", "reported", "survey"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        indicators = row.get("indicators", {})
        names = ("pledges_signed", "folders_returned", "classes_reported", "survey_response")
        rates = [_rate(indicators.get(name)) for name in names]
        table.add_row(row["district"]["name"], row["district"]["id"], *rates)
    return table


def _rate(indicator: dict[str, Any] | None) -> str:
    return "–" if not indicator or indicator["rate"] is None else f"{indicator['rate']:.1%}"
