"""The whole platform in this process behind its gateway, with the small state of tests/world_gateway.py imported.

A student in every class: `st` of that world is the one in c111, `st121` the one in c121, and so on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from alliance.settings import Settings
from gateway.embedded import Embedded
from gateway.parts import KEY
from tests.builders_roster import Tables, texts, write_zip
from tests.world_gateway import PLACES

#: A day of the school year on which the survey can be answered.
TODAY = datetime(2027, 2, 5, 15, 0, tzinfo=UTC)
LINES = "application/x-ndjson"


@dataclass(repr=False)
class Platform:
    embedded: Embedded
    bundle: bytes
    client: FlaskClient
    #: Ids by the names of the small world: d1, s11, c111, st, g.
    ids: dict[str, str] = field(default_factory=dict)
    headers: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)

    def bearer(self, role: str = "state", *units: str) -> dict[str, str]:
        """The header of a token for units named as in the small world, made once."""
        if (role, *units) not in self.headers:
            named = [self.ids.get(unit, unit) for unit in units]
            _, secret = self.embedded.tokens.create(role=role, units=named, label="test")
            self.headers[role, *units] = {"Authorization": f"Bearer {secret}"}
        return self.headers[role, *units]

    def get(self, path: str, headers: dict[str, str] | None = None) -> TestResponse:
        return self.client.get(self.real(path), headers=self.bearer() if headers is None else headers)

    def post(
        self, path: str, body: Any, headers: dict[str, str] | None = None, kind: str = ""
    ) -> TestResponse:
        data = body if isinstance(body, bytes) else self.real(json.dumps(body))
        used = self.bearer() if headers is None else headers
        return self.client.post(
            self.real(path), data=data, content_type=kind or "application/json", headers=used
        )

    def command(self, path: str, body: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """An accepted command's answer."""
        response = self.post(path, body, headers)
        assert response.status_code in (200, 201), response.text
        answer: dict[str, Any] = response.json
        return answer

    def real(self, text: str) -> str:
        """A path or a JSON text with the small world's names replaced by ids."""
        for name, id_ in self.ids.items():
            for before, after in (('"', '"'), ("/", "/"), ("/", "?"), ("/", "")):
                named = f"{before}{name}{after}"
                if after or text.endswith(named):
                    text = text.replace(named, f"{before}{id_}{after}")
        return text


@contextmanager
def running(var: Path) -> Iterator[Platform]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("ALLIANCE_VAR", str(var))
        embedded = Embedded(Settings.load())
    parts = embedded.wsgi.extensions[KEY]
    embedded.wsgi.extensions[KEY] = replace(parts, clock=lambda: TODAY)
    embedded.start()
    try:
        bundle = write_zip(var / "bundle.zip", texts(tables())).read_bytes()
        platform = Platform(embedded, bundle, embedded.wsgi.test_client())
        imported = platform.post("/v1/rosters", bundle, kind="application/zip").json
        assert imported["problems"] == []
        _learn_ids(platform, imported["position"]["sequence"])
        yield platform
    finally:
        embedded.stop()


def tables(*districts: str) -> Tables:
    """The bundle of these districts, of both when none is named."""
    wanted = districts or ("d1", "d2")
    places = {unit: place for unit, place in PLACES.items() if place[0] in wanted}
    classes = [unit for unit in places if unit.startswith("c")]
    return {
        "orgs": [_org(unit, places[unit]) for unit in places if not unit.startswith("c")],
        "academicSessions": [
            {
                "sourcedId": "year", "title": "2026-27", "type": "schoolYear", "startDate": "2026-08-05",
                "endDate": "2027-05-27", "schoolYear": "2027",
            }
        ],
        "classes": [
            {
                "sourcedId": unit, "title": f"Class {unit}", "grades": "03", "classType": "homeroom",
                "schoolSourcedId": str(places[unit][1]), "termSourcedIds": "year",
            }
            for unit in classes
        ],
        "users": [user for unit in classes for user in _family(unit, str(places[unit][1]))],
        "enrollments": [
            {
                "sourcedId": f"e{unit}", "classSourcedId": unit, "schoolSourcedId": str(places[unit][1]),
                "userSourcedId": f"p{unit}", "role": "student",
            }
            for unit in classes
        ],
    }  # fmt: skip


def _org(unit: str, place: tuple[str, str | None, str | None]) -> dict[str, str]:
    if unit == place[0]:
        return {"sourcedId": unit, "name": f"District {unit}", "type": "district"}
    return {"sourcedId": unit, "name": f"School {unit}", "type": "school", "parentSourcedId": place[0]}


def _family(unit: str, school: str) -> list[dict[str, str]]:
    child = {
        "sourcedId": f"p{unit}", "role": "student", "orgSourcedIds": school, "givenName": "Ada",
        "familyName": f"Family {unit}", "agentSourcedIds": f"g{unit}", "grades": "03",
    }  # fmt: skip
    parent = {
        "sourcedId": f"g{unit}", "role": "guardian", "orgSourcedIds": school, "givenName": "Dot",
        "familyName": f"Family {unit}",
    }  # fmt: skip
    return [child, parent]


def _learn_ids(platform: Platform, position: int) -> None:
    """Find out through the API what the units are called here."""
    ids = platform.ids
    for row in platform.get(f"/v1/districts?at_least=roster:{position}").json["data"]:
        district = row["district"]["id"]
        ids[row["district"]["name"].removeprefix("District ")] = district
        for school in platform.get(f"/v1/districts/{district}/schools").json["data"]:
            ids[school["name"].removeprefix("School ")] = school["school"]
            path = f"/v1/schools/{school['school']}/classes"
            for class_ in platform.get(path, platform.bearer("district", district)).json["data"]:
                ids[class_["title"].removeprefix("Class ")] = class_["class"]
        names = {id_: name for name, id_ in ids.items()}
        for enrolment in platform.get(f"/v1/districts/{district}/enrolments").json["data"]:
            number = names[enrolment["class"]].removeprefix("c")
            suffix = "" if number == "111" else number
            ids[f"st{suffix}"], ids[f"g{suffix}"] = enrolment["student"], enrolment["guardian"]
