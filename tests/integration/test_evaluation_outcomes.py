"""Published results come in: read, matched, recorded once, and replaced by what is newer."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from alliance.context import Caller, Context
from alliance.database import Database
from alliance.errors import Forbidden, Invalid
from alliance.feed import LocalFeed
from alliance.journal import Journal
from alliance.migrations import upgrade
from alliance.projector import Projector
from alliance.receiver import Receiver
from services.evaluation.app import Evaluation
from services.evaluation.projections import PROJECTIONS, TABLES
from services.evaluation.projections.cells import decode
from tests.builders_evaluation import History

STATE = Caller("state")
MAPPING = {
    "columns": {"district": "district", "n": "tested", "value": "proficient"},
    "constants": {"school_year": "2024-25", "subject": "ela", "measure": "proficient"},
    "values": "percent",
    "hidden": ["*"],
}


class Platform:
    def __init__(self, database: Database, districts: dict[str, str]) -> None:
        upgrade(database, "evaluation")
        self.app = Evaluation(database)
        self.app.prepare()
        history = History()
        for district, name in districts.items():
            history.district(district, name)
        self._journal = Journal(database)
        self._journal.append("roster", history.events, epoch="e1")
        self._own = Receiver(self._journal, LocalFeed(self.app.log))
        self._projectors = [Projector(database, each, TABLES[each.name]) for each in PROJECTIONS]
        self.fold()

    def fold(self) -> None:
        self._own.catch_up()
        for projector in self._projectors:
            projector.prepare()
            while projector.step(500):
                pass

    def take(self, path: Path, *, dry_run: bool = False, caller: Caller = STATE) -> dict[str, Any]:
        context = Context(caller, uuid4(), False, datetime(2026, 9, 1, tzinfo=UTC), "test")
        answer = self.app.import_outcomes({"path": str(path), "name": path.name, "dry_run": dry_run}, context)
        self.fold()
        return answer

    def results(self, district: str, school_year: str, subject: str, grade: str) -> list[dict[str, Any]]:
        sets = TABLES["outcomes"]["sets"]
        key = {"district": district, "school_year": school_year, "subject": subject, "grade": grade}
        query = select(sets.c.results).where(*(sets.c[name] == value for name, value in key.items()))
        with self.app.database.reading() as connection:
            text = connection.scalar(query)
        found: list[dict[str, Any]] = decode(text) if text else []
        return found


@pytest.fixture
def three(database: Database) -> Iterator[Platform]:
    names = {
        "d1": "Alcorn School District",
        "d2": "Quitman County School District",
        "d3": "Quitman School District",
    }
    return Platform(database, names)


@pytest.fixture(scope="module")
def mississippi(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, Path]]:
    """The 144 districts under their real names, and the state's workbook of 2022."""
    with (data / "ms-districts-2016-17" / "ms_districts_2016_17.csv").open(encoding="utf-8-sig") as file:
        districts = {row["LEAID"]: row["LEA_NAME"] for row in csv.DictReader(file)}
    platform = Platform(Database(f"sqlite:///{tmp_path_factory.mktemp('outcomes') / 'e.db'}"), districts)
    yield platform, data / "ms-maap-xlsx" / "2022_maap_ela_math.xlsx"
    platform.app.database.close()


def packed(folder: Path, text: str, mapping: Any = MAPPING, decisions: Any = None) -> Path:
    path = folder / "results.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("scores.csv", text)
        archive.writestr("mapping.json", json.dumps(mapping))
        if decisions is not None:
            archive.writestr("decisions.json", json.dumps(decisions))
    return path


def test_the_states_workbook_is_recorded_once(mississippi: tuple[Platform, Path]) -> None:
    platform, workbook = mississippi
    seen = platform.take(workbook, dry_run=True)
    assert (seen["created"], platform.app.log.head()[0]) == (False, 0)
    first = platform.take(workbook)
    assert first["changed"] == first["sets"] == seen["sets"] == platform.app.log.head()[0]
    assert first["figures"] + first["left_out"] == seen["figures"] + seen["left_out"]
    again = platform.take(workbook)
    assert (again["created"], again["changed"]) == (False, 0)
    # README of the data: 42.2 % at levels 4 and 5 in English, 47.3 % in mathematics.
    for subject, share in (("ela", 0.422), ("mathematics", 0.473)):
        (state,) = [
            each
            for each in platform.results("state", "2021-22", subject, "")
            if (each["measure"], each["group"]) == ("proficient", "all")
        ]
        assert state["low"] == pytest.approx(share, abs=0.0005)
    # One row of the sheet of grade 3: 53 tested, .3585 at level 4 and none at level 5.
    (aberdeen,) = [
        each
        for each in platform.results("2800360", "2021-22", "ela", "3")
        if each["measure"] == "proficient" and each["school"] is None
    ]
    assert (aberdeen["n"], aberdeen["low"]) == (53, pytest.approx(19 / 53))


def test_names_that_are_not_certain_wait_for_a_decision(three: Platform, tmp_path: Path) -> None:
    text = (
        "district,tested,proficient\n"
        "Alcorn County,40,35\nQuitman School District,50,*\nQuitman County Schools,30,50\n"
    )
    answer = three.take(packed(tmp_path, text))
    assert [(each["name"], [one["id"] for one in each["candidates"]]) for each in answer["review"]] == [
        ("Alcorn County", ["d1"])
    ]
    assert (answer["sets"], answer["left_out"]) == (2, 1)
    assert three.results("d1", "2024-25", "ela", "") == []
    decided = three.take(packed(tmp_path, text, decisions={"Alcorn County": "d1"}))
    assert (decided["review"], decided["changed"]) == ([], 1)
    (alcorn,) = three.results("d1", "2024-25", "ela", "")
    assert (alcorn["n"], alcorn["low"]) == (40, 0.35)


def test_a_hidden_figure_stays_a_range(three: Platform, tmp_path: Path) -> None:
    three.take(packed(tmp_path, "district,tested,proficient\nQuitman School District,*,*\n"))
    (hidden,) = three.results("d3", "2024-25", "ela", "")
    assert (hidden["n"], hidden["low"], hidden["high"]) == (None, 0, 1)


def test_a_newer_file_replaces_what_an_older_one_said(three: Platform, tmp_path: Path) -> None:
    three.take(packed(tmp_path, "district,tested,proficient\nAlcorn School District,40,35\n"))
    answer = three.take(packed(tmp_path, "district,tested,proficient\nAlcorn School District,40,40\n"))
    assert answer["changed"] == 1
    (alcorn,) = three.results("d1", "2024-25", "ela", "")
    assert alcorn["low"] == 0.4


def test_bad_rows_are_named_and_the_others_recorded(three: Platform, tmp_path: Path) -> None:
    text = (
        "district,tested,proficient\n"
        "Alcorn School District,-4,35\nQuitman School District,50,150\nQuitman County School District,30,50\n"
    )
    answer = three.take(packed(tmp_path, text))
    assert answer["sets"] == 1
    assert [each["place"] for each in answer["problems"]] == [
        "scores.csv, line 2, column tested",
        "scores.csv, line 3, column proficient",
    ]


def test_two_names_of_one_district_are_told_and_the_first_is_taken(three: Platform, tmp_path: Path) -> None:
    text = "district,tested,proficient\nAlcorn School District,40,35\nALCORN SCHOOL DIST,50,60\n"
    answer = three.take(packed(tmp_path, text))
    (problem,) = answer["problems"]
    assert problem["text"].startswith("'ALCORN SCHOOL DIST' and 'Alcorn School District' are one district")
    (alcorn,) = three.results("d1", "2024-25", "ela", "")
    assert (alcorn["n"], answer["left_out"]) == (40, 1)


def test_graduation_rates_come_as_the_federal_file_has_them(three: Platform, tmp_path: Path) -> None:
    path = tmp_path / "acgr.csv"
    path.write_text(
        "STNAM,FIPST,LEAID,LEANM,NCESSCH,SCHNAM,ALL_COHORT_1112,ALL_RATE_1112\n"
        "MISSISSIPPI,28,2800390,ALCORN SCHOOL DIST,280039000018,ALCORN CENTRAL HIGH SCHOOL,121,70-74\n"
    )
    assert three.take(path)["changed"] == 1
    (alcorn,) = three.results("d1", "2011-12", "graduation", "")
    assert (alcorn["measure"], alcorn["n"], alcorn["school"]) == (
        "graduated",
        121,
        "ALCORN CENTRAL HIGH SCHOOL",
    )
    # 70 to 74 per cent of 121 are 85 to 90 graduates.
    assert (alcorn["low"], alcorn["high"]) == (pytest.approx(85 / 121), pytest.approx(90 / 121))


def test_a_file_that_says_nothing_is_refused_with_the_reason(three: Platform, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("a,b\n1,2\n")
    with pytest.raises(Invalid, match=r"Nothing could be read from empty\.csv: .*no column LEANM"):
        three.take(empty)
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("notes.txt", "")
    with pytest.raises(Invalid, match="holds 0 files of results"):
        three.take(tmp_path / "none.zip")
    with pytest.raises(Invalid, match=r"decisions\.json does not say"):
        three.take(packed(tmp_path, "district,tested,proficient\n", decisions=["Alcorn County"]))
    assert three.app.log.head()[0] == 0


def test_only_the_state_imports(three: Platform, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        three.take(packed(tmp_path, "district,tested,proficient\n"), caller=Caller("district", ("d1",)))
