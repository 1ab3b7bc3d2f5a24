"""The report as PDF: tagged, told aloud like the HTML, and the same bytes wherever the fonts are the same."""

from __future__ import annotations

import builtins
import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from alliance.errors import Unavailable
from services.evaluation.report.document import Document, Paragraph, Section, TableBlock
from services.evaluation.report.html import render
from services.evaluation.report.pdf import print_pdf
from tests.builders_report import DISTRICTS, EXAMPLE, HOSTILE
from tests.fixtures.deployment import ROOT

#: Enough to have a chart, a table and a section in Spanish.
SHORT = replace(
    EXAMPLE,
    sections=(
        replace(EXAMPLE.sections[1], sections=(), blocks=(*EXAMPLE.sections[1].blocks, Paragraph(HOSTILE))),
        EXAMPLE.sections[2],
    ),
)

Element = DictionaryObject


def printed(document: Document) -> bytes:
    return print_pdf(render(document), document)


@pytest.fixture(scope="module")
def pdf() -> PdfReader:
    return PdfReader(io.BytesIO(printed(EXAMPLE)))


def kids(element: Element) -> list[Any]:
    held = element.get("/K", [])
    held = held.get_object() if hasattr(held, "get_object") else held
    return [each.get_object() for each in held] if isinstance(held, ArrayObject) else [held]


def elements(pdf: PdfReader) -> list[Element]:
    """The tags of the whole document, as they are read out."""

    def walk(element: Element) -> Iterator[Element]:
        yield element
        for kid in kids(element):
            if isinstance(kid, DictionaryObject) and "/S" in kid:
                yield from walk(kid)

    return list(walk(pdf.trailer["/Root"]["/StructTreeRoot"]["/K"][0].get_object()))


def of(pdf: PdfReader, *tags: str) -> list[Element]:
    return [each for each in elements(pdf) if each["/S"] in tags]


def test_it_says_that_it_is_tagged_and_in_which_language(pdf: PdfReader) -> None:
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert {each["/Lang"] for each in of(pdf, "/Sect")} == {"en", "es"}


def test_its_metadata_has_the_title_and_claims_pdf_ua_1_and_no_date(pdf: PdfReader) -> None:
    assert pdf.metadata is not None
    assert pdf.metadata.title == EXAMPLE.title
    assert pdf.metadata.author == "Alliance for Families, Mississippi"
    assert "/CreationDate" not in pdf.metadata
    assert "/ModDate" not in pdf.metadata
    xmp = ElementTree.fromstring(pdf.trailer["/Root"]["/Metadata"].get_data())
    parts = [
        each.get("{http://www.aiim.org/pdfua/ns/id/}part")
        for each in xmp.iter()
        if each.tag.endswith("Description")
    ]
    assert "1" in parts
    title = xmp.find(
        ".//{http://purl.org/dc/elements/1.1/}title//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
    )
    assert title is not None
    assert title.text == EXAMPLE.title


def test_headings_tables_and_figures_are_tagged_as_such(pdf: PdfReader) -> None:
    assert len(of(pdf, "/H1")) == 1
    assert len(of(pdf, "/H2")) == 1 + len(EXAMPLE.sections)
    # A table is tagged once on each page that it reaches.
    assert len(of(pdf, "/Table")) >= 5
    assert len(of(pdf, "/TH")) > 144
    assert all(each["/A"]["/Headers"] for each in of(pdf, "/TD"))


def test_every_chart_has_its_alternative_text(pdf: PdfReader) -> None:
    figures = of(pdf, "/Figure")
    assert [each["/Alt"] for each in figures] == [f"Alder leads: {HOSTILE}", "Alder va adelante."]


def test_lists_and_tables_hold_what_the_standard_lets_them_hold(pdf: PdfReader) -> None:
    allowed = {
        "/L": {"/LI", "/L", "/Caption"},
        "/LI": {"/Lbl", "/LBody", "/L"},
        "/Table": {"/Caption", "/THead", "/TBody", "/TR"},
        "/THead": {"/TR"},
        "/TBody": {"/TR"},
        "/TR": {"/TH", "/TD"},
    }
    for element in elements(pdf):
        held = {kid["/S"] for kid in kids(element) if isinstance(kid, DictionaryObject) and "/S" in kid}
        assert held <= allowed.get(element["/S"], held), (element["/S"], held)


def test_everything_that_is_drawn_is_in_the_tags(pdf: PdfReader) -> None:
    marked = sum(page.get_contents().get_data().count(b"BDC") for page in pdf.pages)
    parents = pdf.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    pages = [held for held in parents[1::2] if isinstance(held.get_object(), ArrayObject)]
    assert len(pages) == len(pdf.pages)
    assert sum(len(held.get_object()) for held in pages) == marked > 1000


def test_pages_are_letter_and_numbered_and_wide_tables_lie_across(pdf: PdfReader) -> None:
    sizes = [(float(page.mediabox.width), float(page.mediabox.height)) for page in pdf.pages]
    assert set(sizes) == {(612, 792), (792, 612)}
    assert pdf.page_labels == [str(number) for number in range(1, len(sizes) + 1)]
    across = pdf.pages[sizes.index((792, 612))].extract_text()
    assert "The state, indicator by indicator" in across
    assert "Column" in across


def test_each_page_but_the_first_has_the_running_head_and_its_number(pdf: PdfReader) -> None:
    pages = [page.extract_text() for page in pdf.pages]
    count = len(pages)
    assert all(EXAMPLE.short in text for text in pages[1:])
    assert all(f"{number} / {count}" in text for number, text in enumerate(pages, start=1))


def test_a_long_table_repeats_its_head_and_breaks_no_row() -> None:
    rows = [(f"District {number}", "word " * 60) for number in range(60)]
    table = replace(
        DISTRICTS, columns={"name": "Heading", "text": "Text"}, rows=rows, kinds={}, definition=""
    )
    document = replace(EXAMPLE, sections=(Section("only", "Only", (TableBlock(table),)),))
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(printed(document))).pages[1:]]
    assert len(pages) > 2
    for text in pages:
        assert "Heading" in text
        assert text.count("word") == 60 * text.count("District ")


def test_sections_that_ask_for_it_begin_a_page(pdf: PdfReader) -> None:
    pages = [page.extract_text() for page in pdf.pages]
    for title in ("Districts", "Resumen en español", "Methods"):
        begins = [text for text in pages[1:] if title in text.splitlines()[:3]]
        assert len(begins) == 1, title


def test_the_contents_say_the_pages(pdf: PdfReader) -> None:
    pages = [page.extract_text() for page in pdf.pages]
    (methods,) = [number for number, text in enumerate(pages, 1) if "How the figures are computed." in text]
    (line,) = [line for line in pages[0].splitlines() if line.startswith("Methods")]
    assert line.rstrip().endswith(str(methods))


def test_the_text_can_be_taken_out_as_it_was_written(pdf: PdfReader) -> None:
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    assert HOSTILE in text
    assert "Resumen en español" in text
    assert "−5.9 points" in text


def test_links_lead_to_the_tables_files_beside_it_and_nowhere_else(pdf: PdfReader) -> None:
    found = set()
    for page in pdf.pages:
        for each in page.get("/Annots", []):
            annotation = each.get_object()
            assert annotation["/Contents"]
            if "/A" in annotation:
                found.add(annotation["/A"]["/URI"])
    tables = {table.name for table in EXAMPLE.tables()}
    assert found == {f"tables/{name}.{kind}" for name in tables for kind in ("csv", "json")}


def test_the_same_document_gives_the_same_bytes_here_and_in_another_process() -> None:
    first = printed(SHORT)
    assert printed(SHORT) == first
    code = (
        "import hashlib; from tests.unit.test_report_pdf import SHORT, printed; "
        "print(hashlib.sha256(printed(SHORT)).hexdigest())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == hashlib.sha256(first).hexdigest()


def test_another_report_has_another_identifier() -> None:
    one, other = (
        PdfReader(io.BytesIO(printed(replace(SHORT, sections=(), report=report)))).trailer["/ID"][0]
        for report in ("one", "other")
    )
    assert one != other


def test_weasyprint_has_nothing_to_complain_about(caplog: pytest.LogCaptureFixture) -> None:
    printed(SHORT)
    assert [record.getMessage() for record in caplog.records if record.name == "weasyprint"] == []


def test_a_page_that_would_load_something_is_not_printed() -> None:
    page = render(SHORT).replace(b"</main>", b'<img src="http://elsewhere.example/a.png" alt="a"></main>')
    # A BaseException, lest WeasyPrint catch it itself and print the page without.
    with pytest.raises(BaseException, match=r"asks for http://elsewhere\.example/a\.png"):
        print_pdf(page, SHORT)


def test_without_pango_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without_pango(name: str, *rest: Any, **named: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return imported(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_pango)
    with pytest.raises(Unavailable, match=r"apt-get install libpango-1\.0-0 libpangoft2-1\.0-0 libharfbuzz"):
        print_pdf(b"<p>", SHORT)
