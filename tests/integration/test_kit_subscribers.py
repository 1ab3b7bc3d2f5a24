"""What other systems read: stock nameko, pika, and any reader of CloudEvents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from kombu import Connection

from alliance import broker, contracts, feed
from alliance.broker import Publisher
from alliance.contracts import Contract
from alliance.database import Database
from alliance.feed import LocalFeed
from alliance.log import Append, Log, NewEvent
from alliance.migrations import upgrade
from alliance.relay import Relay
from alliance.settings import SOURCES
from tests.builders import append, context, signed, withdrawn
from tests.fixtures.subscribers import PROGRAMS, Subscriber, newsletters

ROOT = Path(__file__).parents[2]
READER = "reader"


def log_of(source: str, folder: Path) -> Log:
    database = Database(f"sqlite:///{folder / f'{source}.db'}")
    upgrade(database, source)
    return Log(database, source)


# The subscribers that docs/integrators.md shows


@pytest.fixture
def pledges(tmp_path: Path) -> Log:
    return log_of("pledges", tmp_path)


@pytest.fixture
def subscribers(broker_url: str, tmp_path: Path) -> Iterator[dict[str, Subscriber]]:
    with Connection(broker_url) as connection:
        broker.declare(connection, "pledges", [READER])
    with newsletters(broker_url, tmp_path) as running:
        yield running


def test_stock_nameko_and_pika_hear_of_the_same_pledge_as_the_feed(
    pledges: Log, subscribers: dict[str, Subscriber], broker_url: str
) -> None:
    pledges.append(append("s0", 0, [signed("s0", school="first"), withdrawn("s0")]))
    pledges.append(append("s1", 0, [signed("s1", school="second")]))
    assert Relay(pledges, Publisher(broker_url, "pledges", [READER])).step() == 3
    page = LocalFeed(pledges).page(0)
    wanted = [f"{e.data['school']} {e.position}" for e in page.events if e.type == "PledgeSigned"]
    assert wanted == ["first 1", "second 3"]
    for name, subscriber in subscribers.items():
        assert [subscriber.line(), subscriber.line()] == wanted, name


@pytest.mark.parametrize("document", ["README.md", "docs/integrators.md"])
def test_the_documents_show_the_subscribers_that_are_tested(document: str) -> None:
    shown = (ROOT / document).read_text()
    for name in ("newsletter_nameko.py", "newsletter_pika.py"):
        _for_the_linter, _, program = (PROGRAMS / name).read_text().partition("\n")
        assert program.strip() in shown


# What is on the wire


class Published(NamedTuple):
    contract: Contract
    document: dict[str, Any]
    message: Any
    in_feed: dict[str, Any]


@pytest.fixture(scope="module")
def published(vhosts: Iterator[str], tmp_path_factory: pytest.TempPathFactory) -> list[Published]:
    """Every contract's example: recorded, relayed, and read from a queue of the broker."""
    url, folder = next(vhosts), tmp_path_factory.mktemp("logs")
    found: list[Published] = []
    for source in SOURCES:
        log = log_of(source, folder)
        examples = [each for each in contracts.contracts() if each.source == source]
        for each in examples:
            log.append(
                Append(
                    stream=f"{each.type.lower()}-1",
                    expected=0,
                    events=[NewEvent(each.type, each.example, each.version)],
                    district=each.example.get("district", "state"),
                    context=context(
                        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
                        if len(found) % 2
                        else None
                    ),
                )
            )
        publisher = Publisher(url, source, [READER])
        assert Relay(log, publisher).step() == len(examples)
        publisher.close()
        messages = read_all(url, source, len(examples))
        page = json.loads(feed.to_json(LocalFeed(log).page(0)))
        for each, message, in_feed in zip(examples, messages, page["events"], strict=True):
            found.append(Published(each, json.loads(message.body), message, in_feed))
    return found


def read_all(url: str, source: str, count: int) -> list[Any]:
    messages: list[Any] = []
    with Connection(url) as connection:
        queue = broker.queue(READER, source)
        with connection.Consumer([queue], on_message=messages.append, accept=["json"]):
            while len(messages) < count:
                connection.drain_events(timeout=20)
        for message in messages:
            message.ack()
    return messages


def test_every_kind_of_event_is_published(published: list[Published]) -> None:
    assert {each.contract.type for each in published} == {each.type for each in contracts.contracts()}
    assert {each.contract.source for each in published} == set(SOURCES)


def test_every_published_event_is_a_cloudevent(published: list[Published], data: Path) -> None:
    schema = json.loads((data / "cloudevents" / "cloudevents.schema.json").read_text())
    checker = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    for each in published:
        checker.validate(each.document)
        assert each.document["specversion"] == "1.0"
        # Names of attributes, also of extensions: "MUST consist of lower-case letters or digits", 20 at most "SHOULD".
        assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in each.document)
        extensions = each.document.keys() - schema["properties"].keys()
        assert all(isinstance(each.document[name], str | int | bool) for name in extensions)
    broken = {name: value for name, value in published[0].document.items() if name != "source"}
    with pytest.raises(jsonschema.ValidationError):
        checker.validate(broken)


def test_the_attributes_say_what_the_design_says(published: list[Published]) -> None:
    for contract, document, _, _ in published:
        assert document["type"] == f"alliance.{contract.source}.{contract.type}"
        assert document["source"] == f"/alliance/{contract.source}"
        assert document["subject"] == f"{contract.type.lower()}-1"
        assert document["streamversion"] == 1
        assert document["dataschema"].endswith(f":{contract.type}:{contract.version}")
        assert document["data"] == dict(contract.example)
        assert document["partitionkey"] == contract.example.get("district", "state")
        assert document["correlationid"] == "a-correlation"
        assert {"id", "time", "sequence", "causationid"} <= document.keys()
    for source in SOURCES:
        sequences = [each.document["sequence"] for each in published if each.contract.source == source]
        assert sequences == [str(position) for position in range(1, len(sequences) + 1)]
    assert {"traceparent" in each.document for each in published} == {True, False}


def test_the_message_is_durable_and_named_so_that_any_json_reader_can_take_it(
    published: list[Published],
) -> None:
    for contract, document, message, _ in published:
        info = message.delivery_info
        assert (info["exchange"], info["routing_key"]) == (f"{contract.source}.events", contract.type)
        properties = message.properties
        assert properties["delivery_mode"] == 2
        assert properties["message_id"] == document["id"]
        assert properties["correlation_id"] == document["correlationid"]
        assert (message.content_type, message.content_encoding) == ("application/json", "utf-8")
        assert message.payload == document, "as a stock nameko service decodes it"


def test_the_feed_gives_the_same_document(published: list[Published]) -> None:
    assert [each.in_feed for each in published] == [each.document for each in published]
