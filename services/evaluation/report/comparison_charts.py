"""The charts that compare districts: each beside the state, with the limits or the interval that chance gives it.

Rates are 0 to 1 and printed as per cent. What is no number raises BadInput, which names the row and the field.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import altair as alt
import numpy as np

from ..methods.funnel import ABOVE, BELOW, limits
from .chart_input import check, check_number, check_verdicts
from .chart_style import (
    LINE,
    MOST_NAMES,
    PERCENT,
    VERDICTS,
    WIDTH,
    Rows,
    Scale,
    called_out,
    chart,
    data,
    districts,
    looks,
    names,
    nothing,
    percent,
    place,
    shortened,
)
from .document import Chart
from .svg import text

#: Rows of a chart of estimates that are set in one column; more are set in two.
_ONE_COLUMN = 48
_LIMITS = ("the state", "95 % limits", "99.8 % limits")


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """`n` persons, 1 or more; `verdict` one of funnel's words."""

    name: str
    n: int
    rate: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A shrunken estimate with its 95 % interval; `verdict` one of funnel's words."""

    name: str
    estimate: float
    low: float
    high: float
    verdict: str


def funnel(
    id: str,
    title: str,
    table: str,
    points: Sequence[FunnelPoint],
    p0: float,
    tau2: float,
    persons: str = "Students",
) -> Chart:
    """Rates by how many `persons` they are of, with the state's rate `p0` and the limits that hold `tau2`.

    The called-out that are farthest from the state have their names beside them, as far as there is room.
    """
    check("points", points, 1, math.inf, "n")
    check("points", points, 0, 1, "rate")
    check_verdicts("points", points)
    check_number("p0", p0, 0, 1)
    check_number("tau2", tau2, 0, math.inf)
    if not points:
        return nothing(id, title, table)
    across = Scale.around([each.n for each in points], 556)
    up = _rates(points, p0, tau2, 340)
    grid = np.unique(np.rint(np.geomspace(max(1.0, across.low), across.high, 80)))
    lines: Rows = [{"n": float(n), "y": float(p0), "line": _LIMITS[0], "side": 0} for n in grid[[0, -1]]]
    for level, line in zip((0.95, 0.998), _LIMITS[1:], strict=True):
        for side, values in enumerate(limits(p0, grid, level, tau2)):
            lines += [
                {"n": float(n), "y": round(float(y), 5), "line": line, "side": side}
                for n, y in zip(grid, values, strict=True)
            ]
    # The called-out come last, above the others.
    marks: Rows = [
        {"n": float(each.n), "y": round(float(each.rate), 5), "said": each.verdict}
        for each in sorted(points, key=lambda each: each.verdict in (ABOVE, BELOW))
    ]
    x = alt.X(
        "n:Q", title=f"{persons} (logarithmic)", axis=across.axis(",", grid=False), scale=across.drawn()
    )
    y = alt.Y("y:Q", title="Rate", axis=alt.Axis(labelExpr=PERCENT, tickCount=7), scale=up.drawn())
    dash = alt.StrokeDash("line:N", legend=alt.Legend(title=None, orient="bottom", symbolSize=700))
    dash = dash.scale(domain=_LIMITS, range=[[1, 0], [6, 3], [2, 2]])
    colour, shape = looks([each.verdict for each in points], VERDICTS)
    named = alt.Chart(data(_beside(points, across, up, p0, tau2))).encode(x, y, text="name:N")
    beside: dict[str, Any] = {"align": "left", "baseline": "middle"}
    drawn = alt.layer(
        alt.Chart(data(lines))
        .mark_line(color=LINE, strokeWidth=1.2, clip=True)
        .encode(x, y, dash, detail="side:N"),
        # Lines run below names, so that both can be read.
        named.mark_text(stroke="white", strokeWidth=3, strokeJoin="round", **beside),
        alt.Chart(data(marks)).mark_point(filled=True, size=45, opacity=0.8).encode(x, y, colour, shape),
        named.mark_text(**beside),
    ).properties(width=across.length, height=up.length)
    said = f"{districts(points)} by number of {persons.lower()}; the state's rate is {percent(p0)}."
    return chart(id, title, table, f"{said} {called_out(points)}", drawn)


def _rates(points: Sequence[FunnelPoint], p0: float, tau2: float, height: int) -> Scale:
    """The smallest districts' limits are nearly 0 and 100 %, so those of half of them give the range; lines are cut."""
    ends = [
        p0,
        *limits(p0, median(each.n for each in points), 0.998, tau2),
        *(float(each.rate) for each in points),
    ]
    return Scale(max(0.0, min(ends) - 0.03), min(1.0, max(ends) + 0.03), height)


def _beside(points: Sequence[FunnelPoint], across: Scale, up: Scale, p0: float, tau2: float) -> Rows:
    def far(each: FunnelPoint) -> float:
        spread = math.sqrt(p0 * (1 - p0) / each.n + tau2)
        return abs(each.rate - p0) / spread if spread else 0.0

    called = sorted(
        (each for each in points if each.verdict in (ABOVE, BELOW)), key=lambda each: (-far(each), each.name)
    )
    at = [(across.at(each.n), up.length - up.at(float(each.rate)), text(each.name)) for each in called]
    placed = place(at[:MOST_NAMES], [(x, y) for x, y, _ in at], across.length, up.length)
    return [{"n": across.of(x), "y": up.of(up.length - y), "name": name} for x, y, name in placed]


def estimates(id: str, title: str, table: str, rows: Sequence[Estimate], mean: float) -> Chart:
    """By name, never by rank, in two columns where there are many; the dashed line is the mean.

    The names at the axis are without their last words ("School District") where they differ without them.
    """
    check("rows", rows, 0, 1, "estimate", "low", "high")
    check_verdicts("rows", rows)
    check_number("mean", mean, 0, 1)
    if not rows:
        return nothing(id, title, table)
    short = shortened([text(each.name) for each in rows])
    order = sorted(range(len(rows)), key=lambda row: (short[row].casefold(), rows[row].name))
    ordered, called = [rows[row] for row in order], [short[row] for row in order]
    columns = 1 if len(ordered) <= _ONE_COLUMN else 2
    deep = -(-len(ordered) // columns)
    ends = [float(end) for each in ordered for end in (mean, each.low, each.high)]
    across = alt.Scale(domain=[min(ends), max(ends)], nice=True, zero=False)
    axis = alt.Axis(labelExpr=PERCENT, tickCount=5)
    heading = ["Estimate, 95 % interval;", f"dashed: the mean, {percent(mean)}"]
    colour, shape = looks([each.verdict for each in ordered], VERDICTS)
    parts = []
    for first in range(0, len(ordered), deep):
        values: Rows = [
            {
                "row": row, "estimate": round(float(each.estimate), 5), "low": round(float(each.low), 5),
                "high": round(float(each.high), 5), "said": each.verdict,
            }
            for row, each in enumerate(ordered[first : first + deep])
        ]  # fmt: skip
        y = alt.Y("row:O", title=None, axis=names(called[first : first + deep], 170, labelFontSize=10))
        x = alt.X("estimate:Q", title=heading, axis=axis, scale=across)
        low = alt.X("low:Q", title=heading, axis=axis, scale=across)
        line = alt.Chart(data([{"estimate": float(mean)}])).mark_rule(color=LINE, strokeDash=[4, 3])
        part = alt.layer(
            line.encode(x),
            alt.Chart(data(values)).mark_rule(strokeWidth=1.3).encode(low, y, colour, x2="high:Q"),
            alt.Chart(data(values)).mark_point(filled=True, size=38, opacity=1).encode(x, y, colour, shape),
        )
        parts.append(
            part.properties(width=(WIDTH - 24) // columns - 190, height=deep * (14 if columns == 1 else 10.5))
        )
    said = f"{districts(rows)} by name; their mean is {percent(mean)}. {called_out(rows)}"
    if called != [text(each.name) for each in ordered]:
        said += " Names are shortened; the table has them whole."
    return chart(id, title, table, said, alt.hconcat(*parts, spacing=10))
