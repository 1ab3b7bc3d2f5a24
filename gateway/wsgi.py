"""For gunicorn: `gunicorn "gateway.wsgi:build()"`. The services are reached over HTTP, as the settings say."""

from __future__ import annotations

from flask import Flask

from alliance import logs
from alliance.client import RemoteService
from alliance.database import Database
from alliance.settings import SERVICES, Settings

from .app import create_app
from .tokens import Tokens


def build() -> Flask:
    settings = Settings.load()
    logs.configure("gateway", settings.log_level)
    services = {
        name: RemoteService(name, settings.service_url(name), settings.edge_secret) for name in SERVICES
    }
    return create_app(services, Tokens(Database(settings.database_url("gateway"))), settings)
