"""The verdicts in docs/reliability.md: written here and nowhere else. A row that is run again replaces its line."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from deploy.running import ROOT

from .verdict import HEADINGS, Verdict, line

BEGIN, END = "<!-- verdicts: written by `make faults` -->", "<!-- verdicts: end -->"
RULE = "|" + "---|" * 2 + "---:|" * 8 + "---|" * 2


def write(path: Path, verdicts: Sequence[Verdict], faults: Sequence[str]) -> None:
    """Put the verdicts between the markers, in the order of `faults`; raises ValueError without the markers."""
    text = path.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{path} has to have the markers {BEGIN} and {END} once")
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    head = line([*HEADINGS, "commit and date"])
    old = [each for each in table.splitlines() if each.startswith("| ") and each != head]
    lines = {_fault(each): each for each in old}
    run = f"{_commit()}, {datetime.now(UTC):%Y-%m-%d}"
    lines |= {verdict.fault: line([*verdict.cells(), run]) for verdict in verdicts}
    ordered = [lines[fault] for fault in faults if fault in lines]
    path.write_text("\n".join([before + BEGIN, "", head, RULE, *ordered, "", END]) + after)


def _fault(row: str) -> str:
    return row.removeprefix("| ").partition(" | ")[0]


def _commit() -> str:
    def git(*words: str) -> str:
        ran = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        return ran.stdout.strip()

    changed = " with changes" if git("status", "--porcelain", "alliance", "services", "gateway") else ""
    return f"`{git('rev-parse', '--short', 'HEAD') or 'unknown'}`{changed}"
