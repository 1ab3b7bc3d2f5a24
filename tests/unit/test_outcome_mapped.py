"""Any CSV file with a mapping: what it says comes out, and every fault is named with its line and column."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.outcomes import mapped
from services.evaluation.outcomes.outcome import Outcome, Read

COLUMNS = {
    "district": "District",
    "school": "School",
    "n": "Tested",
    "value": "Pct",
    "grade": "Gr",
    "group": "Who",
}
CONSTANTS = {"school_year": "2022-23", "measure": "proficient", "subject": "ela"}
HEADER = "District,School,Gr,Who,Tested,Pct"


def mapping(**other: Any) -> bytes:
    return json.dumps({"columns": COLUMNS, "constants": CONSTANTS, "values": "percent", **other}).encode()


def read(*rows: str, **other: Any) -> Read:
    return mapped.read("r.csv", "\n".join([HEADER, *rows, ""]).encode(), mapping(**other))


def only(found: Read) -> Outcome:
    (outcome,) = found.outcomes
    assert found.problems == ()
    return outcome


def places(found: Read) -> list[str]:
    return [problem.place for problem in found.problems]


def test_a_row_becomes_the_outcome_that_the_mapping_says() -> None:
    assert only(read("Alcorn School District,Kossuth,4,ED,53,45.3")) == Outcome(
        level="school",
        district="Alcorn School District",
        school="Kossuth",
        school_year="2022-23",
        measure="proficient",
        subject="ela",
        grade="4",
        group="ED",
        n=53,
        low=24 / 53,
        high=24 / 53,
    )


def test_a_row_without_a_school_is_the_districts_and_without_a_group_of_all() -> None:
    outcome = only(read("Alcorn School District,,,,200,45"))
    assert (outcome.level, outcome.school, outcome.grade, outcome.group) == ("district", None, "", "all")


def test_the_columns_and_constants_may_change_places() -> None:
    header = "Year,Test,What,Where,Score,LEA,Kind"
    rows = ("2021/2022,Math,GRADUATED,,,2800390,state", "2021-2022,Math,passing,,801.5,,district")
    text = "\n".join([header, *rows, ""]).encode()
    columns = {
        "school_year": "Year",
        "subject": "Test",
        "measure": "What",
        "mean_score": "Score",
        "value": "Kind",
    }
    columns |= {"lea": "LEA", "level": "Where"}
    other = {
        "columns": columns,
        "constants": {"district": "Alcorn"},
        "values": "proportion",
        "hidden": ["state", "district"],
        "words": {"subject": {"Math": "mathematics"}, "level": {"": "district"}},
    }
    found = mapped.read("r.csv", text, json.dumps(other).encode())
    assert places(found) == ["r.csv, line 2, column Test"]
    (outcome,) = found.outcomes
    assert (outcome.level, outcome.school_year, outcome.measure) == ("district", "2021-22", "passing")
    assert (outcome.subject, outcome.mean_score, outcome.lea) == ("mathematics", 801.5, None)
    assert (outcome.low, outcome.high) == (0, 1)


def test_the_state_needs_to_be_said() -> None:
    other = {"constants": {**CONSTANTS, "level": "state"}, "columns": {"value": "Pct"}}
    outcome = only(read("x,y,,,,45", **other))
    assert (outcome.level, outcome.district, outcome.school, outcome.n) == ("state", None, None, None)


@pytest.mark.parametrize(
    ("written", "text", "n", "low", "high"),
    [
        ("percent", "45.3", 53, 24 / 53, 24 / 53),
        ("percent", "45.3%", 53, 24 / 53, 24 / 53),
        ("percent", "45.3 %", None, 0.4525, 0.4535),
        ("percent", "45", 1000, 0.445, 0.455),
        ("percent", "0", 40, 0, 0),
        ("percent", "100", 40, 1, 1),
        ("percent", "100", None, 0.995, 1),
        ("percent", "0.0", None, 0, 0.0005),
        ("proportion", ".453", 53, 24 / 53, 24 / 53),
        ("proportion", "0.453", None, 0.4525, 0.4535),
        ("proportion", "1.0", 10, 1, 1),
        ("count", "24", 53, 24 / 53, 24 / 53),
        ("count", '"1,024"', 2048, 0.5, 0.5),
        ("percent", "*", 53, 0, 1),
        ("count", "*", None, 0, 1),
    ],
)
def test_a_value_is_the_closed_range_of_what_is_written_so(
    written: str, text: str, n: int | None, low: float, high: float
) -> None:
    outcome = only(read(f"Alcorn,,,,{n or '*'},{text}", values=written))
    assert outcome.n == n
    assert [outcome.low, outcome.high] == pytest.approx([low, high], abs=1e-12)


def test_a_column_is_rounded_as_its_longest_value_is() -> None:
    found = read("A,,,,*,45", "B,,,,*,45.25")
    assert [(round(o.low, 6), round(o.high, 6)) for o in found.outcomes] == [
        (0.44995, 0.45005),
        (0.45245, 0.45255),
    ]


def test_other_marks_hide_and_an_empty_value_is_no_figure_unless_it_is_a_mark() -> None:
    rows = ("A,,,,<10,<5%", "B,,,,20,", "C,,,,20,*")
    found = read(*rows, hidden=["<10", "<5%", "*"])
    assert [(o.district, o.n, o.low, o.high) for o in found.outcomes] == [("A", None, 0, 1), ("C", 20, 0, 1)]
    assert [o.district for o in read(*rows[1:], hidden=["", "*"]).outcomes] == ["B", "C"]


FAULTS = [
    ("Alcorn,,,,-5,45", "Tested"),
    ("Alcorn,,,,5.5,45", "Tested"),
    ("Alcorn,,,,some,45", "Tested"),
    ("Alcorn,,,,0,0", "Tested"),
    ("Alcorn,,,,NaN,45", "Tested"),
    ("Alcorn,,,,100,101", "Pct"),
    ("Alcorn,,,,100,-1", "Pct"),
    ("Alcorn,,,,100,NaN", "Pct"),
    ("Alcorn,,,,100,inf", "Pct"),
    ("Alcorn,,,,100,1e1", "Pct"),
    ("Alcorn,,,,100,4 5", "Pct"),
    ("Alcorn,,,,100,.", "Pct"),
    ("Alcorn,,,,100,%", "Pct"),
    ("Alcorn,,,,100,٤٥", "Pct"),
    (",Kossuth,,,100,45", "District"),
    (",,,,100,45", "District"),
]


@pytest.mark.parametrize(("row", "column"), FAULTS)
def test_a_fault_is_named_with_its_line_and_column_and_the_other_rows_are_kept(row: str, column: str) -> None:
    found = read("Amory,,,,20,50", row, "Baldwyn,,,,20,50")
    assert places(found) == [f"r.csv, line 3, column {column}"]
    assert [outcome.district for outcome in found.outcomes] == ["Amory", "Baldwyn"]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("Alcorn,,,,10,11", "Pct"),
        ("Alcorn,,,,10,1.5", "Pct"),
        ("Alcorn,,,,*,3", "Tested"),
        ("Alcorn,,,,,3", "Tested"),
    ],
)
def test_a_count_above_its_number_or_of_a_hidden_one_is_named(row: str, column: str) -> None:
    found = read("Amory,,,,20,5", row, values="count")
    assert places(found) == [f"r.csv, line 3, column {column}"]
    assert len(found.outcomes) == 1


def test_a_proportion_above_one_is_named() -> None:
    assert places(read("Alcorn,,,,10,45", values="proportion")) == ["r.csv, line 2, column Pct"]


def test_a_percentage_that_no_whole_number_of_students_has_is_reported_and_kept() -> None:
    found = read("Alcorn,,,,10,45.3")
    assert places(found) == ["r.csv, line 2, column Pct"]
    assert [limit for o in found.outcomes for limit in (o.low, o.high)] == pytest.approx([0.4525, 0.4535])


def test_a_figure_that_is_there_twice_is_reported_and_the_first_kept() -> None:
    found = read("Alcorn,,,,10,50", "Alcorn,,,,10,60", "Alcorn,,5,,10,60")
    assert places(found) == ["r.csv, line 3, column Pct"]
    assert "Line 2" in found.problems[0].text
    assert [o.low for o in found.outcomes] == [0.5, 0.6]


WRONG_MAPPINGS: list[tuple[Any, list[str]]] = [
    ({"columns": {**COLUMNS, "grade": "Grade"}}, ["mapping, columns.grade"]),
    ({"columns": {**COLUMNS, "pupils": "Tested"}}, ["mapping, columns.pupils"]),
    ({"columns": {**COLUMNS, "n": 5}}, ["mapping, columns.n"]),
    ({"columns": ["District"]}, ["mapping, columns", "mapping", "mapping"]),
    ({"columns": {"value": "Pct"}}, ["mapping"]),
    ({"columns": {"district": "District"}}, ["mapping"]),
    ({"values": "rate"}, ["mapping, values"]),
    ({"values": None}, ["mapping, values"]),
    ({"values": ["percent"]}, ["mapping, values"]),
    ({"hidden": "*"}, ["mapping, hidden"]),
    ({"hidden": [1]}, ["mapping, hidden"]),
    ({"words": {"subject": ["ELA"]}}, ["mapping, words.subject"]),
    ({"words": {"matter": {"ELA": "ela"}}}, ["mapping, words.matter"]),
    ({"marks": ["*"]}, ["mapping, marks"]),
    ({"constants": {**CONSTANTS, "district": "Alcorn"}}, ["mapping, constants.district"]),
    ({"constants": {"measure": "proficient", "subject": "ela"}}, ["mapping"]),
    ({"constants": {**CONSTANTS, "school_year": "2022"}}, ["mapping, constants.school_year"]),
    ({"constants": {**CONSTANTS, "school_year": "2022-24"}}, ["mapping, constants.school_year"]),
    ({"constants": {**CONSTANTS, "measure": "good"}}, ["mapping, constants.measure"]),
    ({"constants": {**CONSTANTS, "subject": "science"}}, ["mapping, constants.subject"]),
    ({"values": "count", "columns": {"district": "District", "value": "Pct"}}, ["mapping"]),
]


@pytest.mark.parametrize(("other", "wrong"), WRONG_MAPPINGS)
def test_with_a_fault_in_the_mapping_nothing_is_read_and_the_part_is_named(
    other: Any, wrong: list[str]
) -> None:
    found = read("Alcorn,,,,10,50", **other)
    assert found.outcomes == ()
    assert places(found) == wrong


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"1"])
def test_a_mapping_that_is_no_json_object_is_named(text: bytes) -> None:
    found = mapped.read("r.csv", f"{HEADER}\nA,,,,10,50\n".encode(), text)
    assert (found.outcomes, places(found)) == ((), ["mapping"])


def test_a_missing_column_is_named_with_those_that_there_are() -> None:
    found = read("Alcorn,,,,10,50", columns={**COLUMNS, "grade": "Grade"})
    assert "'Grade'" in found.problems[0].text
    assert "District, School, Gr, Who, Tested, Pct" in found.problems[0].text


BROKEN: list[tuple[bytes, str, int]] = [
    (b"", "r.csv", 0),
    (HEADER.replace(",", ";").encode() + b"\nA;;;;10;50\n", "r.csv, line 1", 0),
    (f"{HEADER}\nA,,,,10,50\n".encode("utf-16"), "r.csv", 0),
    (f"{HEADER}\nA,,,,10,50\nCaf\xe9,,,,10,50\n".encode("cp1252"), "r.csv, line 3", 2),
    (f"{HEADER}\nA,,,,10\nB,,,,10,50\n".encode(), "r.csv, line 2", 1),
    (f'{HEADER}\n"A"B,,,,10,50\nB,,,,10,50\n'.encode(), "r.csv, line 2", 1),
]


@pytest.mark.parametrize(("text", "place", "kept"), BROKEN)
def test_a_broken_file_is_named_with_its_line_and_sound_rows_are_kept(
    text: bytes, place: str, kept: int
) -> None:
    found = mapped.read("r.csv", text, mapping())
    assert places(found) == [place]
    assert len(found.outcomes) == kept


def test_a_line_is_where_its_row_begins_even_below_a_name_of_two_lines() -> None:
    found = read('"Alcorn\nSchool District",,,,10,50', "Baldwyn,,,,10,500")
    assert places(found) == ["r.csv, line 4, column Pct"]


def test_a_header_alone_gives_nothing_and_no_fault() -> None:
    assert read() == Read((), ())


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1),
            st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
        ),
        max_size=6,
        unique_by=lambda row: row[0],
    )
)
def test_counts_come_back_exactly_and_percentages_hold_them(rows: list[tuple[str, tuple[int, int]]]) -> None:
    for written, shown in (("count", "{k}"), ("percent", "{p:.1f}"), ("proportion", "{s:.2f}")):
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(HEADER.split(","))
        for name, (k, n) in rows:
            writer.writerow([name, "", "", "", n, shown.format(k=k, p=100 * k / n, s=k / n)])
        found = mapped.read("r.csv", out.getvalue().encode(), mapping(values=written))
        assert found.problems == ()
        for (name, (k, n)), outcome in zip(rows, found.outcomes, strict=True):
            assert (outcome.district, outcome.n) == (name, n)
            assert outcome.low <= k / n <= outcome.high
            assert written != "count" or outcome.low == outcome.high == k / n


@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from(["percent", "proportion", "count"]))
def test_no_text_makes_a_figure_that_is_no_proportion(n: str, value: str, written: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([HEADER.split(","), ["Alcorn", "", "", "", n, value]])
    found = mapped.read("r.csv", out.getvalue().encode("utf-8", "surrogatepass"), mapping(values=written))
    assert all(0 <= outcome.low <= outcome.high <= 1 for outcome in found.outcomes)
