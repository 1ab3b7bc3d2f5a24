"""One CSV file as rows with the lines where they begin. What cannot be read is reported; the other rows are kept."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from .outcome import Problem

_SEPARATORS = ";\t|"


@dataclass(frozen=True, slots=True)
class Table:
    """`header` without surrounding blanks; each row has its line and one value, without blanks, for each column."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    problems: tuple[Problem, ...]


def read_table(name: str, text: bytes) -> Table:
    """The rows that have as many fields as the header; blank lines are passed over."""
    problems: list[Problem] = []
    decoded = _decoded(name, text, problems)
    # `skipinitialspace` and the like are left alone: the standard's quoting only.
    reader = csv.reader(io.StringIO(decoded, newline=""), strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    header: tuple[str, ...] = ()
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            problems.append(
                Problem(
                    f"{name}, line {line}", f"The row cannot be read ({error}); check its quotation marks."
                )
            )
            if not header:
                return Table((), (), tuple(problems))
            continue
        values = [field.strip() for field in fields]
        if not any(values):
            continue
        if not header:
            header = tuple(values)
            if wrong := _header_problem(header):
                problems.append(Problem(f"{name}, line {line}", f"{wrong} Nothing of the file was read."))
                return Table((), (), tuple(problems))
        elif len(values) < len(header) or any(values[len(header) :]):
            text_ = f"The row has {len(values)} fields, the header {len(header)}; the row was left out."
            problems.append(Problem(f"{name}, line {line}", text_))
        else:
            rows.append((line, dict(zip(header, values, strict=False))))
    if not header and not problems:
        problems.append(Problem(name, "The file is empty; its first line must name the columns."))
    return Table(header, tuple(rows), tuple(problems))


def _decoded(name: str, text: bytes, problems: list[Problem]) -> str:
    if b"\0" in text:
        # UTF-16, or no text at all.
        problems.append(
            Problem(name, "The file is not UTF-8 text; save it as CSV in UTF-8. Nothing was read.")
        )
        return ""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        wrong = (
            f"Byte {text[error.start]:#x} is not UTF-8; the file was read as Windows-1252. Save it as UTF-8."
        )
        problems.append(Problem(f"{name}, line {line}", wrong))
        return text.removeprefix(b"\xef\xbb\xbf").decode("cp1252", "replace")


def _header_problem(header: tuple[str, ...]) -> str | None:
    if len(header) == 1 and (found := next((mark for mark in _SEPARATORS if mark in header[0]), None)):
        return f"The columns are separated by {found!r}; save the file with commas."
    for place, column in enumerate(header):
        if column and column in header[:place]:
            return f"The column {column} is there twice; leave one of them out."
    return None
