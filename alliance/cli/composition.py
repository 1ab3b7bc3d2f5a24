"""Find what the kit may not import: each service's and the gateway's composition roots, by their names."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..settings import SERVICES, Settings

if TYPE_CHECKING:
    from ..database import Database


def app(service: str, settings: Settings) -> Any:
    """The app of a service: `services.<service>.app.build`."""
    return import_module(f"services.{service}.app").build(settings)


def projections() -> tuple[Any, dict[str, Any]]:
    """Evaluation's projections and their tables."""
    module = import_module("services.evaluation.projections")
    return module.PROJECTIONS, module.TABLES


def report_folder() -> Any:
    """What knows a report's folder."""
    return import_module("services.evaluation.report.folder")


def gateway(module: str) -> Any:
    return import_module(f"gateway.{module}")


def simulation(module: str) -> Any:
    return import_module(f"simulation.{module}")


def databases(settings: Settings) -> dict[str, Database]:
    """Every database by its owner; nothing is connected yet."""
    from ..database import Database

    return {owner: Database(settings.database_url(owner)) for owner in (*SERVICES, "gateway")}
