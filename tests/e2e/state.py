"""A running platform with the small state in it, as its users reach it: over HTTP, with tokens of their own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import Engine, create_engine

from alliance.database import Database
from alliance.settings import SERVICES, SOURCES
from deploy.running import Platform
from gateway.tokens import Tokens
from tests.builders_year import FIRST, LAST, YEAR
from tests.e2e.small_state import CLASSES, PERIODS, write_bundle
from tests.fixtures.waiting import until

#: Longer than the platform lets anybody wait: what hangs fails here instead of stopping the run.
PATIENCE = 60.0


class State:
    """Units and pupils by the names and sourcedIds of the bundle; pupils and class-months are handed out once.

    Imports the small state, or the bundle given.
    """

    def __init__(self, platform: Platform, bundle: bytes | None = None) -> None:
        self.platform = platform
        self._clients: dict[tuple[str, ...], httpx.Client] = {}
        self.tokens = Tokens(Database(self.database_url("gateway"), pool_size=2))
        self.api = self.client(platform.token)
        content = bundle or write_bundle(platform.var / "small.zip").read_bytes()
        imported = self.api.post("/v1/rosters", content=content, headers=ZIP)
        assert imported.status_code in (200, 201), imported.text
        self.wait_for(imported.json()["position"])
        listed = self.api.get("/v1/districts").json()["data"]
        self.districts: dict[str, str] = {row["district"]["name"]: row["district"]["id"] for row in listed}
        self.enrolments: dict[str, dict[str, Any]] = {}
        for district in self.districts.values():
            for row in self.api.get(f"/v1/districts/{district}/enrolments").json()["data"]:
                self.enrolments[row["sourced_id"]] = {**row, "district": district}
        self.classes = {name: self.enrolments[f"e-{name}-0"]["class"] for name in CLASSES}
        self.schools = {name: self.enrolments[f"e-{name}-0"]["school"] for name in CLASSES}
        self._pupils = {
            letter: iter([each for id_, each in self.enrolments.items() if id_.startswith(f"e-{letter}")])
            for letter in "ab"
        }
        self._class_months = itertools.product(PERIODS, CLASSES)

    def client(self, secret: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        return httpx.Client(base_url=self.platform.base_url, headers=headers, timeout=PATIENCE)

    def as_(self, role: str, *units: str) -> httpx.Client:
        """A client with a token of this role for these org units."""
        key = (role, *units)
        if key not in self._clients:
            _, secret = self.tokens.create(role=role, units=units, label="end-to-end test")
            self._clients[key] = self.client(secret)
        return self._clients[key]

    def pupil(self, district: str = "Alder County") -> dict[str, Any]:
        """An enrolment that no other test has: student, guardian, household, class, school, district."""
        return next(self._pupils[district[0].lower()])

    def class_month(self) -> tuple[str, str, list[str]]:
        """A class, a period and the class's students: a folder that no other test has."""
        period, name = next(self._class_months)
        class_ = self.classes[name]
        return (
            class_,
            period,
            [each["student"] for each in self.enrolments.values() if each["class"] == class_],
        )

    def wait_for(self, position: Mapping[str, Any], seconds: float = PATIENCE) -> None:
        """Until every read model has counted this position in."""
        asked = {"at_least": f"{position['source']}:{position['sequence']}"}
        until(
            lambda: self.api.get("/v1/state/scorecard", params=asked).status_code == 200,
            seconds,
            f"{asked['at_least']} is counted in",
        )

    def head(self, source: str) -> int:
        """The position of a service's log, as its own database has it."""
        engine = self.engine(source)
        with engine.connect() as connection:
            found = int(connection.exec_driver_sql("SELECT position FROM log_head").scalar_one())
        engine.dispose()
        return found

    def signed(self, district: str | None = None) -> tuple[int, int]:
        """Pledges signed of students enrolled in the state, or in a district, once all that is logged is counted in."""
        for source in SOURCES:
            self.wait_for({"source": source, "sequence": self.head(source)})
        address = f"/v1/districts/{district}/scorecard" if district else "/v1/state/scorecard"
        card = self.api.get(address, params={"school_year": YEAR}).json()
        ratio = card["indicators"]["pledges_signed"]
        return ratio["numerator"], ratio["denominator"]

    def database_url(self, owner: str) -> str:
        template = self.platform.environment.get("ALLIANCE_DATABASE_URL")
        return template.format(service=owner) if template else f"sqlite:///{self.platform.var / owner}.db"

    def engine(self, owner: str) -> Engine:
        """For tests that look into a database or reach into it; the caller disposes of it."""
        return create_engine(self.database_url(owner), hide_parameters=True)

    def close(self) -> None:
        for client in (self.api, *self._clients.values()):
            client.close()
        self.tokens.database.close()


OWNERS = (*SERVICES, "gateway")
ZIP = {"Content-Type": "application/zip"}
LINES = {"Content-Type": "application/x-ndjson"}


def pledge(pupil: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A signature by the pupil's guardian on the first day of the school year, unless said otherwise."""
    return {
        "student": pupil["student"],
        "guardian": pupil["guardian"],
        "school_year": YEAR,
        "signed_on": FIRST.isoformat(),
        "mode": "web",
        "language": "en",
        "statement": "2026-1",
        **changes,
    }


def withdrawal(pupil: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {"student": pupil["student"], "school_year": YEAR, "withdrawn_on": FIRST.isoformat(), **changes}


def a_return(student: str, period: str, **changes: Any) -> dict[str, Any]:
    return {"student": student, "signed_on": f"{period}-20", "mode": "paper", **changes}


def survey(district: str, **changes: Any) -> dict[str, Any]:
    """A confidential survey of a district that is open today, unless said otherwise."""
    return {
        "instrument": "home-survey",
        "version": 1,
        "mode": "confidential",
        "school_year": YEAR,
        "district": district,
        "opens_on": FIRST.isoformat(),
        "closes_on": LAST.isoformat(),
        **changes,
    }


def response(token: str, **changes: Any) -> dict[str, Any]:
    return {
        "token": token,
        "language": "en",
        "mode": "web",
        "answers": {"c1": 4, "p1": 5, "h1": None},
        **changes,
    }


def key(value: str = "") -> dict[str, str]:
    """The header of a new Idempotency-Key, or of the one given."""
    return {"Idempotency-Key": value or str(uuid4())}


def lines(rows: Iterator[Any] | list[Any]) -> bytes:
    """An NDJSON body; a row that is text is taken as it stands."""
    return "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows).encode()


def events(client: httpx.Client, **asked: Any) -> list[dict[str, Any]]:
    """Everything that the feed has for this client, page by page."""
    found: list[dict[str, Any]] = []
    after = "0"
    while True:
        page = client.get("/v1/events", params={"after": after, "limit": 1000, **asked}).json()
        found += page["data"]
        if page["next"] == page["head"]:
            return found
        after = page["next"]


def written(folder: Path) -> str:
    """All text under a folder, for a search."""
    return "".join(path.read_text(errors="replace") for path in sorted(folder.glob("*")) if path.is_file())
