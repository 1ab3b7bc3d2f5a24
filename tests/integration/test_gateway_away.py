"""Services that are away, or there and silent: the gateway says so within two seconds, and never hangs."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from alliance.client import RemoteService
from alliance.settings import SERVICES
from gateway.parts import KEY, Parts
from tests.builders_gateway import Gateway, gateway
from tests.world_gateway import ASKS, Ask

#: What is promised, with a little for this machine being busy.
SECONDS = 2.0 + 1.0


@pytest.fixture
def closed() -> int:
    """A port where nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where somebody listens and never says anything."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield listening.getsockname()[1]


@pytest.fixture(params=["closed", "silent"])
def here(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    here = gateway(tmp_path, monkeypatch)
    url = f"http://127.0.0.1:{request.getfixturevalue(request.param)}"
    services = {name: RemoteService(name, url, "secret") for name in SERVICES}
    parts: Parts = here.app.extensions[KEY]
    here.app.extensions[KEY] = Parts(services, parts.tokens, parts.uploads, parts.clock)
    return here


def sent(body: Any) -> bytes | None:
    return body if body is None or isinstance(body, bytes) else json.dumps(body).encode()


def some_of_each_service() -> list[Ask]:
    """A short call of each service, and whatever may take long when all is well."""
    wanted = (
        "roster.import_roster",
        "folders.return_folders_in_bulk",
        "surveys.invite",
        "surveys.submit_responses",
        "surveys.close_survey",
        "roster.schools",
        "pledges.sign_pledge",
        "folders.send_folder",
        "surveys.survey",
        "evaluation.districts",
    )
    asks = [ask for ask in ASKS if ask.operation in wanted]
    waiting = [replace(ask, path=f"{ask.path}?at_least=roster:42") for ask in asks if ask.method == "GET"]
    return asks + waiting


@pytest.mark.parametrize("ask", some_of_each_service(), ids=lambda ask: f"{ask.method} {ask.path}")
def test_a_service_that_does_not_answer_is_503_in_two_seconds(here: Gateway, ask: Ask) -> None:
    client, headers = here.client(), here.bearer()
    began = time.monotonic()

    response = client.open(
        ask.path, method=ask.method, data=sent(ask.body), content_type=ask.kind, headers=headers
    )

    assert time.monotonic() - began < SECONDS
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) >= 1
    assert ask.operation.partition(".")[0] in response.json["detail"]


def test_it_is_not_ready_and_says_so_in_good_time(here: Gateway) -> None:
    client = here.client()
    began = time.monotonic()

    response = client.get("/readyz")

    assert time.monotonic() - began < SECONDS
    assert response.status_code == 503
    assert [name for name, state in response.json["parts"].items() if state == "ready"] == ["database"]
    assert client.get("/livez").status_code == 200


def test_its_pages_say_so_as_a_page(here: Gateway) -> None:
    from gateway import sessions

    token, _ = here.tokens.create(role="state")
    client: FlaskClient = here.client()
    client.set_cookie("alliance_session", sessions.start(here.database, token.id, here.clock()))

    response = client.get("/", headers={"Accept": "text/html"})

    assert (response.status_code, response.mimetype) == (503, "text/html")
    assert "evaluation" in response.text
