"""A request's way into the gateway: who asks, what is read, and how each mistake is answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from alliance.errors import Unavailable
from tests.builders_gateway import Gateway, gateway
from tests.world_gateway import ASKS, Ask

PLEDGE = {
    "student": "k4w6yt2ncz7hq3ra",
    "guardian": "u2f7pd3xvs6ajm5e",
    "school_year": "2026-27",
    "signed_on": "2026-08-14",
    "mode": "web",
    "language": "es",
    "statement": "2026-1",
}
RESPONSE = {
    "token": "7H2K-9QWE-5TVX-0BCD-M3NP",
    "language": "en",
    "mode": "web",
    "answers": {"c1": 4, "c2": None},
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return gateway(tmp_path, monkeypatch)


def sign(here: Gateway, body: object = None, **options: Any) -> TestResponse:
    headers = {**here.bearer(), **options.pop("headers", {})}
    return here.client().post(
        "/v1/pledges", json=PLEDGE if body is None else body, headers=headers, **options
    )


def fields_at_fault(response: TestResponse) -> dict[str, str]:
    return {error["field"]: error["message"] for error in response.json["errors"]}


# --- commands


def test_a_first_command_answers_201_with_its_position(here: Gateway) -> None:
    response = sign(here)

    assert response.status_code == 201
    assert response.json["position"] == {"source": "pledges", "sequence": 42}


def test_a_repeated_command_answers_200_with_the_first_result(here: Gateway) -> None:
    here.services["pledges"].answers["sign_pledge"] = {
        "position": {"source": "pledges", "sequence": 7},
        "created": False,
    }

    response = sign(here)

    assert (response.status_code, response.json["position"]["sequence"]) == (200, 7)


def test_the_service_gets_the_body_the_caller_and_the_time(here: Gateway) -> None:
    here.client().post("/v1/pledges", json=PLEDGE, headers=here.bearer("school", "s1"))

    [(operation, body, context)] = here.services["pledges"].calls
    assert operation == "sign_pledge"
    assert body == {**PLEDGE, "note": None}
    assert (context.caller.role, context.caller.units) == ("school", ("s1",))
    assert context.now == here.clock()


def test_the_same_idempotency_key_of_the_same_token_gives_the_same_command_id(here: Gateway) -> None:
    headers = {**here.bearer(), "Idempotency-Key": "6b02883a-4379-4c20-94d5-343ccff1be9e"}
    for _ in range(2):
        here.client().post("/v1/pledges", json=PLEDGE, headers=headers)

    first, second = (context for _, _, context in here.services["pledges"].calls)
    assert first.command_id == second.command_id
    assert first.keyed


def test_an_idempotency_key_means_nothing_to_another_token_or_another_operation(here: Gateway) -> None:
    key = {"Idempotency-Key": "monday"}
    token = here.bearer()
    here.client().post("/v1/pledges", json=PLEDGE, headers={**token, **key})
    here.client().post("/v1/pledges", json=PLEDGE, headers={**here.bearer(), **key})
    withdrawal = {"student": "k4", "school_year": "2026-27", "withdrawn_on": "2026-10-02"}
    here.client().post("/v1/pledges/withdrawals", json=withdrawal, headers={**token, **key})

    assert len({context.command_id for _, _, context in here.services["pledges"].calls}) == 3


def test_without_an_idempotency_key_every_command_is_a_new_one(here: Gateway) -> None:
    for _ in range(2):
        sign(here)

    contexts = [context for _, _, context in here.services["pledges"].calls]
    assert not any(context.keyed for context in contexts)
    assert len({context.command_id for context in contexts}) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "snow☃".encode().decode("latin-1"), "a\tb"])
def test_an_idempotency_key_of_no_use_is_refused_by_name(here: Gateway, key: str) -> None:
    response = sign(here, headers={"Idempotency-Key": key})

    assert response.status_code == 422
    assert list(fields_at_fault(response)) == ["Idempotency-Key"]


def test_families_need_no_token_of_their_own_and_share_no_command_id(here: Gateway) -> None:
    for token in ("7H2K-9QWE-5TVX-0BCD-M3NP", "AAAA-BBBB-CCCC-DDDD-EEEE"):
        headers = {"Idempotency-Key": "same"}
        here.client().post("/v1/surveys/v5/responses", json={**RESPONSE, "token": token}, headers=headers)

    first, second = (context for _, _, context in here.services["surveys"].calls)
    assert first.caller.role == "family"
    assert first.command_id != second.command_id


# --- who asks


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer",
        "Bearer ",
        "Basic YWxpY2U6c2VjcmV0",
        "Bearer alliance_wrong",
        "alliance_wrong",
        "Bearer \xff\xfe",
    ],
)
def test_no_token_or_a_wrong_one_is_401_and_says_how_to_send_one(here: Gateway, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}

    response = here.client().post("/v1/pledges", json=PLEDGE, headers=headers)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="alliance"'
    assert here.services["pledges"].calls == []


def test_a_wrong_token_is_told_before_the_body_is_looked_at(here: Gateway) -> None:
    response = here.client().post("/v1/pledges", data=b"{", content_type="application/json")

    assert response.status_code == 401


def test_a_wrong_token_is_not_taken_for_a_family(here: Gateway) -> None:
    headers = {"Authorization": "Bearer alliance_wrong"}

    response = here.client().post("/v1/surveys/v5/responses", json=RESPONSE, headers=headers)

    assert response.status_code == 401


# --- what is read


@pytest.mark.parametrize(
    ("change", "field", "word"),
    [
        ({"student": None}, "student", "null"),
        ({"student": 7}, "student", "text"),
        ({"student": "a/b"}, "student", "id"),
        ({"student": "x" * 65}, "student", "64"),
        ({"student": "nul\x00"}, "student", "id"),
        ({"signed_on": "2026-02-30"}, "signed_on", "exists"),
        ({"signed_on": "20260814"}, "signed_on", "2026-09-14"),
        ({"signed_on": "2026-08-14T00:00:00"}, "signed_on", "2026-09-14"),
        ({"school_year": "2026-28"}, "school_year", "2026-27"),
        ({"mode": "fax"}, "mode", "paper"),
        ({"language": "fr"}, "language", "en"),
        ({"note": "a\x00b"}, "note", "control"),
        ({"note": "x" * 501}, "note", "500"),
        ({"signd_on": "2026-08-14"}, "signd_on", "signed_on"),
    ],
)
def test_a_field_at_fault_is_named_with_its_mend(
    here: Gateway, change: dict[str, Any], field: str, word: str
) -> None:
    response = sign(here, {**PLEDGE, **change})

    assert response.status_code == 422
    assert response.mimetype == "application/problem+json"
    assert word in fields_at_fault(response)[field]
    assert here.services["pledges"].calls == []


def test_every_field_at_fault_is_named_at_once(here: Gateway) -> None:
    response = sign(here, {"student": "k4", "mode": "fax", "colour": "red"})

    assert set(fields_at_fault(response)) == {
        "school_year", "signed_on", "mode", "language", "statement", "colour",
    }  # fmt: skip


def test_a_field_inside_a_list_is_named_by_its_place(here: Gateway) -> None:
    body = {
        "returns": [
            {"student": "k4", "signed_on": "2026-09-14", "mode": "paper"},
            {"student": "k5", "mode": "x"},
        ]
    }

    response = here.client().post("/v1/classes/c5/folders/2026-09/returns", json=body, headers=here.bearer())

    assert set(fields_at_fault(response)) == {"returns.1.signed_on", "returns.1.mode"}


@pytest.mark.parametrize("body", [[], "text", 7, None])
def test_a_body_that_is_no_object_is_refused(here: Gateway, body: object) -> None:
    data = json.dumps(body)
    response = here.client().post(
        "/v1/pledges", data=data, content_type="application/json", headers=here.bearer()
    )

    assert response.status_code == 422
    assert "object" in response.json["detail"]


@pytest.mark.parametrize("body", [b"{", b'{"a": 1,}', b"\xff\xfe", b"NaN", b"[" * 5000])
def test_a_body_that_is_no_json_is_400_and_says_where_it_breaks_off(here: Gateway, body: bytes) -> None:
    response = here.client().post(
        "/v1/pledges", data=body, content_type="application/json", headers=here.bearer()
    )

    assert response.status_code == 400
    assert "line 1, column" in response.json["detail"]


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_another_content_type_is_415_and_names_the_one_that_is_read(here: Gateway, kind: str) -> None:
    response = here.client().post("/v1/pledges", data=b"{}", content_type=kind, headers=here.bearer())

    assert response.status_code == 415
    assert "application/json" in response.json["detail"]


def test_a_body_above_1_mib_is_413_and_says_the_limit(here: Gateway) -> None:
    body = b" " * (1024 * 1024 + 1)

    response = here.client().post(
        "/v1/pledges", data=body, content_type="application/json", headers=here.bearer()
    )

    assert response.status_code == 413
    assert "1 MiB" in response.json["detail"]


def test_a_body_of_exactly_1_mib_is_read(here: Gateway) -> None:
    body = json.dumps(PLEDGE).encode().ljust(1024 * 1024)

    response = here.client().post(
        "/v1/pledges", data=body, content_type="application/json", headers=here.bearer()
    )

    assert response.status_code == 201


def test_an_address_that_does_not_exist_is_404_and_one_without_that_method_405(here: Gateway) -> None:
    missing = here.client().get("/v1/pledge")
    wrong = here.client().delete("/v1/pledges")

    assert (missing.status_code, missing.mimetype) == (404, "application/problem+json")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "OPTIONS, POST")
    assert "POST" in wrong.json["detail"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/pledges/k4/2026-28", "school_year"),
        ("/v1/pledges/a b/2026-27", "student"),
        ("/v1/classes/c5/folders/2026-13", "period"),
        ("/v1/classes/c%00/folders/2026-09", "class"),
        ("/v1/districts/d7/scorecard?school_year=26", "school_year"),
        ("/v1/districts/d7/scorecard?at_least=42", "at_least"),
        ("/v1/districts/d7/scorecard?at_least=pledges:-1", "at_least"),
        ("/v1/districts/d7/scorecard?year=2026-27", "year"),
        ("/v1/districts?limit=0", "limit"),
        ("/v1/districts?limit=many", "limit"),
        ("/v1/events?types=Pledge Signed", "types"),
        ("/v1/classes/c5/students?on=tomorrow", "on"),
    ],
)
def test_a_part_of_the_address_at_fault_is_named(here: Gateway, path: str, field: str) -> None:
    role = ("district", "d7") if "students" in path else ("state",)

    response = here.client().get(path, headers=here.bearer(*role))

    assert response.status_code == 422
    assert list(fields_at_fault(response)) == [field]


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.operation)
def test_what_an_address_is_asked_in_vain_is_refused_and_nothing_is_done(here: Gateway, ask: Ask) -> None:
    body = ask.body if isinstance(ask.body, bytes | None) else json.dumps(ask.body)
    role = ("district", "d1") if ask.operation == "roster.students" else ("state",)

    response = here.client().open(
        f"{ask.path}{'&' if '?' in ask.path else '?'}surplus=true",
        method=ask.method,
        data=body,
        content_type=ask.kind,
        headers=here.bearer(*role),
    )

    assert response.status_code == 422
    assert list(fields_at_fault(response)) == ["surplus"]
    assert not any(service.calls for service in here.services.values())


@pytest.mark.parametrize("ask", [ask for ask in ASKS if ask.method == "GET"], ids=lambda ask: ask.operation)
def test_every_read_takes_the_position_that_it_has_to_have_reached(here: Gateway, ask: Ask) -> None:
    role = ("district", "d1") if ask.operation == "roster.students" else ("state",)
    name = ask.operation.partition(".")[0]

    further = "&" if "?" in ask.path else "?"
    here.client().get(f"{ask.path}{further}at_least=pledges:42", headers=here.bearer(*role))

    operation, body, _ = here.services[name].calls[0]
    assert body["at_least"] == {"pledges": 42}
    assert name == "evaluation" or operation == "reach"


# --- what goes wrong behind the gateway


def test_a_service_that_is_away_is_503_with_retry_after(here: Gateway) -> None:
    def away(*_: object):
        raise Unavailable("The pledges service does not answer; try again.", retry_after=2)

    here.services["pledges"].answers["sign_pledge"] = away

    response = sign(here)

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "2"
    assert response.json["retry_after"] == 2


def test_a_fault_of_ours_is_500_and_tells_nothing_but_the_request_id(here: Gateway) -> None:
    def broken(*_: object):
        raise RuntimeError("the database said: secret")

    here.services["pledges"].answers["sign_pledge"] = broken

    response = sign(here, headers={"X-Request-ID": "abc-123"})

    assert response.status_code == 500
    assert response.json["request_id"] == "abc-123"
    assert "secret" not in response.get_data(as_text=True)


def test_what_a_service_tells_beyond_its_shape_does_not_leave_the_gateway(here: Gateway) -> None:
    here.services["pledges"].answers["sign_pledge"] = {
        "position": None,
        "created": True,
        "given_name": "Canary",
    }

    assert "Canary" not in sign(here).get_data(as_text=True)


# --- what every answer carries


def test_the_request_id_is_the_callers_or_a_new_one_and_reaches_the_service(here: Gateway) -> None:
    given = sign(here, headers={"X-Request-ID": "7edf59bc"})
    made = sign(here, headers={"X-Request-ID": "not a plain id"})

    contexts = [context for _, _, context in here.services["pledges"].calls]
    assert given.headers["X-Request-ID"] == contexts[0].correlation_id == "7edf59bc"
    assert UUID(made.headers["X-Request-ID"]) == UUID(contexts[1].correlation_id)


def test_a_traceparent_is_passed_on_and_a_broken_one_is_not(here: Gateway) -> None:
    good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    for traceparent in (good, good.replace("4bf9", "ZZZZ"), "00-" + "0" * 32 + "-00f067aa0ba902b7-01"):
        sign(here, headers={"traceparent": traceparent})

    assert [context.traceparent for _, _, context in here.services["pledges"].calls] == [good, None, None]


@pytest.mark.parametrize(
    "path", ["/v1/statements", "/nowhere", "/sign-in", "/docs", "/openapi.json", "/livez"]
)
def test_every_answer_lets_nothing_from_elsewhere_run_or_frame_it(here: Gateway, path: str) -> None:
    here.services["pledges"].answers["statements"] = {"statements": []}

    headers = here.client().get(path).headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_cache_keeps_what_a_command_answered_or_an_error(here: Gateway) -> None:
    assert sign(here).headers["Cache-Control"] == "no-store"
    assert sign(here, {}).headers["Cache-Control"] == "no-store"
