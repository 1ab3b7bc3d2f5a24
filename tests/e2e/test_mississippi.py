"""Mississippi's real districts through the whole platform: what comes back is what was put in, to the last count.

Each test plays on a platform of its own, empty at first and embedded; that the distributed form counts the same is seen
by `test_serve.py`, and here of all schools.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.running import Platform
from simulation.mississippi import data_folder, read_mississippi, write_mississippi
from simulation.played import Played, load
from simulation.recovery import Recovery, recover
from simulation.state import Bundle, write_state
from simulation.year import play

#: The share of the real enrolment to play in all of the real schools; it takes minutes, so only where it is asked for.
SCALE = float(os.environ.get("SCALE", "0"))

#: The smallest of them, a middling one, one without a school in the tables, and an agricultural high school.
FOUR_DISTRICTS = {"2802970", "2801890", "2800191", "2801100"}

pytestmark = pytest.mark.skipif(
    not (data_folder() / "ms-districts-2016-17").is_dir(),
    reason=f"no public tables under {data_folder()}; set ALLIANCE_DATA",
)


def test_what_four_real_districts_did_comes_back_exactly_and_playing_it_again_changes_nothing(
    embedded: Platform, tmp_path: Path
) -> None:
    real = [each for each in read_mississippi(0.03).districts if each.code in FOUR_DISTRICTS]
    bundle = write_state(tmp_path / "roster.zip", "Mississippi", real, seed=1)
    first = played(embedded, bundle, tmp_path)
    recovery = recover(embedded.base_url, embedded.token, first)
    assert mismatches(recovery) == []
    assert_complete(first, bundle)
    assert load(tmp_path / "year" / "played.json") == first

    again = played(embedded, bundle, tmp_path)
    assert sum(stage.events for stage in again.stages) == 0
    assert again == replace(first, stages=again.stages, positions=again.positions)
    assert recover(embedded.base_url, embedded.token, again).districts == recovery.districts


def test_returns_entered_as_a_list_a_class_are_counted_as_those_in_bulk(
    embedded: Platform, tmp_path: Path
) -> None:
    real = [each for each in read_mississippi(0.02).districts if each.code in FOUR_DISTRICTS]
    bundle = write_state(tmp_path / "roster.zip", "Mississippi", real, seed=2)
    year = played(embedded, bundle, tmp_path, bulk=False)
    assert mismatches(recover(embedded.base_url, embedded.token, year)) == []
    assert_complete(year, bundle)


def test_a_third_of_the_144_districts_comes_back_exactly_and_the_state_close_to_the_truth(
    embedded: Platform, tmp_path: Path
) -> None:
    # Every third: all of them take three times as long and show the same; `make mississippi` and SCALE play them.
    state = read_mississippi(0.004).districts
    assert len(state) == 144
    real = [replace(each, schools=(replace(each.schools[0], first=0, last=0),)) for each in state[::3]]
    bundle = write_state(tmp_path / "roster.zip", "Mississippi", real, seed=1)
    assert bundle.districts == 48
    assert_recovered(embedded, bundle, tmp_path)


@pytest.mark.skipif(SCALE == 0, reason="set SCALE, e.g. to 0.05, to play in all 1,045 schools")
def test_all_schools_come_back_exactly_and_the_state_close_to_the_truth(
    platform: Platform, tmp_path: Path
) -> None:
    bundle = write_mississippi(tmp_path / "roster.zip", SCALE, seed=1)
    assert bundle.schools == 1045
    assert_recovered(platform, bundle, tmp_path)


def assert_recovered(platform: Platform, bundle: Bundle, folder: Path) -> None:
    year = played(platform, bundle, folder)
    recovery = recover(platform.base_url, platform.token, year)
    assert mismatches(recovery) == []
    assert_complete(year, bundle)

    # With a fixed seed this holds for good or never: the state's rates lie within four standard errors of the
    # truth that was put in.
    away = {figure.name: figure.away for figure in recovery.state if figure.away is not None}
    assert len(away) == 4 + (0 if year.notes else 1 + 3)
    assert all(abs(errors) < 4 for errors in away.values()), away


def played(platform: Platform, bundle: Bundle, folder: Path, *, bulk: bool = True) -> Played:
    address, token, year = platform.base_url, platform.token, folder / "year"
    # Two at a time: on processors that the tests fill, more would wait for each other only.
    return play(address, token, bundle.path, 1, year, bulk=bulk, progress=False, workers=2)


def mismatches(recovery: Recovery) -> list[str]:
    return [
        f"{figure.unit}, {figure.name}: simulated {figure.simulated}, recovered {figure.recovered}"
        for figure in recovery.mismatches()
    ]


def assert_complete(year: Played, bundle: Bundle) -> None:
    """Nobody of the bundle is missing, and every part of the year took place."""
    state = year.state()
    assert state.enrolled == bundle.students
    assert state.class_months == bundle.classes * 10
    assert state.school_months == bundle.schools * 10
    assert len(year.districts) == bundle.districts
    # Families answer a survey on the day of the test, which has to lie in the school year that is played.
    surveyed = not year.notes
    indicators = {**state.indicators(), **({} if surveyed else {"survey_response": (1, 1)})}
    assert all(numerator > 0 for numerator, _ in indicators.values())
    assert all(stage.events > 0 for stage in year.stages)
