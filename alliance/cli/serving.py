"""serve: the processes that answer. This one is replaced by them, so it loads next to nothing."""

from __future__ import annotations

import os
import sys

import click

from ..settings import SERVICES, Settings
from . import composition


@click.command(epilog="Example: alliance serve pledges")
@click.argument("part", type=click.Choice((*SERVICES, "gateway", "embedded")))
def serve(part: str) -> None:
    """Serve a service's edge, the gateway, or everything in one process (embedded).

    SIGTERM and Ctrl-C end it after the requests under way.
    """
    if part == "embedded":
        sys.exit(composition.gateway("embedded").main())
    if part == "gateway":
        settings = Settings.load()
        os.execvp(
            sys.executable,
            [
                *(sys.executable, "-m", "gunicorn", "--config", "python:gateway.gunicorn"),
                *("--bind", f"{settings.host}:{settings.port}", "gateway.wsgi:build()"),
            ],
        )
    # A fresh interpreter: eventlet has to patch it before anything else is imported.
    os.execvp(sys.executable, [sys.executable, "-m", "alliance.edge_process", part])
