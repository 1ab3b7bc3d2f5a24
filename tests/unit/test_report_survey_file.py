"""A survey from a file: what its mapping says it is, and what is wrong with it by line and column."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alliance.errors import Invalid
from services.evaluation.report import survey_file
from services.evaluation.report.folder import Table
from services.evaluation.report.survey import Asked, Item, SurveyData, SurveyFindings, analyse
from services.evaluation.report.survey_tables import tables
from services.evaluation.report.survey_text import paragraphs
from tests.builders_survey_file import NHES_ITEMS, nhes, small

NHES = "nhes-pfi-2019/CuratedData.csv"


def read(text: str, mapping: bytes | None = None) -> SurveyData:
    return survey_file.read("survey.csv", text.encode(), small() if mapping is None else mapping)


def refused(text: str, mapping: bytes | None = None) -> str:
    with pytest.raises(Invalid) as caught:
        read(text, mapping)
    return caught.value.detail


def records(found: SurveyFindings) -> dict[str, list[dict[str, Any]]]:
    def rows(table: Table) -> list[dict[str, Any]]:
        table.check()
        return [dict(zip(table.columns, row, strict=True)) for row in table.rows]

    return {table.name: rows(table) for table in tables(found, {})}


@pytest.fixture(scope="module")
def survey_of_2019(data: Path) -> SurveyData:
    return survey_file.read(NHES, (data / NHES).read_bytes(), nhes())


def test_the_activities_of_2019_come_out_as_published(survey_of_2019: SurveyData) -> None:
    found = records(analyse(survey_of_2019, Asked()))
    # The counts beside the data, of 15,374: 126 children of virtual schools were not asked.
    assert {row["activity"]: (row["k"], row["n"]) for row in found["survey-activities"]} == {
        "FSSPORTX": (12261, 15374),
        "FSVOL": (6518, 15374),
        "FSMTNG": (13090, 15374),
        "FSPTMTNG": (6993, 15374),
        "FSATCNFN": (11187, 15374),
    }
    assert {row["status"] for row in found["survey-activities"]} == {"shown"}


def test_satisfaction_of_2019_has_the_alpha_that_was_published(survey_of_2019: SurveyData) -> None:
    (scale,) = records(analyse(survey_of_2019, Asked()))["survey-scales"]
    assert round(scale["alpha"], 3) == 0.896
    assert scale["alpha_low"] < 0.896 < scale["alpha_high"]
    assert scale["note"] is None


def test_satisfaction_of_2019_is_turned_round_so_that_high_is_good(
    data: Path, survey_of_2019: SurveyData
) -> None:
    with (data / NHES).open(newline="") as file:
        rows = [[int(row[column]) for column in NHES_ITEMS] for row in csv.DictReader(file)]
    answered = [row for row in rows if -1 not in row]
    mean = sum(sum(5 - answer for answer in row) / 5 for row in answered) / len(answered)
    (scale,) = records(analyse(survey_of_2019, Asked()))["survey-scales"]
    assert (scale["n"], scale["mean"]) == (len(answered), pytest.approx(mean, abs=1e-6))
    assert scale["mean"] > 3  # most are satisfied
    assert all(item.wording and item.reversed for item in survey_of_2019.items)


def test_rows_of_2019_that_answer_nothing_are_counted_and_no_other_is_left_out(
    data: Path, survey_of_2019: SurveyData
) -> None:
    with (data / NHES).open(newline="") as file:
        rows = list(csv.DictReader(file))
    asked = [item.name for item in survey_of_2019.items] + [each.name for each in survey_of_2019.activities]
    empty = sum(all(row[column] == "-1" for column in asked) for row in rows)
    assert empty > 0
    assert survey_of_2019.left_out == {"no answer to anything: valid skip": empty}
    assert survey_of_2019.responses + empty == len(rows) == 15500
    assert (
        f"left out: {empty} (no answer to anything: valid skip)"
        in paragraphs(analyse(survey_of_2019, Asked()))[-1]
    )


def test_a_file_says_what_it_says_of_items_modes_languages_districts_and_weights() -> None:
    found = read(
        "W,D,M,L,B,A\n2,north,web,en,1,5\n0.5, south ,,es,-9,\n1,,web,en,5,2.5\n",
        small(mode="M", language="L", district="D", weight="W"),
    )
    assert found.items == (Item("A", "trust"), Item("B", "trust", reversed=True, wording="Hard"))
    assert found.title == "Small"
    assert found.source == "survey.csv"
    assert found.responses == 2
    assert found.left_out == {"no answer to anything: empty, not stated": 1}
    np.testing.assert_array_equal(found.answers, [[5, 1], [2.5, 5]])
    np.testing.assert_array_equal(found.turned("trust"), [[5, 5], [2.5, 1]])
    assert found.weights is not None
    assert found.weights.tolist() == [2, 1]
    assert found.strata is not None
    assert (found.strata.names, found.strata.codes.tolist(), found.stratum) == (("north",), [0, -1], "D")
    assert found.modes is not None
    assert found.modes.counts() == {"web": 2}


def test_a_sheet_is_complete_where_every_item_is_marked() -> None:
    assert read("A,B\n1,2\n3,\n-9,4\n").complete.tolist() == [True, False, False]


def test_without_a_code_for_no_every_other_answer_about_an_activity_is_a_no() -> None:
    mapping = small(activities={"X": {"yes": "often"}, "Y": {"yes": "1", "no": "2"}})
    found = read("A,B,X,Y\n1,1,often,1\n1,1,never,2\n1,1,-9,\n", mapping)
    assert found.done is not None
    np.testing.assert_array_equal(found.done, [[1, 1], [0, 0], [math.nan, math.nan]])


def test_a_file_may_have_activities_only() -> None:
    mapping = small(scales={}, activities={"X": {"yes": "1"}})
    found = read("X\n" + "1\n2\n2\n" * 10, mapping)
    (activity,) = records(analyse(found, Asked()))["survey-activities"]
    assert (activity["k"], activity["n"]) == (10, 30)


def test_answers_are_weighted_to_the_margins_of_the_mapping() -> None:
    # 4 men and 6 women who should be half and half: 1.25 and .8333; ten times over.
    mapping = small(margins={"SEX": {"man": 0.5, "woman": 0.5}})
    found = read("A,B,SEX\n" + ("5,2,man\n" * 4 + "1,4,woman\n" * 3 + "2,4,woman\n" * 3) * 10, mapping)
    weighting = analyse(found, Asked()).weighting
    assert weighting.kind == "raked"
    assert weighting.greatest == pytest.approx(1.25)
    assert weighting.least == pytest.approx(0.8333, abs=5e-5)
    # Men score (5 + 4) / 2 = 4.5, women (1 + 2) / 2 and (2 + 2) / 2, 1.75 on average.
    (scale,) = analyse(found, Asked()).scales
    assert scale.weighted is not None
    assert scale.plain.mean == pytest.approx(0.4 * 4.5 + 0.6 * 1.75)
    assert scale.weighted.mean == pytest.approx(0.5 * 4.5 + 0.5 * 1.75)


def test_weights_that_came_with_the_file_are_used_as_they_are() -> None:
    found = read("A,B,W\n" + "5,1,3\n1,5,1\n" * 10, small(weight="W"))
    result = analyse(found, Asked())
    (scale,) = result.scales
    assert result.weighting.kind == "file"
    assert scale.weighted is not None
    assert (scale.plain.mean, scale.weighted.mean) == (3, pytest.approx((3 * 5 + 1 * 1) / 4))
    # Kish: n sum w² / (sum w)² = 20 x 10 x (9 + 1) / 40².
    assert result.weighting.design_effect == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A,B\n1,2\n1,6\n", "survey.csv, line 3, column B: '6' is not on the scale of 1 to 5"),
        ("A,B\n1,2\n1,x\n", "survey.csv, line 3, column B: 'x' is no number"),
        ("A,B\n1,nan\n", "survey.csv, line 2, column B: 'nan' is no number"),
        ("A,B\n\n\n-1,2\n", "survey.csv, line 4, column A: '-1' is not on the scale"),
        ('T,A,B\n"two\nlines",1,2\nx,0,1\n', "survey.csv, line 4, column A: '0' is not on the scale"),
        ("A,B\n1\n", "survey.csv, line 2: the row has 1 fields, the header 2"),
        ("A,B\n1,2,3\n", "survey.csv, line 2: the row has 3 fields, the header 2"),
        ('A,B\n1,"2\n', "survey.csv, line 2: it cannot be read"),
        ("A,C\n1,2\n", "survey.csv, line 1, column B: it is not there. The file has A, C"),
        ("A,B,B\n1,2,2\n", "survey.csv, line 1, column B: it is twice there"),
        ("", "survey.csv: it is empty"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line_and_column(text: str, told: str) -> None:
    assert refused(text).startswith(told)


def test_all_mistakes_are_counted_and_the_first_are_told() -> None:
    with pytest.raises(Invalid) as caught:
        read("A,B\n" + "7,8\n" * 100)
    assert caught.value.detail.endswith("(199 more)")
    assert len(caught.value.errors) == 20


def test_bytes_that_are_no_utf_8_are_told_by_line() -> None:
    with pytest.raises(Invalid, match=r"survey.csv, line 2: byte 0xe9 is not UTF-8"):
        survey_file.read("survey.csv", b"A,B\n\xe9,1\n", small())


def test_a_response_without_a_weight_or_with_none_above_0_is_refused_but_not_a_row_left_out() -> None:
    mapping = small(weight="W")
    assert refused("A,B,W\n1,2,\n", mapping).startswith(
        "survey.csv, line 2, column W: The response has no weight"
    )
    assert refused("A,B,W\n1,2,0\n", mapping).startswith("survey.csv, line 2, column W: '0' is no weight")
    assert read("A,B,W\n,,\n1,2,1\n", mapping).responses == 1


def test_a_category_without_a_share_is_refused() -> None:
    mapping = small(margins={"R": {"north": 1, "south": 1}})
    assert "line 3, column R: 'east' has no share" in refused("A,B,R\n1,2,north\n1,2,east\n", mapping)


def test_an_answer_about_an_activity_that_is_neither_yes_nor_no_is_refused() -> None:
    mapping = small(activities={"X": {"yes": "1", "no": "2"}})
    assert "line 2, column X: '3' is neither yes (1) nor no (2)" in refused("A,B,X\n1,1,3\n", mapping)


def test_a_file_with_a_header_alone_has_no_responses() -> None:
    found = read("A,B\n")
    assert found.responses == 0
    assert analyse(found, Asked()).n is None


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"title": ""}, "mapping, title: It must be a text"),
        ({"scale": {}}, "mapping, scale: There is no such part"),
        ({"scales": {}}, "mapping, scales: Neither scales nor activities"),
        ({"scales": []}, "mapping, scales: It must be an object"),
        ({"scales": {"s": {"items": {"A": {}}}}}, "mapping, scales.s.points: It must be [least, greatest]"),
        ({"scales": {"s": {"points": [5, 1], "items": {"A": {}}}}}, "mapping, scales.s.points: It must be"),
        (
            {"scales": {"s": {"points": [1, 5], "items": {"A": {"reversed": "yes"}}}}},
            "mapping, scales.s.items.A.reversed: It must be true or false",
        ),
        (
            {"scales": {"s": {"points": [1, 5], "items": {"A": {"word": "x"}}}}},
            "mapping, scales.s.items.A.word: There is no such part",
        ),
        ({"activities": {"X": {}}}, "mapping, activities.X.yes: It must be a text"),
        ({"activities": {"X": {"yes": "1", "no": "1"}}}, "mapping, activities.X.no: It is '1', as yes is"),
        ({"activities": {"A": {"yes": "1"}}}, "mapping, scales: The column A is named twice"),
        ({"weight": "W", "margins": {"R": {"x": 1}}}, "mapping, margins: There is a column of weights"),
        ({"margins": {"R": {"x": -1}}}, "mapping, margins.R.x: It must be a share"),
        ({"margins": {"R": {}}}, "mapping, margins.R: Its shares are nothing together"),
        ({"no_answer": {"-1": 3}}, "mapping, no_answer.-1: It must be a text"),
    ],
)
def test_a_mistake_in_the_mapping_is_told_by_its_part(parts: dict[str, Any], told: str) -> None:
    assert refused("A,B\n1,2\n", small(**parts)).startswith(told)


@pytest.mark.parametrize("mapping", [b"{", b"[]", b"\xff", json.dumps("text").encode()])
def test_a_mapping_that_is_no_json_object_is_refused(mapping: bytes) -> None:
    assert refused("A,B\n1,2\n", mapping).startswith("mapping: it is no JSON")
