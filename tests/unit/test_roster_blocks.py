"""A file read block by block is the file that Python's csv module reads row by row, whatever is wrong with it."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.roster.oneroster import csvtable
from services.roster.oneroster.block import split
from services.roster.oneroster.bundle import Member
from services.roster.oneroster.csvtable import read_table
from services.roster.oneroster.layout import Layout
from services.roster.oneroster.problems import Problems

LAYOUT = Layout(("sourcedId", "name", "town"), ("sourcedId",), ("other",))
HEADER = "sourcedId,other,name"

#: What a line is made of, the marks much more often than in any export.
pieces = st.sampled_from(
    ["a", "bc", "é", " ", ",", ",", ",", '"', '""', '"a,b"', '"a\nb"', "\n", "\r\n", "\r", "\u2028"]
)
bodies = st.lists(pieces, max_size=25).map("".join)
#: Rows as an export would write them.
fields = st.text(st.sampled_from('ab é,"\n'), max_size=4)


def exported(rows: list[tuple[str, ...]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue()


exports = st.lists(st.tuples(fields, fields, fields), max_size=8).map(exported)


def by_csv(text: str) -> list[tuple[int, int, list[str]]] | None:
    """(first line, line after the last, row) of each row; None where the module refuses one."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, line = [], 0
    try:
        for row in reader:
            rows.append((line, reader.line_num, row))
            line = reader.line_num
    except csv.Error:
        return None
    return rows


@given(text=(bodies | exports).filter(bool), width=st.integers(1, 4))
@example(text="a,b\n\nc,d", width=2)
@example(text='a"b,"c\nd",e\n', width=2)
@example(text='"a"b,c\n', width=2)
@example(text="\n", width=1)
@example(text="a\rb,c\n", width=2)
def test_a_block_is_taken_apart_as_the_csv_module_does_or_not_at_all(text: str, width: int) -> None:
    block = split(text, width, {str(place): place for place in range(width)})
    expected, lone = by_csv(text), text.count("\r") != text.count("\r\n")
    if block is None:
        assert expected is None or any(end - begin > 1 for begin, end, _ in expected) or lone
        return
    assert expected is not None
    plain = [(row[0], list(row[1:])) for row in block.plain.rows()]
    assert sorted([*plain, *block.others]) == [(begin, row) for begin, _, row in expected]
    assert block.lines == (expected[-1][1] if expected else 0)


def test_what_an_export_writes_without_line_ends_in_it_is_always_taken_apart() -> None:
    text = exported([("a", "b,c", 'd"e'), ("f", "", "é"), ("", "", "")])
    block = split(text, 3, {"first": 0, "last": 2})
    assert block is not None
    assert block.plain.rows() == [(1, "f", "é"), (2, "", "")]
    assert block.others == [(0, ["a", "b,c", 'd"e'])]


def test_a_field_longer_than_the_csv_module_takes_is_left_to_it() -> None:
    assert split("a," + "x" * (csv.field_size_limit() + 1), 2, {"a": 0}) is None


def table(text: str) -> tuple[Any, ...]:
    problems = Problems()
    member = Member("users.csv", lambda: io.BytesIO(text.encode()))
    found = read_table(member, LAYOUT, problems)
    return found.frame.rows(), found.rows, found.present, found.held, found.unread, problems.listed()


@given(body=bodies | exports, block=st.integers(1, 40), ending=st.sampled_from(["\n", "\r\n"]))
def test_a_table_is_the_same_in_blocks_of_any_size_and_row_by_row(body: str, block: int, ending: str) -> None:
    text = HEADER + ending + body
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csvtable, "split", lambda *_: None)
        expected = table(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csvtable, "_BLOCK", block)
        assert table(text) == expected
    assert table(text) == expected


def test_most_of_a_file_is_split_at_once_although_one_row_goes_over_two_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [(f"p{n}", "", "x") for n in range(100)]
    rows[60] = ("p60", "", "x\ny")
    taken: list[bool] = []

    def watched(*given: Any) -> Any:
        taken.append(split(*given) is not None)
        return split(*given)

    monkeypatch.setattr(csvtable, "split", watched)
    monkeypatch.setattr(csvtable, "_BLOCK", 80)
    frame, *_ = table(HEADER + "\n" + exported(rows))
    assert [row[1] for row in frame] == [row[0] for row in rows]
    assert taken[:5] == [True] * 5
    assert taken[-1] is False
