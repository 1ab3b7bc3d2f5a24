"""The sections on the home survey, on published results, and on the families that districts serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from . import adjustment, charts, graduation, score_tables, survey_tables
from .charts import Share
from .covariates import Covariates
from .document import Block, Chart, Listing, Paragraph, Section, TableBlock
from .material import Material
from .survey_findings import SurveyFindings
from .survey_text import paragraphs as survey_paragraphs

#: The home survey's scales, and the words of answers' groups, as they are printed.
_WORDS = {
    "communication": "Talking with the school", "school_programmes": "Events and programmes at school",
    "home_learning": "Learning at home", "en": "English", "es": "Spanish", "web": "On the web", "paper": "On paper",
    "sms": "By text message", "scan": "Scanned sheet",
}  # fmt: skip
#: Columns that fit a printed page.
_SCORES = ("name", "subject", "school_year", "stated", "n", "rate", "low", "high")
_CHANGES = ("name", "subject", "test", "before", "after", "stated", "difference", "low")
#: Places of a file that are printed, at most.
_LISTED = 40
_FILES = "The row of each district is in the files beside this report."


def survey(material: Material) -> Section:
    """The year's home surveys, one after the other, then one that was run elsewhere, where its answers were given."""
    several = len(material.surveys) > 1
    found = [(f"survey-{at}" if several else "survey", of) for at, of in enumerate(material.surveys, start=1)]
    if material.imported is not None:
        found.append(("survey-elsewhere", material.imported))
    lead = "37-3-67(g) asks for a home survey on communication, school programmes and learning strategies for the home."
    if not found:
        lead += " No survey was answered in this school year, so that there is nothing to report of it."
    parts = tuple(
        Section(f"{prefix}-part", of.title, tuple(_survey(prefix, of, {**_WORDS, **material.names})))
        for prefix, of in found
    )
    return Section("survey", "The home survey", (Paragraph(lead),), parts, page=True)


def _survey(prefix: str, of: SurveyFindings, names: Mapping[str, str]) -> Iterator[Block]:
    for text in survey_paragraphs(of, names):
        yield Paragraph(text)
    for table in survey_tables.tables(of, names, prefix):
        for split in ("mode", "language"):
            if table.name == f"{prefix}-{split}s":
                yield _bars(f"{table.name}-bars", f"Answers by {split}", table.name, of, split)
        yield TableBlock(table, rows=40)


def _bars(id: str, title: str, table: str, of: SurveyFindings, split: str) -> Chart:
    counts = {
        _WORDS.get(each.name, each.name) or "not said": each.n for each in of.groups if each.split == split
    }
    whole = sum(each or 0 for each in counts.values())
    bars = [Share(name, n / whole if n and whole else None, n) for name, n in counts.items()]
    return charts.shares(id, title, table, bars)


def published(material: Material) -> Section:
    said = score_tables.paragraphs(material.proficiency, material.progress)
    found, changes = score_tables.tables(material.proficiency, material.progress, material.names)
    blocks: list[Block] = [Paragraph(text) for text in said]
    if found.rows:
        blocks += [
            TableBlock(found, _SCORES, rows=12),
            TableBlock(changes, _CHANGES, rows=12),
            Paragraph(_FILES),
        ]
    blocks += [Paragraph(text) for text in graduation.paragraphs(material.graduation, material.shifts)]
    for table in graduation.tables(material.graduation, material.shifts, material.names):
        if table.rows:
            blocks.append(TableBlock(table, rows=12))
    return Section("results", "Test scores and graduation", tuple(blocks), page=bool(found.rows))


def _unread(covariates: Covariates) -> Iterator[str]:
    """What of the file was not read, place by place, and the names that wait for a decision."""
    for each in covariates.problems:
        yield f"{each.place}: {each.text}"
    for name in covariates.review:
        yield f"{covariates.name}: {name.name!r} is not certainly a district. {name.reason}"


def families(material: Material) -> Section:
    """What would be expected of a district, given the families that it serves, and the model behind that."""
    units, model = adjustment.tables(material.adjustments, material.names)
    blocks: list[Block] = [
        Paragraph(text) for text in adjustment.paragraphs(material.adjustments, material.covariates)
    ]
    if material.covariates is not None and (wrong := list(_unread(material.covariates))):
        blocks.append(Listing(tuple(wrong[:_LISTED])))
    if model.rows:
        blocks.append(TableBlock(model))
    if units.rows:
        blocks.append(TableBlock(units, tuple(units.columns)[1:], rows=12))
    return Section("adjustment", "Districts and the families that they serve", tuple(blocks))
