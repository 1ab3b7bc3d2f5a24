"""The report as HTML: whole in one file, nothing in it runs or loads, and its structure can be read aloud."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from services.evaluation.report.document import (
    Chart,
    Document,
    Section,
    TableBlock,
)
from services.evaluation.report.folder import Value
from services.evaluation.report.html import drawing, render
from services.evaluation.report.printing import printed, words
from tests.builders_report import DISTRICTS, EXAMPLE, HOSTILE, NAMES, SVG


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    #: Its own text and that of what it holds.
    text: str = ""
    inside: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """Every element in the order in which they come."""

    EMPTY = ("meta", "col")

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(page.decode())
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        element = Element(tag, dict(attrs), inside=[each.tag for each in self._open])
        self.elements.append(element)
        if tag not in self.EMPTY:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        return [each for each in self.elements if each.tag in tags]

    def one(self, id: str) -> Element:
        (found,) = [each for each in self.elements if each.attributes.get("id") == id]
        return found


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(EXAMPLE))


def test_the_same_document_gives_the_same_bytes() -> None:
    assert render(EXAMPLE).startswith(b"<!doctype html>\n")
    assert render(EXAMPLE) == render(EXAMPLE)


def test_nothing_runs_and_nothing_is_loaded(page: Page) -> None:
    assert (
        page.all("script", "iframe", "object", "embed", "link", "img", "form", "base", "foreignobject") == []
    )
    for element in page.elements:
        assert [name for name in element.attributes if name.startswith("on") or name == "src"] == []
        for name in ("href", "xlink:href"):
            address = element.attributes.get(name) or "#"
            assert address.startswith(("#", "tables/")), address
    (style,) = page.all("style")
    assert "url(" not in style.text
    assert "@import" not in style.text
    assert "://" not in style.text


def test_hostile_text_is_printed_as_it_is_written(page: Page) -> None:
    assert HOSTILE in [each.text for each in page.all("p")]
    assert HOSTILE in [each.text for each in page.all("li")]
    assert HOSTILE in [each.text for each in page.all("dd")]
    assert HOSTILE in [each.text for each in page.all("td")]
    assert HOSTILE in [each.text for each in page.all("th")]
    assert "=1+1" in [each.text for each in page.all("th")]
    assert page.one("figure-signed-alt").text == f"Alder leads: {HOSTILE}"


def test_ids_are_unique_and_every_link_within_the_file_resolves(page: Page) -> None:
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for element in page.elements:
        for name in ("aria-labelledby", "href", "xlink:href", "clip-path"):
            value = element.attributes.get(name) or ""
            if name == "aria-labelledby" and value:
                assert value in ids
            elif "#" in value:
                assert value.partition("#")[2].rstrip(")") in ids, value


def test_headings_have_one_first_level_and_no_gaps(page: Page) -> None:
    levels = [int(each.tag[1]) for each in page.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert max(levels) == 4


def test_the_landmarks_are_there_and_the_first_link_skips_to_the_report(page: Page) -> None:
    for tag in ("header", "nav", "main", "footer"):
        assert len(page.all(tag)) == 1, tag
    assert page.all("a")[0].attributes["href"] == "#report"
    assert page.one("report").tag == "main"
    contents = [each.text for each in page.all("a") if "nav" in each.inside]
    assert contents == [
        "Summary", "Districts", "All districts", "Resumen en español", "Methods", "Shrunken estimates",
    ]  # fmt: skip


def test_what_is_in_spanish_says_so_and_is_printed_in_spanish(page: Page) -> None:
    assert page.all("html")[0].attributes["lang"] == "en"
    assert page.one("resumen").attributes["lang"] == "es"
    (link,) = [each for each in page.all("a") if each.attributes["href"] == "#resumen"]
    assert link.attributes["lang"] == "es"
    spanish = page.one("resumen").text
    assert "−5.9 puntos" in spanish.replace("\u00a0", " ")
    assert "sí" in spanish
    assert "no se muestra" in spanish
    assert "not shown" not in spanish
    assert "Las primeras 12 de 144 filas" in spanish


def test_every_table_has_a_caption_headings_with_their_scope_and_a_region_that_scrolls(page: Page) -> None:
    tables = page.all("table")
    assert len(tables) == len(page.all("caption")) == 5
    assert all(each.attributes["scope"] in ("row", "col") for each in page.all("th"))
    regions = [each for each in page.elements if each.attributes.get("class") == "scroll"]
    assert len(regions) == 5
    for region in regions:
        assert region.attributes["role"] == "region"
        assert region.attributes["tabindex"] == "0"
        assert page.one(region.attributes["aria-labelledby"] or "").tag == "caption"
    assert all("div" in each.inside for each in tables)


def test_every_row_is_there_and_each_has_its_heading(page: Page) -> None:
    whole = Page(render(alone(TableBlock(DISTRICTS))))
    assert len(whole.all("tr")) == 145
    assert [each.text for each in whole.all("th") if each.attributes["scope"] == "row"][-1] == "District 144"
    assert len(whole.all("td")) == 144 * 7


def test_of_a_table_in_part_the_page_says_where_the_rest_is(page: Page) -> None:
    part = Page(render(alone(TableBlock(DISTRICTS, ("name", "rate"), rows=5))))
    assert len(part.all("tr")) == 6
    said = [each.text for each in part.all("p")]
    assert "The first 5 of 144 rows; the file has all of them." in said
    assert "2 of 8 columns; the file has all of them." in said
    links = [each.attributes["href"] for each in part.all("a")]
    assert links[-2:] == ["tables/districts.csv", "tables/districts.json"]


def test_a_definition_is_linked_where_the_document_has_it_and_else_says_where_it_is(page: Page) -> None:
    links = [each.attributes["href"] for each in page.all("a")]
    assert links.count("#definition-shrunken-estimates") == 5
    assert "docs/methods.md#intervals" in [each.text for each in page.all("span")]
    assert "docs/methods.md#what-is-not-shown" in [each.text for each in page.all("span")]


def test_a_chart_names_the_table_that_has_its_numbers_and_numbers_run_through(page: Page) -> None:
    captions = [each.text.partition(".")[0] for each in page.all("caption", "figcaption")]
    assert captions == ["Figure 1", "Table 1", "Table 2", "Table 3", "Table 4", "Gráfico 2", "Tabla 5"]
    linked = [each.text for each in page.all("a") if each.attributes["href"] == "#table-districts"]
    assert linked == ["Table 1", "Tabla 1"]


def test_numbers_stand_to_the_right_and_words_to_the_left(page: Page) -> None:
    page = Page(render(alone(TableBlock(DISTRICTS, rows=1))))
    right = [each.text for each in page.all("th") if each.attributes.get("class") == "n"]
    assert right == ["Families", "Signed", "Change since last year", "Reliability", "Amount"]
    cells = [
        each.text.replace("\u00a0", " ") for each in page.all("td") if each.attributes.get("class") == "n"
    ]
    assert cells == ["1,001", "50.3 %", "−5.9 points", "0.90", "$1,234.50"]


def test_what_is_not_shown_is_said_in_words(page: Page) -> None:
    page = Page(render(alone(TableBlock(NAMES))))
    assert page.all("td")[-1].text == "–not shown"
    assert "– not shown" in [each.text for each in page.all("p")]


def alone(*blocks: TableBlock | Chart) -> Document:
    return replace(EXAMPLE, sections=(Section("only", "Only this", blocks),))


@pytest.mark.parametrize(
    ("value", "kind", "english", "spanish"),
    [
        (0.7266, "share", "72.7 %", "72.7 %"),
        (1, "share", "100.0 %", "100.0 %"),
        # 72.65 has no exact binary fraction; a reader rounds what is written.
        (0.7265, "share", "72.7 %", "72.7 %"),
        (0.031, "change", "+3.1 points", "+3.1 puntos"),
        (-0.031, "change", "−3.1 points", "−3.1 puntos"),
        (-0.0004, "change", "0.0 points", "0.0 puntos"),
        (1234567, "count", "1,234,567", "1,234,567"),
        (1234.5, "number", "1,234.50", "1,234.50"),
        (-0.004, "number", "0.00", "0.00"),
        (1234567.5, "dollars", "$1,234,567.50", "$1,234,567.50"),
        (-50000, "dollars", "−$50,000", "−$50,000"),
        (2027, "text", "2027", "2027"),
        (0.123456, "text", "0.12", "0.12"),
        ("too few data", "share", "too few data", "too few data"),
        (None, "count", "–", "–"),
        (True, "text", "yes", "sí"),
        (False, "count", "no", "no"),
    ],
)
def test_a_value_is_printed_by_its_kind(value: Value, kind: str, english: str, spanish: str) -> None:
    for language, expected in (("en", english), ("es", spanish)):
        assert printed(value, kind, language).replace("\u00a0", " ") == expected  # type: ignore[arg-type]


def test_both_languages_have_the_same_words() -> None:
    assert words("en").keys() == words("es").keys()


@pytest.mark.parametrize(
    ("sections", "wrong"),
    [
        ((Section("twice", "One"), Section("twice", "Other")), "'twice': two have this id"),
        ((Section("contents", "The page's own"),), "'contents': two have this id"),
        ((Section("no id", "One"),), "'no id': this is no id"),
        ((Section("fr", "Français", language="fr"),), "language 'fr'"),
        ((Section("of", "One", (TableBlock(NAMES, ("none",)),)),), "names: 'none' is no column"),
    ],
)
def test_a_wrong_document_is_refused(sections: tuple[Section, ...], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        render(replace(EXAMPLE, sections=sections))


def test_a_heading_below_the_sixth_level_is_refused() -> None:
    section = Section("deep", "Deep")
    for number in range(5):
        section = Section(f"deep{number}", "Deep", sections=(section,))
    with pytest.raises(ValueError, match="deep: a heading of level 7"):
        render(replace(EXAMPLE, sections=(section,)))


def test_a_drawing_has_one_description_and_ids_of_its_own() -> None:
    chart = Chart("signed", "Title", "What it shows", SVG, "districts")
    drawn = drawing(chart, "figure-signed")
    assert 'role="img" aria-labelledby="figure-signed-alt"' in drawn
    assert 'viewBox="0 0 560 150"' in drawn
    assert 'clip-path="url(#figure-signed-clip)"' in drawn
    assert 'href="#figure-signed-bar"' in drawn
    assert "aria-label=" not in drawn
    assert drawn.count("<title") == 1


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<foreignObject/>",
        "<style>@import 'http://elsewhere.example/a.css'</style>",
        '<rect onclick="alert(1)"/>',
        '<rect fill="url(http://elsewhere.example/a.svg#b)"/>',
        "<rect style=\"fill: url( '//elsewhere.example/a' )\"/>",
        '<use href="http://elsewhere.example/a.svg#b"/>',
        '<use href=""/>',
        '<image href="http://elsewhere.example/a.png"/>',
        '<g xmlns="http://www.w3.org/1999/xhtml"/>',
        "<g>",
    ],
)
def test_a_chart_that_could_run_or_load_something_is_refused(inside: str) -> None:
    chart = Chart(
        "bad", "Title", "What it shows", f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>', "t"
    )
    with pytest.raises(ValueError, match="chart bad"):
        drawing(chart, "figure-bad")
