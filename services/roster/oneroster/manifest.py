"""manifest.csv: which version the bundle is, and which files are there whole (bulk) or as changes (delta)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .bundle import Bundle
from .layout import FILES, VERSIONS
from .problems import Problems

#: bulk: what the file lacks is gone. delta: only what the file names has changed. absent: nothing is said.
Mode = Literal["bulk", "delta", "absent"]

_FILE = "manifest.csv"
_MODES: dict[str, Mode] = {"bulk": "bulk", "delta": "delta", "absent": "absent"}


@dataclass(frozen=True, slots=True)
class Manifest:
    version: str
    modes: Mapping[str, Mode]


def read_manifest(bundle: Bundle, problems: Problems) -> Manifest:
    """What the manifest says, mended by what is there: a file that it does not name is bulk."""
    stated = _stated(bundle, problems)
    version, line = stated.get("oneroster.version", ("", 0))
    if version and version not in VERSIONS:
        problems.warning(_FILE, line, "value", "version", f"Version {version!r} is read as {_guess(bundle)}.")
    if version not in VERSIONS:
        version = _guess(bundle)
    return Manifest(version, {name: _mode(name, name in bundle.members, stated, problems) for name in FILES})


def _guess(bundle: Bundle) -> str:
    return "1.2" if "roles" in bundle.members else "1.1"


def _mode(name: str, there: bool, stated: Mapping[str, tuple[str, int]], problems: Problems) -> Mode:
    written, line = stated.get(f"file.{name}", ("", 0))
    mode = _MODES.get(written.lower())
    if written and mode is None:
        problems.error(
            _FILE,
            line,
            "value",
            "mode",
            f"{written!r} is none of bulk, delta, absent; it was taken as delta.",
        )
    if not there and mode in ("bulk", "delta"):
        message = (
            f"The manifest says {mode}, but {name}.csv is not in the bundle; add the file or write absent."
        )
        problems.error(_FILE, line, "value", "file_missing", message)
    if there and mode == "absent":
        message = f"The manifest says absent, but {name}.csv is there; it was not read: write bulk or delta."
        problems.error(_FILE, line, "value", "file_not_announced", message)
        return "absent"
    if not there:
        return "absent"
    if mode is None and not written and stated:
        problems.warning(
            _FILE, 0, "", "file_not_named", f"The manifest has no row file.{name}; it was read as bulk."
        )
    # A word that nobody understands must not be the reason to withdraw a child: what is absent stays.
    return mode or ("delta" if written else "bulk")


def _stated(bundle: Bundle, problems: Problems) -> dict[str, tuple[str, int]]:
    """Each property's value and line; an empty value counts as not stated."""
    member = bundle.members.get("manifest")
    if member is None:
        problems.warning(
            _FILE, 0, "", "manifest_missing", "There is no manifest.csv; every file was read as bulk."
        )
        return {}
    stated: dict[str, tuple[str, int]] = {}
    with member.open() as file:
        text = io.StringIO(file.read(1 << 20).decode("utf-8-sig", "replace"), newline="")
    reader = csv.reader(text)
    for row in reader:
        if len(row) >= 2 and row[0].strip() != "propertyName":
            name, value = row[0].strip(), row[1].strip()
            if name in stated:
                message = f"{name} is there twice; the first one counts."
                problems.warning(_FILE, reader.line_num, "propertyName", "property_twice", message)
            elif value:
                stated[name] = (value, reader.line_num)
            elif name.startswith("file."):
                message = f"{name} has no value; write bulk, delta or absent."
                problems.warning(_FILE, reader.line_num, "value", "property_empty", message)
    return stated
