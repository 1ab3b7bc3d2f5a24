"""A roster's way through the gateway: to a file, to the roster, and gone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from alliance.context import Context
from alliance.errors import Refused
from gateway import limits
from tests.builders_gateway import Gateway, gateway

RESULT = {
    "position": {"source": "roster", "sequence": 9},
    "created": True,
    "problems": [],
    "changes": {"StudentEnrolled": 2},
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    here = gateway(tmp_path, monkeypatch)
    here.services["roster"].answers["import_roster"] = RESULT
    return here


def upload(here: Gateway, body: bytes = b"PK bundle", query: str = "", **options: Any):
    options = {"content_type": "application/zip", **options}
    return here.client().post(f"/v1/rosters{query}", data=body, headers=here.bearer(), **options)


def kept(here: Gateway) -> list[Path]:
    return list((here.settings.var / "uploads").iterdir())


def test_the_roster_gets_the_very_bytes_in_a_file_that_only_the_gateway_can_read(here: Gateway) -> None:
    seen: list[tuple[bytes, int]] = []

    def read(body: Mapping[str, Any], _: Context) -> dict[str, Any]:
        path = Path(body["path"])
        seen.append((path.read_bytes(), path.stat().st_mode & 0o777))
        return RESULT

    here.services["roster"].answers["import_roster"] = read
    bundle = bytes(range(256)) * 5000

    response = upload(here, bundle)

    assert response.status_code == 201
    assert response.json["position"] == {"source": "roster", "sequence": 9}
    assert seen == [(bundle, 0o600)]


def test_afterwards_the_file_is_gone(here: Gateway) -> None:
    upload(here)

    assert kept(here) == []


def test_the_file_is_gone_when_the_import_is_refused_too(here: Gateway) -> None:
    def refuse(*_: Any) -> dict[str, Any]:
        raise Refused("The bundle would drop 900 of 1000 students.")

    here.services["roster"].answers["import_roster"] = refuse

    assert upload(here).status_code == 409
    assert kept(here) == []


def test_the_options_of_the_query_reach_the_roster(here: Gateway) -> None:
    upload(here, query="?dry_run=true&strict=1&source=pearl")
    upload(here, query="?confirm=true")

    asked = [
        {name: value for name, value in body.items() if name != "path"}
        for _, body, _ in here.services["roster"].calls
    ]
    assert asked == [
        {"dry_run": True, "strict": True, "confirm": False, "source": "pearl"},
        {"dry_run": False, "strict": False, "confirm": True},
    ]


def test_a_bundle_above_its_limit_is_413_and_leaves_no_file(
    here: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ROSTER_BYTES", 3 * limits.MEBIBYTE)

    response = upload(here, b"x" * (3 * limits.MEBIBYTE + 1))

    assert response.status_code == 413
    assert "3 MiB" in response.json["detail"]
    assert kept(here) == []
    assert here.services["roster"].calls == []


def test_a_bundle_of_512_mib_may_be_announced_and_not_a_byte_more(here: Gateway) -> None:
    statuses = []
    for length in (512 * limits.MEBIBYTE, 512 * limits.MEBIBYTE + 1):
        announced = {"CONTENT_LENGTH": str(length)}
        answer = here.client().post(
            "/v1/rosters", content_type="application/zip", headers=here.bearer(), environ_overrides=announced
        )
        statuses.append(answer.status_code)
    # The first is read, and found to be empty.
    assert statuses == [400, 413]


def test_an_empty_body_and_another_kind_of_body_are_refused(here: Gateway) -> None:
    assert upload(here, b"").status_code == 400
    assert upload(here, b"{}", content_type="application/json").status_code == 415


def test_an_import_that_changed_nothing_is_200(here: Gateway) -> None:
    here.services["roster"].answers["import_roster"] = {**RESULT, "created": False}

    assert upload(here).status_code == 200
