"""The addresses under /v1, one module a service."""

from __future__ import annotations

from flask_smorest import Api

from . import evaluation, folders, pledges, reports, roster, surveys


def register(api: Api) -> None:
    for module in (roster, pledges, folders, surveys, evaluation, reports):
        api.register_blueprint(module.routes)
