"""The read models at a position: the live ones where every projection is there, else folded anew with the same rows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select

from alliance import parking
from alliance.database import Database
from alliance.envelope import Event
from alliance.errors import Invalid
from alliance.journal import Journal
from alliance.migrations import upgrade
from alliance.projector import Projector
from services.evaluation.app import Evaluation
from services.evaluation.pinned import last_counted, models_at, positions_at
from services.evaluation.projections import PROJECTIONS, TABLES
from tests.builders_evaluation import History
from tests.world_evaluation import ITEMS

Rows = dict[str, list[tuple[Any, ...]]]


class Platform:
    """A journal and its projectors, stepped by hand; `projections` are those that run."""

    def __init__(self, database: Database, projections: Sequence[Any] = PROJECTIONS) -> None:
        upgrade(database, "evaluation")
        Evaluation(database).prepare()
        self.database = database
        self.journal = Journal(database)
        self.history = History()
        self._told = 0
        self._projectors = [Projector(database, each, TABLES[each.name]) for each in projections]

    def receive(self) -> int:
        """The history's new events into the journal, in the order in which they happened; returns its head."""
        for event in self.history.events[self._told :]:
            self.take(event)
        self._told = len(self.history.events)
        return self.journal.head()

    def take(self, event: Event) -> None:
        self.journal.append(event.source, [event], epoch=f"epoch of {event.source}")

    def fold(self, batch: int = 100) -> None:
        for projector in self._projectors:
            projector.prepare()
            while projector.step(batch):
                pass


class Clock:
    """Time that passes only in `sleep`; whatever is to happen meanwhile happens there."""

    def __init__(self, *meanwhile: Any) -> None:
        self.now = 0.0
        self._meanwhile = list(meanwhile)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self._meanwhile:
            self._meanwhile.pop(0)()


def rows(connection: Connection) -> Rows:
    """Every row of every read model, and what is parked."""
    found: Rows = {}
    for tables in TABLES.values():
        for table in tables.values():
            read = [tuple(row) for row in connection.execute(select(table))]
            found[table.name] = sorted(read, key=repr)
    found["parked"] = [
        (each.projection, each.source, each.stream, each.first_position, each.events, each.reason)
        for each in sorted(parking.streams(connection), key=lambda each: (each.projection, each.stream))
    ]
    return found


def stopped_at(platform: Platform, position: int, folder: Path) -> Rows:
    """What an evaluation holds that has never heard of what came after the position."""
    database = Database(f"sqlite:///{folder / f'stopped at {position}.db'}")
    other = Platform(database)
    for _, event in platform.journal.read(0, position):
        other.take(event)
    other.fold(batch=7)
    with database.reading() as connection:
        found = rows(connection)
    database.engine.dispose()
    return found


def report_issued(history: History) -> None:
    history.record(
        "ReportIssued", "report-9f86d081884c7d65", report="9f86d081884c7d65", school_year="2026-27", journal=1,
        positions={"roster": 1}, version="0.1.0", settings="c" * 64, manifest="a" * 64, issued_on="2026-10-06",
    )  # fmt: skip


@pytest.fixture
def here(database: Database) -> Iterator[Platform]:
    """Every source has said something, and every read model but that of the decisions has rows."""
    platform = Platform(database)
    history = platform.history
    history.district("d1", "Magnolia")
    history.school("s1", "d1")
    history.class_("c1", "s1")
    for student in ("ana", "ben", "cleo", "dora"):
        history.enrolled(student)
    history.signed("ana")
    history.sent(["ana", "ben", "cleo"], "2026-09-10")
    history.returned("ana")
    history.instrument(ITEMS)
    history.survey()
    history.invited(4, {"s1": 4})
    history.submitted(dict.fromkeys((item for item, _, _ in ITEMS), 4), ["s1"])
    history.record(
        "PeriodCertified", "certification-d1-2026-09", district="d1", school_year="2026-27", period="2026-09",
        certified_on="2026-10-06", figures={}, missing=[], as_of={"roster": 7},
    )  # fmt: skip
    history.record(
        "OutcomeImported", "outcome-d1-2024-25-ela", district="d1", school_year="2024-25", subject="ela",
        grade=None, file="ela.csv", digest="d" * 64,
        results=[
            {"school": None, "ncessch": None, "measure": "proficient", "group": "all", "n": 40, "low": 0.5,
             "high": 0.5, "mean_score": None}
        ],
    )  # fmt: skip
    platform.receive()
    platform.fold()
    return platform


def test_the_live_tables_are_read_where_every_projection_has_folded_the_same(here: Platform) -> None:
    with models_at(here.database) as pinned:
        assert pinned.models is pinned.source
        assert pinned.position == here.journal.head()
        assert all(rows(pinned.models)[table.name] for table in TABLES["participation"].values())


def test_the_position_where_the_live_tables_stand_is_read_from_them(here: Platform) -> None:
    with models_at(here.database, here.journal.head()) as pinned:
        assert pinned.models is pinned.source


def test_what_an_earlier_version_of_a_projection_has_folded_does_not_count(here: Platform) -> None:
    class Older:
        name, version = "folders", 0
        sources, types = frozenset({"folders"}), frozenset({"FolderSent"})

    Projector(here.database, Older(), {}).prepare()  # type: ignore[arg-type]
    with models_at(here.database) as pinned:
        assert pinned.models is pinned.source


def test_an_older_position_has_the_rows_of_an_evaluation_that_had_stopped_there(
    here: Platform, tmp_path: Path
) -> None:
    head = here.journal.head()
    here.history.transferred("ben", "c1", "c9", "2026-09-20", to_school="s9")
    here.history.returned("cleo")
    here.history.voided("ana")
    here.history.pledge_withdrawn("ana")
    here.history.withdrawn("dora", "2026-09-21")
    here.receive()
    here.fold()
    for position in (3, head // 2, head, head + 2):
        with models_at(here.database, position) as pinned:
            assert pinned.models is not pinned.source
            assert rows(pinned.models) == stopped_at(here, pinned.position, tmp_path)
            assert pinned.position == position


def test_a_stream_that_was_parked_is_parked_when_folded_anew(here: Platform, tmp_path: Path) -> None:
    here.history.enrolled("eve")
    here.history.events[-1] = msgspec.structs.replace(here.history.events[-1], schema_version=9)
    here.history.withdrawn("eve", "2026-09-21")
    position = here.receive()
    here.fold()
    with models_at(here.database) as live:
        assert live.models is live.source
        then = rows(live.models)
    assert {each[2] for each in then["parked"]} == {"student-eve"}
    here.history.signed("ben")
    here.history.withdrawn("eve", "2026-09-25")
    here.receive()
    here.fold()
    with models_at(here.database, position) as pinned:
        assert pinned.models is not pinned.source
        assert rows(pinned.models) == then == stopped_at(here, position, tmp_path)


@pytest.mark.parametrize("ahead", [1, 1000])
def test_a_position_that_the_journal_has_not_reached_is_refused(here: Platform, ahead: int) -> None:
    head = here.journal.head()
    message = f"The journal is at {head}; there is no position {head + ahead}"
    with pytest.raises(Invalid, match=message) as refused, models_at(here.database, head + ahead):
        pass
    assert refused.value.errors == [{"field": "journal", "message": f"must be a position from 0 to {head}"}]


def test_a_position_before_the_first_is_refused(here: Platform) -> None:
    with pytest.raises(Invalid, match="there is no position -1"), models_at(here.database, -1):
        pass


def test_what_no_projection_folds_does_not_move_the_position(here: Platform) -> None:
    before = here.journal.head()
    report_issued(here.history)
    after = here.receive()
    here.fold()
    assert after == before + 1
    for asked in (None, before, after):
        with models_at(here.database, asked) as pinned:
            assert pinned.position == before
            assert pinned.models is pinned.source


def test_the_live_tables_count_also_before_they_have_passed_what_they_do_not_fold(here: Platform) -> None:
    report_issued(here.history)
    here.receive()
    with models_at(here.database) as pinned:
        assert pinned.models is pinned.source


def test_an_empty_journal_is_at_nothing(database: Database) -> None:
    platform = Platform(database)
    with models_at(database, patience=0) as pinned:
        assert pinned.position == 0
        assert not any(rows(pinned.models).values())
    platform.fold()
    report_issued(platform.history)
    platform.receive()
    with database.reading() as connection:
        assert last_counted(connection) == 0


def test_with_a_projector_that_never_comes_the_patience_ends_and_all_is_folded_anew(
    database: Database, tmp_path: Path
) -> None:
    platform = Platform(database, PROJECTIONS[1:])
    platform.history.district("d1", "Magnolia")
    platform.history.class_()
    platform.history.enrolled("ana")
    head = platform.receive()
    platform.fold()
    clock = Clock()
    with models_at(database, patience=3.0, clock=clock, sleep=clock.sleep) as pinned:
        assert 3.0 <= clock.now < 3.5
        assert pinned.position == head
        assert rows(pinned.models) == stopped_at(platform, head, tmp_path)
        assert rows(pinned.models) != rows(pinned.source)


def test_a_projector_that_comes_within_the_patience_is_waited_for(here: Platform) -> None:
    here.history.signed("ben")
    head = here.receive()
    clock = Clock(lambda: None, here.fold)
    with models_at(here.database, clock=clock, sleep=clock.sleep) as pinned:
        assert pinned.models is pinned.source
        assert pinned.position == head


def test_of_now_is_also_what_has_come_in_while_it_was_waited_for(here: Platform) -> None:
    here.history.signed("ben")
    here.receive()

    def more() -> None:
        here.history.signed("cleo")
        here.receive()
        here.fold()

    clock = Clock(more)
    with models_at(here.database, clock=clock, sleep=clock.sleep) as pinned:
        assert pinned.models is pinned.source
        assert pinned.position == here.journal.head()


def test_a_position_of_the_past_is_not_waited_for(here: Platform) -> None:
    """The read models do not go back to it."""

    def never(_: float) -> None:
        raise AssertionError("it waits for what cannot come")

    with models_at(here.database, 3, sleep=never) as pinned:
        assert pinned.position == 3


def test_every_partition_of_a_projection_has_to_be_there(database: Database) -> None:
    platform = Platform(database, [each for each in PROJECTIONS if each.name != "organisation"])
    platform.history.district("d1", "Magnolia")
    platform.history.district("d2", "Bay")
    platform.receive()
    platform.fold()
    one, two = (
        Projector(database, PROJECTIONS[0], TABLES["organisation"], partition=number, partitions=2)
        for number in (0, 1)
    )
    one.prepare()
    two.prepare()
    one.step()
    with models_at(database, patience=0) as pinned:
        assert pinned.models is not pinned.source
        assert len(rows(pinned.models)["organisation_districts_v1"]) == 2
    two.step()
    with models_at(database, patience=0) as pinned:
        assert pinned.models is pinned.source
        assert len(rows(pinned.models)["organisation_districts_v1"]) == 2


def test_what_was_folded_anew_leaves_nothing_behind(
    here: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with models_at(here.database, 3):
        assert list(folder.iterdir())
    assert list(folder.iterdir()) == []


def test_positions_are_those_that_each_source_had_then(here: Platform) -> None:
    events = [event for _, event in here.journal.read(0, 1000)]
    with here.database.reading() as connection:
        for position in (0, 1, 8, 10, len(events)):
            held = {event.source: event.position for event in events[:position]}
            found = positions_at(connection, position)
            assert {source: at for source, at in found.items() if at} == held


def test_positions_of_the_past_do_not_change_with_a_source_that_is_heard_of_later(database: Database) -> None:
    """They are pins: the same position has to give the same ones."""
    platform = Platform(database)
    platform.history.district("d1", "Magnolia")
    position = platform.receive()
    with database.reading() as connection:
        then = positions_at(connection, position)
    report_issued(platform.history)
    platform.receive()
    with database.reading() as connection:
        assert positions_at(connection, position) == then
