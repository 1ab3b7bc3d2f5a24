"""The report of the played year, issued through the API and written into a folder."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from simulation.client import Api, Refusal
from simulation.played import Played

#: A whole state takes a minute; a busy machine several.
SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Issued:
    """`seconds` from the request to the answer; `folder` has the files."""

    report: str
    seconds: float
    files: int
    bytes: int
    folder: Path


def issue(base_url: str, token: str, played: Played, folder: Path, patience: float = 1800.0) -> Issued:
    """Issues the report and fetches every file. Raises Refusal where one is not as the report says."""
    api = Api(base_url, token, played.seed, patience)
    try:
        began = time.monotonic()
        report = api.post("/v1/reports", {"school_year": played.school_year}, seconds=SECONDS)["report"]
        seconds = time.monotonic() - began
        into = folder / f"report-{report}"
        listed = api.get(f"/v1/reports/{report}")["files"]
        for file in [*listed, {"path": "manifest.json"}]:
            content = api.content(f"/v1/reports/{report}/file", {"path": file["path"]})
            if hashlib.sha256(content).hexdigest() != file.get("sha256", hashlib.sha256(content).hexdigest()):
                raise Refusal(f"report {report}: {file['path']} is not as the report says")
            target = into / file["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    finally:
        api.close()
    return Issued(report, seconds, len(listed) + 1, sum(file["bytes"] for file in listed), into)
