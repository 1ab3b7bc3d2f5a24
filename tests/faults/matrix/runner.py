"""Run rows one after another, each to its verdict; after a row that broke, all is mended and the next one runs."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterator, Sequence

from . import soak
from .platform import Platform, Scale, platform
from .rows import Row
from .servers import servers
from .verdict import Verdict


def run(rows: Sequence[Row], scale: Scale) -> Iterator[Verdict]:
    """Each row's verdict as soon as there is one, all on one platform."""
    say("starting servers and parts ...")
    with servers() as running, platform(running, scale) as whole:
        say(f"{len(whole.parts.processes)} parts run, {len(whole.children)} children are in the roster")
        for row in rows:
            yield judge(row, whole)


def soaked(seconds: float) -> Row:
    """The long run, as a row."""
    return Row("soak", soak.FAULT, lambda whole, verdict: soak.soak(whole, verdict, seconds))


def judge(row: Row, whole: Platform) -> Verdict:
    """One row on a platform that runs."""
    verdict = Verdict(row.name, row.fault, patience=whole.scale.patience)
    began = time.monotonic()
    try:
        row.run(whole, verdict)
    except Exception as error:
        verdict.broken = f"{type(error).__name__}: {error}"[:500]
        traceback.print_exc()
        whole.mend()
    verdict.seconds = time.monotonic() - began
    say(f"{verdict.result}  {row.name} ({verdict.seconds:.0f} s): {verdict.measured()}")
    return verdict


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
