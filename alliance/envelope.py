"""One event, as a log holds it and as the outside reads it: CloudEvents 1.0 in JSON.

Source of the attributes: the CloudEvents specification 1.0.2 with the extensions `sequence`, `partitioning`
(`partitionkey`) and `distributed tracing` (`traceparent`); the remaining extensions are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

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


class Document(msgspec.Struct, frozen=True, gc=False):
    """What is read of a document made by `to_cloudevent`; attributes that are not known here are passed by."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=36)]
    type: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    subject: str
    dataschema: str
    sequence: Annotated[str, msgspec.Meta(max_length=19)]
    streamversion: Annotated[int, msgspec.Meta(ge=1, lt=1 << 31)]
    partitionkey: str
    correlationid: str
    causationid: str
    data: dict[str, Any]
    traceparent: str | None = None

    def event(self) -> Event:
        """The event; ValueError says what is malformed.

        What comes back can be stored: its numbers and texts fit the journal's columns.
        """
        _, source, type_ = self.type.split(".")
        position, schema_version = int(self.sequence), int(self.dataschema.rpartition(":")[2])
        if not 1 <= position < 1 << 63 or not 1 <= schema_version < 1 << 15:
            raise ValueError("no position or version")
        texts = (self.id, self.subject, type_, self.partitionkey, self.correlationid, self.causationid)
        if "\0" in "".join((*texts, self.traceparent or "")):
            raise ValueError("a text holds a NUL")
        return Event(
            id=self.id,
            source=source,
            position=position,
            stream=self.subject,
            stream_version=self.streamversion,
            type=type_,
            schema_version=schema_version,
            time=self.time,
            district=self.partitionkey,
            data=self.data,
            correlation_id=self.correlationid,
            causation_id=self.causationid,
            traceparent=self.traceparent,
        )


_read = msgspec.json.Decoder(Document).decode


def to_json(event: Event) -> bytes:
    return msgspec.json.encode(to_cloudevent(event))


def from_json(body: bytes) -> Event:
    """The event of a document made by `to_cloudevent`; one of UNREADABLE says what is missing or malformed."""
    return _read(body).event()
