"""A gateway over fake services, served by waitress (run as a module) or by gunicorn (`tests.serve_gateway:build()`).

Its roster answers with the size and digest of the file that it was given.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import waitress
from flask import Flask

from alliance import migrations
from alliance.context import Context
from alliance.database import Database
from alliance.settings import SERVICES, Settings
from gateway.app import create_app
from gateway.tokens import Tokens
from tests.builders_gateway import POSITION, FakeService, echo_items


def build() -> Flask:
    settings = Settings.load()
    database = Database(settings.database_url("gateway"))
    migrations.upgrade(database, "gateway")
    tokens = Tokens(database)
    _, secret = tokens.create(role="state", label="test")
    (settings.var / "token.part").write_text(secret)
    (settings.var / "token.part").rename(settings.var / "token")
    services = {name: FakeService() for name in SERVICES}
    services["pledges"].answers["sign_pledges"] = echo_items("pledges")
    services["roster"].answers["import_roster"] = _weigh
    return create_app(services, tokens, settings)


def _weigh(body: Mapping[str, Any], _: Context) -> dict[str, Any]:
    path = Path(body["path"])
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    found = {"bytes": path.stat().st_size, "sha256": digest.hexdigest(), "pid": os.getpid()}
    return {"position": POSITION, "created": True, "counts": found}


if __name__ == "__main__":
    waitress.serve(build(), host="127.0.0.1", port=int(sys.argv[1]), threads=4, max_request_body_size=1 << 40)
