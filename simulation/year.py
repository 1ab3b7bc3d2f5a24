"""Plays the school year 2026-27 through the public API: roster, pledges, folders, certified months,
surveys.

`play` is safe to repeat: the same seed sends the same commands under the same keys, a repeat is answered with
what is recorded already, and a year that was interrupted goes on where it stopped. Districts run side by side
in a few threads; each holds one district's pupils at a time, so memory does not grow with the state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from simulation import played
from simulation.calendar import BEGINS_ON, ENDS_ON, PERIODS, SCHOOL_YEAR
from simulation.client import Api, at_least
from simulation.counts import Counts
from simulation.district import (
    play_certification,
    play_folders,
    play_pledges,
    play_survey,
    read_pupils,
    survey_items,
)
from simulation.plan import DistrictPlan
from simulation.played import Played, PlayedDistrict, Stage
from simulation.truth import Propensities, Truth, draw_propensities, write_truth

#: Districts that are played side by side. More would only wait for each other at the platform.
WORKERS = 8


def play(
    base_url: str,
    token: str,
    bundle: Path | None,
    seed: int,
    folder: Path,
    *,
    progress: bool = True,
    bulk: bool = True,
    workers: int = WORKERS,
    patience: float = 1800.0,
    today: date | None = None,
) -> Played:
    """Imports the bundle (when one is given) and plays the year; the token must be the state's.

    Into `folder` go truth.json (what was drawn), played.json (the exact counts, at the end) and the surveys'
    tokens, without which an interrupted survey could not go on: play again with the same folder. `bulk` sends
    returns as lines instead of a list per class. `patience` is how many seconds one request may be waited for.
    Outside the school year no survey is played, and a note says so. Raises client.Refusal when the platform
    refuses something.
    """
    folder.mkdir(parents=True, exist_ok=True)
    api = Api(base_url, token, seed, patience)
    try:
        with _bars(progress) as bars:
            return _Year(api, seed, folder, bulk, workers, bars).play(
                bundle, today or datetime.now().astimezone().date()
            )
    finally:
        api.close()


@dataclass(frozen=True, slots=True)
class _District:
    id: str
    name: str
    truth: Propensities
    counts: Counts


@dataclass(slots=True)
class _Year:
    api: Api
    seed: int
    folder: Path
    bulk: bool
    workers: int
    bars: Progress
    stages: list[Stage] = field(default_factory=list)

    def play(self, bundle: Path | None, today: date) -> Played:
        notes = []
        if bundle is not None:
            self._import(bundle)
        districts = self._districts()
        self._all("pledges", districts, 1, self._pledges)
        self._all("folders", districts, len(PERIODS), self._folders)
        self._all("certified", districts, 1, self._certification)
        if BEGINS_ON <= today <= ENDS_ON:
            items = survey_items(self.api)

            def survey(district: _District, plan: DistrictPlan, step: Callable[[], None]) -> None:
                play_survey(self.api, plan, district.counts, district.id, items, self.folder)
                step()

            self._all("surveys", districts, 1, survey)
        else:
            notes.append(
                f"no survey was played: families answer it today, {today}, and nobody is enrolled"
                f" outside {BEGINS_ON} to {ENDS_ON}"
            )
        done = Played(
            self.seed,
            SCHOOL_YEAR,
            tuple(PlayedDistrict(each.id, each.name, each.truth, each.counts) for each in districts),
            dict(self.api.positions),
            tuple(self.stages),
            tuple(notes),
        )
        played.save(done, self.folder / "played.json")
        return done

    def _import(self, bundle: Path) -> None:
        bar = self.bars.add_task("roster", total=1, commands=1)
        began = time.monotonic()
        answer = self.api.post_file("/v1/rosters", bundle, "application/zip")
        self.bars.advance(bar)
        for problem in answer.get("problems") or ():
            self.bars.console.print(f"roster: {problem}", markup=False)
        self.stages.append(Stage("roster", 1, self.api.events, time.monotonic() - began))

    def _districts(self) -> list[_District]:
        """The state's districts as soon as the platform can tell all of the import, with their truth."""
        fresh = {"at_least": at_least(self.api.positions)} if self.api.positions else {}
        found, truths = [], {}
        began = time.monotonic()
        for row in self.api.pages("/v1/districts", limit=100, **fresh):
            unit: dict[str, Any] = row["district"]
            key = unit.get("identifier") or unit["name"]
            truths[key] = draw_propensities(self.seed, key)
            found.append(_District(unit["id"], unit["name"], truths[key], Counts()))
        if self.stages:
            # Commands can follow at once; this is how long the read models needed for the whole roster.
            folded = Stage("roster folded", 0, self.stages[-1].events, time.monotonic() - began)
            self.stages.append(folded)
        write_truth(Truth(self.seed, truths), self.folder / "truth.json")
        return found

    def _pledges(self, district: _District, plan: DistrictPlan, step: Callable[[], None]) -> None:
        play_pledges(self.api, plan, district.counts)
        step()

    def _folders(self, district: _District, plan: DistrictPlan, step: Callable[[], None]) -> None:
        play_folders(self.api, plan, district.counts, self.bulk, step)

    def _certification(self, district: _District, plan: DistrictPlan, step: Callable[[], None]) -> None:
        play_certification(self.api, plan, district.id)
        step()

    def _all(
        self,
        name: str,
        districts: Sequence[_District],
        steps: int,
        part: Callable[[_District, DistrictPlan, Callable[[], None]], None],
    ) -> None:
        """One part of the year in every district, some at a time; the first failure stops the rest."""
        bar = self.bars.add_task(name, total=len(districts) * steps, commands=0)
        began, accepted, events = time.monotonic(), self.api.accepted, self.api.events

        def step() -> None:
            self.bars.update(bar, advance=1, commands=self.api.accepted - accepted)

        def one(district: _District) -> None:
            pupils = read_pupils(self.api, district.id)
            part(district, DistrictPlan(pupils, district.truth, self.seed), step)

        with ThreadPoolExecutor(self.workers) as threads:
            running = [threads.submit(one, district) for district in districts]
            try:
                for each in as_completed(running):
                    each.result()
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise
        seconds = time.monotonic() - began
        self.stages.append(Stage(name, self.api.accepted - accepted, self.api.events - events, seconds))


@contextmanager
def _bars(shown: bool) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[commands]} commands"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, disable=not shown) as bars:
        yield bars
