"""What the gateway is made of, for the views: its services, its database, its clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from flask import current_app

from alliance.client import ServiceClient
from alliance.database import Database

from .tokens import Tokens


@dataclass(frozen=True, slots=True)
class Parts:
    services: Mapping[str, ServiceClient]
    tokens: Tokens
    #: Where an uploaded roster is kept until the service has read it.
    uploads: Path
    clock: Callable[[], datetime]

    @property
    def database(self) -> Database:
        return self.tokens.database


KEY = "alliance"


def parts() -> Parts:
    return cast(Parts, current_app.extensions[KEY])
