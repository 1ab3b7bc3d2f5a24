"""eventsourcing on PostgreSQL, written as its documentation shows; run by the peers' interpreter.

    python eventsourcing_store.py append COUNT THREADS    one new aggregate a save
    python eventsourcing_store.py batch COUNT             500 events a save
    python eventsourcing_store.py read COUNT              the notification log, decoded to domain events

POSTGRES_DBNAME, _HOST, _PORT, _USER, _PASSWORD name an empty database. Two ways of its documentation are tried where
they differ, and the better counts: aggregates with @event and the JSON transcoder (README), and events as msgspec
structs with a mapper of their own (docs, example "Aggregate 9"); with database functions (docs, "speedrun") or
without. Answers {"rate": events a second, "by": {way: rate}}.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Mapper, StoredEvent, Transcoder
from eventsourcing.utils import get_topic, resolve_topic

BATCH = 500
PAGE = 1000

os.environ |= {
    "PERSISTENCE_MODULE": "eventsourcing.postgres",
    "POSTGRES_POOL_SIZE": "16",
    "POSTGRES_MAX_OVERFLOW": "4",
}


def fields(number: int) -> dict:
    return {
        "student": f"{number:016x}", "guardian": f"{number + 7:016x}", "school_year": "2026-27",
        "school": f"s{number % 900:015x}", "district": f"d{number % 144:015x}",
        "signed_on": date(2026, 9, 14).isoformat(), "mode": "web", "language": "en", "statement": "2026-1",
        "statement_hash": "0f" * 32, "note_on_file": False,
    }  # fmt: skip


class Pledge(Aggregate):
    @event("Signed")
    def __init__(
        self, student: str, guardian: str, school_year: str, school: str, district: str, signed_on: str,
        mode: str, language: str, statement: str, statement_hash: str, note_on_file: bool,
    ) -> None:  # fmt: skip
        self.student = student
        self.signed_on = signed_on

    @event("SignedAgain")
    def sign_again(
        self, student: str, guardian: str, school_year: str, school: str, district: str, signed_on: str,
        mode: str, language: str, statement: str, statement_hash: str, note_on_file: bool,
    ) -> None:  # fmt: skip
        self.signed_on = signed_on


class Pledges(Application[UUID]):
    snapshotting_intervals = {}

    def sign(self, number: int) -> None:
        self.save(Pledge(**fields(number)))


class PledgeSigned(msgspec.Struct, frozen=True, kw_only=True):
    originator_id: UUID
    originator_version: int
    timestamp: datetime
    student: str
    guardian: str
    school_year: str
    school: str
    district: str
    signed_on: str
    mode: str
    language: str
    statement: str
    statement_hash: str
    note_on_file: bool


class MsgspecMapper(Mapper):
    def to_stored_event(self, domain_event: PledgeSigned) -> StoredEvent:
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=get_topic(type(domain_event)),
            state=msgspec.json.encode(domain_event),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> PledgeSigned:
        return msgspec.json.decode(stored_event.state, type=resolve_topic(stored_event.topic))


class NullTranscoder(Transcoder):
    def encode(self, obj: object) -> bytes:
        return b""

    def decode(self, data: bytes) -> None:
        return None


class MsgspecPledges(Application[UUID]):
    env = {"MAPPER_TOPIC": get_topic(MsgspecMapper), "TRANSCODER_TOPIC": get_topic(NullTranscoder)}


def many_aggregates(numbers: range) -> list[Pledge]:
    return [Pledge(**fields(number)) for number in numbers]


def one_aggregate(numbers: range) -> list[Pledge]:
    pledge = Pledge(**fields(numbers[0]))
    for number in numbers[1:]:
        pledge.sign_again(**fields(number))
    return [pledge]


def msgspec_events(numbers: range) -> list[PledgeSigned]:
    return [
        PledgeSigned(
            originator_id=uuid4(), originator_version=1, timestamp=datetime.now(UTC), **fields(number)
        )
        for number in numbers
    ]


WAYS = {
    "many aggregates": (Pledges, many_aggregates),
    "one aggregate": (Pledges, one_aggregate),
    "msgspec events": (MsgspecPledges, msgspec_events),
}


def append(count: int, threads: int) -> dict:
    with Pledges(env={"POSTGRES_ENABLE_DB_FUNCTIONS": "y"}) as pledges, ThreadPoolExecutor(threads) as pool:

        def client(numbers: Iterator[int]) -> None:
            for number in numbers:
                pledges.sign(number)

        def all_of_it(numbers: range) -> None:
            left = iter(numbers)
            for each in [pool.submit(client, left) for _ in range(threads)]:
                each.result()

        all_of_it(range(threads * 4))
        began = time.perf_counter()
        all_of_it(range(count))
        rate = count / (time.perf_counter() - began)
    return {"rate": rate, "by": {f"{threads} threads": rate}}


def batch(count: int) -> dict:
    """What is decided before the clock starts is encoded and written after."""
    found = {}
    for functions in ("y", "n"):
        for name, (application, decided) in WAYS.items():
            with application(env={"POSTGRES_ENABLE_DB_FUNCTIONS": functions}) as pledges:
                batches = [decided(range(start, start + BATCH)) for start in range(0, BATCH + count, BATCH)]
                pledges.save(*batches.pop())
                began = time.perf_counter()
                for each in batches:
                    pledges.save(*each)
                found[f"{name}, functions {functions}"] = count / (time.perf_counter() - began)
    return {"rate": max(found.values()), "by": found}


def read(count: int) -> dict:
    """Each way reads the events that it wrote: the last `count` of the log."""
    found = {}
    for name in ("many aggregates", "msgspec events"):
        application, decided = WAYS[name]
        with application(env={"POSTGRES_ENABLE_DB_FUNCTIONS": "y"}) as pledges:
            at, seen = pledges.recorder.max_notification_id() or 0, 0
            for start in range(0, count, BATCH):
                pledges.save(*decided(range(start, start + BATCH)))
            began = time.perf_counter()
            while notifications := pledges.recorder.select_notifications(start=at + 1, limit=PAGE):
                seen += len([pledges.mapper.to_domain_event(each) for each in notifications])
                at = notifications[-1].id
            found[name] = seen / (time.perf_counter() - began)
    return {"rate": max(found.values()), "by": found}


if __name__ == "__main__":
    mode, *numbers = sys.argv[1:]
    print(json.dumps({"append": append, "batch": batch, "read": read}[mode](*map(int, numbers))))  # noqa: T201
