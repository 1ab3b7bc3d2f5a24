"""A gateway over fake services, and the answers that they give in examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from alliance import migrations
from alliance.context import Context
from alliance.database import Database
from alliance.settings import SERVICES, Settings
from gateway.app import create_app
from gateway.parts import KEY, Parts
from gateway.tokens import Tokens

SUMMER = datetime(2026, 8, 14, 15, 0, tzinfo=UTC)
POSITION = {"source": "pledges", "sequence": 42}


@dataclass
class Clock:
    now: datetime = SUMMER

    def __call__(self) -> datetime:
        return self.now

    def advance(self, step: timedelta) -> None:
        self.now += step


@dataclass
class FakeService:
    """Remembers its calls and answers each operation with a dict, or with what a function makes of the call."""

    answers: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any], Context]] = field(default_factory=list)
    is_ready: bool = True

    def call(
        self, operation: str, body: Mapping[str, Any], context: Context, *, seconds: float = 1.8
    ) -> dict[str, Any]:
        self.calls.append((operation, dict(body), context))
        answer = self.answers.get(operation, {"position": POSITION, "created": True})
        return answer(body, context) if callable(answer) else answer

    def command(self, operation: str, body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        return self.call(operation, body, context)

    def upload(
        self, operation: str, path: Path, body: Mapping[str, Any], context: Context, *, seconds: float
    ) -> dict[str, Any]:
        return self.call(operation, {**body, "path": str(path)}, context)

    def ready(self, *, seconds: float = 1.0) -> bool:
        return self.is_ready


@dataclass
class Gateway:
    app: Flask
    services: dict[str, FakeService]
    tokens: Tokens
    clock: Clock
    settings: Settings

    @property
    def database(self) -> Database:
        return self.tokens.database

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def bearer(self, role: str = "state", *units: str) -> dict[str, str]:
        """The header of a new token."""
        _, secret = self.tokens.create(role=role, units=units, label="test")
        return {"Authorization": f"Bearer {secret}"}


def settings(var: Path, monkeypatch: Any) -> Settings:
    monkeypatch.setenv("ALLIANCE_VAR", str(var))
    return Settings.load()


def gateway(var: Path, monkeypatch: Any) -> Gateway:
    """A gateway with fake services and a database of its own under `var`."""
    here = settings(var, monkeypatch)
    database = Database(here.database_url("gateway"))
    migrations.upgrade(database, "gateway")
    clock = Clock()
    tokens = Tokens(database, clock)
    services = {name: FakeService() for name in SERVICES}
    return Gateway(_app(services, tokens, here), services, tokens, clock, here)


_apps: list[Flask] = []


def _app(services: Mapping[str, FakeService], tokens: Tokens, settings: Settings) -> Flask:
    # Describing the API takes a third of a second, so one app serves all tests, each with parts of its own.
    if not _apps:
        _apps.append(create_app(services, tokens, settings))
    uploads = settings.var / "uploads"
    uploads.mkdir(exist_ok=True)
    _apps[0].extensions[KEY] = Parts(services, tokens, uploads, tokens.clock)
    return _apps[0]


def echo_items(items: str) -> Callable[[Mapping[str, Any], Context], dict[str, Any]]:
    """A bulk operation that accepts every item."""

    def answer(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        return {"results": [{"status": 201, "position": POSITION, "created": True} for _ in body[items]]}

    return answer


def ratio(numerator: int, denominator: int) -> dict[str, Any]:
    rate = numerator / denominator if denominator else None
    return {"numerator": numerator, "denominator": denominator, "rate": rate}


def indicators(share: float, students: int = 912) -> dict[str, Any]:
    """Indicators of a unit of so many students where `share` of everything was done."""
    totals = {
        "pledges_signed": students,
        "classes_reported": students // 20 * 9,
        "classes_on_time": students // 20 * 9,
        "folders_returned": students * 9,
        "months_met": 45,
        "survey_response": students // 2,
    }
    return {name: ratio(int(total * share), total) for name, total in totals.items()}


def about() -> dict[str, Any]:
    as_of = {"roster": 13037, "pledges": 5120, "folders": 48211, "surveys": 1904}
    return {"school_year": "2026-27", "as_of": as_of, "lag_seconds": 0.0}


def scorecard(share: float = 0.75) -> dict[str, Any]:
    spread = {"n": 187, "mean": 3.824, "sd": 0.713}
    survey = {
        "communication": spread,
        "school_programmes": spread,
        "home_learning": {"n": 0, "mean": None, "sd": None},
    }
    return {**about(), "indicators": indicators(share), "survey": survey}


def months() -> list[dict[str, Any]]:
    monthly = ("classes_reported", "classes_on_time", "folders_returned", "months_met")
    periods = ("2026-08", "2026-09", "2026-10", "2026-11", "2026-12", "2027-01")
    return [
        {
            "period": period,
            "due": index < 4,
            "indicators": {
                name: ratio(int(40 * (0.9 - index / 20)) if index < 4 else 0, 40) for name in monthly
            },
        }
        for index, period in enumerate(periods)
    ]


def evaluation() -> dict[str, Any]:
    """What the evaluation service answers about eight districts."""
    names = ("Attala", "Benton", "Choctaw", "Hancock", "Itawamba", "Natchez-Adams", "Pontotoc City", "Yazoo")
    districts = [
        {
            "id": f"d{index}",
            "name": f"{name} School District",
            "indicators": indicators(0.98 - index * 0.13, 700 + 90 * index),
        }
        for index, name in enumerate(names)
    ]

    def visible(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        seen = [each for each in districts if context.caller.covers(district=each["id"])]
        return {**about(), "districts": seen}

    def one(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        context.caller.require(district=body["district"])
        return {"district": {"id": body["district"], "name": "Natchez-Adams School District"}}

    return {
        "districts": visible,
        "district_scorecard": lambda body, context: {**one(body, context), **scorecard()},
        "district_months": lambda body, context: {**one(body, context), **about(), "months": months()},
        "state_scorecard": {"districts": len(districts), **scorecard(0.61)},
    }
