"""How far a projection is behind the journal shows between two batches of a projector that is held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alliance import projector
from tests.builders import append
from tests.faults.pipeline import Pipeline, sample


def lag(unit: str) -> float:
    return sample(f"alliance_projection_lag_{unit}", projection="signatures", partition=0)


def journaled(pipeline: Pipeline, count: int, *, hours_ago: int) -> None:
    """Put events of that age into the journal."""
    time = datetime.now(UTC) - timedelta(hours=hours_ago)
    first = pipeline.log.head()[0]
    pipeline.log.append_all([append(f"s{first + number}", time=time) for number in range(count)])
    pipeline.receiver.catch_up()


@pytest.fixture(autouse=True)
def at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once a second."""
    monkeypatch.setattr(projector, "MEASURE_SECONDS", -1)


def test_what_a_held_projector_has_not_folded_is_counted_and_its_age_is_told(folding: Pipeline) -> None:
    journaled(folding, 6, hours_ago=3)
    assert folding.projector.step(limit=4) == 4
    assert lag("events") == 2
    assert 3 <= lag("seconds") / 3600 < 3.5

    journaled(folding, 5, hours_ago=1)
    assert folding.projector.step(limit=2) == 2
    assert lag("events") == 5
    assert 1 <= lag("seconds") / 3600 < 1.5, "the oldest that is left"

    folding.project()
    assert (lag("events"), lag("seconds")) == (0, 0)


def test_a_clock_that_was_set_back_makes_no_age_negative(folding: Pipeline) -> None:
    journaled(folding, 6, hours_ago=-2)
    folding.projector.step(limit=4)
    assert (lag("events"), lag("seconds")) == (2, 0)
