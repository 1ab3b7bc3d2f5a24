"""The report's example: a document with one of everything, and small snapshots of which a test names only what it is
about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
import vl_convert

from services.evaluation.indicators import INDICATORS, Ratio
from services.evaluation.methods.disclosure import audit
from services.evaluation.report.choices import Choices
from services.evaluation.report.contents import compose
from services.evaluation.report.document import (
    Chart,
    Document,
    Key,
    Keys,
    Listing,
    Paragraph,
    Section,
    TableBlock,
)
from services.evaluation.report.figures import Figures, figures
from services.evaluation.report.folder import Table, Value
from services.evaluation.report.making import pin
from services.evaluation.report.material import Material, gather
from services.evaluation.report.snapshot import Certified, Snapshot, Year
from services.evaluation.scorecards import Month, Scorecard

Pair = tuple[int, int]
#: {unit: {indicator: (k, n)}}, or a card as it is.
Cards = Mapping[str, Scorecard]

HOSTILE = """<script>alert("1")</script> & 'Sons' " onload="alert(2) {{ 7 * 7 }}"""

SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="560" height="150">
<title>Ours alone is read out</title>
<defs><clipPath id="clip"><rect width="560" height="150"/></clipPath></defs>
<g clip-path="url(#clip)" role="graphics-symbol" aria-label="bar">
<rect id="bar" x="110" y="20" width="300" height="30" fill="#17365d"/><use xlink:href="#bar" y="50"/>
<text x="8" y="40" font-family="DejaVu Sans" font-size="13">Alder &amp; Co.</text>
<text x="8" y="90" font-family="DejaVu Sans" font-size="13">Birch</text></g></svg>"""

DISTRICTS = Table(
    "districts",
    "Districts compared with the state",
    {
        "name": "District",
        "indicator": "Indicator",
        "families": "Families",
        "rate": "Signed",
        "change": "Change since last year",
        "reliability": "Reliability",
        "amount": "Amount",
        "named": "Named",
    },
    [
        (
            f"District {number}",
            "pledges signed",
            1000 + number,
            None if number % 10 == 0 else 0.5 + number / 400,
            None if number % 10 == 0 else number / 1000 - 0.06,
            0.9,
            1234.5 * number,
            number % 3 == 0,
        )
        for number in range(1, 145)
    ],
    {"families": "count", "rate": "share", "change": "change", "reliability": "number", "amount": "dollars"},
    "shrunken-estimates",
)
NAMES = Table(
    "names",
    HOSTILE,
    {"name": HOSTILE, "said": "What was said"},
    [("=1+1", HOSTILE), (HOSTILE, None)],
    definition="what-is-not-shown",
)
WIDE = Table(
    "state",
    "The state, indicator by indicator",
    {f"column{number}": f"Column number {number}" for number in range(12)},
    [[f"indicator {row}", *(row * column / 7 for column in range(11))] for row in range(6)],
    {f"column{number}": "number" for number in range(1, 12)},
)

EXAMPLE = Document(
    title="Alliance for Families: annual report for 2026-27",
    short="Alliance for Families 2026-27",
    subtitle="To the Legislature and the Governor of Mississippi (Miss. Code 37-3-71)",
    issued="July 31, 2027",
    report="4f2a9c",
    sections=(
        Section(
            "summary",
            "Summary",
            (
                Keys(
                    (
                        Key("72.7 %", "of families have signed a pledge", "shrunken-estimates"),
                        Key("1,234,567", HOSTILE, "intervals"),
                        Key("+3.1 points", "change since last year", ""),
                        Key("144", "districts took part, of 144", ""),
                    )
                ),
                Paragraph(
                    "Of the families of 144 districts, 72.7 % have signed a pledge. What a district of few families "
                    "shows is partly chance; the figures below say how far chance can carry each of them, and a "
                    "district is called above or below the state only where chance does not explain it."
                ),
                Paragraph(HOSTILE),
                Listing(("Signed pledges rose in 96 districts.", HOSTILE, "A third point.")),
            ),
        ),
        Section(
            "districts",
            "Districts",
            (
                Chart("signed", "Families that signed, by district", f"Alder leads: {HOSTILE}", SVG, "districts"),
                TableBlock(DISTRICTS, ("name", "rate", "change"), rows=5),
            ),
            (
                Section(
                    "all-districts",
                    "All districts",
                    (TableBlock(DISTRICTS), TableBlock(NAMES), TableBlock(WIDE)),
                    (Section("limits", "What limits this", (Paragraph("Chance, and what is not recorded."),)),),
                ),
            ),
            page=True,
        ),
        Section(
            "resumen",
            "Resumen en español",
            (
                Paragraph("El 72.7 % de las familias firmó el compromiso; en un distrito pequeño decide el azar."),
                Chart("firmas", "Familias que firmaron", "Alder va adelante.", SVG, "districts"),
                TableBlock(DISTRICTS, ("name", "rate", "change", "named"), rows=12),
            ),
            language="es",
            page=True,
        ),
        Section(
            "methods",
            "Methods",
            (Paragraph("How the figures are computed."),),
            (
                Section(
                    "definition-shrunken-estimates",
                    "Shrunken estimates",
                    (Paragraph("What is likely true of a district."),),
                ),
            ),
            page=True,
        ),
    ),
)  # fmt: skip


def month(
    period: str, classes: Pair = (0, 0), folders: Pair = (0, 0), on_time: int | None = None, due: bool = True
) -> Month:
    """(classes that sent a folder, classes expected), (students with a folder back, students with a folder sent)."""
    sent, expected = classes
    timely = Ratio(sent if on_time is None else on_time, expected)
    found = {
        "classes_reported": Ratio(sent, expected),
        "classes_on_time": timely,
        "folders_returned": Ratio(*folders),
        "months_met": Ratio(int(timely.numerator == expected), 1) if expected else Ratio(),
    }
    return Month(period, due, found)


def card(*months: Month, **ratios: Pair) -> Scorecard:
    """A scorecard with these indicators; those of months are the sums of the months due, unless they are given."""
    sums = {
        name: sum((each.indicators[name] for each in months if each.due), Ratio())
        for name in ("classes_reported", "classes_on_time", "folders_returned", "months_met")
    }
    given = {name: Ratio(*pair) for name, pair in ratios.items()}
    assert set(given) <= set(INDICATORS)
    return Scorecard(
        indicators={name: {**sums, **given}.get(name, Ratio()) for name in INDICATORS}, months=months
    )


def pledges(**districts: Pair) -> dict[str, Scorecard]:
    """{district: a card with pledges alone}"""
    return {district: card(pledges_signed=pair) for district, pair in districts.items()}


def year(
    cards: Cards,
    schools: Mapping[str, Cards] | None = None,
    certified: Mapping[str, Mapping[str, Certified]] | None = None,
    school_year: str = "2026-27",
) -> Year:
    return Year(school_year, cards, schools or {}, certified or {})


def before(cards: Cards, **other: Any) -> Year:
    return year(cards, school_year="2025-26", **other)


def snapshot(
    cards: Cards,
    schools: Mapping[str, Cards] | None = None,
    certified: Mapping[str, Mapping[str, Certified]] | None = None,
    **other: Any,
) -> Snapshot:
    """Of one school year. A district is called "District" and its id; `other` are fields of Snapshot."""
    given: dict[str, Any] = {
        "journal": 1000,
        "positions": {"pledge": 600, "folder": 400},
        "as_of": date(2027, 6, 4),
        "names": {district: f"District {district}" for district in cards},
        "identifiers": dict.fromkeys(cards),
        "school_names": {},
        "year": year(cards, schools, certified),
        "before": None,
    }
    return Snapshot(**{**given, **other})


def figures_of(snapshot: Snapshot, choices: Choices | None = None) -> Figures:
    chosen = choices or Choices()
    return figures(snapshot, chosen.rules, (), chosen.seed)


def material(snapshot: Snapshot, choices: Choices | None = None) -> Material:
    found = figures_of(snapshot, choices)
    return gather(snapshot, choices or Choices(), found, audit(found.release))


def records(table: Table) -> list[dict[str, Value]]:
    """The table's rows, each by its columns; the table has been checked."""
    table.check()
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def texts(section: Section) -> list[str]:
    """All that a section says in words, in order."""
    found: list[str] = []
    for block in section.all_blocks():
        match block:
            case Paragraph(text):
                found.append(text)
            case Listing(items):
                found += items
            case Keys(keys):
                found += [f"{each.value} {each.text}" for each in keys]
    return found


def tables_of(sections: Sequence[Section]) -> dict[str, Table]:
    return {
        block.table.name: block.table
        for section in sections
        for block in section.all_blocks()
        if isinstance(block, TableBlock)
    }


@contextmanager
def undrawn() -> Iterator[list[dict[str, Any]]]:
    """No chart is drawn inside, which takes most of a report's time; what would be drawn is in the list."""
    specifications: list[dict[str, Any]] = []

    def draw(specification: dict[str, Any], **_: Any) -> str:
        specifications.append(specification)
        return '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>'

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vl_convert, "vegalite_to_svg", draw)
        yield specifications


def document(snapshot: Snapshot, choices: Choices | None = None) -> Document:
    """The report of a snapshot, its charts undrawn."""
    with undrawn():
        return compose(material(snapshot, choices), pin(snapshot, choices or Choices(), {}))
