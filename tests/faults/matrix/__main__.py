"""The command line of the matrix: prints the table, ends with status 1 when a row failed."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from alliance.private_servers import sweep

from . import report, runner
from .platform import SMOKE, Scale
from .rows import ROWS
from .soak import SCALE
from .verdict import markdown


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.faults.matrix", description=__doc__)
    names = [row.name for row in ROWS]
    asked.add_argument("--only", nargs="+", choices=names, metavar="ROW", help=", ".join(names))
    asked.add_argument("--commands", type=int, default=Scale().commands, help="at least so many a row")
    asked.add_argument("--rate", type=float, default=Scale().rate, help="commands a second")
    asked.add_argument(
        "--small", action="store_true", help="short outages, few commands: does it run at all?"
    )
    asked.add_argument("--soak", type=float, metavar="SECONDS", help="the long run instead of the rows")
    asked.add_argument("--write", type=Path, help="the document whose lines are replaced")
    arguments = asked.parse_args()
    rows = [row for row in ROWS if not arguments.only or row.name in arguments.only]
    soak = runner.soaked(arguments.soak or 0)
    scale = SMOKE if arguments.small else replace(Scale(), commands=arguments.commands, rate=arguments.rate)
    if arguments.soak:
        scale = SCALE
    sweep()
    verdicts = []
    for verdict in runner.run([soak] if arguments.soak else rows, scale):
        verdicts.append(verdict)
        if arguments.write:
            # After each row, so that what an interrupted run has seen is kept.
            report.write(arguments.write, verdicts, [row.fault for row in (*ROWS, soak)])
    runner.say(f"\n{markdown(verdicts)}\n")
    return 1 if any(verdict.result == "FAIL" for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
