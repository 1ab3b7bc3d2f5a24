"""The state's workbook: the one that was published, read a second time from its XML, and made-up ones with faults."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.outcomes import maap
from services.evaluation.outcomes.outcome import Outcome, Read
from services.evaluation.outcomes.workbook import CELLS

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
Sheet = list[list[Any]]

LEVELS = ["Level 1\n(PCT)", "Level 2\n(PCT)", "Level 3\n(PCT)", "Level 4\n(PCT)", "Level 5\n(PCT)"]
HEAD = ["Grade 3 ELA\nDistrict/School", "Average Scale Score", *LEVELS, "Test-Takers"]
COUNTED = ["Test/Grade", "Level 1", "Level 2", "Level 3", "Level 4", "Level 5", "Total Testers"]
SHARED = ["Test/Grade", "Level 1", "Level 2", "Level 3", "Level 4", "Level 5", "Level 4 & 5", "≥ Level 3"]
HIDDEN = ["*"] * 7


def book(sheets: Mapping[str, Sheet]) -> bytes:
    """A workbook with these cells; None is no cell."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        kind = f"{PACKAGE}/content-types"
        main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{kind}"><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{main}"/></Types>',
        )
        archive.writestr("_rels/.rels", _relations([("r1", "officeDocument", "xl/workbook.xml")]))
        names = "".join(
            f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1)
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>',
        )
        parts = [(f"r{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
        archive.writestr("xl/_rels/workbook.xml.rels", _relations(parts))
        for n, cells in enumerate(sheets.values(), 1):
            rows = "".join(f'<row r="{r}">{_cells(r, row)}</row>' for r, row in enumerate(cells, 1))
            archive.writestr(
                f"xl/worksheets/sheet{n}.xml",
                f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
            )
    return out.getvalue()


def other_zip(_: bytes) -> bytes:
    """A zip with something else in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("orgs.csv", "sourcedId\n1\n")
    return out.getvalue()


def _relations(parts: Iterable[tuple[str, str, str]]) -> str:
    inner = "".join(
        f'<Relationship Id="{id_}" Type="{OFFICE}/{kind}" Target="{target}"/>' for id_, kind, target in parts
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'


def _cells(row: int, values: Sequence[Any]) -> str:
    made = []
    for column, value in enumerate(values):
        if isinstance(value, str):
            made.append(
                f'<c r="{chr(65 + column)}{row}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
            )
        elif value is not None:
            made.append(f'<c r="{chr(65 + column)}{row}"><v>{value!r}</v></c>')
    return "".join(made)


def naive(workbook: bytes) -> dict[str, dict[int, list[str]]]:
    """Sheets, row numbers and the cells' texts, straight from the XML."""
    space = {"m": MAIN}
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        shared = [
            "".join(text.text or "" for text in item.iter(f"{{{MAIN}}}t"))
            for item in ElementTree.fromstring(archive.read("xl/sharedStrings.xml")).findall("m:si", space)
        ]
        relations = {
            one.get("Id"): one.get("Target")
            for one in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        }
        found: dict[str, dict[int, list[str]]] = {}
        for sheet in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{{{MAIN}}}sheet"):
            target = relations[sheet.get(f"{{{OFFICE}}}id")]
            rows: dict[int, list[str]] = {}
            for row in ElementTree.fromstring(archive.read(f"xl/{target}")).iter(f"{{{MAIN}}}row"):
                texts = []
                for cell in row.findall("m:c", space):
                    value = cell.find("m:v", space)
                    text = "" if value is None else value.text or ""
                    texts.append(shared[int(text)] if cell.get("t") == "s" and text else text)
                rows[int(row.get("r") or 0)] = texts
            found[sheet.get("name") or ""] = rows
        return found


@pytest.fixture(scope="module")
def workbook(data: Path) -> bytes:
    return (data / "ms-maap-xlsx" / "2022_maap_ela_math.xlsx").read_bytes()


@pytest.fixture(scope="module")
def published(workbook: bytes) -> Read:
    return maap.read(workbook)


@pytest.fixture(scope="module")
def raw(workbook: bytes) -> dict[str, dict[int, list[str]]]:
    return naive(workbook)


def test_key(sheet: str) -> tuple[str, str]:
    """The subject and grade that the sheet's own name says."""
    kinds = {"ENGLISH II": ("ela", "English II"), "ALGEBRA I": ("mathematics", "Algebra I")}
    return kinds.get(sheet) or ("ela" if sheet.endswith("ELA") else "mathematics", sheet[1])


test_key.__test__ = False  # type: ignore[attr-defined]


def of(read: Read, **wanted: Any) -> list[Outcome]:
    return [
        one for one in read.outcomes if all(getattr(one, name) == value for name, value in wanted.items())
    ]


def places(read: Read) -> list[str]:
    return [problem.place for problem in read.problems]


def said(read: Read) -> str:
    return "\n".join(f"{problem.place}: {problem.text}" for problem in read.problems)


def figures(n: int, counts: Sequence[int], mean: float = 400.0) -> list[Any]:
    return [mean, *(count / n for count in counts), n]


def sheet(*rows: list[Any], total: list[Any] | None = None) -> Sheet:
    return [HEAD, *rows, ["Grand Total", *(total or figures(100, [10, 20, 30, 25, 15]))]]


A = [
    ["Alpha County School District", *figures(60, [6, 12, 18, 15, 9])],
    ["Alpha Elementary", *figures(40, [4, 8, 12, 10, 6])],
    ["Alpha Upper", *figures(20, [2, 4, 6, 5, 3])],
]
B = [
    ["Beta School District", *figures(40, [4, 8, 12, 10, 6])],
    ["Beta Elementary", *figures(40, [4, 8, 12, 10, 6])],
]
SUMMARY: Sheet = [
    [
        None,
        "2024 MAAP English Language Arts Test Taker Performance Level Totals",
        *[None] * 7,
        "2024 MAAP English … PCT",
    ],
    [None, *COUNTED, None, *SHARED],
    [None, "Grade 3 ELA", 10, 20, 30, 25, 15, 100, None, "Grade 3 ELA", 0.1, 0.2, 0.3, 0.25, 0.15, 0.4, 0.7],
    [None, "Grand Total", 10, 20, 30, 25, 15, 100, None, "Grand Total", 0.1, 0.2, 0.3, 0.25, 0.15, 0.4, 0.7],
]


def with_title(*rows: list[Any], **other: Any) -> bytes:
    return book({"Summary": SUMMARY, "G3 ELA": sheet(*rows, **other)})


def without(read: Read, *kinds: str) -> list[str]:
    """Problems other than those that speak of these."""
    return [problem.text for problem in read.problems if not any(kind in problem.text for kind in kinds)]


# The published workbook


@pytest.mark.parametrize(("subject", "percent"), [("ela", 42.2), ("mathematics", 47.3)])
def test_the_state_is_at_levels_4_and_5_where_it_was_published(
    published: Read, subject: str, percent: float
) -> None:
    (state,) = of(published, level="state", subject=subject, grade="", measure="proficient")
    assert state.low == state.high
    assert round(100 * state.low, 1) == percent


def test_the_year_is_2022_although_the_mathematics_block_says_2021(published: Read) -> None:
    assert {one.school_year for one in published.outcomes} == {"2021-22"}
    wrong = [problem for problem in published.problems if "2021 MAAP Mathematics" in problem.text]
    assert {problem.place for problem in wrong} == {"sheet 'State Summary', row 13"}


def test_nothing_else_is_wrong_but_one_choice_that_the_sums_leave(published: Read) -> None:
    other = [problem for problem in published.problems if "2021" not in problem.text]
    assert [problem.place for problem in other] == [
        "sheet 'ENGLISH II', rows 213 to 214",
        "sheet 'ALGEBRA I', rows 247 to 248",
    ]
    assert all("'Mississippi School of the Arts'" in problem.text for problem in other)


def test_every_row_of_every_sheet_is_there_with_its_figures(
    published: Read, raw: dict[str, dict[int, list[str]]]
) -> None:
    made: dict[tuple[str, str], Counter[tuple[Any, ...]]] = defaultdict(Counter)
    rows: dict[tuple[Any, ...], dict[str, Outcome]] = defaultdict(dict)
    for one in published.outcomes:
        rows[(one.subject, one.grade, one.level, one.district, one.school)][one.measure] = one
    for (subject, grade, *_, district, school), of_row in rows.items():
        if grade:
            assert len(of_row) == 7
            one = of_row["level 1"]
            name = school or district or "Grand Total"
            if one.n is None:
                assert {(other.low, other.high, other.mean_score) for other in of_row.values()} == {
                    (0, 1, None)
                }
                made[subject, grade][(name, "*")] += 1
            else:
                counts = [round(of_row[f"level {level}"].low * one.n) for level in range(1, 6)]
                made[subject, grade][(name, one.n, *counts, one.mean_score)] += 1
    for name_, rows_ in raw.items():
        if name_ != "State Summary":
            wanted: Counter[tuple[Any, ...]] = Counter()
            for number, (name, mean, *levels, n) in rows_.items():
                if number > 1:
                    name = " ".join(name.split())
                    if n == "*":
                        wanted[(name, "*")] += 1
                    else:
                        takers = int(float(n))
                        counts = [round(float(level) * takers) for level in levels]
                        assert sum(counts) == takers
                        wanted[(name, takers, *counts, float(mean))] += 1
            assert made[test_key(name_)] == wanted


def test_proficient_and_passing_are_sums_of_levels_and_exact(published: Read) -> None:
    rows: dict[tuple[Any, ...], dict[str, Outcome]] = defaultdict(dict)
    for one in published.outcomes:
        rows[(one.subject, one.grade, one.level, one.district, one.school)][one.measure] = one
    for of_row in rows.values():
        n = of_row["proficient"].n
        if n is not None:
            counts = {measure: one.low * n for measure, one in of_row.items()}
            assert all(one.low == one.high for one in of_row.values())
            assert counts["proficient"] == pytest.approx(counts["level 4"] + counts["level 5"], abs=1e-6)
            assert counts["passing"] == pytest.approx(counts["proficient"] + counts["level 3"], abs=1e-6)
            assert sum(counts[f"level {level}"] for level in range(1, 6)) == pytest.approx(n, abs=1e-6)


def test_districts_and_what_is_suppressed_add_up_to_the_grand_total_of_every_sheet(
    published: Read, raw: dict[str, dict[int, list[str]]]
) -> None:
    for name in raw:
        if name != "State Summary":
            subject, grade = test_key(name)
            districts = of(published, level="district", measure="passing", subject=subject, grade=grade)
            shown = sum(one.n or 0 for one in districts)
            hidden = sum(one.n is None for one in districts)
            total = int(float(raw[name][max(raw[name])][-1]))
            assert hidden <= total - shown <= 9 * hidden


def test_scores_of_a_district_are_those_of_its_schools_which_no_sum_of_test_takers_used(
    published: Read,
) -> None:
    """The districts were found by numbers of test-takers only; score points and levels must then add up as well."""
    schools = defaultdict(list)
    for one in of(published, level="school"):
        schools[(one.subject, one.grade, one.district, one.measure)].append(one)
    checked = 0
    for district in of(published, level="district"):
        own = schools[(district.subject, district.grade, district.district, district.measure)]
        assert own
        if district.n is None or any(one.n is None for one in own):
            continue
        assert sum(one.low * (one.n or 0) for one in own) == pytest.approx(
            district.low * district.n, abs=1e-6
        )
        points = sum((one.mean_score or 0) * (one.n or 0) for one in own)
        assert points == pytest.approx((district.mean_score or 0) * district.n, abs=1e-6)
        checked += 1
    assert checked > 13_000


def test_every_name_that_says_district_is_one_and_schools_stand_below_theirs(
    published: Read, raw: dict[str, dict[int, list[str]]]
) -> None:
    for name, rows in raw.items():
        if name == "State Summary":
            continue
        subject, grade = test_key(name)
        rows_of = of(published, measure="passing", subject=subject, grade=grade)
        districts = [one.district for one in rows_of if one.level == "district"]
        names = [" ".join(cells[0].split()) for number, cells in sorted(rows.items()) if number > 1][:-1]
        assert {one for one in names if "district" in one.casefold()} <= set(districts)
        order = [(one.district, one.school) for one in rows_of if one.level != "state"]
        assert [school or district for district, school in order] == names
        owner = None
        for district, school in order:
            owner = district if school is None else owner
            assert district == owner


def test_charters_and_state_schools_are_districts_of_their_own(published: Read) -> None:
    names = {one.district for one in of(published, level="district", subject="ela", grade="English II")}
    assert {"Mississippi School of the Arts", "Mississippi School for Mathematics and Science"} <= names
    grade = {"district": "Ambition Preparatory", "subject": "ela", "grade": "3", "measure": "passing"}
    (charter,) = of(published, level="district", **grade)
    (school,) = of(published, level="school", **grade)
    assert (charter.n, charter.low) == (school.n, school.low)


# Other years' workbooks


def test_a_workbook_without_mean_scores_with_stacked_blocks_and_notes_is_read() -> None:
    summary: Sheet = [
        ["Mississippi Academic Assessment Program 2017-2018 Results"],
        [],
        ["2018 MAAP English Language Arts Test Taker Performance Level Totals"],
        ["Test/Grade", *COUNTED[1:6], "Grand Total"],
        ["Grade 3 ELA", 10, 20, 30, 25, 15, 100],
        ["Grand Total", 10, 20, 30, 25, 15, 100],
        [],
        ["2018 MAAP English Language Arts Test Performance Level PCT Totals"],
        SHARED[:6],
        ["Grade 3 ELA", 0.1, 0.2, 0.3, 0.25, 0.15],
        ["Grand Total", 0.1, 0.2, 0.3, 0.25, 0.15],
        [],
        ["Note: fewer than 10 students are not shown", None, "Grade 3"],
    ]
    rows = [[name, *rest[1:]] for name, *rest in (*A, *B)]
    pages: Sheet = [
        ["Grade 3 ELA"],
        ["District/School", *LEVELS, "Test-Takers"],
        *rows[:2],
        [],
        *rows[2:],
        ["Grand Total", 0.1, 0.2, 0.3, 0.25, 0.15, 100],
        [],
        ["* Fewer than 10 students"],
        ["Division of Research and Development"],
    ]
    read = maap.read(book({"Summary": summary, "Sheet 2": pages}))
    assert read.problems == ()
    assert {one.school_year for one in read.outcomes} == {"2017-18"}
    shown = {(one.level, one.district, one.school, one.n, one.low) for one in of(read, measure="proficient")}
    assert shown == {
        ("state", None, None, 100, 0.4),
        ("district", "Alpha County School District", None, 60, 0.4),
        ("school", "Alpha County School District", "Alpha Elementary", 40, 0.4),
        ("school", "Alpha County School District", "Alpha Upper", 20, 0.4),
        ("district", "Beta School District", None, 40, 0.4),
        ("school", "Beta School District", "Beta Elementary", 40, 0.4),
    }
    assert {(one.grade, one.mean_score) for one in of(read, level="state")} == {("", None), ("3", None)}


def test_counts_that_do_not_add_up_are_reported_and_the_percentages_taken() -> None:
    summary: Sheet = [
        *SUMMARY[:2],
        [
            None,
            "Grade 3 ELA",
            10,
            20,
            30,
            25,
            95,
            100,
            None,
            "Grade 3 ELA",
            0.1,
            0.2,
            0.3,
            0.25,
            0.15,
            0.4,
            0.7,
        ],
        SUMMARY[3],
    ]
    read = maap.read(book({"Summary": summary, "G3 ELA": sheet(*A, *B)}))
    assert places(read) == ["sheet 'Summary', row 4", "sheet 'Summary', row 3"]
    assert "180" in said(read)
    (state,) = of(read, level="state", grade="3", measure="level 5")
    assert (state.n, state.low, state.high) == (100, 0.15, 0.15)


def test_percentages_that_are_not_those_of_the_counts_are_reported() -> None:
    summary: Sheet = [*SUMMARY[:3], [*SUMMARY[3][:10], 0.2, 0.1, *SUMMARY[3][12:]]]
    read = maap.read(book({"Summary": summary, "G3 ELA": sheet(*A, *B)}))
    assert places(read) == ["sheet 'Summary', row 4"]
    (state,) = of(read, level="state", grade="", measure="level 1")
    assert (state.n, state.low, state.high) == (100, 0.2, 0.2)


def test_a_summary_that_says_something_else_than_a_sheet_is_reported() -> None:
    read = maap.read(with_title(*A, total=figures(60, [6, 12, 18, 15, 9])))
    assert places(read) == ["sheet 'G3 ELA', row 5"]
    assert "sheet 'Summary', row 3" in said(read)
    assert {one.n for one in of(read, level="state", grade="3")} == {60}
    read = maap.read(with_title(*A, *B, total=figures(100, [20, 10, 30, 25, 15])))
    assert places(read) == ["sheet 'G3 ELA', row 7"]
    assert {one.low for one in of(read, level="state", grade="3", measure="level 1")} == {0.2}


def test_a_sheet_whose_header_names_no_test_is_of_the_one_that_it_is_named_after() -> None:
    page: Sheet = [["District/School", *HEAD[1:]], *sheet(*A, *B)[1:]]
    read = maap.read(book({"Summary": SUMMARY, "G7 MATH": page, "English II": page, "ALGEBRA I": page}))
    assert read.problems == ()
    assert {(one.subject, one.grade) for one in of(read, level="district")} == {
        ("mathematics", "7"),
        ("ela", "English II"),
        ("mathematics", "Algebra I"),
    }


def test_a_test_that_only_the_summary_has_comes_from_there() -> None:
    read = maap.read(book({"Summary": SUMMARY}))
    assert read.problems == ()
    assert {(one.level, one.grade, one.n) for one in read.outcomes} == {
        ("state", "3", 100),
        ("state", "", 100),
    }


def test_shares_printed_to_three_places_are_ranges_until_one_whole_number_of_students_is_left() -> None:
    rows = [
        ["Alpha County School District", 400.0, 0.133, 0.2, 0.2, 0.2, 0.267, 15],
        ["Alpha Elementary", 400.0, 0.133, 0.2, 0.2, 0.2, 0.267, 15],
        ["Beta School District", 400.0, 0.101, 0.2, 0.3, 0.25, 0.149, 30_000],
        ["Beta Elementary", 400.0, 0.101, 0.2, 0.3, 0.25, 0.149, 30_000],
    ]
    read = maap.read(with_title(*rows, total=[400.0, 0.101, 0.2, 0.3, 0.25, 0.149, 30_015]))
    assert without(read, "summary") == []
    (small,) = of(read, level="school", measure="level 1", n=15)
    assert small.low == small.high == 2 / 15
    (large,) = of(read, level="school", measure="level 1", n=30_000)
    assert (large.low, large.high) == (3015 / 30_000, 3045 / 30_000)
    (both,) = of(read, level="school", measure="proficient", n=30_000)
    assert [both.low, both.high] == pytest.approx([0.398, 0.4])
    # Three levels of a thousandth each: what the other two leave is closer.
    (most,) = of(read, level="school", measure="passing", n=30_000)
    assert [most.low, most.high] == pytest.approx([0.698, 0.7])


@pytest.mark.parametrize("mark", ["‡", "†", " ‡ "])
def test_results_under_investigation_are_hidden_and_reported(mark: str) -> None:
    rows = [A[0], A[1], ["Alpha Upper", *[mark] * 7], *B]
    read = maap.read(with_title(*rows))
    assert places(read) == ["sheet 'G3 ELA', row 4", "sheet 'G3 ELA', rows 4 to 4"][:1]
    assert "'Alpha Upper' is under investigation" in said(read)
    hidden = of(read, school="Alpha Upper")
    assert {(one.district, one.n, one.low, one.high, one.mean_score) for one in hidden} == {
        ("Alpha County School District", None, 0, 1, None)
    }
    assert len(of(read, district="Beta School District")) == 14


def test_a_mark_at_the_name_hides_the_figures_and_leaves_the_name() -> None:
    read = maap.read(with_title(*A, [B[0][0] + " ‡", *B[0][1:]], B[1]))
    (district,) = of(read, level="district", district="Beta School District", measure="passing")
    assert (district.n, district.low, district.high) == (40, 0, 1)
    assert places(read) == ["sheet 'G3 ELA', row 5"]


def test_a_whole_district_under_investigation_keeps_its_schools() -> None:
    rows = [["Alpha County School District", *["‡"] * 7], ["Alpha Elementary", *["‡"] * 7], A[2], *B]
    read = maap.read(with_title(*rows, total=figures(60, [6, 12, 18, 15, 9])))
    owners = {one.school: one.district for one in of(read, level="school")}
    assert owners == {
        "Alpha Elementary": "Alpha County School District",
        "Alpha Upper": "Alpha County School District",
        "Beta Elementary": "Beta School District",
    }


@pytest.mark.parametrize(
    ("titles", "year"),
    [
        (["2021 MAAP", "2022 MAAP", "2022 MAAP"], "2021-22"),
        (["2023 MAAP", "2022 MAAP", "2022 MAAP"], "2021-22"),
        (["2021 MAAP", "2022 MAAP"], "2021-22"),
        (["MAAP 2021-22 results"], "2021-22"),
        (["MAAP 2021–2022 results"], "2021-22"),
        (["MAAP 2022 – 45 schools"], "2021-22"),
    ],
)
def test_the_year_is_what_most_titles_say_and_the_latest_of_as_many(titles: list[str], year: str) -> None:
    blocks: Sheet = [
        row for title in titles for row in ([title], SHARED[:6], ["Grand Total", *[0.2] * 5], [])
    ]
    read = maap.read(book({"Summary": blocks, "G3 ELA": sheet(*A, *B)}))
    assert {one.school_year for one in read.outcomes} == {year}
    other = [
        title for title in titles if "2022" not in title and "2021-22" not in title and "2021–" not in title
    ]
    assert len([problem for problem in read.problems if "The title" in problem.text]) == len(other)


# Faults


def test_a_district_that_is_not_the_sum_of_its_schools_is_named_and_the_others_are_read() -> None:
    rows = [[A[0][0], *figures(61, [7, 12, 18, 15, 9])], *A[1:], *B]
    read = maap.read(with_title(*rows))
    assert places(read) == ["sheet 'G3 ELA', rows 2 to 4", "sheet 'G3 ELA', row 7"]
    assert "'Alpha County School District'" in said(read)
    assert len(of(read, level="school", measure="passing")) == 3
    assert {one.district for one in of(read, school="Alpha Upper")} == {"Alpha County School District"}


def test_hidden_rows_that_names_and_sums_leave_open_are_left_out_and_named() -> None:
    rows = [["Prep", *HIDDEN], ["North", *HIDDEN], ["South", *HIDDEN], ["East", *HIDDEN]]
    read = maap.read(with_title(*A, *B, *rows))
    assert "sheet 'G3 ELA', rows 9 to 10" in places(read)
    assert "left out are 'South', 'East'" in said(read)
    assert {one.school for one in of(read, district="Prep")} == {None, "North"}


def test_everything_hidden_gives_hidden_outcomes_only() -> None:
    rows = [["Alpha School District", *HIDDEN], ["Alpha", *HIDDEN]]
    read = maap.read(with_title(*rows, total=HIDDEN))
    assert {(one.level, one.n, one.low, one.high) for one in of(read, grade="3")} == {
        (level, None, 0, 1) for level in ("state", "district", "school")
    }
    assert read.problems == ()


FAULTS: list[tuple[list[Any], str]] = [
    (["Beta Elementary", 400.0, 0.1, "abc", 0.3, 0.25, 0.15, 40], "row 6, column Level 2 (PCT)"),
    (["Beta Elementary", 400.0, 0.1, -0.2, 0.3, 0.25, 0.15, 40], "row 6, column Level 2 (PCT)"),
    (["Beta Elementary", 400.0, 0.1, None, 0.3, 0.25, 0.15, 40], "row 6, column Level 2 (PCT)"),
    (["Beta Elementary", 400.0, 0.1, "#DIV/0!", 0.3, 0.25, 0.15, 40], "row 6, column Level 2 (PCT)"),
    (["Beta Elementary", 400.0, 0.1, "nan", 0.3, 0.25, 0.15, 40], "row 6, column Level 2 (PCT)"),
    (["Beta Elementary", 400.0, 0.1, 1.2, 0.3, 0.25, 0.15, 40], "row 6"),
    (["Beta Elementary", 400.0, 0.1, 0.2, 0.3, 0.25, 0.1, 40], "row 6"),
    (["Beta Elementary", 400.0, 0.1, 0.2, 0.3, 0.25, 0.15, -40], "row 6, column Test-Takers"),
    (["Beta Elementary", 400.0, 0.1, 0.2, 0.3, 0.25, 0.15, 39.5], "row 6, column Test-Takers"),
    (["Beta Elementary", 400.0, 0.1, 0.2, 0.3, 0.25, 0.15, None], "row 6, column Test-Takers"),
    (["Beta Elementary", "high", 0.1, 0.2, 0.3, 0.25, 0.15, 40], "row 6, column Average Scale Score"),
    (["Beta Elementary", *[None] * 7], "row 6"),
    ([None, *figures(40, [4, 8, 12, 10, 6])], "row 6"),
]


@pytest.mark.parametrize(("row", "place"), FAULTS)
def test_a_fault_is_named_with_its_row_and_column_and_good_rows_are_kept(row: list[Any], place: str) -> None:
    read = maap.read(with_title(*A, B[0], row))
    assert f"sheet 'G3 ELA', {place}" in places(read)
    assert len(of(read, district="Alpha County School District")) == 21
    assert all(0 <= one.low <= one.high <= 1 for one in read.outcomes)
    shown = of(read, school="Beta Elementary", measure="level 2")
    assert all((one.low, one.high) == (0, 1) or 0.194 < one.low <= 0.2 <= one.high < 0.206 for one in shown)


def test_a_school_where_nobody_was_tested_has_no_proportion() -> None:
    read = maap.read(with_title(*A, *B, ["Beta Upper", 0.0, *[0.0] * 5, 0]))
    assert places(read) == ["sheet 'G3 ELA', row 7"]
    assert "Nobody" in said(read)
    assert of(read, school="Beta Upper") == []


def test_a_school_that_is_listed_twice_is_reported() -> None:
    rows = [["Alpha County School District", *figures(80, [8, 16, 24, 20, 12])], A[1], A[1], *A[3:]]
    read = maap.read(with_title(*rows, total=figures(80, [8, 16, 24, 20, 12])))
    assert places(read)[0] == "sheet 'G3 ELA', row 4"
    assert "sheet 'G3 ELA', row 3" in said(read)
    assert len(of(read, school="Alpha Elementary", measure="passing")) == 1


def test_shares_that_no_whole_number_of_students_has_are_reported() -> None:
    # Other rows show that the workbook does not round.
    rows = [*A, B[0], ["Beta Elementary", 400.0, 0.123456789, 0.176543211, 0.3, 0.25, 0.15, 40]]
    read = maap.read(with_title(*rows))
    assert places(read) == ["sheet 'G3 ELA', row 6"]
    (level,) = of(read, school="Beta Elementary", measure="level 1")
    assert level.low == pytest.approx(0.123456789)


def test_districts_that_do_not_add_up_to_the_grand_total_are_reported() -> None:
    read = maap.read(with_title(*A))
    assert places(read) == ["sheet 'G3 ELA', row 5"]
    assert "60" in said(read)


def test_figures_below_the_grand_total_and_a_lacking_one_are_reported() -> None:
    below = maap.read(book({"Summary": SUMMARY, "G3 ELA": [*sheet(*A, *B), A[0]]}))
    assert places(below) == ["sheet 'G3 ELA', row 8"]
    lacking = maap.read(book({"Summary": SUMMARY, "G3 ELA": sheet(*A, *B)[:-1]}))
    assert places(lacking) == ["sheet 'G3 ELA', row 1"]
    assert len(of(lacking, level="district")) == 14


def test_a_sheet_of_an_unknown_test_is_left_out_and_named() -> None:
    page: Sheet = [["Grade 5 Science\nDistrict/School", *HEAD[1:]], *A, *B, ["Grand Total", *A[0][1:]]]
    read = maap.read(book({"Summary": SUMMARY, "G5 SCI": page}))
    assert places(read) == ["sheet 'G5 SCI', row 1"]
    assert {one.level for one in read.outcomes} == {"state"}


def test_without_a_year_nothing_is_read() -> None:
    read = maap.read(book({"G3 ELA": sheet(*A, *B)}))
    assert read.outcomes == ()
    assert [problem.place for problem in read.problems] == ["workbook"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"District,Rate\nAlpha,5\n",
        other_zip,
        lambda good: good[: len(good) // 2],
        lambda good: good[:200] + bytes(100) + good[300:],
        lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    ],
)
def test_what_is_no_workbook_is_one_problem(damage: Callable[[bytes], bytes]) -> None:
    read = maap.read(damage(with_title(*A, *B)))
    assert read.outcomes == ()
    assert places(read) == ["workbook"]


def test_an_empty_workbook_is_a_problem() -> None:
    assert places(maap.read(book({"Sheet 1": []}))) == ["workbook"]


def test_a_value_far_below_the_tables_does_not_take_the_memory_of_the_machine() -> None:
    made = with_title(*A, *B)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("sheet2.xml"):
                far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                text = text.replace(b"</sheetData>", far)
            new.writestr(name, text)
    read = maap.read(out.getvalue())
    assert read.outcomes == ()
    assert re.search("1,048,576", said(read))
    assert CELLS < 1_000_000


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_a_damaged_cell_never_makes_a_figure_that_is_no_proportion(draws: st.DataObject) -> None:
    rows = [list(row) for row in (*A, *B)]
    row = draws.draw(st.integers(0, 4))
    column = draws.draw(st.integers(0, 7))
    rows[row][column] = draws.draw(
        st.one_of(
            st.none(),
            st.text("*‡ab1.-%", max_size=4),
            st.floats(-1e6, 1e6),
            st.integers(-50, 10**12),
            st.just("*"),
        )
    )
    read = maap.read(with_title(*rows))
    for one in read.outcomes:
        assert 0 <= one.low <= one.high <= 1
        assert one.n is None or one.n > 0
        assert one.mean_score is None or math.isfinite(one.mean_score)
