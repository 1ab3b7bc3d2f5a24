"""Draws the figures of docs/methods.md: `python -m docs.figures.draw`. The same program and fonts give the same bytes.

What is drawn is computed by the methods themselves, from numbers that were published or from examples that are made up;
the page says which. A figure's alt is also its text in the page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from services.evaluation.report.document import Chart

from .chance import adjusted, batters, exemplary, funnels, interval, shrunken
from .programme import certification, difference, growth, months
from .resources import coordinators, funding, lottery, suppression
from .results import graduation, slope, tests
from .surveys import activities, dropped, groups, missing, raked, rates, scales

HERE = Path(__file__).parent

FIGURES: Mapping[str, Callable[[], Chart]] = {
    "growth": growth, "months": months, "difference": difference, "certification": certification,
    "intervals": interval, "shrunken": shrunken, "batters": batters, "funnel": funnels, "exemplary": exemplary,
    "adjustment": adjusted, "response-rates": rates, "non-response": missing, "raking": raked, "reliability": scales,
    "reliability-items": dropped, "survey-groups": groups, "activities": activities, "test-scores": tests,
    "slope": slope, "graduation": graduation, "funding": funding, "coordinators": coordinators, "phase-in": lottery,
    "suppression": suppression,
}  # fmt: skip


def main(folder: Path = HERE) -> int:
    for name, draw in FIGURES.items():
        (folder / f"{name}.svg").write_text(draw().svg + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
