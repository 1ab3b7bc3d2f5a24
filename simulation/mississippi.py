"""Mississippi's real districts, schools and enrolment with made-up classes, pupils and guardians.

Two public tables give the truth: the 144 districts of 2016-17 with their enrolment (charter schools are not
in it) and the 1,111 public schools of 2014-15 by NCES number, whose first seven digits are the district's
LEAID. The school table has no names, so a school is called by its number and town. The tables are two years
apart: districts merged meanwhile have no school in the second one, and schools of special or merged districts
no row in the first. Both are listed in the bundle's notes.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simulation.families import School, spans
from simulation.state import Bundle, District, write_state

_DISTRICT_FILE = Path("ms-districts-2016-17/ms_districts_2016_17.csv")
_SCHOOL_FILE = Path("ms-schools-edge-2014/edge_geocode_2014_15_MS.csv")

#: Agricultural high schools: a district of their own, with the upper grades only.
_HIGH_ONLY = (" ahs", " ag high school")


class DataMissing(Exception):
    """The public tables are not where they were looked for; the text says where to put them."""


@dataclass(frozen=True, slots=True)
class Mississippi:
    """The real part: districts in the order of their LEAID, and what did not fit between the two tables."""

    districts: tuple[District, ...]
    without_schools: tuple[tuple[str, str], ...]
    """LEAID and name of the districts that got one made-up school."""
    schools_left_out: tuple[tuple[str, int, str], ...]
    """LEAID, number of schools and towns where a school's district has no row in the district table."""

    def notes(self) -> list[str]:
        made_up = [
            f"{name} ({leaid}) has no school in the school table of 2014-15:"
            " one made-up school stands for all"
            for leaid, name in self.without_schools
        ]
        left_out = [
            f"{count} school{'s' if count > 1 else ''} of LEA {leaid} ({towns}) left out:"
            " the LEA has no row in the district table of 2016-17"
            for leaid, count, towns in self.schools_left_out
        ]
        return made_up + left_out


def data_folder() -> Path:
    """The folder of public tables: ALLIANCE_DATA, by default ../shared/data beside the repository."""
    return Path(os.environ.get("ALLIANCE_DATA") or Path(__file__).parents[2] / "shared" / "data")


def read_mississippi(scale: float = 1.0, data: Path | None = None) -> Mississippi:
    """Reads both tables; `scale` in (0, 1] takes that share of each district, at least one pupil a school.

    Raises DataMissing where the tables are not there and ValueError for a scale outside (0, 1].
    """
    if not 0 < scale <= 1:
        raise ValueError(f"scale is {scale}; it must be above 0 and at most 1")
    data = data or data_folder()
    schools: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _rows(data, _SCHOOL_FILE):
        schools[row["NCESSCH"][:7]].append(row)
    districts, without = [], []
    for row in _rows(data, _DISTRICT_FILE):
        leaid, name = row["LEAID"], " ".join(row["LEA_NAME"].title().split())
        found = _schools(schools.pop(leaid, []), _is_high_only(row["LEA_NAME"]))
        if not found:
            without.append((leaid, name))
            found = (School(f"s-{leaid}00000", f"Made-up School, {name}", "", 0, 12),)
        pupils = max(len(found), round(int(row["Total"]) * scale))
        districts.append(District(leaid, name, leaid, pupils, found))
    left_out = [
        (leaid, len(rows), ", ".join(sorted({row["LCITY"].title() for row in rows})))
        for leaid, rows in schools.items()
    ]
    return Mississippi(tuple(districts), tuple(without), tuple(left_out))


def write_mississippi(path: Path, scale: float = 1.0, seed: int = 1, data: Path | None = None) -> Bundle:
    """Writes the state's OneRoster bundle; its notes say which districts and schools did not fit."""
    real = read_mississippi(scale, data)
    return write_state(path, "Mississippi", real.districts, seed, real.notes())


def _schools(rows: list[dict[str, str]], high_only: bool) -> tuple[School, ...]:
    if not rows:
        return ()
    grades = spans(len(rows), high_only)
    return tuple(
        School(
            f"s-{row['NCESSCH']}",
            f"School {row['NCESSCH'][-4:]}, {row['LCITY'].title()}",
            row["NCESSCH"],
            *span,
        )
        for row, span in zip(rows, grades, strict=True)
    )


def _is_high_only(name: str) -> bool:
    return name.lower().endswith(_HIGH_ONLY)


def _rows(data: Path, file: Path) -> Iterator[dict[str, str]]:
    try:
        rows = (data / file).open(newline="", encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataMissing(
            f"{data / file} is not there. Set ALLIANCE_DATA to the folder that holds {file.parent}/"
            " and try again."
        ) from None
    with rows:
        yield from csv.DictReader(rows)
