"""What is seen of requests: metrics and log lines without ids or secrets, and the probes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy.exc import OperationalError
from structlog.contextvars import merge_contextvars

from alliance.metrics import REGISTRY
from tests.builders_gateway import Gateway, evaluation, gateway, scorecard

CANARIES = ("kanarienstudent", "kanarienquery", "Kanarienname", "kanarienkey", "kanarientrace")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return gateway(tmp_path, monkeypatch)


def seconds(route: str, method: str, status: str) -> float:
    labels = {"route": route, "method": method, "status": status}
    return REGISTRY.get_sample_value("alliance_http_request_seconds_count", labels) or 0.0


def test_a_request_is_counted_by_its_route_template(here: Gateway) -> None:
    route = "/v1/pledges/<student>/<school_year>"
    before = seconds(route, "GET", "200")

    here.client().get("/v1/pledges/k4/2026-27", headers=here.bearer())

    assert seconds(route, "GET", "200") == before + 1


def test_what_is_not_an_address_and_made_up_methods_are_counted_together(here: Gateway) -> None:
    before = seconds("unknown", "GET", "404"), seconds("unknown", "other", "405")

    here.client().get("/kanarienquery")
    here.client().open("/v1/pledges", method="KANARIEN")

    assert (seconds("unknown", "GET", "404"), seconds("unknown", "other", "405")) == (
        before[0] + 1,
        before[1] + 1,
    )


def test_no_id_name_query_or_secret_gets_into_a_log_line_or_a_metric(here: Gateway) -> None:
    headers = here.bearer()
    secret = headers["Authorization"].removeprefix("Bearer ")

    def broken(*_: Any) -> dict[str, Any]:
        raise RuntimeError("a fault")

    here.services["evaluation"].answers = evaluation()
    with structlog.testing.capture_logs() as lines:
        here.client().get("/v1/pledges/kanarienstudent/2026-27", headers=headers)
        here.client().get(
            "/v1/districts?cursor=kanarienquery", headers={**headers, "traceparent": "kanarientrace"}
        )
        body = {"student": "kanarienstudent", "reason": "Kanarienname"}
        path = "/v1/classes/kanarienstudent/folders/2026-09/voids"
        here.client().post(path, json=body, headers={**headers, "Idempotency-Key": "kanarienkey"})
        here.services["folders"].answers["void_return"] = broken
        here.client().post(path, json=body, headers=headers)

    assert len(lines) == 5
    for canary in (*CANARIES, secret):
        assert canary not in repr(lines)
        assert not any(canary in str(sample) for family in REGISTRY.collect() for sample in family.samples)


def test_a_log_line_says_route_status_role_and_how_long(here: Gateway) -> None:
    with structlog.testing.capture_logs() as lines:
        here.client().get("/v1/pledges/k4/2026-27", headers=here.bearer("school", "s1"))

    [line] = lines
    assert (line["route"], line["status"], line["role"]) == (
        "/v1/pledges/<student>/<school_year>",
        200,
        "school",
    )
    assert line["seconds"] >= 0


def test_every_line_of_a_request_carries_its_correlation_and_its_trace_id(here: Gateway) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    traced = {"X-Request-ID": "desk-7", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}

    def fails(*_: Any) -> dict[str, Any]:
        structlog.get_logger().info("a line of the service")
        raise RuntimeError("a fault")

    here.services["pledges"].answers["pledge"] = fails
    with structlog.testing.capture_logs(processors=[merge_contextvars]) as lines:
        here.client().get("/v1/pledges/k4/2026-27", headers={**here.bearer(), **traced})
        here.client().get("/v1/pledges/k4/2026-27", headers={**here.bearer(), "X-Request-ID": "desk-8"})
        structlog.get_logger().info("after the requests")

    events = ["a line of the service", "request failed", "request"]
    assert [(line["event"], line.get("correlation_id"), line.get("trace_id")) for line in lines] == [
        *((event, "desk-7", trace) for event in events),
        *((event, "desk-8", None) for event in events),
        ("after the requests", None, None),
    ]


def test_probes_are_not_logged(here: Gateway) -> None:
    with structlog.testing.capture_logs() as lines:
        here.client().get("/livez")
        here.client().get("/readyz")

    assert lines == []


# --- probes


def test_it_is_ready_when_its_database_and_every_service_are(here: Gateway) -> None:
    response = here.client().get("/readyz")

    assert response.status_code == 200
    assert set(response.json["parts"]) == {
        "database",
        "roster",
        "pledges",
        "folders",
        "surveys",
        "evaluation",
    }


def test_a_service_that_is_not_ready_makes_it_not_ready_and_is_named(here: Gateway) -> None:
    here.services["surveys"].is_ready = False

    response = here.client().get("/readyz")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert [name for name, state in response.json["parts"].items() if state != "ready"] == ["surveys"]


def test_without_its_database_it_is_not_ready_but_lives(
    here: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(here.database.engine, "connect", away)

    assert here.client().get("/readyz").json["parts"]["database"] == "not ready"
    assert here.client().get("/livez").status_code == 200
    refused = here.client().get("/v1/districts", headers={"Authorization": "Bearer alliance_x"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")


def test_services_are_asked_all_at_once(here: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked one after the other, the first would wait for the last for ever."""
    together = threading.Barrier(len(here.services), timeout=5)

    def ready(*, seconds: float = 1.0) -> bool:
        together.wait()
        return True

    for service in here.services.values():
        monkeypatch.setattr(service, "ready", ready)

    assert here.client().get("/readyz").status_code == 200


def test_the_log_line_of_a_read_that_nothing_changed_for_tells_304(here: Gateway) -> None:
    here.services["evaluation"].answers["state_scorecard"] = {"districts": 1, **scorecard()}
    token = here.bearer()
    tag = here.client().get("/v1/state/scorecard", headers=token).headers["ETag"]

    with structlog.testing.capture_logs() as lines:
        here.client().get("/v1/state/scorecard", headers={**token, "If-None-Match": tag})

    assert [line["status"] for line in lines] == [304]
