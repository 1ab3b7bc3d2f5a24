"""The figures in docs/performance.md: the table, and the sums of what one machine carries, from one run's bench.json.

python -m tests.benchmarks.page var/bench.json docs/performance.md
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

STUDENTS = 481_677
CLASSES = 25_000
#: Hours of the evening and of the morning, and the share of all that comes in the busiest of them.
EVENING, MORNING, BUSIEST = 4, 2, 0.5
#: Events of a student and school year: enrolled, pledge signed, ten folders returned; and of a class: ten sent.
OF_STUDENT, OF_CLASS = 12, 10

_MET = {True: "met", False: "**not met**", None: ""}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| row | ours | unit | peer | ratio | limit | of limit | floor | |",
        "|---|---:|---|---:|---:|---:|---:|---|---|",
    ]
    for row in rows:
        cells = (
            row["name"], number(row["ours"]), row["unit"], number(row["peer"]), ratio(row["ratio"]),
            number(row["limit"]), ratio(row["limit_ratio"]), row["floor"], _MET[row["met"]],
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def environment(found: Mapping[str, Any]) -> str:
    return (
        f"Measured on {found['date'][:10]} at commit {found['commit'][:7]}: {found['cores']} cores, "
        f"Python {found['python']}, {found['postgresql']}; {found['rounds']} rounds in turn, medians; "
        f"scale {found['scale']:g}; load when it ended {found['load_at_the_end']:.1f}."
    )


def sums(rows: Sequence[Mapping[str, Any]]) -> str:
    """What the figures mean for a state; KeyError when the run left out a row that is needed."""
    ours = {row["name"]: row["ours"] for row in rows}
    signing, live, whole = ours["http_sign"], ours["live"], ours["class_check_in"]
    peak = STUDENTS * BUSIEST / 3600
    year = STUDENTS * OF_STUDENT + CLASSES * OF_CLASS
    requests, returns = CLASSES * BUSIEST / 3600, STUDENTS * BUSIEST / 3600
    stored = ours["bytes_per_event_log"] + ours["bytes_per_event_journal"]
    return "\n".join(
        (
            f"- **Every family signs in one evening.** {STUDENTS:,} signatures in {EVENING} hours, "
            f"{BUSIEST:.0%} of them in the busiest: {STUDENTS:,} x {BUSIEST} / 3,600 s = {peak:.0f} a second. "
            f"One gateway and one edge sign {number(signing)}: {signing / peak:.1f} times that. If all came at once, "
            f"{STUDENTS:,} / {number(signing)} = {STUDENTS / signing / 60:.0f} minutes.",
            f"- **The figures follow.** {number(live)} events a second from the log to the read models, "
            f"{live / signing:.1f} times what is signed, so that nothing piles up.",
            f"- **The month's folders in one morning.** {CLASSES:,} classes in {MORNING} hours, {BUSIEST:.0%} of them "
            f"in the busiest: {requests:.1f} requests and {returns:.0f} returns a second. A class's list in one "
            f"request: {number(whole)} returns a second, {whole / returns:.1f} times that.",
            f"- **A year.** {STUDENTS:,} x {OF_STUDENT} + {CLASSES:,} x {OF_CLASS} = {year / 1e6:.1f} million events, "
            f"{number(stored)} bytes each in log and journal together: {year * stored / 1e9:.1f} GB. All read models "
            f"from zero by one projector: {year / ours['rebuild_every_read_model'] / 60:.0f} minutes.",
        )
    )


def number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"


def ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def filled(text: str, name: str, content: str) -> str:
    """The page with what stands between this name's two marks replaced; ValueError when it has none."""
    begin, end = f"<!-- {name}: written by tests/benchmarks/page.py -->", f"<!-- end of {name} -->"
    new, count = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}",
        lambda _: f"{begin}\n{content}\n{end}",
        text,
        flags=re.DOTALL,
    )
    if count != 1:
        raise ValueError(f"the page has no place for {name}")
    return new


def main(found: Path, page: Path) -> None:
    whole = json.loads(found.read_text())
    text = filled(page.read_text(), "table", f"{environment(whole['environment'])}\n\n{table(whole['rows'])}")
    page.write_text(filled(text, "sums", sums(whole["rows"])))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
