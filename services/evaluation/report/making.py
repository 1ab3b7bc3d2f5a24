"""From a snapshot to the files of a report: suppressed, audited, written, and proven by a manifest.

snapshot -> figures (one release, audited) -> material -> document -> HTML, PDF, CSV, JSON -> manifest
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson

from alliance import __version__

from ..methods.disclosure import audit
from ..methods.inputs import BadInput
from ..methods.release import Release, to_json
from . import folder, html, pdf
from .choices import Choices
from .contents import compose
from .figures import figures
from .material import gather
from .pins import Pins
from .snapshot import Snapshot

HTML, PDF = "report.html", "report.pdf"

#: What else the bytes depend on.
_LIBRARIES = ("numpy", "scipy", "altair", "vl-convert-python", "weasyprint", "Babel", "Jinja2")
_SOURCES = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Made:
    """`files` {path: bytes}, the manifest among them; `release` is what later reports are audited with."""

    pins: Pins
    files: Mapping[str, bytes]
    release: Release

    @property
    def manifest(self) -> str:
        """The SHA-256 of the manifest, which has that of every other file."""
        return hashlib.sha256(self.files[folder.MANIFEST]).hexdigest()


@lru_cache(maxsize=1)
def version() -> str:
    """The program's version with a digest of evaluation's own files: what is not released yet differs too."""
    digest = hashlib.sha256()
    for path in sorted(_SOURCES.rglob("*")):
        if path.suffix in (".py", ".html", ".css"):
            digest.update(str(path.relative_to(_SOURCES)).encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{__version__}+{digest.hexdigest()[:12]}"


def pin(snapshot: Snapshot, choices: Choices, earlier: Mapping[str, Release]) -> Pins:
    """What the report will be made of: its id is known before it is made."""
    settings: dict[str, Any] = {
        **choices.to_json(),
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "earlier": sorted(earlier),
    }
    year = snapshot.year.school_year
    return Pins(year, snapshot.journal, snapshot.positions, version(), settings)


def make(snapshot: Snapshot, choices: Choices, earlier: Mapping[str, Release]) -> Made:
    """The same snapshot, choices and earlier releases give the same bytes.

    Raises BadInput for choices that cannot be followed, and where the auditor does not pass the release.
    """
    pins = pin(snapshot, choices, earlier)
    before = [earlier[name] for name in sorted(earlier)]
    found = figures(snapshot, choices.rules, before, choices.seed)
    audited = audit(found.release, before)
    if not audited.passed:
        raise BadInput(f"this cannot be published safely: {audited.findings[0].text}")
    document = compose(gather(snapshot, choices, found, audited), pins)
    page = html.render(document)
    release = replace(found.release, name=pins.report)
    documents = {
        HTML: page,
        PDF: pdf.print_pdf(page, document),
        folder.RELEASE: orjson.dumps(to_json(release), option=orjson.OPT_SORT_KEYS) + b"\n",
        **{f"inputs/{role}-{file.name}": file.content for role, file in choices.files.items()},
    }
    return Made(pins, folder.files(document.tables(), pins, documents), release)
