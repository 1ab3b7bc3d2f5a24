"""docs/methods.md: every definition that a report names is on the page, every column has its meaning, and the figures
are those that docs/figures/ draws."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any
from xml.etree import ElementTree

import numpy as np
import orjson
import pytest

from docs.figures.draw import FIGURES
from services.evaluation.indicators import Ratio
from services.evaluation.methods import funnel, intervals, weights
from services.evaluation.methods.disclosure import audit
from services.evaluation.report.choices import Choices, File
from services.evaluation.report.contents import compose
from services.evaluation.report.definitions import ANCHORS
from services.evaluation.report.document import Document, Keys
from services.evaluation.report.figures import figures
from services.evaluation.report.folder import Table
from services.evaluation.report.material import gather
from services.evaluation.report.pins import Pins
from services.evaluation.report.snapshot import Certified, Decided, Snapshot, Year
from services.evaluation.report.survey_data import Activity, Asked, Coded, Item, SurveyData
from services.evaluation.scorecards import Month, Scorecard, total
from tests.fixtures.deployment import ROOT

PAGE = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
FOLDER = ROOT / "docs" / "figures"
#: A figure larger than this is slow to load over a school's line.
MOST_BYTES = 60_000
DISTRICTS = [f"d{at:02}" for at in range(1, 25)]
YEAR, BEFORE = "2025-26", "2024-25"


# A report of a small state that is made up, with everything that a report can have


def card(students: int, share: float) -> Scorecard:
    def of(n: int) -> Ratio:
        return Ratio(round(n * share), n)

    months = tuple(
        Month(
            period,
            True,
            {
                "classes_reported": of(20),
                "classes_on_time": of(20),
                "months_met": of(2),
                "folders_returned": of(students),
            },
        )
        for period in ("2025-09", "2025-10", "2025-11")
    )
    monthly = {name: total(month.indicators[name] for month in months) for name in months[0].indicators}
    plain = Scorecard().indicators
    counted = {"pledges_signed": of(students), "survey_response": of(students)}
    return Scorecard(indicators={**plain, **monthly, **counted}, months=months)


def year(name: str, more: float) -> Year:
    shares = {district: 0.5 + more + 0.01 * at for at, district in enumerate(DISTRICTS)}
    schools = {
        district: {"s1": card(150 + 10 * at, shares[district]), "s2": card(100, shares[district] + 0.05)}
        for at, district in enumerate(DISTRICTS)
    }
    cards = {district: card(250 + 10 * at, shares[district]) for at, district in enumerate(DISTRICTS)}
    certified = {
        district: dict.fromkeys(("2025-09", "2025-10", "2025-11"), Certified(0, False, 1))
        for district in DISTRICTS[1:]
    }
    return Year(name, cards, schools, certified)


def published() -> dict[tuple[str, str, str, str], list[dict[str, Any]]]:
    about: dict[str, Any] = {"school": None, "ncessch": None, "group": "all", "n": 200}
    found: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for district in DISTRICTS:
        for at, when in enumerate(("2023-24", BEFORE, YEAR)):
            share = {"low": 0.4 + 0.05 * at, "high": 0.4 + 0.05 * at}
            found[district, when, "ela", "3"] = [
                {**about, **share, "measure": "proficient", "mean_score": 640.0 + at}
            ]
            found[district, when, "graduation", ""] = [
                {**about, **share, "measure": "graduated", "mean_score": None}
            ]
    return found


def survey() -> SurveyData:
    answers = np.array(
        [[1 + (at + item * (at % 3)) % 5 for item in range(3)] for at in range(240)], dtype=float
    )
    return SurveyData(
        title="Home survey",
        source="the programme",
        items=tuple(Item(f"q{item}", "communication", wording=f"Question {item}") for item in range(3)),
        points={"communication": (1.0, 5.0)},
        answers=answers,
        complete=np.array([at % 4 > 0 for at in range(240)]),
        strata=Coded.of([DISTRICTS[at % 4] for at in range(240)]),
        modes=Coded.of([("paper", "phone")[at % 2] for at in range(240)]),
        languages=Coded.of([("en", "es")[at % 3 == 0] for at in range(240)]),
        activities=(Activity("read", "Reading aloud"),),
        done=np.array([[float(at % 2)] for at in range(240)]),
    )


def files() -> dict[str, File]:
    square = [[[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]]
    shapes = {
        "type": "Topology",
        "objects": {"districts": {"type": "GeometryCollection", "geometries": [
            {"type": "Polygon", "arcs": [[0]], "properties": {"name": "District 1"}}]}},
        "arcs": square,
        "transform": {"scale": [0.1, 0.1], "translate": [-90, 32]},
    }  # fmt: skip
    lines = [f"{district},0.{20 + at}" for at, district in enumerate(DISTRICTS)]
    return {
        "shapes": File("shapes.json", orjson.dumps(shapes)),
        "covariates": File("covariates.csv", "\n".join(["district,poverty", *lines]).encode()),
    }


@cache
def report() -> Document:
    snapshot = Snapshot(
        journal=100,
        positions={"roster": 60, "pledges": 40},
        as_of=date(2026, 6, 30),
        names={district: f"District {at}" for at, district in enumerate(DISTRICTS, start=1)},
        identifiers=dict.fromkeys(DISTRICTS),
        school_names={district: {"s1": "First", "s2": "Second"} for district in DISTRICTS},
        year=year(YEAR, 0.1),
        before=year(BEFORE, 0.0),
        results=published(),
        surveys=[(survey(), Asked(dict.fromkeys(DISTRICTS[:4], 100), districts=5))],
        decisions={("d24", "pledges_signed"): Decided(True, ("visited",), "0" * 16, "2026-07-01")},
    )
    choices = Choices(files=files())
    found = figures(snapshot, choices.rules, (), choices.seed)
    material = gather(snapshot, choices, found, audit(found.release))
    return compose(material, Pins(YEAR, 100, snapshot.positions, "0.1.0", choices.to_json()))


def tables() -> dict[str, Table]:
    """By the name that the page has: a second survey's tables, or one's from elsewhere, are those of the first."""
    return {re.sub(r"^survey-(\d+|elsewhere)-", "survey-", table.name): table for table in report().tables()}


# The page


SECTIONS, _, GLOSSARY = PAGE.partition("\n## Every column of every table\n")


def slug(heading: str) -> str:
    """The anchor that a heading has by itself."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def sections() -> dict[str, tuple[str, str]]:
    """{anchor: (heading, text)} of the definitions, in the page's order."""
    found = {}
    for at in re.finditer(
        r'^(?:<a id="([^"]+)"></a>\n)?### (.+)\n((?:(?!##|<a id=).*\n)*)', SECTIONS + "\n", re.MULTILINE
    ):
        found[at[1] or slug(at[2])] = (at[2], at[3])
    return found


def glossary() -> dict[str, dict[str, tuple[str, str]]]:
    """{table: {key: (heading, meaning)}}"""
    found = {}
    for part in re.split(r"^### ", GLOSSARY, flags=re.MULTILINE)[1:]:
        name = re.match(r"Table `([^`]+)`\n", part)
        assert name, part[:60]
        rows = re.findall(r"^\| `([^`]+)` \| (.+?) \| (.+) \|$", part, re.MULTILINE)
        found[name[1]] = {key: (heading, meaning) for key, heading, meaning in rows}
    return found


def test_every_definition_has_a_section_with_its_anchor_and_heading_and_no_other_has() -> None:
    headings = {anchor: heading for anchor, (heading, _) in sections().items()}
    assert headings == {anchor: of.title for anchor, of in ANCHORS.items()}


def test_no_two_places_of_the_page_have_one_anchor() -> None:
    own = re.findall(r'<a id="([^"]+)"></a>', PAGE)
    of_headings = [slug(heading) for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)]
    assert [anchor for anchor, times in Counter([*own, *of_headings]).items() if times > 1] == []


def test_every_link_within_the_page_leads_somewhere() -> None:
    own = set(re.findall(r'<a id="([^"]+)"></a>', PAGE))
    own |= {slug(heading) for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)}
    linked = set(re.findall(r"\]\(#([^)]+)\)", PAGE))
    assert linked
    assert linked - own == set()


@pytest.mark.parametrize("anchor", ANCHORS)
def test_a_section_says_what_why_and_what_not_and_where(anchor: str) -> None:
    _, text = sections()[anchor]
    for said in ("**What it is.**", "**Why so.**", "**What it cannot do.**", "**In the report:**"):
        if anchor == "statute" and said == "**Why so.**":
            said = "**How and why.**"
        assert said in text, said


def test_the_report_has_every_table_that_its_sources_make() -> None:
    folder = ROOT / "services" / "evaluation" / "report"
    named = {
        name
        for path in folder.glob("*.py")
        for name in re.findall(r'\bTable\(\s*"([^"]+)"', path.read_text(encoding="utf-8"))
    }
    named |= set(
        re.findall(r'f"\{prefix\}-([a-z]+)"', (folder / "survey_tables.py").read_text(encoding="utf-8"))
    )
    made = set(tables())
    assert {"statute", "districts", "scales"} <= named
    assert {name for name in named if name not in made and f"survey-{name}" not in made} == set()


def test_every_definition_that_a_report_names_is_a_section() -> None:
    document = report()
    named = {table.name: table.definition for table in document.tables()}
    for section in document.sections:
        for block in section.all_blocks():
            if isinstance(block, Keys):
                named |= {key.text: key.definition for key in block.keys}
    assert len(named) > 30
    assert {name: of for name, of in named.items() if of not in sections()} == {}


def test_every_table_is_named_in_the_section_of_its_definition() -> None:
    unnamed = {
        name: table.definition
        for name, table in tables().items()
        if f"[{name}](#table-{name})" not in sections()[table.definition][1]
    }
    assert unnamed == {}


def test_every_column_of_every_table_is_explained_and_no_other() -> None:
    said = {name: {key: heading for key, (heading, _) in of.items()} for name, of in glossary().items()}
    # A heading in italics differs from report to report.
    expected = {
        name: {
            key: said.get(name, {}).get(key) if said.get(name, {}).get(key, "").startswith("*") else heading
            for key, heading in table.columns.items()
        }
        for name, table in tables().items()
    }
    assert said == expected
    changing = [(name, key) for name, of in said.items() for key, each in of.items() if each.startswith("*")]
    assert changing == [(name, key) for name in ("participation", "measures") for key in ("now", "before")]
    assert all(len(meaning) > 3 for of in glossary().values() for _, meaning in of.values())


def test_the_page_has_the_title_and_definition_of_every_table() -> None:
    for name, table in tables().items():
        title = ANCHORS[table.definition].title
        assert f"{table.title}. Definition: [{title}](#{table.definition})." in GLOSSARY, name


# The figures


def referenced() -> Iterator[tuple[str, str]]:
    """(file, its text in the page)"""
    for text, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", PAGE):
        yield target, text


def test_every_figure_is_on_the_page_once_and_every_picture_is_a_figure() -> None:
    assert sorted(target for target, _ in referenced()) == sorted(f"figures/{name}.svg" for name in FIGURES)
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(FIGURES)


def fonts_are_those_of_the_figures() -> bool:
    found = shutil.which("fc-match")
    if found is None:
        return False
    said = subprocess.run(
        [found, "-f", "%{family}", "DejaVu Sans"], capture_output=True, text=True, check=True
    )
    return said.stdout.startswith("DejaVu Sans")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_what_the_script_draws_and_its_text_says_what_it_shows(name: str) -> None:
    chart = FIGURES[name]()
    kept = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    (text,) = [text for target, text in referenced() if target == f"figures/{name}.svg"]
    assert text == chart.alt
    assert len(text) > 30
    root = ElementTree.fromstring(kept)
    assert [each.text for each in root if each.tag.endswith("}desc")] == [chart.alt]
    if kept != f"{chart.svg}\n" and not fonts_are_those_of_the_figures():
        pytest.skip("texts are measured in the fonts of the machine, which has no DejaVu Sans")
    assert kept == f"{chart.svg}\n", "draw it anew: python -m docs.figures.draw"


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_small_and_loads_nothing(name: str) -> None:
    path = FOLDER / f"{name}.svg"
    assert path.stat().st_size < MOST_BYTES
    for element in ElementTree.parse(path).iter():
        assert element.tag.rpartition("}")[2] not in {"image", "script", "foreignObject", "style", "use"}
        for attribute, value in element.attrib.items():
            assert attribute.rpartition("}")[2] not in {"href", "src"}
            assert "url(" not in value or value.startswith("url(#")


# Published numbers of the page, which the methods give


def test_the_examples_that_were_published_are_what_the_methods_give() -> None:
    said = " ".join(PAGE.split())
    for k, n in ((81, 263), (15, 148), (0, 20), (1, 29)):
        low, high = (f"{100 * end:.2f}" for end in intervals.wilson(k, n))
        assert f"{k} of {n}: {low if k else 0} to {high} %" in said
    difference, low, high = (100 * each for each in intervals.newcombe(56, 70, 48, 80))
    assert (
        f"56 of 70 against 48 of 80 is {difference:.0f} points more, from {low:.2f} to {high:.2f} points"
        in said
    )
    inner, outer = (
        " and ".join(f"{100 * end:.2f}" for end in funnel.binomial(0.8, 100, level))
        for level in (0.95, 0.998)
    )
    assert f"the limits are {inner} % (95 %), and {outer} % (99.8 %)" in said
    raked = weights.rake({"sex": ["man"] * 4 + ["woman"] * 6}, {"sex": {"man": 0.5, "woman": 0.5}})
    man, woman = raked.weights[0], raked.weights[-1]
    assert f"each man counts {man:.2f} and each woman {f'{woman:.4f}'.lstrip('0')}" in said
    assert f"design effect of {raked.design_effect:.3f} are worth {raked.effective_n:.1f}" in said
