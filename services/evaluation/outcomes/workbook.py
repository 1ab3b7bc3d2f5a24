"""A workbook (xlsx) as the cells of its sheets, unless it is damaged or too large to hold."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from .outcome import Problem
from .sheet import Cells

#: A sheet is held as a rectangle: one value in the last cell there can be would take the memory of the machine.
CELLS = 200_000
UNPACKED_BYTES = 300 * 2**20

_VALUE = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\br=["']([A-Z]{1,3})([0-9]{1,7})["'][^>]*(?<!/)>""")
_ROW = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\br=["']([0-9]{1,7})["'][^>]*(?<!/)>""")


def sheets(workbook: bytes) -> dict[str, Cells] | Problem:
    """Row 1 of a sheet is its first, whether it is empty or not. A chart has no cells."""
    try:
        with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
            large = _large(archive)
        if large:
            return Problem("workbook", f"{large} Nothing was read.")
        book = CalamineWorkbook.from_filelike(io.BytesIO(workbook))
        names = [one.name for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
        return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
    except (
        CalamineError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        # zipfile raises the last two for a method of packing it does not know and for a file with a password.
        return Problem(
            "workbook", f"The file cannot be opened as an Excel workbook ({error}); nothing was read."
        )


def _large(archive: zipfile.ZipFile) -> str | None:
    if sum(member.file_size for member in archive.infolist()) > UNPACKED_BYTES:
        return f"The workbook is larger than {UNPACKED_BYTES:,} bytes when it is unpacked."
    for name in archive.namelist():
        if name.endswith(".xml"):
            text = archive.read(name)
            values = _VALUE.findall(text)
            columns = max((_column(letters) for letters, _ in values), default=1)
            rows = max((int(row) for row in (*(row for _, row in values), *_ROW.findall(text))), default=1)
            if rows * columns > CELLS:
                wrong = f"A sheet ({name}) has values down to row {rows:,} and to its column {columns:,}."
                return f"{wrong} Delete what stands far from the tables."
    return None


def _column(letters: bytes) -> int:
    """1 for A, 27 for AA."""
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place
