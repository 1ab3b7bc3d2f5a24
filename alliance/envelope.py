"""One event, as a log holds it and as the outside reads it: CloudEvents 1.0 in JSON.

Source of the attributes: the CloudEvents specification 1.0.2 with the extensions `sequence`, `partitioning`
(`partitionkey`) and `distributed tracing` (`traceparent`); the remaining extensions are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

import msgspec

CONTENT_TYPE = "application/json"
_PREFIX = "alliance"
_decode = msgspec.json.Decoder(dict[str, Any]).decode

#: What reading a document that is not ours can raise; the last comes of a body that is nested very deeply.
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class _Decoded:
    """An event's data, decoded when it is first asked for and kept."""

    def __get__(self, event: Event, _: type[Event]) -> dict[str, Any]:
        # What the event itself has comes before this, so the next one who asks does not come here. (Python 3.11's
        # cached_property takes a lock, which costs as much as the decoding of a small event.)
        data = event.__dict__["data"] = _decode(event.text)
        return data


class Event(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A recorded event. `position` counts within its source 1, 2, 3 … without holes; `time` is UTC.

    `text` is the event's data as it was written: one JSON object. So it travels from the log to the journal; who folds
    the event asks for `data`, which raises ValueError where the text cannot be read. Nobody changes what that returns.
    """

    id: str
    source: str
    position: int
    stream: str
    stream_version: int
    type: str
    schema_version: int
    time: datetime
    district: str
    text: str
    correlation_id: str
    causation_id: str
    traceparent: str | None = None

    data = _Decoded()

    def with_data(self, data: Mapping[str, Any]) -> Event:
        """The same event with other data, as an upcaster makes them."""
        return msgspec.structs.replace(self, text=msgspec.json.encode(data).decode())


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
    id_, stream, version, type_, schema, time, district, text, correlation, causation, traceparent = values
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
        text=text,
        correlation_id=correlation,
        causation_id=causation,
        traceparent=traceparent,
    )


class _CloudEvent(msgspec.Struct, frozen=True, gc=False):
    """In the order in which the attributes are written."""

    specversion: str
    id: str
    source: str
    type: str
    time: datetime
    subject: str
    datacontenttype: str
    dataschema: str
    sequence: str
    streamversion: int
    partitionkey: str
    correlationid: str
    causationid: str
    data: msgspec.Raw
    traceparent: str | msgspec.UnsetType


def to_document(event: Event) -> msgspec.Struct:
    """The CloudEvents document, for msgspec to encode: the same in AMQP, webhook and feed."""
    return _CloudEvent(
        "1.0",
        event.id,
        f"/{_PREFIX}/{event.source}",
        f"{_PREFIX}.{event.source}.{event.type}",
        event.time.astimezone(UTC),
        event.stream,
        CONTENT_TYPE,
        f"urn:{_PREFIX}:schema:{event.type}:{event.schema_version}",
        # The specification asks for a string that sorts; as a number in a string it is still exact.
        str(event.position),
        event.stream_version,
        event.district,
        event.correlation_id,
        event.causation_id,
        msgspec.Raw(event.text),
        event.traceparent or msgspec.UNSET,
    )


def to_cloudevent(event: Event) -> dict[str, Any]:
    """The same document in plain types."""
    return _decode(to_json(event))


#: Of a contract: bounded, since those that came are kept.
Name = Annotated[str, msgspec.Meta(max_length=200)]


class Document(msgspec.Struct, frozen=True, gc=False):
    """What is read of a document made by `to_document`; attributes that are not known here are passed by."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=36)]
    type: Name
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    subject: str
    dataschema: Name
    sequence: Annotated[str, msgspec.Meta(max_length=19)]
    streamversion: Annotated[int, msgspec.Meta(ge=1, lt=1 << 31)]
    partitionkey: str
    correlationid: str
    causationid: str
    data: msgspec.Raw
    traceparent: str | None = None

    def event(self) -> Event:
        """The event; ValueError says what is malformed.

        What comes back can be stored: its numbers and texts fit the journal's columns.
        """
        source, type_, schema_version = _contract(self.type, self.dataschema)
        position = int(self.sequence)
        if not 1 <= position < 1 << 63:
            raise ValueError("no position")
        texts = (self.id, self.subject, type_, self.partitionkey, self.correlationid, self.causationid)
        if "\0" in "".join((*texts, self.traceparent or "")):
            raise ValueError("a text holds a NUL")
        data = bytes(self.data).decode()
        if not data.startswith("{"):
            raise ValueError("data that are no object")
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
            text=data,
            correlation_id=self.correlationid,
            causation_id=self.causationid,
            traceparent=self.traceparent,
        )


@lru_cache(maxsize=256)
def _contract(type_: str, dataschema: str) -> tuple[str, str, int]:
    """(source, type, version): the same few in all documents, so they are taken apart once."""
    _, source, name = type_.split(".")
    version = int(dataschema.rpartition(":")[2])
    if not 1 <= version < 1 << 15:
        raise ValueError("no version")
    return source, name, version


_read = msgspec.json.Decoder(Document).decode


def to_json(event: Event) -> bytes:
    return msgspec.json.encode(to_document(event))


def from_json(body: bytes) -> Event:
    """The event of a document made by `to_json`; one of UNREADABLE says what is missing or malformed.

    Whoever may send a message is believed nothing: its data are decoded, too.
    """
    event = _read(body).event()
    _decode(event.text)
    return event
