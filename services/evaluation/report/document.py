"""The report as a document: sections of text, tables and charts, before it becomes HTML or PDF.

All text is plain: whoever renders it escapes it. A chart always comes with a text that says the same, and with the
table that has its numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .folder import Table


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Points of equal standing, in order."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """A figure that stands out on the first page: `value` as printed, what it is, and its definition's anchor."""

    value: str
    text: str
    definition: str


@dataclass(frozen=True, slots=True)
class Keys:
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """`svg` is a whole <svg> element; `alt` says in one or two sentences what it shows; `table` names the table with
    its numbers, which stands in the same section."""

    id: str
    title: str
    alt: str
    svg: str
    table: str


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table in full or, with `columns`, with these of its columns; the file in the folder always has all.

    `rows`: at most so many rows are printed, and the text says where the others are; None prints all.
    """

    table: Table
    columns: tuple[str, ...] = ()
    rows: int | None = None


Block = Paragraph | Listing | Keys | Chart | TableBlock


@dataclass(frozen=True, slots=True)
class Section:
    """`id` is the anchor; `language` an ISO 639-1 code; `page`: the printed form begins it on a page of its own."""

    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()
    language: str = "en"
    page: bool = False

    def all_blocks(self) -> Iterator[Block]:
        yield from self.blocks
        for section in self.sections:
            yield from section.all_blocks()


@dataclass(frozen=True, slots=True)
class Document:
    """`issued` says from when the figures are, `report` is the id of the pins, `short` the title of running heads.

    `attached` are tables that are too long to be printed: they are files only, and a paragraph says so.
    """

    title: str
    short: str
    subtitle: str
    issued: str
    report: str
    sections: tuple[Section, ...]
    attached: tuple[Table, ...] = ()

    def tables(self) -> tuple[Table, ...]:
        """Every table of the document once, in the order in which they come, those that are attached last."""
        found = {
            block.table.name: block.table
            for section in self.sections
            for block in section.all_blocks()
            if isinstance(block, TableBlock)
        }
        return (*found.values(), *(table for table in self.attached if table.name not in found))
