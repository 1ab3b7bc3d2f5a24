"""What a log promises, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Table, insert, select, text
from sqlalchemy.exc import DBAPIError

from alliance import contracts
from alliance.database import Database
from alliance.errors import Diverged, Invalid, Refused, UnknownContract, WrongVersion
from alliance.feed import LocalFeed
from alliance.journal import Journal
from alliance.log import Log, NewEvent
from alliance.migrations import upgrade
from alliance.receiver import Receiver
from alliance.rosterview import RosterView
from alliance.tables import events
from tests.builders import append, context, signed, stream, withdrawn
from tests.conformance import racing_writer

ROOT = Path(__file__).parents[2]


class Tail(threading.Thread):
    """A reader that follows the log while it is written, and never looks back."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log
        self.seen: list[int] = []
        self.written = threading.Event()

    def run(self) -> None:
        while True:
            last = self.written.is_set()
            page = self._log.read(self.seen[-1] if self.seen else 0, 7)
            self.seen.extend(event.position for event in page)
            if last and not page:
                return


def test_racing_writers_leave_no_hole_and_a_tailing_reader_misses_nothing(
    log: Log, database_url: str
) -> None:
    tail = Tail(log)
    tail.start()
    writer = [sys.executable, "-m", "tests.conformance.racing_writer", database_url]
    others = [
        subprocess.Popen([*writer, name, "25"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for name in ("a", "b")
    ]
    acknowledged = racing_writer.race(database_url, "c", 25)
    for other in others:
        output, _ = other.communicate(timeout=60)
        assert other.returncode == 0
        # Its last line; before it come the lines of its log.
        acknowledged.extend(json.loads(output.splitlines()[-1]))
    tail.written.set()
    tail.join()

    head, _ = log.head()
    assert head == len(acknowledged) > 3 * 2 * 8
    assert sorted(acknowledged) == list(range(1, head + 1))
    assert tail.seen == list(range(1, head + 1))
    versions: dict[str, list[int]] = {}
    for event in log.read(0, head):
        versions.setdefault(event.stream, []).append(event.stream_version)
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())


def test_nobody_can_commit_behind_a_writer_that_has_its_position(log: Log, database_url: str) -> None:
    first_holds, may_commit, tail = threading.Event(), threading.Event(), Tail(log)

    def slow(connection: Connection) -> None:
        first_holds.set()
        assert may_commit.wait(10)

    first = threading.Thread(target=log.append, args=(append("slow", beside=slow),))
    second = threading.Thread(target=Log(Database(database_url), "pledges").append, args=(append("quick"),))
    first.start()
    assert first_holds.wait(10)
    second.start()
    second.join(0.2)  # as long as a quick commit takes, many times over
    tail.start()
    may_commit.set()
    first.join(10)
    second.join(10)
    tail.written.set()
    tail.join(10)
    assert [event.stream for event in log.read(0, 9)] == [stream("slow"), stream("quick")]
    assert tail.seen == [1, 2]


def test_a_bare_sequence_would_lose_the_event_of_the_slow_writer(log: Log) -> None:
    """The mutant that shows what the counter row is for."""
    if log.database.dialect != "postgresql":
        pytest.skip("SQLite has one writer at a time and no sequences")
    with log.database.transaction() as setting_up:
        setting_up.execute(text("CREATE TABLE mutant (position bigserial PRIMARY KEY, stream text)"))
    write = text("INSERT INTO mutant (stream) VALUES (:stream)")
    tail = text("SELECT position, stream FROM mutant WHERE position > :after ORDER BY position")
    with log.database.transaction() as slow:
        slow.execute(write, {"stream": "slow"})
        with log.database.transaction() as quick:
            quick.execute(write, {"stream": "quick"})
        with log.database.reading() as reader:
            seen = reader.execute(tail, {"after": 0}).all()
    with log.database.reading() as reader:
        seen += reader.execute(tail, {"after": seen[-1].position}).all()
    assert [row.stream for row in seen] == ["quick"]


def test_an_append_on_an_old_version_is_refused_and_leaves_nothing(log: Log, marks: Table) -> None:
    log.append(append("s1"))

    def mark(connection: Connection) -> None:
        connection.execute(insert(marks).values(mark="too late"))

    with pytest.raises(WrongVersion, match="is at version 1, not 0"):
        log.append(append("s1", expected=0, beside=mark))
    with pytest.raises(WrongVersion, match="is at version 1, not 2"):
        log.append(append("s1", expected=2))
    assert log.head()[0] == 1
    with log.database.reading() as connection:
        assert connection.execute(select(marks)).all() == []


def test_a_stream_reads_back_in_order_with_what_was_written(log: Log) -> None:
    in_context = context(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    log.append(append("s1", 0, [signed("s1"), withdrawn("s1")], in_context=in_context))
    log.append(append("s2"))
    log.append(append("s1", 2, [signed("s1")]))
    found = log.read_stream(stream("s1"))
    assert [(event.position, event.stream_version, event.type) for event in found] == [
        (1, 1, "PledgeSigned"),
        (2, 2, "PledgeWithdrawn"),
        (4, 3, "PledgeSigned"),
    ]
    assert found[0].data == signed("s1").data
    assert found[0].traceparent == in_context.traceparent
    assert found[0].causation_id == str(in_context.command_id)
    assert len({event.id for event in found}) == 3


def test_a_time_of_another_zone_reads_back_as_the_same_moment_in_utc(log: Log) -> None:
    central = datetime(2026, 9, 1, 8, 30, 15, 123456, tzinfo=timezone(-timedelta(hours=5)))
    log.append(append("s1", time=central))
    (event,) = log.read(0, 1)
    assert event.time == central
    assert event.time.utcoffset() == timedelta(0)
    assert event.time == datetime(2026, 9, 1, 13, 30, 15, 123456, tzinfo=UTC)


def test_an_event_that_breaks_its_contract_never_reaches_the_log(log: Log) -> None:
    with pytest.raises(ValueError, match="Unknown field"):
        log.append(append(events=[signed(name="Ada Example")]))
    with pytest.raises(ValueError, match="Must be one of"):
        log.append(append(events=[signed(mode="telepathy")]))
    with pytest.raises(UnknownContract):
        log.append(append(events=[NewEvent("PledgeSung", {})]))
    assert log.head()[0] == 0


@pytest.mark.parametrize("student", ["nul \x00", "half a character \ud800"])
def test_text_that_no_database_can_hold_is_the_senders_error(log: Log, student: str) -> None:
    with pytest.raises(Invalid):
        log.append(append(student, events=[signed("s1")]))
    with pytest.raises(Invalid):
        log.append(append("s1", events=[signed(student)]))
    assert log.head()[0] == 0


def test_beside_is_written_with_the_events_or_not_at_all(log: Log, marks: Table) -> None:
    def mark(connection: Connection) -> None:
        connection.execute(insert(marks).values(mark="kept"))

    def mark_and_fail(connection: Connection) -> None:
        connection.execute(insert(marks).values(mark="lost"))
        raise Refused("this token is spent")

    log.append(append("s1", beside=mark))
    with pytest.raises(Refused, match="this token is spent"):
        log.append(append("s2", beside=mark_and_fail))
    assert log.head()[0] == 1
    with log.database.reading() as connection:
        assert connection.scalars(select(marks.c.mark)).all() == ["kept"]


def test_recorded_events_refuse_to_change(log: Log) -> None:
    log.append(append("s1"))
    changes = [
        "UPDATE events SET district = 'd2'",
        "DELETE FROM events",
        "DELETE FROM events WHERE position = 1",
    ]
    if log.database.dialect == "postgresql":
        changes.append("TRUNCATE events")
    for change in changes:
        with pytest.raises(DBAPIError, match="append-only"), log.database.transaction() as connection:
            connection.execute(text(change))
    upsert = log.database.insert(events).values(log_row(log))
    with pytest.raises(DBAPIError, match="append-only"), log.database.transaction() as connection:
        connection.execute(upsert.on_conflict_do_update(index_elements=["position"], set_={"district": "d2"}))
    assert [event.district for event in log.read(0, 9)] == ["d1"]


def log_row(log: Log) -> dict[str, object]:
    with log.database.reading() as connection:
        return dict(connection.execute(select(events)).mappings().one())


def test_a_new_epoch_stops_the_readers_of_the_old_one(log: Log, tmp_path: Path) -> None:
    log.append(append("s1"))
    journal, view = journal_of(tmp_path), view_of(tmp_path, log)
    receiver = Receiver(journal, LocalFeed(log))
    assert (receiver.catch_up(), view.follow()) == (1, 1)
    log.new_epoch(uuid4())
    log.append(append("s2"))
    with pytest.raises(Diverged, match="epoch"):
        receiver.catch_up()
    with pytest.raises(Diverged, match="epoch"):
        view.follow()
    assert (journal.head(), view.position()) == (1, 1)


def test_a_log_that_became_shorter_stops_its_readers(log: Log, tmp_path: Path) -> None:
    """Restored from an older copy by somebody who forgot to declare a new epoch."""
    for student in ("s1", "s2"):
        log.append(append(student))
    journal, view = journal_of(tmp_path), view_of(tmp_path, log)
    receiver = Receiver(journal, LocalFeed(log))
    assert (receiver.catch_up(), view.follow()) == (2, 2)
    with log.database.transaction() as connection:
        connection.execute(text("UPDATE log_head SET position = 1"))
    with pytest.raises(Diverged):
        receiver.catch_up()
    with pytest.raises(Diverged):
        view.follow()


def journal_of(folder: Path) -> Journal:
    database = Database(f"sqlite:///{folder / 'evaluation.db'}")
    upgrade(database, "evaluation")
    return Journal(database)


def view_of(folder: Path, log: Log) -> RosterView:
    view = RosterView(Database(f"sqlite:///{folder / 'view.db'}"), LocalFeed(log))
    upgrade(view.database, "pledges")
    view.prepare()
    return view


def test_what_an_older_release_wrote_reads_back_in_the_newest_shape(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(append("s1"))
    registry = contracts.registry
    for name in ("_contracts", "_strict", "_tolerant", "_upcasters", "_current"):
        monkeypatch.setattr(registry, name, dict(getattr(registry, name)))
    newer = type("PledgeSigned", (contracts.pledges.PledgeSigned,), {})
    registry.contract("pledges", version=2, example={})(newer)
    registry.upcaster("PledgeSigned", version=1)(lambda data: {**data, "mode": data["mode"].upper()})
    assert [event.data["mode"] for event in log.read_stream(stream("s1"))] == ["WEB"]
    assert [event.data["mode"] for event in log.read(0, 1)] == ["web"], "the wire carries what was written"
