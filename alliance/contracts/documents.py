"""JSON Schemas and the AsyncAPI 3.0 document, made from the contracts: what an integrator generates code from.

`python -m alliance.contracts.documents deploy/contracts` writes them; a test refuses a difference to what is there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin, OpenAPIConverter
from marshmallow import Schema, fields

from .. import __version__
from ..envelope import CONTENT_TYPE
from .registry import Contract, contracts

#: Draft 7 is what AsyncAPI's own schema object is based on, so that one document serves both.
DIALECT = "http://json-schema.org/draft-07/schema#"


def json_schema(contract: Contract) -> dict[str, Any]:
    """The schema of an event's `data`, for readers: unknown fields may come with a later release."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:alliance:schema:{contract.type}:{contract.version}",
        "title": contract.type,
        "description": contract.description,
        **_object(contract.schema()),
        "examples": [dict(contract.example)],
    }


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI document: one channel per source, one message per event type and version."""
    known = list(contracts())
    sources = sorted({contract.source for contract in known})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Alliance events",
            "version": __version__,
            "description": (
                "CloudEvents 1.0 JSON documents on RabbitMQ: a durable topic exchange per source, the event type "
                "as routing key. Ids are opaque; no event holds personal data."
            ),
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            source: {
                "address": f"{source}.events",
                "description": f"The log of the service {source}, in the order of `sequence`.",
                "messages": {
                    _name(contract): {"$ref": f"#/components/messages/{_name(contract)}"}
                    for contract in known
                    if contract.source == source
                },
                "bindings": {
                    "amqp": {
                        "is": "routingKey",
                        "exchange": {"name": f"{source}.events", "type": "topic", "durable": True},
                    }
                },
            }
            for source in sources
        },
        "operations": {
            f"publish{source.capitalize()}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{source}"},
                "summary": f"What the service {source} publishes; at least once, in order.",
            }
            for source in sources
        },
        "components": {
            "messages": {_name(contract): _message(contract) for contract in known},
        },
    }


def write(folder: Path) -> list[Path]:
    """Write every document into `folder`; returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    documents = {
        folder / f"{contract.type}.v{contract.version}.schema.json": json_schema(contract)
        for contract in contracts()
    }
    documents[folder / "asyncapi.json"] = asyncapi()
    for path, document in documents.items():
        path.write_text(text(document), encoding="utf-8")
    return list(documents)


def text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _name(contract: Contract) -> str:
    return contract.type if contract.version == 1 else f"{contract.type}V{contract.version}"


def _message(contract: Contract) -> dict[str, Any]:
    schema = json_schema(contract)
    data = {name: value for name, value in schema.items() if name not in ("$schema", "$id", "examples")}
    return {
        "name": contract.type,
        "title": contract.type,
        "summary": contract.description,
        "contentType": CONTENT_TYPE,
        "payload": {
            "type": "object",
            "required": [*_ENVELOPE_REQUIRED, "data"],
            "properties": {
                **_envelope(contract),
                "data": data,
            },
        },
        "examples": [{"name": "example", "payload": {"data": dict(contract.example)}}],
    }


_ENVELOPE_REQUIRED = [
    "specversion", "id", "source", "type", "time", "subject", "dataschema", "sequence", "streamversion",
    "partitionkey", "correlationid", "causationid",
]  # fmt: skip


def _envelope(contract: Contract) -> dict[str, Any]:
    return {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid"},
        "source": {"const": f"/alliance/{contract.source}"},
        "type": {"const": f"alliance.{contract.source}.{contract.type}"},
        "time": {"type": "string", "format": "date-time"},
        "subject": {"type": "string", "description": "the stream: category-key"},
        "datacontenttype": {"const": CONTENT_TYPE},
        "dataschema": {"const": f"urn:alliance:schema:{contract.type}:{contract.version}"},
        "sequence": {
            "type": "string",
            "pattern": "^[1-9][0-9]*$",
            "description": "position in the source's log",
        },
        "streamversion": {"type": "integer", "minimum": 1},
        "partitionkey": {"type": "string", "description": "the district"},
        "correlationid": {"type": "string"},
        "causationid": {"type": "string"},
        "traceparent": {"type": "string"},
    }


def _object(schema: Schema) -> dict[str, Any]:
    """A marshmallow schema as a JSON Schema object, nested ones inlined: a reader needs one file."""
    properties = {name: _property(field) for name, field in schema.fields.items()}
    required = [name for name, field in schema.fields.items() if field.required]
    return {"type": "object", "required": required, "properties": properties}


def _property(field: fields.Field[Any]) -> dict[str, Any]:
    if isinstance(field, fields.Nested):
        return _object(field.schema)
    converted = dict(_converter.field2property(field))
    if isinstance(field, fields.List):
        converted["items"] = _property(field.inner)
    if isinstance(field, fields.Dict) and field.value_field is not None:
        converted["additionalProperties"] = _property(field.value_field)
    return converted


def _make_converter() -> OpenAPIConverter:
    plugin = MarshmallowPlugin()
    # 3.1 is the version whose schemas are JSON Schema: a nullable field has "null" among its types.
    APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
    assert plugin.converter is not None
    return plugin.converter


_converter = _make_converter()


if __name__ == "__main__":
    for path in write(Path(sys.argv[1])):
        print(path)  # noqa: T201
