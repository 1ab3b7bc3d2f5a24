"""Mississippi's real districts through the whole platform: what comes back is what was put in, to the last count.

The fixture `platform` gives a running platform, empty, with `base_url` and the state's `token`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulation.client import Api
from simulation.mississippi import data_folder, write_mississippi
from simulation.recovery import Recovery, recover
from simulation.year import play

#: The share of the real enrolment that is played, in every one of the real schools.
SCALE = float(os.environ.get("SCALE", "0.05"))

needs_data = pytest.mark.skipif(
    not (data_folder() / "ms-districts-2016-17").is_dir(),
    reason=f"no public tables under {data_folder()}; set ALLIANCE_DATA",
)


def mismatches(recovery: Recovery) -> list[str]:
    return [
        f"{figure.unit}, {figure.name}: simulated {figure.simulated}, recovered {figure.recovered}"
        for figure in recovery.mismatches()
    ]


@needs_data
def test_a_years_counts_come_back_exactly_and_playing_it_again_changes_nothing(
    platform: Any, tmp_path: Path
) -> None:
    bundle = write_mississippi(tmp_path / "mississippi.zip", SCALE, seed=1)
    played = play(
        platform.base_url, platform.token, bundle.path, 1, tmp_path / "year", bulk=True, progress=False
    )

    recovery = recover(platform.base_url, platform.token, played)
    assert mismatches(recovery) == []
    state = played.state()
    assert len(played.districts) == 144
    assert state.enrolled == bundle.students
    assert state.class_months == bundle.classes * 10
    # All parts of the year really took place.
    assert {"roster", "pledges", "folders", "surveys"} <= {stage.name for stage in played.stages}
    assert all(numerator > 0 for numerator, _ in state.indicators().values())

    # The state's rates lie within five standard errors of the truth that was put in.
    away = {figure.name: figure.away for figure in recovery.state if figure.away is not None}
    assert len(away) == 5 + 3
    assert all(abs(errors) < 5 for errors in away.values()), away

    positions = log_positions(platform)
    again = play(
        platform.base_url, platform.token, bundle.path, 1, tmp_path / "year", bulk=True, progress=False
    )
    assert sum(stage.events for stage in again.stages) == 0
    assert again == replace(played, stages=again.stages, positions=again.positions)
    assert log_positions(platform) == positions


def log_positions(platform: Any) -> dict[str, int]:
    """How far evaluation has read every source; nothing is pending when it has read what was played."""
    api = Api(platform.base_url, platform.token, seed=0)
    try:
        as_of: dict[str, int] = api.get("/v1/state/scorecard", school_year="2026-27")["as_of"]
        return as_of
    finally:
        api.close()
