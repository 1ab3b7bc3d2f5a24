"""The state's own workbook of 2022 under the auditor: what its stars hide, and what they do not."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from services.evaluation.methods import suppression
from services.evaluation.methods.release import Cell, Figure, Key, Release, Shown, Sum, Table
from services.evaluation.outcomes import maap
from services.evaluation.outcomes.outcome import Outcome

SHEETS = 14
TOTAL = ("", "")

#: {sheet: {(district, school): its outcome}}; a district has no school, the state neither.
Sheets = dict[str, dict[Key, Outcome]]


@pytest.fixture(scope="module")
def sheets(data: Path) -> Sheets:
    read = maap.read((data / "ms-maap-xlsx" / "2022_maap_ela_math.xlsx").read_bytes())
    found: Sheets = defaultdict(dict)
    for each in read.outcomes:
        if each.measure == "proficient" and each.grade:
            found[f"{each.subject} {each.grade}"][each.district or "", each.school or ""] = each
    assert len(found) == SHEETS
    return found


def parts(rows: dict[Key, Outcome]) -> dict[Key, list[Key]]:
    """{a total: what it is the sum of}: the state of its districts, a district of its schools."""
    of: dict[Key, list[Key]] = defaultdict(list)
    for district, school in rows:
        if school:
            of[district, ""].append((district, school))
        elif district:
            of[TOTAL].append((district, school))
    return of


def as_published(sheets: Sheets) -> Release:
    """Each sheet's test-takers, with a star for fewer than ten."""
    shown: dict[Figure, Shown] = {}
    sums = []
    for sheet, rows in sheets.items():
        for key, each in rows.items():
            hidden = each.n is None
            shown[sheet, key] = (
                Shown("hidden", n_high=9)
                if hidden
                else Shown("shown", each.n, n_low=each.n or 0, n_high=each.n)
            )
        sums += [
            Sum((sheet, total), tuple((sheet, part) for part in of)) for total, of in parts(rows).items()
        ]
    return Release("2022 as published", shown, tuple(sums), frozenset())


def test_nearly_half_the_stars_of_the_workbook_can_be_told_by_subtraction(sheets: Sheets) -> None:
    release = as_published(sheets)
    audit = suppression.audit(release)
    assert not audit.passed
    told = {finding.figure: finding.least for finding in audit.findings if finding.least == finding.greatest}
    # By hand: where one part of a printed total is hidden, it is what the others leave of it.
    by_hand = {}
    for sheet, rows in sheets.items():
        for total, of in parts(rows).items():
            hidden = [part for part in of if rows[part].n is None]
            if len(hidden) == 1 and (whole := rows[total].n) is not None:
                by_hand[sheet, hidden[0]] = whole - sum(rows[part].n or 0 for part in of)
    assert by_hand
    assert by_hand.items() <= told.items()
    stars = [figure for figure, shown in release.shown.items() if shown.status == "hidden"]
    assert len(told) >= len(by_hand) > 0.4 * len(stars)
    # The star of Marshall County's Galena School in grade 3 is a 6: 213 less 124, 37 and 46.
    galena = ("ela 3", ("Marshall County School District", "Galena Elementary School, K-8"))
    (finding,) = [each for each in audit.findings if each.figure == galena]
    assert (finding.least, finding.greatest) == (6, 6)
    assert "Marshall County School District" in finding.text


def test_our_release_of_the_same_tables_tells_none(sheets: Sheets) -> None:
    tables = []
    for sheet, rows in sheets.items():
        truth = _possible(rows)
        # Names, so that a school and its district of the same name stay two.
        cells: dict[Key, Cell] = {(_name(key),): Cell(*of) for key, of in truth.items()}
        parents = {_name(part): _name(total) for total, of in parts(rows).items() for part in of}
        tables.append(Table(sheet, ("unit",), cells, {"unit": parents}))
    release = suppression.suppress(tables)
    audit = suppression.audit(release)
    assert audit.passed
    assert min(greatest - least for (_, what), (least, greatest) in audit.ranges.items() if what == "n") >= 3
    for (sheet, (name,)), shown in release.shown.items():
        of = next(table for table in tables if table.name == sheet).cells[name,]
        if of.n < 10:
            assert shown.status == "hidden"
    # It costs little: most figures of ten and more are still there.
    all_ = [cell for table in tables for cell in table.cells.values() if cell.n >= 10]
    there = [shown for shown in release.shown.values() if shown.status != "hidden"]
    assert len(there) > 0.9 * len(all_)


def _name(key: Key) -> str:
    return " / ".join(part for part in key if part) if any(key) else "state"


def _possible(rows: dict[Key, Outcome]) -> dict[Key, tuple[int, int]]:
    """(n, proficient) of every row as it can have been: what is hidden shares what the others leave of the total."""
    found: dict[Key, tuple[int, int]] = {
        key: (each.n, round(each.low * each.n)) for key, each in rows.items() if each.n is not None
    }
    for total, of in sorted(parts(rows).items()):
        hidden = [part for part in of if part not in found]
        left = [
            found[total][place] - sum(found[part][place] for part in of if part in found) for place in (0, 1)
        ]
        for number, part in enumerate(hidden):
            n = left[0] // len(hidden) + (number < left[0] % len(hidden))
            found[part] = (n, min(n, max(0, left[1] // len(hidden) + (number < left[1] % len(hidden)))))
    return found
