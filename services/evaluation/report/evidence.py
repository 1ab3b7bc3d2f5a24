"""The sections that say how far the report carries: evidence, limits, data quality, definitions, and what it is made
of."""

from __future__ import annotations

from typing import Any

from . import quality
from .definitions import ANCHORS
from .document import Listing, Paragraph, Section, TableBlock
from .folder import Table, Value
from .material import Material
from .pins import Pins
from .statute import statute


def clauses() -> Section:
    lead = "Each clause of the statute, with what this report has for it. What nothing measures yet is named as such."
    return Section(
        "statute", "The statute, clause by clause", (Paragraph(lead), TableBlock(statute())), page=True
    )


def design(material: Material) -> Section:
    """The class of evidence: what can be said of cause and effect, and what could make it more."""
    compared = "one school year" if material.figures.before is None else "two school years"
    return Section(
        "evidence",
        "What kind of evidence this is",
        (
            Paragraph(
                f"Descriptive evidence from {compared}, without a comparison group: it shows how far the programme is "
                "carried out and how districts differ. It does not show what the programme has brought about. In the "
                "classes of the Every Student Succeeds Act it is tier 4: a rationale with ongoing measurement."
            ),
            Paragraph(
                "Where funding limits how many districts can begin, the order can be drawn by lot, and those "
                "not drawn yet are then what those drawn would have been. Such a lottery, balanced by region "
                "and size and open to be repeated by anybody, would raise the evidence to tier 1 at no cost "
                "to anyone."
            ),
        ),
    )


def limits(material: Material) -> Section:
    snapshot = material.snapshot
    audited = len(material.audit.ranges)
    amended = sum(of.amended for months in snapshot.year.certified.values() for of in months.values())
    return Section(
        "limits",
        "Limits, amendments and data quality",
        (
            Listing(
                (
                    "Figures are what was recorded. A district that records nothing looks like one that does nothing.",
                    "Months of one child, and classes of one school, are counted as separate observations, so that "
                    "intervals of folders returned can be too narrow.",
                    "A child who changes district within the year counts in both.",
                    "Districts are compared with the state as it is, not with what would be good.",
                    f"{amended} certified months have been amended by facts that came in later; the figures here are "
                    "those known now, and the table says where.",
                    f"An auditor computed {audited:,} ranges of what is not shown; none is narrower than the rules "
                    "allow. It does not know what a reader may know of single families.",
                )
            ),
            TableBlock(quality.quality(snapshot, material.figures, material.audit)),
            Paragraph(
                "tables/certification.csv has the months of each district: due, certified, amended since."
            ),
        ),
        page=True,
    )


def certified(material: Material) -> Table:
    return quality.certification(material.figures, material.names)


def definitions() -> Section:
    lead = Paragraph(
        "What each figure is. docs/methods.md of the program explains the methods at length, under the same headings."
    )
    parts = tuple(
        Section(f"definition-{anchor}", each.title, (Paragraph(each.text),))
        for anchor, each in ANCHORS.items()
    )
    return Section("definitions", "Methods and definitions", (lead,), parts, page=True)


def made_of(pins: Pins) -> Section:
    rows: list[list[Value]] = [
        ["report", pins.report],
        ["journal position", f"{pins.journal}"],
    ]
    rows += [[f"position in {source}", f"{position}"] for source, position in sorted(pins.positions.items())]
    rows.append(["version", pins.version])
    rows += [[name, value] for name, value in _flat("", dict(pins.settings))]
    columns = {"what": "What", "value": "Value"}
    table = Table("pins", "What the report is made of", columns, rows, {}, "pins")
    said = "The same program with the same positions and settings makes the same report, byte by byte. "
    said += "manifest.json has the SHA-256 of every file."
    return Section("pins", "What this report is made of", (Paragraph(said), TableBlock(table)))


def _flat(name: str, value: Any) -> list[tuple[str, str]]:
    if value == {}:
        return [(name, "none")]
    if isinstance(value, dict):
        found = []
        for key, of in sorted(value.items()):
            found += _flat(f"{name}.{key}".lstrip("."), of)
        return found
    if isinstance(value, list | tuple):
        return [(name, ", ".join(map(str, value)))]
    return [(name, "none" if value is None else str(value))]
