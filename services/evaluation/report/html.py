"""The report as one HTML file: it loads nothing, runs nothing, and is read without a mouse or without eyes.

Every anchor is unique and every link within the file resolves: a section has its own id, a chart "figure-ID", a table
"table-NAME" where it comes first. A definition is linked where the document has a section "definition-ANCHOR", else
its address in docs/methods.md is printed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .document import Block, Chart, Document, Keys, Listing, Paragraph, Section, TableBlock
from .folder import Table, Value
from .printing import NOT_SHOWN, printed, words

_TEMPLATES = Path(__file__).parent / "templates"
_ANCHOR = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
#: The ids of the page itself.
_OWN = ("contents", "report")
#: A printed table of more columns is laid across the page.
_WIDE = 8
#: HTML has no deeper heading.
_DEEPEST = 6

_SVG = "{http://www.w3.org/2000/svg}"
# fmt: off
_DRAWING = frozenset((
    "svg", "g", "defs", "use", "symbol", "path", "rect", "circle", "ellipse", "line", "polygon", "polyline", "text",
    "tspan", "clipPath", "mask", "pattern", "marker", "linearGradient", "radialGradient", "stop",
))
# fmt: on
#: The chart has one description, its `alt`: what the drawing's parts say of themselves is not read out.
_SILENT = frozenset({"class", "role", "tabindex", "focusable"})
_ELSEWHERE = re.compile(r"url\(|image\(|:/|\\\\", re.IGNORECASE)
_REFERENCE = re.compile(r"url\(\s*(['\"]?)#([^)'\"]+)\1\s*\)")


@dataclass(frozen=True, slots=True)
class _Column:
    """`width` in per cent of the printed table's."""

    heading: str
    numeric: bool
    width: float


@dataclass(frozen=True, slots=True)
class _Grid:
    """A table as it is printed. `rows` are texts, the first of each the row's heading; `notes` say what is left out."""

    id: str
    number: int
    table: Table
    columns: tuple[_Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    wide: bool


@dataclass(frozen=True, slots=True)
class _Figure:
    id: str
    number: int
    chart: Chart
    picture: Markup


@dataclass(frozen=True, slots=True)
class _Part:
    """A section with its blocks as they are printed; `words` in its language."""

    section: Section
    level: int
    words: Mapping[str, str]
    blocks: tuple[Paragraph | Listing | Keys | _Grid | _Figure, ...]
    parts: tuple[_Part, ...]


def render(document: Document) -> bytes:
    """The file, UTF-8. The same document gives the same bytes.

    Raises ValueError, naming what is wrong: an id that is none or that two have, a column that a table does not have,
    a heading below the sixth level, a language that a report is not printed in, a chart that is no plain drawing.
    """
    anchors = _anchors(document)
    layout = _Layout()
    parts = tuple(layout.part(section, level=2) for section in document.sections)
    page = (
        _environment()
        .get_template("report.html")
        .render(
            document=document,
            parts=parts,
            words=words("en"),
            style=Markup((_TEMPLATES / "report.css").read_text("utf-8")),
            anchors=anchors,
            numbers=layout.numbers,
            not_shown=NOT_SHOWN,
        )
    )
    return page.encode()


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["form"] = lambda block: type(block).__name__.lstrip("_").lower()
    return environment


def _anchors(document: Document) -> frozenset[str]:
    ids = [*_OWN]
    for section in _sections(document.sections):
        ids.append(section.id)
        ids += [f"figure-{block.id}" for block in section.blocks if isinstance(block, Chart)]
    ids += [f"table-{table.name}" for table in document.tables()]
    for each, times in Counter(ids).items():
        if times > 1 or not _ANCHOR.fullmatch(each):
            raise ValueError(f"{each!r}: {'two have this id' if times > 1 else 'this is no id'}")
    return frozenset(ids)


def _sections(sections: tuple[Section, ...]) -> Iterator[Section]:
    for section in sections:
        yield section
        yield from _sections(section.sections)


class _Layout:
    """Numbers tables and charts in the order in which they come; `numbers` {table: number of its first printing}."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._tables = 0
        self._figures = 0

    def part(self, section: Section, level: int) -> _Part:
        if level > _DEEPEST:
            raise ValueError(f"{section.id}: a heading of level {level}, and {_DEEPEST} is the deepest")
        blocks = tuple(self._block(block, section.language) for block in section.blocks)
        parts = tuple(self.part(each, level + 1) for each in section.sections)
        return _Part(section, level, words(section.language), blocks, parts)

    def _block(self, block: Block, language: str) -> Paragraph | Listing | Keys | _Grid | _Figure:
        if isinstance(block, TableBlock):
            return self._grid(block, language)
        if isinstance(block, Chart):
            self._figures += 1
            id = f"figure-{block.id}"
            return _Figure(id, self._figures, block, drawing(block, id))
        return block

    def _grid(self, block: TableBlock, language: str) -> _Grid:
        table = block.table
        table.check()
        keys = block.columns or tuple(table.columns)
        if strange := [key for key in keys if key not in table.columns]:
            raise ValueError(f"{table.name}: {strange[0]!r} is no column of it")
        self._tables += 1
        again = table.name in self.numbers
        self.numbers.setdefault(table.name, self._tables)
        places = [list(table.columns).index(key) for key in keys]
        chosen = [[row[place] for place in places] for row in table.rows[: block.rows]]
        kinds = [table.kinds.get(key, "text") for key in keys]
        rows = tuple(
            tuple(printed(value, kind, language) for value, kind in zip(row, kinds, strict=True))
            for row in chosen
        )
        headings = [table.columns[key] for key in keys]
        widths = _widths(headings, rows)
        columns = tuple(
            _Column(heading, kind != "text" or _numeric([row[place] for row in chosen]), width)
            for place, (heading, kind, width) in enumerate(zip(headings, kinds, widths, strict=True))
        )
        id = f"table-{table.name}-{self._tables}" if again else f"table-{table.name}"
        notes = tuple(_notes(block, keys, rows, language))
        return _Grid(id, self._tables, table, columns, rows, notes, len(keys) > _WIDE)


def _numeric(values: list[Value]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(each, int | float) and not isinstance(each, bool) for each in known)


def _widths(headings: list[str], rows: tuple[tuple[str, ...], ...]) -> list[float]:
    """Room for the longest word of each column at least, and for half of what its longest text has more."""
    weights = []
    for place, heading in enumerate(headings):
        texts = [row[place] for row in rows]
        # Headings are bold. A number and its unit are one word: what is between them does not break.
        word = max([1.2 * _word(heading), *map(_word, texts)])
        text = min(max(map(len, texts), default=0), 40)
        weights.append(2 + word + max(text - word, 0) / 2)
    return [round(100 * weight / sum(weights), 2) for weight in weights]


def _word(text: str) -> int:
    return max(map(len, text.split(" ")))


def _notes(
    block: TableBlock, keys: tuple[str, ...], rows: tuple[tuple[str, ...], ...], language: str
) -> Iterator[str]:
    said = words(language)
    every, columns = len(block.table.rows), len(block.table.columns)
    if not rows:
        yield said["no_rows"]
    if len(rows) < every:
        yield said["some_rows"].format(
            shown=printed(len(rows), "count", language), all=printed(every, "count", language)
        )
    if len(keys) < columns:
        yield said["some_columns"].format(shown=len(keys), all=columns)
    if any(NOT_SHOWN in row for row in rows):
        yield f"{NOT_SHOWN} {said['not_shown']}"


def drawing(chart: Chart, id: str) -> Markup:
    """The chart's <svg> for the middle of a page, its ids made its own, `alt` its only description.

    Raises ValueError for what is no well-formed drawing, or could run, load or link something.
    """
    try:
        root = ElementTree.fromstring(chart.svg)
    except ElementTree.ParseError as wrong:
        raise ValueError(f"chart {chart.id}: {wrong}") from wrong
    if root.tag != f"{_SVG}svg":
        raise ValueError(f"chart {chart.id}: {root.tag} is no <svg>")
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{_SVG}title", f"{_SVG}desc"):
                parent.remove(child)
    for element in root.iter():
        name = str(element.tag).removeprefix(_SVG)
        if name not in _DRAWING:
            raise ValueError(f"chart {chart.id}: <{name}> is not for a drawing")
        element.tag = name
        element.attrib = dict(_attributes(element.attrib, chart.id, id))
    if "viewBox" not in root.attrib and {"width", "height"} <= set(root.attrib):
        root.set("viewBox", f"0 0 {root.get('width')} {root.get('height')}")
    root.attrib |= {"role": "img", "aria-labelledby": f"{id}-alt"}
    # A browser reads it out; a PDF has it as the figure's alternative text.
    title = ElementTree.Element("title", id=f"{id}-alt")
    title.text = chart.alt
    root.insert(0, title)
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _attributes(attributes: Mapping[str, str], chart: str, prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in attributes.items():
        name = name.replace("{http://www.w3.org/1999/xlink}", "").replace(
            "{http://www.w3.org/XML/1998/namespace}", "xml:"
        )
        if name in _SILENT or name.startswith("aria-"):
            continue
        if name == "href" and value.startswith("#"):
            value = f"#{prefix}-{value[1:]}"
        elif name == "id":
            value = f"{prefix}-{value}"
        rest, value = _REFERENCE.sub("", value), _REFERENCE.sub(rf"url(#{prefix}-\2)", value)
        if (
            name.startswith(("on", "{"))
            or (name == "href" and not value.startswith("#"))
            or _ELSEWHERE.search(rest)
        ):
            raise ValueError(f"chart {chart}: {name}={value!r} is not for a drawing")
        yield name, value
