"""The API's description of itself: complete, true, and readable without any other host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

import gateway as gateway_package
from gateway.permissions import PERMISSIONS, roles
from gateway.schemas import evaluation, folders, pledges, reports, roster, surveys
from gateway.schemas.shape import Shape
from tests.builders_gateway import Gateway, gateway

#: Section by section what the first version promises.
PROMISED = {
    "POST /v1/rosters", "GET /v1/districts", "GET /v1/districts/{district}/scorecard",
    "GET /v1/districts/{district}/months", "GET /v1/schools/{school}/scorecard", "GET /v1/state/scorecard",
    "GET /v1/indicators", "GET /v1/districts/{district}/indicators",
    "POST /v1/outcomes",
    "POST /v1/districts/{district}/months/{period}/certification",
    "POST /v1/pledges", "POST /v1/pledges/offers", "POST /v1/pledges/withdrawals",
    "GET /v1/pledges/{student}/{school_year}",
    "POST /v1/classes/{class}/folders/{period}/sent", "POST /v1/classes/{class}/folders/{period}/returns",
    "POST /v1/classes/{class}/folders/{period}/voids", "GET /v1/classes/{class}/folders/{period}",
    "GET /v1/instruments", "POST /v1/instruments", "POST /v1/surveys", "POST /v1/surveys/{survey}/invitations",
    "POST /v1/surveys/{survey}/responses", "POST /v1/surveys/{survey}/close", "GET /v1/events",
    "GET /v1/districts/{district}/schools", "GET /v1/schools/{school}/classes", "GET /v1/classes/{class}/students",
    "GET /v1/districts/{district}/enrolments", "GET /v1/statements", "POST /v1/folders/returns",
    "GET /v1/surveys/{survey}",
    "POST /v1/reports", "GET /v1/reports", "GET /v1/reports/{report}", "GET /v1/reports/{report}/file",
    "POST /v1/recognitions",
}  # fmt: skip

GATEWAY = Path(gateway_package.__file__).parent


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return gateway(tmp_path_factory.mktemp("var"), monkeypatch)


@pytest.fixture(scope="module")
def document(here: Gateway) -> dict[str, Any]:
    response = here.client().get("/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.json
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in ("get", "post"):
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def contents(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(where, media type, content) of every body that goes in or out."""
    for name, operation in operations(document):
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} request", media, content
        for status, response in operation["responses"].items():
            for media, content in response.get("content", {}).items():
                yield f"{name} {status}", media, content


def test_it_is_openapi_3_1_and_describes_exactly_what_is_promised(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert {name for name, _ in operations(document)} == PROMISED


def test_every_address_that_answers_is_described(here: Gateway, document: dict[str, Any]) -> None:
    served = {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in here.app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}
        if rule.rule.startswith("/v1/")
    }

    assert served == {name for name, _ in operations(document)}


def test_every_body_has_an_example_and_every_operation_an_answer_and_a_name(document: dict[str, Any]) -> None:
    assert [where for where, _, content in contents(document) if "example" not in content] == []
    for name, operation in operations(document):
        assert operation["summary"], name
        assert {"200", "201"} & set(operation["responses"]), name
        if name.startswith("POST") and not name.endswith("/close"):
            assert operation["requestBody"]["content"], name
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))


def test_every_json_example_has_the_shape_that_is_described_beside_it(document: dict[str, Any]) -> None:
    registry = Registry().with_resource("urn:api", Resource(contents=document, specification=DRAFT202012))
    for where, media, content in contents(document):
        if media == "application/json":
            schema = {"$ref": f"urn:api{content['schema']['$ref']}"}
            errors = list(Draft202012Validator(schema, registry=registry).iter_errors(content["example"]))
            assert errors == [], where
            known = _resolved(document, content["schema"])["properties"]
            assert set(content["example"]) <= set(known), where


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


@pytest.mark.parametrize(
    "shape",
    [
        shape
        for module in (roster, pledges, folders, surveys, evaluation, reports)
        for shape in vars(module).values()
        if isinstance(shape, type) and issubclass(shape, Shape) and shape is not Shape and shape.example
    ],
)
def test_the_gateway_takes_its_own_examples(shape: type[Shape]) -> None:
    assert shape().load(shape.example)


def test_the_lines_of_bulk_examples_are_json(document: dict[str, Any]) -> None:
    bulk = [
        (where, content) for where, media, content in contents(document) if media == "application/x-ndjson"
    ]

    assert {where.split()[1] for where, _ in bulk} == {
        "/v1/pledges", "/v1/folders/returns", "/v1/surveys/{survey}/responses",
    }  # fmt: skip
    for where, content in bulk:
        lines = [json.loads(line) for line in content["example"].splitlines()]
        assert len(lines) == 2
        if not where.endswith("request"):
            assert [(line["line"], line["status"]) for line in lines] == [(1, 201), (2, 422)]


def test_every_parameter_is_explained(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method in ("get", "post"):
            given = [*item.get("parameters", []), *item.get(method, {}).get("parameters", [])]
            for parameter in given:
                assert parameter.get("description") or parameter["schema"].get("description"), (
                    path,
                    parameter["name"],
                )
            named = {parameter["name"] for parameter in given if parameter["in"] == "path"}
            assert method not in item or named == set(re.findall(r"{(\w+)}", path))


def test_every_operation_says_who_may_call_it_as_the_table_of_permissions_does(
    document: dict[str, Any],
) -> None:
    told = {operation["operationId"]: operation["x-roles"] for _, operation in operations(document)}
    table = {operation.partition(".")[2]: roles(operation) for operation in PERMISSIONS}

    assert told.items() <= table.items()
    # The bulk forms share an address with the single ones.
    assert set(table) - set(told) == {"sign_pledges", "submit_responses"}


def test_reports_are_read_by_whoever_has_a_token_and_made_and_decided_on_by_the_state_alone(
    document: dict[str, Any],
) -> None:
    told = {name: operation["x-roles"] for name, operation in operations(document)}

    for name in ("POST /v1/reports", "POST /v1/recognitions"):
        assert told[name] == ["state"]
    for name in ("GET /v1/reports", "GET /v1/reports/{report}", "GET /v1/reports/{report}/file"):
        assert told[name] == ["state", "district", "school", "teacher", "integrator"]


def test_errors_are_described_as_problem_documents(document: dict[str, Any]) -> None:
    [content] = [
        response["content"]
        for name, response in document["components"]["responses"].items()
        if name == "DEFAULT_ERROR"
    ]

    assert list(content) == ["application/problem+json"]
    for _, operation in operations(document):
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}


def test_the_page_for_people_shows_every_address_and_example(here: Gateway, document: dict[str, Any]) -> None:
    page = here.client().get("/docs").text

    for name, operation in operations(document):
        method, path = name.split(" ")
        assert f"<b>{method}</b> {path}</a>" in page
        assert f'id="{operation["operationId"]}"' in page
    assert "application/x-ndjson" in page
    assert "sq3o5f2b7kd6mzta" in page


def test_nothing_that_is_shipped_is_large_or_points_elsewhere() -> None:
    for path in GATEWAY.rglob("*.*"):
        if path.suffix in (".html", ".css", ".svg", ".js"):
            assert path.stat().st_size < 400_000
            assert not re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?(?:https?:)?//", path.read_text()), path
