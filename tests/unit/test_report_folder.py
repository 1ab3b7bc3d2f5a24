"""A report's folder: the same from the same, whole by its manifest, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace

import pytest

from services.evaluation.report.folder import MANIFEST, Table, files, wrong
from services.evaluation.report.pins import Pins

PINS = Pins(
    school_year="2026-27", journal=912, positions={"roster": 411, "pledges": 501}, version="0.1.0",
    settings={"least": 10, "seed": 0, "budget": 1_000_000_00},
)  # fmt: skip
TABLE = Table(
    name="districts",
    title="Districts",
    columns={"district": "District", "n": "Students", "rate": "Rate", "certified": "Certified"},
    rows=[("Magnolia, Upper", 912, 0.75, True), ("Bay", None, None, False)],
)


def test_the_same_tables_and_pins_give_the_same_bytes() -> None:
    turned = replace(
        PINS, positions=dict(reversed(PINS.positions.items())), settings=dict(reversed(PINS.settings.items()))
    )
    other = replace(TABLE, name="months")
    assert list(files([TABLE, other], PINS).items()) == list(files([other, TABLE], turned).items())
    assert PINS.report == turned.report


@pytest.mark.parametrize(
    "change", [{"journal": 913}, {"version": "0.1.1"}, {"settings": {"least": 5}}, {"school_year": "2027-28"}]
)
def test_other_pins_are_another_report(change: dict[str, object]) -> None:
    assert replace(PINS, **change).report != PINS.report  # type: ignore[arg-type]


def test_the_manifest_has_the_positions_and_the_digest_of_every_file() -> None:
    folder = files([TABLE], PINS, {"report.html": b"<!doctype html>"})
    manifest = json.loads(folder[MANIFEST])
    assert manifest["pins"]["positions"] == {"pledges": 501, "roster": 411}
    assert set(manifest["files"]) == {"report.html", "tables/districts.csv", "tables/districts.json"}
    for path, of in manifest["files"].items():
        assert of == {"bytes": len(folder[path]), "sha256": hashlib.sha256(folder[path]).hexdigest()}
    assert wrong(folder) == []


def test_what_was_changed_added_or_lost_is_told() -> None:
    folder = files([TABLE], PINS)
    del folder["tables/districts.json"]
    folder["tables/districts.csv"] += b"x"
    folder["tables/more.csv"] = b""
    assert wrong(folder) == [
        "tables/districts.json is missing",
        "tables/more.csv is not in the manifest",
        "tables/districts.csv was changed",
    ]


def test_both_forms_of_a_table_say_the_same() -> None:
    folder = files([TABLE], PINS)
    document = json.loads(folder["tables/districts.json"])
    assert document["rows"][0] == {"district": "Magnolia, Upper", "n": 912, "rate": 0.75, "certified": True}
    assert document["rows"][1]["n"] is None
    rows = list(csv.reader(folder["tables/districts.csv"].decode("utf-8-sig").splitlines()))
    assert rows == [
        ["District", "Students", "Rate", "Certified"],
        ["Magnolia, Upper", "912", "0.75", "yes"],
        ["Bay", "", "", "no"],
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_a_name_that_begins_like_a_formula_stays_text(name: str) -> None:
    folder = files([replace(TABLE, columns={"district": "District"}, rows=[(name,)])], PINS)
    assert folder["tables/districts.csv"].decode("utf-8-sig").splitlines()[1].lstrip('"').startswith("'")


def test_a_negative_number_is_no_formula() -> None:
    folder = files([replace(TABLE, columns={"change": "Change"}, rows=[(-0.25,)])], PINS)
    assert folder["tables/districts.csv"].decode("utf-8-sig").splitlines()[1] == "-0.25"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            replace(TABLE, rows=[("a", 1, float("nan"), True)]),
            "districts, row 1, column rate: nan is no number",
        ),
        (replace(TABLE, rows=[("a", 1, 0.5, True), ("b",)]), "districts, row 2: 1 values for 4 columns"),
    ],
)
def test_a_table_that_is_wrong_is_named_by_row_and_column(table: Table, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        files([table], PINS)


def test_two_tables_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two tables have this name"):
        files([TABLE, TABLE], PINS)
