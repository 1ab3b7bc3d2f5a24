"""The report of what nobody wishes to report on: too little, too few, all the same, or files that are wrong.

Each has a stated result, or an error that names the place; no file of a report ever holds a number that is none.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alliance.database import Database
from alliance.errors import Invalid
from services.evaluation.publication import OF_PERSONS
from services.evaluation.report.making import Made
from tests.builders_evaluation import YEAR
from tests.integration.test_evaluation_reports import (
    Platform,
    populate,
    results,
    survey,
    table,
    undrawn,
    unprinted,
)
from tests.world_evaluation import ITEMS

#: A number that is none, as any of the libraries would write it; "Nan" in a longer word is a word.
_NO_NUMBER = re.compile(r"(?<![A-Za-z])[-+]?(?:nan|inf|infinity)(?![A-Za-z])", re.IGNORECASE)

THREE = {
    "d1": ("Alcorn School District", [(25, 15)]),
    "d2": ("Bay School District", [(30, 18)]),
    "d3": ("Canton School District", [(40, 31)]),
}


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    """The HTML that pages are printed from is looked at here."""
    with pytest.MonkeyPatch.context() as patch:
        unprinted(patch)
        yield


@pytest.fixture
def tables_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the input cannot reach the large charts."""
    undrawn(monkeypatch)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Platform]:
    database = Database(f"sqlite:///{tmp_path / 'evaluation.db'}")
    yield Platform(database)
    database.engine.dispose()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Three districts that can be shown, for choices that cannot be followed."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('three') / 'evaluation.db'}")
    platform = Platform(database)
    populate(platform.history, THREE)
    yield platform
    database.engine.dispose()


def sound(platform: Platform, **body: Any) -> Made:
    """The report, after every file of it was searched for numbers that are none."""
    _, made = platform.make(**body)
    assert no_numbers(made.files) == []
    return made


def no_numbers(files: Mapping[str, bytes]) -> list[str]:
    """Where a file holds a number that is none, with what stands around it."""
    found = []
    for path, content in files.items():
        if path.startswith("inputs/") or path.endswith(".pdf"):
            continue
        text = content.decode("utf-8-sig")
        if path.endswith(".csv"):
            for line, row in enumerate(csv.reader(io.StringIO(text)), start=1):
                found += [f"{path}, line {line}: {cell}" for cell in row if _NO_NUMBER.search(cell)]
        else:
            if path.endswith(".json"):
                json.loads(text, parse_constant=_refuse)
            found += [
                f"{path}: {text[max(0, match.start() - 40) : match.end() + 40]}"
                for match in _NO_NUMBER.finditer(text)
            ]
    return found


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def of(made: Made, name: str, **at: Any) -> list[dict[str, Any]]:
    """The rows of a table that have these values."""
    return [row for row in table(made, name) if all(row[key] == value for key, value in at.items())]


def page(made: Made) -> str:
    return made.files["report.html"].decode()


@pytest.mark.parametrize("text", ["nan", "-inf", "M 0,NaN L 1,2", "Infinity", "12.5 nan"])
def test_a_number_that_is_none_would_be_found(text: str) -> None:
    """The search that all the others here rest on."""
    for path in ("tables/a.csv", "report.html"):
        assert no_numbers({path: text.encode()})
    with pytest.raises(AssertionError, match="is no JSON"):
        no_numbers({"tables/a.json": b'{"rows": [{"rate": NaN}]}'})
    assert no_numbers({"report.html": b"finance, information, Nanih Waiya"}) == []


def test_without_any_event_there_is_nothing_to_report(empty: Platform) -> None:
    with pytest.raises(Invalid, match="There is nothing to report yet"):
        empty.make()


def test_without_a_district_with_figures_the_year_is_named(empty: Platform) -> None:
    empty.history.district("d1", "Alcorn School District")
    with pytest.raises(
        Invalid, match=f"Nothing is known of the school year {YEAR}; there are figures of none"
    ):
        empty.make()


def test_one_district_is_the_state_and_has_no_earlier_year(empty: Platform) -> None:
    populate(empty.history, {"d1": ("Alcorn School District", [(21, 14), (30, 12)])})
    made = sound(empty)
    (district,) = of(made, "districts", district="d1", indicator="pledges_signed")
    (state,) = of(made, "indicators", indicator="pledges_signed")
    assert (district["n"], state["n"]) == (51, 51)
    assert district["rate"] == state["rate"] == pytest.approx(26 / 51, abs=0.0005)
    assert district["verdict"] in ("too few data", "consistent with the state")
    assert all(row["before"] is None and row["growth"] is None for row in table(made, "participation"))
    assert "There is no earlier year" in page(made)
    (judged,) = of(made, "exemplary-all", district="d1", indicator="pledges_signed")
    assert judged["open"].split("; ") == ["improved", "gap", "two years"]
    # One district has all of the budget, to the cent.
    (funded,) = table(made, "funding")
    assert {funded[name] for name in ("by_students", "by_need", "coordinators_first")} == {"10000.00"}


def test_where_all_districts_are_equal_none_stands_out(empty: Platform) -> None:
    names = ("Alcorn", "Bay", "Canton", "Delta")
    populate(
        empty.history, {f"d{at}": (f"{name} School District", [(25, 15)]) for at, name in enumerate(names)}
    )
    made = sound(empty)
    rows = of(made, "districts", indicator="pledges_signed")
    assert {row["rate"] for row in rows} == {0.6}
    assert {row["verdict"] for row in rows} == {"consistent with the state"}
    assert [row["estimate"] for row in rows] == pytest.approx([0.6] * 4, abs=1e-6)
    assert not any(row["named"] for row in table(made, "exemplary-all"))
    for row in table(made, "funding"):
        assert row["by_students"] == row["by_need"] == "10000.00"


def test_a_district_of_nobody_is_listed_without_a_rate(empty: Platform) -> None:
    populate(empty.history, {**THREE, "d4": ("Delta School District", [(0, 0)])})
    empty.history.district("d5", "Eupora School District")
    made = sound(empty)
    for district in ("d4", "d5"):
        (row,) = of(made, "districts", district=district, indicator="pledges_signed")
        assert (row["n"], row["rate"], row["estimate"], row["verdict"]) == (0, None, None, None)
        assert of(made, "funding", district=district) == []
    assert len(table(made, "funding")) == 3


def test_where_every_district_is_tiny_nothing_is_shown_of_its_children(empty: Platform) -> None:
    """Nine children in all, and three months of them: as many months as it likes, they are nine children."""
    tiny = {
        f"d{at}": (f"{name} School District", [(3, 2)]) for at, name in enumerate(("Alcorn", "Bay", "Canton"))
    }
    populate(empty.history, tiny)
    for period in ("2026-10", "2026-11"):
        for district in tiny:
            place = {"school": f"{district}s1", "district": district}
            class_ = f"{district}s1-2026"
            children = [f"{district}s1-{child}" for child in range(3)]
            empty.history.sent(children, f"{period}-10", period, class_, **place)
            empty.history.returned(children[0], period, class_, **place)
    made = sound(empty)
    for row in table(made, "districts"):
        if row["indicator"] in OF_PERSONS[:2]:
            assert (row["status"], row["n"], row["rate"], row["estimate"]) == ("hidden", None, None, None)
    assert "There are no scenarios: no district has students whose number is shown." in page(made)
    of_children = {
        each for each, shown in made.release.shown.items() if shown.status != "hidden" and shown.n != 0
    }
    assert of_children == set()


def test_a_district_merged_into_another_in_mid_year_counts_its_children_there(empty: Platform) -> None:
    populate(empty.history, THREE)
    children = [f"d2s1-{child}" for child in range(30)]
    for child in children:
        empty.history.withdrawn(child, "2026-10-15", "d2s1-2026", "d2s1", "d2")
    empty.history.school_closed("d2s1", "2026-10-15", "d2")
    for child in children:
        empty.history.enrolled(child, "d1s1-2026", "d1s1", "d1", begins_on="2026-10-16")
    for child in children[:18]:
        empty.history.signed(child, "d1", "d1s1")
    made = sound(empty)
    pledges = {row["district"]: row for row in of(made, "districts", indicator="pledges_signed")}
    assert [pledges[district]["n"] for district in ("d1", "d2", "d3")] == [55, 0, 40]
    assert pledges["d1"]["rate"] == pytest.approx(33 / 55, abs=0.0005)
    assert pledges["d2"]["rate"] is None
    (state,) = of(made, "indicators", indicator="pledges_signed")
    assert (state["n"], state["rate"]) == (95, pytest.approx(64 / 95, abs=0.0005))
    # The folder of September went home, and came back, where the children were then.
    folders = {row["district"]: row["n"] for row in of(made, "districts", indicator="folders_returned")}
    assert folders == {"d1": 25, "d2": 30, "d3": 40}
    assert {row["district"] for row in table(made, "funding")} == {"d1", "d3"}


@pytest.mark.usefixtures("tables_only")
def test_a_budget_of_zero_gives_everybody_nothing(three: Platform) -> None:
    made = sound(three, budget={"budget": 0})
    for row in table(made, "funding"):
        assert {row[name] for name in ("by_students", "by_need", "coordinators_first")} == {"0.00"}
    assert {row["sum"] for row in table(made, "funding-scenarios")} == {"0.00"}


@pytest.mark.usefixtures("tables_only")
@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (
            {"budget": 2999, "floor": 1000},
            "budget = 2999 cents is below the floors: 3 districts x 1000 cents are 3000",
        ),
        (
            {"budget": 2999, "coordinator_cost": 1000},
            "budget = 2999 cents is below 3 coordinators, who cost 3000",
        ),
        ({"budget": 9000, "coordinators": 2}, "coordinators = 2: each of 3 districts has one"),
        ({"budget": -1}, "budget = -1 is negative"),
    ],
    ids=["below the floors", "below the coordinators", "too few coordinators", "negative"],
)
def test_a_budget_that_cannot_be_followed_is_refused_with_its_setting(
    three: Platform, budget: dict[str, int], message: str
) -> None:
    three.fold()
    before = three.issued()
    with pytest.raises(Invalid, match=re.escape(f"The report cannot be made: {message}")):
        three.make(budget=budget)
    assert three.issued() == before


@pytest.mark.usefixtures("tables_only")
@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"survey": ("answers.csv", b"a,b\n1,2\n")}, "answers.csv needs a mapping"),
        ({"shapes": ("shapes.topojson", b"{")}, "shapes.topojson: "),
        (
            {"shapes": ("shapes.topojson", b'{"type": "Topology", "arcs": [], "objects": {}}')},
            "shapes.topojson: ",
        ),
    ],
    ids=["survey without mapping", "no JSON", "no shapes"],
)
def test_a_file_that_cannot_be_used_is_named(three: Platform, files: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=re.escape(f"The report cannot be made: {message}")):
        three.make(files=files)


@pytest.mark.usefixtures("tables_only")
def test_results_of_unknown_districts_wait_for_a_person(empty: Platform, tmp_path: Path) -> None:
    populate(empty.history, THREE)
    rows = "Alcorn School District,40,45.0\nZama School District,50,62.0\n"
    imported = results(empty, tmp_path, rows)
    assert [each["name"] for each in imported["review"]] == ["Zama School District"]
    assert (imported["districts"], imported["left_out"]) == (1, 1)
    made = sound(empty)
    assert {row["district"] for row in table(made, "test-scores") if row["n"]} <= {"state", "d1"}
    assert not any(b"Zama" in content for content in made.files.values())


@pytest.mark.usefixtures("tables_only")
def test_covariates_that_are_no_numbers_are_counted_and_not_used(three: Platform) -> None:
    content = b"district,poverty\nd1,abc\nd2,40%\nd3,many\nd9,0.3\n"
    made = sound(three, files={"covariates": ("families.csv", content)})
    said = "Names of districts in families.csv that wait for a decision: 1; places that were not read: 2."
    assert said in page(made)
    without = {row["district"] for row in table(made, "adjustment") if "poverty" in str(row["stated"])}
    assert without == {"d1", "d3"}


@pytest.mark.usefixtures("tables_only")
@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"district,poverty\nd1,abc\nd2,40%\nd3,0.3\n", "families.csv, line 2, column poverty"),
        (b"poverty\n0.3\n", "families.csv, line 1"),
    ],
    ids=["no number", "no district"],
)
def test_a_place_in_covariates_that_was_not_read_is_named(
    three: Platform, content: bytes, place: str
) -> None:
    """In the report, in the answer or in an error: somewhere it can be found and mended."""
    three.fold()
    try:
        answer, made = three.make(files={"covariates": ("families.csv", content)})
    except Invalid as error:
        said = f"{error.detail} {error.errors}"
    else:
        written = b"".join(text for path, text in made.files.items() if not path.startswith("inputs/"))
        said = f"{answer} {written.decode(errors='replace')}"
    assert place in said


def test_a_district_of_which_only_its_survey_is_known_yet_is_no_obstacle(empty: Platform) -> None:
    """The roster comes on another way, and can be later."""
    populate(empty.history, THREE)
    empty.history.instrument(ITEMS)
    for district in ("d1", "d2", "d3", "d9"):
        survey(empty.history, district, 25, 15)
    made = sound(empty)
    (state,) = of(made, "indicators", indicator="survey_response")
    assert state["n"] in (75, 100)


def test_a_district_whose_registration_is_set_aside_is_no_obstacle(empty: Platform) -> None:
    """A newer release has registered it: it has children, and no name here."""
    populate(empty.history, THREE)
    at = next(at for at, event in enumerate(empty.history.events) if event.stream == "district-d2")
    empty.history.events[at] = msgspec.structs.replace(empty.history.events[at], schema_version=9)
    made = sound(empty)
    assert of(made, "data-quality", what="Streams of events set aside")[0]["count"] == 1
    (state,) = of(made, "indicators", indicator="pledges_signed")
    assert state["n"] == 95
