"""Graduation rates with federal suppression codes: the published files counted a second time, and every code."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.outcomes import edfacts
from services.evaluation.outcomes.outcome import Outcome, Read

FILES = {"1112": "2011-12", "1213": "2012-13", "1314": "2013-14"}
HEADER = "LEAID,LEANM,NCESSCH,SCHNAM,ALL_COHORT_1112,ALL_RATE_1112,MBL_COHORT_1112,MBL_RATE_1112"


@pytest.fixture(scope="module", params=FILES)
def published(request: pytest.FixtureRequest, data: Path) -> tuple[str, Path]:
    return request.param, data / "ms-edfacts-grad" / f"edfacts_acgr_school_{request.param}_MS.csv"


def rates(path: Path) -> list[tuple[dict[str, str], str, str, str]]:
    """Row, group, cohort and code of every rate that is given, by the standard library's reader."""
    with path.open(newline="") as file:
        return [
            (row, match[1], row[f"{match[1]}_COHORT_{match[2]}"], code)
            for row in csv.DictReader(file)
            for column, code in row.items()
            if (match := re.fullmatch(r"([A-Z]{3})_RATE_(\d{4})", column)) and code not in ("", ".")
        ]


def one(code: str, cohort: str = "100") -> Read:
    return edfacts.read("r.csv", f"{HEADER}\n1,ALCORN,2,KOSSUTH,{cohort},{code},.,.\n".encode())


def only(read: Read) -> Outcome:
    (outcome,) = read.outcomes
    assert read.problems == ()
    return outcome


def published_code(k: int, n: int, cut_off: bool) -> str:
    """How the department would print k of n: a whole percentage, and a band of them by the number of students."""
    percent = 100 * k // n if cut_off else (200 * k + n) // (2 * n)
    if n <= 5:
        return "PS"
    if n <= 15:
        return "LT50" if percent < 50 else "GE50"
    if n <= 30:
        bands = [(0, 20), (21, 39), (40, 59), (60, 79), (80, 100)]
    elif n <= 60:
        bands = [(0, 10), (11, 19), *((low, low + 9) for low in range(20, 90, 10)), (90, 100)]
    elif n <= 200:
        bands = [(0, 5), (6, 9), *((low, low + 4) for low in range(10, 95, 5)), (95, 100)]
    else:
        return str(percent)
    low, high = next(band for band in bands if band[0] <= percent <= band[1])
    return f"LE{high}" if low == 0 else f"GE{low}" if high == 100 else f"{low}-{high}"


def test_every_rate_of_the_published_files_is_an_outcome_and_nothing_is_wrong(
    published: tuple[str, Path],
) -> None:
    year, path = published
    read = edfacts.read(path.name, path.read_bytes())
    assert read.problems == ()
    wanted = Counter(
        (
            row["LEAID"],
            row["LEANM"],
            row["NCESSCH"],
            row["SCHNAM"],
            "all" if group == "ALL" else group,
            int(cohort),
        )
        for row, group, cohort, _ in rates(path)
    )
    made = Counter((o.lea, o.district, o.ncessch, o.school, o.group, o.n) for o in read.outcomes)
    assert made == wanted
    assert {(o.level, o.school_year, o.measure, o.subject, o.grade) for o in read.outcomes} == {
        ("school", FILES[year], "graduated", "", "")
    }


def test_every_published_code_becomes_a_range_around_it(published: tuple[str, Path]) -> None:
    _, path = published
    made = {(o.ncessch, o.group): o for o in edfacts.read(path.name, path.read_bytes()).outcomes}
    kinds = Counter[str]()
    for row, group, cohort, code in rates(path):
        o = made[row["NCESSCH"], "all" if group == "ALL" else group]
        n, digits = int(cohort), [int(number) / 100 for number in re.findall(r"\d+", code)]
        kinds[code[:2] if code[0] in "PLG" else "band" if "-" in code else "exact"] += 1
        assert 0 <= o.low <= o.high <= 1
        if code == "PS":
            assert (o.low, o.high, n <= 5) == (0, 1, True)
        elif code[0] in "LG":
            assert (o.low == 0) == (code[0] == "L")
            assert (o.high == 1) == (code[0] == "G")
            assert min(abs(o.low - digits[0]), abs(o.high - digits[0])) < 1 / n + 0.01
        else:
            assert digits[0] - 0.005 - 1e-12 <= o.low
            assert o.high <= digits[-1] + 0.01 + 1e-12
    # README: PS, LT50, GE90, ranges, exact values; PS only in the last file.
    assert ("PS" in kinds) == (FILES[published[0]] == "2013-14")
    assert set(kinds) >= {"LT", "GE", "band", "exact"}


def test_the_first_school_of_2012_is_as_its_line_says(data: Path) -> None:
    path = data / "ms-edfacts-grad" / "edfacts_acgr_school_1112_MS.csv"
    first = edfacts.read(path.name, path.read_bytes()).outcomes[0]
    assert (first.district, first.school) == ("ABERDEEN SCHOOL DIST", "ABERDEEN HIGH SCHOOL")
    assert (first.lea, first.ncessch, first.group, first.n) == ("2800360", "280036000009", "all", 128)
    # 65-69: 64.5 to 70 % of 128 is 82.56 to 89.6 students.
    assert (first.low, first.high) == (83 / 128, 89 / 128)


@pytest.mark.parametrize(
    ("code", "low", "high"),
    [
        ("PS", 0, 100),
        ("LT50", 0, 50),
        ("LE50", 0, 51),
        ("LE20", 0, 21),
        ("GE50", 49.5, 100),
        ("GE90", 89.5, 100),
        ("GT90", 90, 100),
        ("70-74", 69.5, 75),
        ("0-4", 0, 5),
        ("96-100", 95.5, 100),
        ("78", 77.5, 79),
        ("0", 0, 1),
        ("100", 99.5, 100),
    ],
)
def test_a_code_is_the_range_that_either_way_of_rounding_leaves(code: str, low: float, high: float) -> None:
    limits = edfacts.percentages(code)
    assert limits is not None
    assert list(limits) == pytest.approx([low / 100, high / 100])
    outcome = only(one(code, "."))
    assert (outcome.n, outcome.low, outcome.high) == (None, *limits)


@given(st.integers(1, 600).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.booleans())
def test_the_truth_is_in_the_range_of_the_code_it_is_published_as(
    counted: tuple[int, int], cut_off: bool
) -> None:
    k, n = counted
    outcome = only(one(published_code(k, n, cut_off), str(n)))
    assert outcome.low <= k / n <= outcome.high
    assert [outcome.low * n, outcome.high * n] == pytest.approx(
        [round(outcome.low * n), round(outcome.high * n)]
    )


def test_a_cohort_of_whole_students_narrows_the_range() -> None:
    outcome = only(one("21-39", "16"))
    assert (outcome.low, outcome.high) == (4 / 16, 6 / 16)


def test_what_is_missing_is_no_outcome_and_no_problem() -> None:
    text = f"{HEADER}\n1,ALCORN,2,KOSSUTH,.,.,,\n".encode()
    assert edfacts.read("r.csv", text) == Read((), ())


def test_a_file_without_schools_is_one_of_districts() -> None:
    outcome = only(
        edfacts.read("lea.csv", b"LEAID,LEANM,ALL_COHORT_1415,ALL_RATE_1415\n2800390,ALCORN,250,81\n")
    )
    assert (outcome.level, outcome.district, outcome.school, outcome.ncessch) == (
        "district",
        "ALCORN",
        None,
        None,
    )
    assert outcome.school_year == "2014-15"


@pytest.mark.parametrize(
    ("code", "cohort"),
    [
        *(
            (code, "100")
            for code in ("XX", "-5", "105", "GE101", "74-70", "70-174", "7.5", "NaN", "ps", "LT", "70-74-78")
        ),
        *(("70-74", cohort) for cohort in ("-3", "many", "12.5", "NaN", "9" * 40)),
        ("PS", "0"),
        ("80", "0"),
    ],
)
def test_what_is_no_code_or_no_cohort_is_named_and_the_rest_of_the_row_kept(code: str, cohort: str) -> None:
    text = f"{HEADER}\n1,ALCORN,2,KOSSUTH,{cohort},{code},50,70-79\n".encode()
    read = edfacts.read("r.csv", text)
    assert [problem.place for problem in read.problems] == ["r.csv, line 2, column ALL_RATE_1112"]
    assert [outcome.group for outcome in read.outcomes] == ["MBL"]


def test_a_rate_that_no_whole_number_of_students_has_is_reported_and_kept_as_published() -> None:
    read = one("52", "3")
    assert [problem.place for problem in read.problems] == ["r.csv, line 2, column ALL_RATE_1112"]
    (outcome,) = read.outcomes
    assert (outcome.low, outcome.high) == (0.515, 0.53)


def test_a_school_that_is_there_twice_is_reported_once_for_each_rate() -> None:
    row = "1,ALCORN,2,KOSSUTH,100,70-74,50,70-79\n"
    read = edfacts.read("r.csv", f"{HEADER}\n{row}{row}".encode())
    assert len(read.outcomes) == 2
    assert [problem.place for problem in read.problems] == [
        f"r.csv, line 3, column {group}_RATE_1112" for group in ("ALL", "MBL")
    ]


BROKEN: list[tuple[bytes, str, int]] = [
    (b"", "r.csv", 0),
    (b"\n\n", "r.csv", 0),
    (b"LEANM,SCHNAM\nA,B\n", "r.csv", 0),
    (b"SCHNAM,ALL_RATE_1112\nB,70\n", "r.csv", 0),
    (b"LEANM,ALL_RATE_1115\nB,70\n", "r.csv", 0),
    (b"LEANM;ALL_RATE_1112\nB;70\n", "r.csv, line 1", 0),
    (b"LEANM,ALL_RATE_1112,LEANM\nB,70,C\n", "r.csv, line 1", 0),
    ("LEANM,ALL_RATE_1112\nB,70\n".encode("utf-16"), "r.csv", 0),
    (b"LEANM,ALL_RATE_1112\nB,70\nC\nD,80\n", "r.csv, line 3", 2),
    (b"LEANM,ALL_RATE_1112\nB,70,1\nD,80\n", "r.csv, line 2", 1),
    (b"LEANM,ALL_RATE_1112\n,70\nD,80\n", "r.csv, line 2, column LEANM", 1),
    (b'LEANM,ALL_RATE_1112\n"B"x,70\nD,80\n', "r.csv, line 2", 1),
    ("LEANM,ALL_RATE_1112\nB,70\nDoña Ana,80\n".encode("cp1252"), "r.csv, line 3", 2),
]


@pytest.mark.parametrize(("text", "place", "kept"), BROKEN)
def test_a_broken_file_is_named_with_its_line_and_sound_rows_are_kept(
    text: bytes, place: str, kept: int
) -> None:
    read = edfacts.read("r.csv", text)
    assert [problem.place for problem in read.problems] == [place]
    assert len(read.outcomes) == kept


def test_a_mark_of_byte_order_blank_lines_and_empty_fields_at_the_end_are_no_fault() -> None:
    read = edfacts.read("r.csv", b"\xef\xbb\xbfLEANM,ALL_RATE_1112\r\n\r\nB,70,,\r\n,\r\n")
    assert only(read).district == "B"


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(junk: bytes) -> None:
    for text in (junk, b"LEANM,ALL_COHORT_1112,ALL_RATE_1112\n" + junk):
        read = edfacts.read("r.csv", text)
        assert all(0 <= outcome.low <= outcome.high <= 1 for outcome in read.outcomes)


@given(st.text(max_size=8))
def test_any_text_is_a_code_or_none(code: str) -> None:
    found: Any = edfacts.percentages(code)
    assert found is None or 0 <= found[0] <= found[1] <= 1
