"""The read model is the fold of the journal: in partitions, with many projectors, killed, and built again."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest
from sqlalchemy import delete, inspect, select, text, update

from alliance import checkpoints, parking
from alliance import projector as projecting
from alliance import rebuild as rebuilding
from alliance.database import Database
from alliance.errors import Refused
from alliance.parking import Failure
from alliance.projection import projection_positions
from alliance.projector import Projector
from alliance.rebuild import rebuild, table_hash
from alliance.receiver import follow
from alliance.tables import checkpoints as checkpoint_table
from tests.builders import append, signed
from tests.faults.pipeline import Pipeline, sample
from tests.faults.read_model import counted, projected
from tests.fixtures.waiting import until

ROOT = Path(__file__).parents[2]


def hashes(pipeline: Pipeline) -> dict[str, str]:
    with pipeline.database.reading() as connection:
        return {name: table_hash(connection, table) for name, table in pipeline.tables.items()}


def start_over(pipeline: Pipeline, partitions: int) -> list[Projector]:
    """Empty tables, and a projector for each partition."""
    with pipeline.database.transaction() as connection:
        for table in pipeline.tables.values():
            connection.execute(delete(table))
        connection.execute(delete(checkpoint_table))
        connection.execute(delete(projection_positions))
    projectors = [
        Projector(pipeline.database, pipeline.projection, pipeline.tables, partition=k, partitions=partitions)
        for k in range(partitions)
    ]
    for projector in projectors:
        projector.prepare()
    return projectors


def test_partitions_together_are_the_whole(folding: Pipeline) -> None:
    for number in range(12):
        folding.log.append(append(f"p{number}", district=f"district-{number}"))
    folding.sign(20)
    folding.project()
    whole = hashes(folding)
    for partitions in (2, 3):
        projectors = start_over(folding, partitions)
        passed = []
        for projector in projectors:
            passed.append(projector.step(limit=9))
            while projector.step(limit=9):
                pass
        assert hashes(folding) == whole
        totals, _ = projected(folding.database, folding.tables)
        assert all(
            sum(row[0] for name, row in totals.items() if projector_of(name, partitions) == k) > 0
            for k in range(partitions)
        ), "each partition has work"
        compared = rebuild(folding.database, folding.projection, folding.tables, partitions=partitions)
        assert compared.equal
        assert compared.positions == partitions * (folding.journal.head(),)


def projector_of(district: str, partitions: int) -> int:
    """As the design says: crc32(district) % K."""
    return crc32(district.encode()) % partitions


def test_projectors_that_start_together_make_the_tables_once(folding: Pipeline) -> None:
    for _ in range(5):
        with folding.database.transaction() as connection:
            for table in folding.tables.values():
                table.drop(connection)
            connection.execute(delete(checkpoint_table))
        together, ended = threading.Barrier(4), []

        def prepare(
            projector: Projector, together: threading.Barrier = together, ended: list[BaseException] = ended
        ) -> None:
            together.wait(20)
            try:
                projector.prepare()
            except BaseException as error:
                ended.append(error)

        projectors = [
            Projector(Database(folding.journal_url), folding.projection, folding.tables) for _ in range(4)
        ]
        threads = [threading.Thread(target=prepare, args=(each,)) for each in projectors]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        for each in projectors:
            each.database.close()
        assert ended == []
    folding.sign(4)
    folding.project()
    folding.assert_faithful()


def test_two_projectors_on_one_partition_fold_each_event_once(folding: Pipeline) -> None:
    folding.sign(160)
    folding.receiver.catch_up()
    others = [Projector(Database(folding.journal_url), folding.projection, folding.tables) for _ in range(3)]
    passed: list[int] = []

    def run(projector: Projector) -> None:
        while step := projector.step(limit=11):
            passed.append(step)

    threads = [threading.Thread(target=run, args=(projector,)) for projector in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(passed) == folding.journal.head() == 200
    folding.assert_faithful()


def test_a_projector_killed_before_its_commit_has_done_nothing(folding: Pipeline) -> None:
    folding.sign(40)
    folding.receiver.catch_up()
    folding.projector.step(limit=20)
    before = hashes(folding)
    command = [
        sys.executable,
        "-m",
        "tests.faults.victim",
        "projector",
        folding.log_url,
        folding.journal_url,
        "-",
    ]
    assert subprocess.run(command, cwd=ROOT, timeout=60).returncode == -signal.SIGKILL
    assert (folding.folded(), hashes(folding)) == (20, before)
    folding.project()
    folding.assert_faithful()


def test_what_a_figure_is_as_of_is_kept_with_it(folding: Pipeline) -> None:
    folding.sign(8)
    folding.project()
    with folding.database.reading() as connection:
        row = connection.execute(select(projection_positions)).one()
    assert tuple(row) == ("signatures", 0, "pledges", folding.log.head()[0])


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a rebuild of some hundred events goes the whole way of one of millions."""
    monkeypatch.setattr(rebuilding, "BATCH", 20)
    monkeypatch.setattr(rebuilding, "CLOSE", 40)


def test_a_rebuild_while_events_keep_arriving_equals_the_live_tables(
    folding: Pipeline, small_steps: None, wait_until: Callable[..., None]
) -> None:
    folding.sign(160)
    folding.project()
    done = threading.Event()

    def sign_on(stopping: threading.Event) -> None:
        while not done.is_set():
            folding.sign(3)

    folding.run(sign_on)
    folding.run(lambda stopping: follow(folding.receiver, stopping, poll=0.01))
    folding.run_projector()
    reached = []
    for _ in range(3):
        steps: list[tuple[int, int]] = []
        compared = rebuild(
            folding.database, folding.projection, folding.tables, progress=lambda *at, to=steps: to.append(at)
        )
        assert compared.equal
        assert len(steps) > 5
        reached.append(compared.positions[0])
        wait_until(lambda: folding.folded() > reached[-1])
    done.set()
    assert reached == sorted(set(reached)), "events came in between"
    wait_until(lambda: folding.ended or folding.folded() == folding.log.head()[0], 30)
    folding.stop()
    assert folding.ended == []
    folding.assert_faithful()


def test_a_reader_during_a_rebuild_sees_the_tables_of_its_checkpoint(folding: Pipeline) -> None:
    folding.sign(40)
    folding.project()
    with folding.database.reading() as connection:
        at, _ = checkpoints.load(connection, folding.projector.checkpoint)
        # The tables are exchanged while this reader is at work and has not looked at them yet.
        assert rebuild(folding.database, folding.projection, folding.tables).went_live
        totals = connection.execute(select(folding.tables["totals"])).all()
    assert sum(row.signed + row.withdrawn for row in totals) == at == 50


def test_a_rebuild_that_differs_goes_live_only_when_told_to(folding: Pipeline) -> None:
    folding.sign(8)
    folding.project()
    right = hashes(folding)
    standing = folding.tables["standing"]
    with folding.database.transaction() as connection:
        connection.execute(update(standing).where(standing.c.student == "s1").values(statement="tampered"))
    wrong = hashes(folding)
    compared = rebuild(folding.database, folding.projection, folding.tables)
    assert (compared.equal, compared.went_live) == (False, False)
    assert (compared.live, compared.rebuilt) == (wrong, right)
    assert hashes(folding) == wrong
    compared = rebuild(folding.database, folding.projection, folding.tables, go_live=True)
    assert (compared.equal, compared.went_live) == (False, True)
    assert hashes(folding) == right
    folding.sign(8)
    folding.project()
    folding.assert_faithful()


def test_a_rebuild_stops_at_what_cannot_be_folded_and_leaves_everything_as_it_was(folding: Pipeline) -> None:
    folding.sign(8)
    folding.log.append(append("ill", events=[signed("ill", statement="poison")]))
    folding.project()
    before, tables = hashes(folding), inspect(folding.database.engine).get_table_names()
    folding.projection.breaks = ZeroDivisionError("by a bug")
    with pytest.raises(Failure, match="by a bug"):
        rebuild(folding.database, folding.projection, folding.tables)
    assert hashes(folding) == before
    assert inspect(folding.database.engine).get_table_names() == tables
    folding.projection.breaks = None
    folding.assert_faithful()


def test_a_rebuild_with_the_mended_fold_takes_parked_streams_in(folding: Pipeline) -> None:
    folding.projection.breaks = ZeroDivisionError()
    folding.sign(8)
    folding.log.append(append("ill", events=[signed("ill", statement="poison")]))
    folding.project()
    folding.projection.breaks = None
    assert not rebuild(folding.database, folding.projection, folding.tables).went_live
    with folding.database.reading() as connection:
        (entry,) = parking.streams(connection)
    assert rebuild(folding.database, folding.projection, folding.tables, go_live=True).went_live
    assert folding.projector.replay(entry) == 0, "an old list of parked streams does no harm"
    folding.assert_faithful()


def test_an_interrupted_rebuild_leaves_nothing_and_can_be_done_again(
    folding: Pipeline, small_steps: None
) -> None:
    folding.sign(80)
    folding.project()
    tables = inspect(folding.database.engine).get_table_names()

    def interrupt(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(folding.database, folding.projection, folding.tables, progress=interrupt)
    assert inspect(folding.database.engine).get_table_names() == tables
    folding.assert_faithful()


def test_a_second_rebuild_of_the_same_projection_is_refused_while_the_first_is_at_it(
    folding: Pipeline, small_steps: None
) -> None:
    folding.sign(80)
    folding.project()
    said: list[str] = []

    def again(done: int, total: int) -> None:
        with pytest.raises(Refused) as second:
            rebuild(folding.database, folding.projection, folding.tables)
        said.append(second.value.detail)

    assert rebuild(folding.database, folding.projection, folding.tables, progress=again).equal
    assert "under way in another process" in said[0]
    assert rebuild(folding.database, folding.projection, folding.tables).equal, "the first has let go"


def test_a_hash_is_the_same_whatever_the_pages_it_is_read_in(
    folding: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    folding.sign(30)
    folding.project()
    whole = hashes(folding)
    for rows in (1, 4):
        monkeypatch.setattr(rebuilding, "PAGE", rows)
        assert hashes(folding) == whole


def test_tables_keep_their_indexes_through_a_rebuild(folding: Pipeline) -> None:
    folding.sign(4)
    folding.project()
    before = inspect(folding.database.engine).get_indexes("signatures_standing_v1")
    for _ in range(2):
        rebuild(folding.database, folding.projection, folding.tables)
    assert inspect(folding.database.engine).get_indexes("signatures_standing_v1") == before
    assert len(before) == 1


def test_a_count_that_came_back_to_zero_is_as_good_as_none(folding: Pipeline) -> None:
    folding.sign(4)
    folding.project()
    with folding.database.transaction() as connection:
        connection.execute(text("INSERT INTO signatures_totals_v1 VALUES ('d99', 0, 0)"))
    assert rebuild(folding.database, folding.projection, folding.tables).equal
    assert "d99" not in counted(folding.log.database)[0]


def test_in_silence_a_projector_asks_for_the_journals_head_and_no_more(
    folding: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projecting, "LOOK_SECONDS", 3600.0)
    steps, looks = [], []
    step, grown = Projector.step, Projector._grown
    monkeypatch.setattr(Projector, "step", lambda self: steps.append(step(self)) or steps[-1])
    monkeypatch.setattr(Projector, "_grown", lambda self: looks.append(grown(self)) or looks[-1])
    folding.sign(8)
    folding.receiver.catch_up()
    folding.run_projector()
    until(lambda: len(looks) > 5, 20, "it has looked some times")
    assert steps == [10, 0]
    folding.sign(4)
    folding.receiver.catch_up()
    until(lambda: folding.folded() == 15, 20, "what has come meanwhile is folded")
    folding.stop()
    folding.assert_faithful()


def parked(pipeline: Pipeline) -> list[parking.Parked]:
    with pipeline.database.reading() as connection:
        return parking.streams(connection)


def test_what_others_replay_shows_in_the_metrics_though_the_journal_stands_still(
    folding: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projecting, "LOOK_SECONDS", 0.2)
    folding.projection.breaks = ZeroDivisionError()
    folding.log.append(append("ill", 0, [signed("ill", statement="poison")]))
    folding.receiver.catch_up()
    folding.run_projector()
    # The metric alone would not do: another test of this process may have left it at 1.
    until(lambda: parked(folding), 20, "it is parked")
    until(lambda: sample("alliance_parked_streams", projection="signatures") == 1, 20, "it is seen")
    (entry,) = parked(folding)
    folding.projection.breaks = None
    other = Projector(Database(folding.journal_url), folding.projection, folding.tables)
    assert other.replay(entry) == 1
    until(lambda: sample("alliance_parked_streams", projection="signatures") == 0, 20, "it is seen")
