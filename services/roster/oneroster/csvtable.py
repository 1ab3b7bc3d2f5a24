"""One CSV file of a bundle as a frame: only the columns that are used, each row with its line in the file.

Guarantee: memory is bounded by the used columns, not by the file. A row that cannot be read is reported and left
out; `held` and `unread` remember it, so that nobody takes a damaged row for a child who left.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import chain
from operator import itemgetter

import polars as pl

from .block import Block, split
from .bundle import Member
from .encoding import is_clean, readable
from .layout import Layout
from .problems import Problems

_CHUNK = 20_000
#: Characters that are split at once: as many empty lines, the worst there is, are 230 MB of rows for a moment.
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Table:
    """`frame` has `line` and the layout's used columns as text, empty where the file has no such column.

    `present` are the columns of the file; `held` the sourcedIds of rows that were left out; `unread` counts rows
    left out whose sourcedId is not known either.
    """

    file: str
    frame: pl.DataFrame
    rows: int = 0
    present: frozenset[str] = frozenset()
    held: list[str] = field(default_factory=list)
    unread: int = 0


def read_table(member: Member, layout: Layout, problems: Problems) -> Table:
    """The rows of the file that have the header's number of fields."""
    return _Reading(member, layout, problems).table()


def empty_table(file: str, layout: Layout, unread: int = 0) -> Table:
    return Table(file, _Picked(layout, {}).frame(), unread=unread)


class _Reading:
    def __init__(self, member: Member, layout: Layout, problems: Problems) -> None:
        self._member, self._layout, self._problems = member, layout, problems
        self._file = member.name
        self._held: list[str] = []
        self._unread = 0
        self._rows = 0

    def table(self) -> Table:
        with self._member.open() as file:
            clean = is_clean(file)
        if clean is None:
            self._error(
                0,
                "",
                "encoding",
                "The file is UTF-16; save it as UTF-8 and send it again. Nothing of it was read.",
            )
            return empty_table(self._file, self._layout, unread=1)
        with self._member.open() as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
            reader = csv.reader(text, strict=True)
            try:
                header = [readable(name) for name in next(reader, [])]
            except csv.Error as error:
                self._error(1, "", "header", f"The header cannot be read ({error}); mend the first line.")
                return empty_table(self._file, self._layout, unread=1)
            places = self._header(header)
            if places is None:
                return empty_table(self._file, self._layout, unread=1)
            names = [name.strip() for name in header]
            frames = list(self._frames(text, reader.line_num + 1, names, places, clean))
            text.detach()
        frame = pl.concat(frames) if frames else _Picked(self._layout, {}).frame()
        return Table(self._file, frame, self._rows, frozenset(places), self._held, self._unread)

    def _header(self, header: Sequence[str]) -> dict[str, int] | None:
        """Where each used column stands; None, reported, when the file cannot be read by its header."""
        if not any(name.strip() for name in header):
            return self._refused("header", "The file is empty; the first line must name the columns.")
        if len(header) == 1 and (separator := next((s for s in ";\t|" if s in header[0]), None)):
            return self._refused(
                "separator", f"The columns are separated by {separator!r}; save the file with commas."
            )
        places: dict[str, int] = {}
        by_lower = {name.lower(): name for name in self._layout.columns}
        for place, written in enumerate(header):
            name = by_lower.get(written.strip().lower())
            if name is None:
                self._unknown_column(written.strip())
                continue
            if name in places:
                return self._refused(
                    "header_twice", f"The column {name} is there twice; leave one of them out.", name
                )
            if name != written:
                self._warning(
                    1, name, "header_spelling", f"The header says {written!r}; it was read as {name}."
                )
            places[name] = place
        missing = [name for name in self._layout.required if name not in places]
        if missing:
            return self._refused(
                "header_missing", f"The header lacks {', '.join(missing)}; add it and send the file again."
            )
        return places

    def _unknown_column(self, written: str) -> None:
        if written.startswith("metadata."):
            return
        near = get_close_matches(written, self._layout.columns, n=1)
        hint = f"did you mean {near[0]}?" if near else "extensions are written metadata.<name>."
        message = f"The standard has no column {written!r} in this file; it was not read; {hint}"
        self._warning(1, written, "header_unknown", message)

    def _frames(
        self, text: io.TextIOWrapper, line: int, header: list[str], places: dict[str, int], clean: bool
    ) -> Iterator[pl.DataFrame]:
        """Block by block up to the first that has to be read row by row, and from there on so; `line` comes next."""
        lines: Iterable[str] = text
        used = _used(self._layout, places)
        while clean:
            written = text.read(_BLOCK)
            if not written:
                return
            written += text.readline()
            block = split(written, len(header), used)
            if block is None:
                lines = chain(io.StringIO(written, newline=""), text)
                break
            yield self._of_block(block, line, header, places)
            line += block.lines
        yield from self._of_rows(lines, line, header, places, clean)

    def _of_block(self, block: Block, line: int, header: list[str], places: dict[str, int]) -> pl.DataFrame:
        self._rows += block.plain.height
        plain = _frame(self._layout, block.plain.with_columns(pl.col("line") + line))
        rows = _Picked(self._layout, places)
        for at, row in block.others:
            if row and (len(row) == len(header) or self._fits(row, header, places, line + at)):
                self._rows += 1
                rows.add(row, line + at)
        return pl.concat([plain, rows.frame()]).sort("line") if rows.lines else plain

    def _of_rows(
        self,
        lines: Iterable[str],
        line: int,
        header: list[str],
        places: dict[str, int],
        clean: bool,
    ) -> Iterator[pl.DataFrame]:
        before = line
        reader = csv.reader(lines, strict=True)
        rows = _Picked(self._layout, places)
        while True:
            try:
                for row in reader:
                    if row and (len(row) == len(header) or self._fits(row, header, places, line)):
                        self._rows += 1
                        if clean or self._mend(row, header, places, line):
                            rows.add(row, line)
                    if len(rows.lines) == _CHUNK:
                        yield rows.frame()
                        rows = _Picked(self._layout, places)
                    line = before + reader.line_num
                break
            except csv.Error as error:
                self._rows += 1
                self._unread += 1
                message = f"The row cannot be read ({error}); check its quotation marks (a quote inside is doubled)."
                self._error(line, "", "quoting", message)
                line = before + reader.line_num
        if rows.lines:
            yield rows.frame()

    def _fits(self, row: list[str], header: list[str], places: dict[str, int], line: int) -> bool:
        """Whether a row of another length than the header can be read all the same: it ends in empty fields."""
        width = len(header)
        if len(row) > width and not any(value.strip() for value in row[width:]):
            self._warning(
                line,
                "",
                "too_many_columns",
                f"The row has {len(row)} fields, the header {width}; the rest is empty.",
            )
            del row[width:]
            return True
        few = len(row) < width
        hint = "a field is missing" if few else "a comma inside a field needs quotation marks"
        self._error(
            line,
            "",
            "too_few_columns" if few else "too_many_columns",
            f"The row has {len(row)} fields, the header {width}: {hint}. The row was left out.",
        )
        self._rows += 1
        self._hold(row, places)
        return False

    def _mend(self, row: list[str], header: list[str], places: dict[str, int], line: int) -> bool:
        """Decode what is not UTF-8 as Windows-1252, in which it was most likely written; reported."""
        for place, value in enumerate(row):
            if "\0" in value:
                self._error(
                    line, header[place], "nul", "The field holds a NUL character; the row was left out."
                )
                self._hold(row, places)
                return False
            raw = value.encode("utf-8", "surrogateescape")
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError as error:
                row[place] = raw.decode("cp1252", "replace")
                # The field may be somebody's name, so the message gives the byte only.
                byte = f"{raw[error.start]:#x}"
                message = f"Byte {byte} is not UTF-8; it was read as Windows-1252. Save the file as UTF-8."
                self._warning(line, header[place], "encoding", message)
        return True

    def _hold(self, row: list[str], places: dict[str, int]) -> None:
        place = places["sourcedId"]
        if place < len(row) and (sourced_id := row[place].strip()) and sourced_id == readable(sourced_id):
            self._held.append(sourced_id)
        else:
            self._unread += 1

    def _refused(self, code: str, message: str, column: str = "") -> dict[str, int] | None:
        """The answer of a header by which the file cannot be read."""
        self._error(1, column, code, f"{message} Nothing of this file was read.")
        return None

    def _error(self, line: int, column: str, code: str, message: str) -> None:
        self._problems.error(self._file, line, column, code, message)

    def _warning(self, line: int, column: str, code: str, message: str) -> None:
        self._problems.warning(self._file, line, column, code, message)


class _Picked:
    """Rows of which only the used columns are kept, and their lines."""

    def __init__(self, layout: Layout, places: Mapping[str, int]) -> None:
        self.lines: list[int] = []
        self._layout, self._used = layout, _used(layout, places)
        self._rows: list[tuple[str, ...]] = []
        self._pick = itemgetter(*self._used.values(), -1)  # -1: so that one column still gives a tuple

    def add(self, row: list[str], line: int) -> None:
        self._rows.append(self._pick(row))
        self.lines.append(line)

    def frame(self) -> pl.DataFrame:
        columns = dict(zip(self._used, zip(*self._rows, strict=True), strict=False))
        schema = {"line": pl.Int32, **dict.fromkeys(columns, pl.String)}
        return _frame(self._layout, pl.DataFrame({"line": self.lines, **columns}, schema=schema))


def _used(layout: Layout, places: Mapping[str, int]) -> dict[str, int]:
    """Where the columns stand that are used and that the file has."""
    return {name: places[name] for name in layout.used if name in places}


def _frame(layout: Layout, frame: pl.DataFrame) -> pl.DataFrame:
    """With every used column, empty where the file has none."""
    return frame.select(
        "line",
        *(
            pl.col(name).str.strip_chars() if name in frame.columns else pl.lit("", pl.String).alias(name)
            for name in layout.used
        ),
    )
