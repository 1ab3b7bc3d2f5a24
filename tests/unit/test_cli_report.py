"""`alliance report`: which platform's data it takes, what it asks for, what it writes, and how a folder is checked.

The report itself is made elsewhere: an app of ten lines stands in for evaluation's.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from alliance.cli import composition
from alliance.cli.report import write
from alliance.context import Context
from alliance.settings import Settings
from tests.fixtures.command_line import Ran, alliance

REPORT = "9f86d081884c7d65"
FILES = {"report.html": b"<!doctype html>", "report.pdf": b"%PDF-1.7", "tables/districts.csv": b"a\r\n1\r\n"}


def manifest(files: dict[str, bytes]) -> bytes:
    """A manifest of these files, written here by what docs/operators.md says of it."""
    listed = {
        path: {"bytes": len(of), "sha256": hashlib.sha256(of).hexdigest()} for path, of in files.items()
    }
    return json.dumps({"report": REPORT, "files": listed}).encode()


WHOLE = {**FILES, "manifest.json": manifest(FILES)}


@dataclass
class Made:
    files: dict[str, bytes]


@dataclass
class Maker:
    """Makes one and the same report, and remembers which databases it was to be made from, and how."""

    databases: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    callers: list[Context] = field(default_factory=list)

    def __call__(self, service: str, settings: Settings) -> Maker:
        self.databases.append(settings.database_url(service))
        return self

    def prepare(self) -> None:
        pass

    def make_report(self, body: dict[str, Any], context: Context) -> tuple[dict[str, Any], Made]:
        self.bodies.append(body)
        self.callers.append(context)
        digest = hashlib.sha256(WHOLE["manifest.json"]).hexdigest()
        return {"report": REPORT, "manifest": digest, "created": len(self.bodies) == 1}, Made(WHOLE)


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> Maker:
    maker = Maker()
    monkeypatch.setattr(composition, "app", maker)
    return maker


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command is typed in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def platform(folder: Path, written_at: int) -> Path:
    """The folder of a platform that was written to last at this second."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(folder / "evaluation.db")
    connection.execute("CREATE TABLE journal (position INTEGER)")
    connection.commit()
    connection.close()
    os.utime(folder / "evaluation.db", (written_at, written_at))
    return folder


def report(*words: str, **environment: str) -> Ran:
    given = {f"ALLIANCE_{name}": value for name, value in environment.items()}
    return alliance("report", *words, environment=given)


def of_year(*words: str, **environment: str) -> Ran:
    return report("--school-year", "2026-27", *words, **environment)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'evaluation.db'}"


# --- which data


def test_without_any_platforms_data_it_says_how_to_get_some_and_makes_nothing(
    place: Path, maker: Maker
) -> None:
    ran = of_year()

    assert ran.status == 1
    assert f"There is no platform's data in {place / 'var'}" in ran.error
    for mend in ("make up", "make mississippi", "ALLIANCE_VAR", "ALLIANCE_DATABASE_URL"):
        assert mend in ran.error
    assert maker.databases == []


@pytest.mark.parametrize("newer", ["var", "var/mississippi/embedded"])
def test_of_two_platforms_here_the_one_that_was_written_to_last_is_taken_and_named(
    place: Path, maker: Maker, newer: str
) -> None:
    for name in ("var", "var/mississippi/embedded"):
        platform(place / name, written_at=2_000 if name == newer else 1_000)

    ran = of_year()

    taken = place / newer
    assert ran.status == 0, ran.error
    assert maker.databases == [url(taken)]
    assert f"in {taken / 'reports'}" in ran.out
    # Where it is not the folder that everything else takes by default, that is said.
    assert (f"{taken} (ALLIANCE_VAR chooses others)" in ran.out) == (newer != "var")


def test_what_is_still_in_the_write_ahead_log_counts_as_written(place: Path, maker: Maker) -> None:
    older = platform(place / "var", 2_000)
    newer = platform(place / "var/mississippi/embedded", 1_000)
    (newer / "evaluation.db-wal").touch()
    os.utime(newer / "evaluation.db-wal", (3_000, 3_000))

    assert of_year().status == 0
    os.utime(older / "evaluation.db", (4_000, 4_000))
    assert of_year().status == 0

    assert maker.databases == [url(newer), url(older)]


def test_a_data_folder_that_is_named_is_taken_whatever_else_was_written_later(
    place: Path, maker: Maker
) -> None:
    platform(place / "var/mississippi/embedded", 3_000)
    named = platform(place / "elsewhere", 1_000)

    ran = of_year(VAR=str(named))

    assert maker.databases == [url(named)]
    assert "ALLIANCE_VAR chooses others" not in ran.out
    assert (named / "reports" / f"2026-27-{REPORT}" / "report.pdf").read_bytes() == FILES["report.pdf"]


@pytest.mark.parametrize("name", ["DATABASE_URL", "EVALUATION_DATABASE_URL"])
def test_a_database_that_is_named_is_taken(place: Path, maker: Maker, name: str) -> None:
    platform(place / "var", 3_000)

    assert of_year(**{name: "postgresql+psycopg2://a:b@127.0.0.1:9/x"}).status == 0

    assert maker.databases == ["postgresql+psycopg2://a:b@127.0.0.1:9/x"]


# --- what it asks for


def test_a_school_year_is_asked_for(place: Path, maker: Maker) -> None:
    ran = report()

    assert ran.status == 2
    assert "--school-year" in ran.error
    assert "2026-27" in ran.error
    assert maker.bodies == []


@pytest.mark.parametrize(
    "words",
    [("--floor", "10000"), ("--coordinators", "12"), ("--coordinators", "0"), ("--coordinator-cost", "6000")],
)
def test_parts_of_a_budget_without_the_budget_are_refused_with_the_mend(
    place: Path, maker: Maker, words: tuple[str, ...]
) -> None:
    platform(place / "var", 1_000)

    ran = of_year(*words)

    assert ran.status == 2
    assert "--budget; give it too" in ran.error
    assert maker.bodies == []


def test_a_budget_is_stated_in_dollars_and_shared_out_in_cents(place: Path, maker: Maker) -> None:
    platform(place / "var", 1_000)

    of_year("--budget", "2500000", "--floor", "10000", "--coordinators", "180", "--coordinator-cost", "6000")

    # The very example of the API's description, which says that it counts in cents.
    assert maker.bodies[0]["budget"] == {
        "budget": 250_000_000, "floor": 1_000_000, "coordinators": 180, "coordinator_cost": 600_000,
    }  # fmt: skip


def test_an_older_position_and_files_of_ones_own_go_into_the_report(place: Path, maker: Maker) -> None:
    platform(place / "var", 1_000)
    (place / "poverty.csv").write_bytes(b"district,poverty\r\n")
    (place / "shapes.topojson").write_bytes(b"{}")

    of_year("--journal", "5111218", "--covariates", "poverty.csv", "--shapes", "shapes.topojson")

    [body] = maker.bodies
    assert (body["school_year"], body["journal"]) == ("2026-27", 5111218)
    assert body["files"] == {
        "covariates": ("poverty.csv", b"district,poverty\r\n"),
        "shapes": ("shapes.topojson", b"{}"),
    }
    assert "budget" not in body
    assert maker.callers[0].caller.role == "system"


# --- what it writes


def test_the_files_are_written_into_a_folder_of_the_reports_own_and_told(place: Path, maker: Maker) -> None:
    platform(place / "var", 1_000)

    first, again = of_year("--out", "out"), of_year("--out", "out")

    folder = place / "out" / f"2026-27-{REPORT}"
    written = {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    assert written == WHOLE
    assert f"Report {REPORT} of 2026-27, issued: 4 files in out/2026-27-{REPORT}" in first.out
    assert f"SHA-256 {hashlib.sha256(WHOLE['manifest.json']).hexdigest()}" in first.out
    assert "issued before, and the same again" in again.out


def test_a_folder_that_held_other_files_holds_the_reports_alone_afterwards(tmp_path: Path) -> None:
    for path in ("report.html", "tables/old.csv", "notes/mine.txt"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("old")

    write(tmp_path, WHOLE)

    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == set(WHOLE)
    assert (tmp_path / "report.html").read_bytes() == WHOLE["report.html"]


# --- whether a folder is whole


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "a report"
    write(folder, WHOLE)
    return folder


def test_a_folder_as_its_manifest_says_passes(folder: Path) -> None:
    ran = report("--check", str(folder))

    assert (ran.status, ran.out) == (0, "4 files are as the manifest says.\n")


def test_a_changed_a_missing_and_an_added_file_are_each_named(folder: Path) -> None:
    changed = bytearray(FILES["report.pdf"])
    changed[-1] ^= 1
    (folder / "report.pdf").write_bytes(changed)
    (folder / "tables/districts.csv").unlink()
    (folder / "tables/names.csv").write_text("Name\n")

    ran = report("--check", str(folder))

    assert ran.status == 1
    assert sorted(ran.out.splitlines()) == [
        "3 are not.",
        "report.pdf was changed",
        "tables/districts.csv is missing",
        "tables/names.csv is not in the manifest",
    ]


def test_a_folder_without_a_manifest_is_no_reports_folder(folder: Path) -> None:
    (folder / "manifest.json").unlink()

    ran = report("--check", str(folder))

    assert ran.status == 1
    assert "has no manifest.json" in ran.error


def test_a_check_makes_nothing_and_needs_no_platform(place: Path, folder: Path, maker: Maker) -> None:
    assert report("--check", str(folder)).status == 0

    assert maker.databases == []
    assert not (place / "var").exists()
