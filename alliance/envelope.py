"""One event, as a log holds it and as the outside reads it: CloudEvents 1.0 in JSON.

Source of the attributes: the CloudEvents specification 1.0.2 with the extensions `sequence`, `partitioning`
(`partitionkey`) and `distributed tracing` (`traceparent`); the remaining extensions are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

CONTENT_TYPE = "application/json"
_PREFIX = "alliance"
_decode = msgspec.json.Decoder(dict[str, Any]).decode

#: What reading a document that is not ours can raise; the last comes of a body that is nested very deeply.
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded event. `position` counts within its source 1, 2, 3 … without holes; `time` is UTC."""

    id: str
    source: str
    position: int
    stream: str
    stream_version: int
    type: str
    schema_version: int
    time: datetime
    district: str
    data: dict[str, Any]
    correlation_id: str
    causation_id: str
    traceparent: str | None = None


#: The columns of an event, of a log or of the journal, in the order in which `from_row` takes them.
COLUMNS = (
    "id",
    "stream",
    "stream_version",
    "type",
    "schema_version",
    "time",
    "district",
    "data",
    "correlation_id",
    "causation_id",
    "traceparent",
)


def from_row(values: Sequence[Any], *, source: str, position: int) -> Event:
    """The event of a row's COLUMNS. Unpacked, since asking a row for each by name costs more than all else here."""
    id_, stream, version, type_, schema, time, district, data, correlation, causation, traceparent = values
    return Event(
        id=id_,
        source=source,
        position=position,
        stream=stream,
        stream_version=version,
        type=type_,
        schema_version=schema,
        time=time,
        district=district,
        data=_decode(data),
        correlation_id=correlation,
        causation_id=causation,
        traceparent=traceparent,
    )


def to_cloudevent(event: Event) -> dict[str, Any]:
    """The CloudEvents document: the same in AMQP, webhook and feed."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.id,
        "source": f"/{_PREFIX}/{event.source}",
        "type": f"{_PREFIX}.{event.source}.{event.type}",
        "time": event.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "subject": event.stream,
        "datacontenttype": CONTENT_TYPE,
        "dataschema": f"urn:{_PREFIX}:schema:{event.type}:{event.schema_version}",
        # The specification asks for a string that sorts; as a number in a string it is still exact.
        "sequence": str(event.position),
        "streamversion": event.stream_version,
        "partitionkey": event.district,
        "correlationid": event.correlation_id,
        "causationid": event.causation_id,
        "data": event.data,
    }
    if event.traceparent:
        document["traceparent"] = event.traceparent
    return document


def from_cloudevent(document: Mapping[str, Any]) -> Event:
    """The event of a document made by `to_cloudevent`; one of UNREADABLE says what is missing or malformed.

    What comes back can be stored: its numbers and texts fit the journal's columns.
    """
    _, source, type_ = document["type"].split(".")
    data = document["data"]
    if not isinstance(data, dict):
        raise ValueError("data is not a JSON object")
    event = Event(
        id=str(document["id"]),
        source=source,
        position=int(document["sequence"]),
        stream=str(document["subject"]),
        stream_version=int(document["streamversion"]),
        type=type_,
        schema_version=int(document["dataschema"].rpartition(":")[2]),
        time=datetime.fromisoformat(document["time"]),
        district=str(document["partitionkey"]),
        data=data,
        correlation_id=str(document["correlationid"]),
        causation_id=str(document["causationid"]),
        traceparent=document.get("traceparent"),
    )
    _require_storable(event)
    return event


def _require_storable(event: Event) -> None:
    for number, bits in ((event.position, 63), (event.stream_version, 31), (event.schema_version, 15)):
        if not 1 <= number < 1 << bits:
            raise ValueError(f"{number} is no position or version")
    if not 1 <= len(event.id) <= 36:
        raise ValueError("the id is empty, or longer than a UUID")
    if event.time.tzinfo is None:
        raise ValueError("the time has no zone")
    texts = (event.stream, event.type, event.district, event.correlation_id, event.causation_id)
    if "\0" in "".join((*texts, event.traceparent or "")):
        raise ValueError("a text holds a NUL")


def to_json(event: Event) -> bytes:
    return msgspec.json.encode(to_cloudevent(event))


def from_json(body: bytes) -> Event:
    """As `from_cloudevent`, for a body that should be a JSON object."""
    document = msgspec.json.decode(body)
    if not isinstance(document, dict):
        raise ValueError("the body is not a JSON object")
    return from_cloudevent(document)
