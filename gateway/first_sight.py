"""What a new user sees: the sample state played once, the address, a token, a one-time link and the districts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from alliance.settings import Settings
from simulation.sample import write_sample
from simulation.year import play

from . import sessions
from .tokens import Tokens

SEED = 1


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


def show(tokens: Tokens, settings: Settings, console: Console) -> None:
    """Play the sample if it is wanted and not there yet, then print where to go on."""
    address = f"http://{settings.host}:{settings.port}"
    token, secret = state_token(tokens, settings.var / "state.token")
    folder = settings.var / "sample"
    if settings.sample != "none" and not (folder / "played.json").exists():
        console.print("Loading a sample state and playing its school year through the API:")
        folder.mkdir(parents=True, exist_ok=True)
        bundle = folder / "roster.zip"
        write_sample(bundle, SEED)
        played = play(address, secret, bundle, SEED, folder)
        for note in played.notes:
            console.print(f"Note: {note}", markup=False)
    positions = _await_read_models(address, secret)
    console.print(_districts(positions))
    console.print(f"Alliance runs at {address} (Ctrl-C or `make down` stops it)")
    console.print(f"  API reference   {address}/docs")
    console.print(f"  sign in once    {address}{sessions.create_link(tokens.database, token)}")
    console.print(f"  state's token   {secret}")
    console.print(f"                  also in {settings.var / 'state.token'}")


def _await_read_models(address: str, secret: str) -> list[dict[str, Any]]:
    """The districts with their headline figures, page by page."""
    rows: list[dict[str, Any]] = []
    parameters: dict[str, str] = {"limit": "100"}
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {secret}"}, trust_env=False) as client:
        while True:
            page = client.get("/v1/districts", params=parameters, timeout=30).raise_for_status().json()
            rows.extend(page["data"])
            if page["next"] is None:
                return rows
            parameters["after"] = page["next"]


def _districts(rows: list[dict[str, Any]]) -> Table:
    table = Table("district", "id", "pledges signed", "folders returned", "classes reported", "survey response")
    for row in rows:
        indicators = row.get("indicators", {})
        names = ("pledges_signed", "folders_returned", "classes_reported", "survey_response")
        table.add_row(row["district"]["name"], row["district"]["id"], *(_rate(indicators.get(name)) for name in names))
    return table


def _rate(indicator: dict[str, Any] | None) -> str:
    if not indicator or indicator["rate"] is None:
        return "–"
    return f"{indicator['rate']:.1%}  ({indicator['numerator']:,} of {indicator['denominator']:,})"
