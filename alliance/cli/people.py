"""tokens: who may call the gateway."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.markup import escape

from ..database import Database
from ..settings import Settings
from . import composition, listing

ROLES = ("state", "district", "school", "teacher", "integrator")


@click.group(epilog="Example: alliance tokens list")
def tokens() -> None:
    """The bearer tokens of the public API. Only their hashes are kept."""


@tokens.command(
    epilog="Example: alliance tokens create --role school --unit sq3o5f2b7kd6mzta --label 'front office'"
)
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--unit", "units", multiple=True, help="Id of a district, school or class; may be given again.")
@click.option(
    "--label", default="", help="For the list: whose it is or what it is for. No names of children."
)
@click.option("--days", type=click.IntRange(min=1), help="Days until it expires; without, it does not.")
def create(role: str, units: tuple[str, ...], label: str, days: int | None) -> None:
    """Make a token and print it: this once, since only its hash is kept."""
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    token, secret = _store().create(role=role, units=units, label=label, expires_at=expires_at)
    click.echo(f"id {token.id}", err=True)
    click.echo(secret)


@tokens.command("list", epilog="Example: alliance tokens list")
def list_() -> None:
    """List all tokens that were ever made, without their secrets."""
    table = listing.table("id", "role", "org units", "label", "made", "state", whole="id")
    now = datetime.now(UTC)
    for token in _store().all():
        units, made = ", ".join(token.units), f"{token.created_at:%Y-%m-%d}"
        table.add_row(token.id, token.role, escape(units), escape(token.label), made, _state(token, now))
    listing.show(table)


def _state(token: Any, now: datetime) -> str:
    if token.revoked_at:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    if token.expires_at is None:
        return "valid"
    return f"{'until' if now < token.expires_at else 'expired'} {token.expires_at:%Y-%m-%d}"


@tokens.command(epilog="Example: alliance tokens revoke 0b7e7e4e-7f5c-4c3c-9a55-0d6f2c3f1a11")
@click.argument("id")
def revoke(id: str) -> None:
    """End a token and every session that came of it, at once."""
    token = _store().revoke(id)
    click.echo(f"{token.id} is revoked.")


def _store() -> Any:
    return composition.gateway("tokens").Tokens(Database(Settings.load().database_url("gateway")))
