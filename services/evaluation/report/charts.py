"""The report's charts. Each has its main numbers in its alt, and says so where there is nothing to show.

Shares and rates are 0 to 1 and printed as per cent; None is what is not shown. What is no number raises BadInput, which
names the row and the field.
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
from ..methods.inputs import BadInput
from .chart_style import (
    BLUE,
    GREEN,
    LINE,
    MOST_NAMES,
    PERCENT,
    PURPLE,
    VERDICTS,
    VERMILLION,
    WIDTH,
    Look,
    Rows,
    Scale,
    apart,
    called_out,
    chart,
    check,
    check_number,
    check_verdicts,
    data,
    districts,
    looks,
    names,
    nothing,
    percent,
    place,
    shortened,
    text,
)  # fmt: skip
from .document import Chart

#: Rows of a chart of estimates that are set in one column; more are set in two.
_ONE_COLUMN = 48
_LIMITS = ("the state", "95 % limits", "99.8 % limits")
#: {field of a month: its line's name, colour, shape, dashes}
_LINES = {
    "reported": ("Classes reported", BLUE, "circle", [1, 0]),
    "on_time": ("Classes on time", VERMILLION, "square", [6, 3]),
    "returned": ("Folders returned", GREEN, "triangle-up", [2, 2]),
}
_SCENARIOS = (
    Look("circle", BLUE),
    Look("triangle-up", VERMILLION),
    Look("square", GREEN),
    Look("diamond", PURPLE),
)


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


@dataclass(frozen=True, slots=True)
class Month:
    """`month` as printed below the axis; the shares of classes reported and on time, and of folders returned."""

    month: str
    reported: float | None
    on_time: float | None
    returned: float | None


@dataclass(frozen=True, slots=True)
class Year:
    """`value` is a share, or a count of 0 or more."""

    year: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """`share` of all is the bar's length; `count` is printed beside it."""

    name: str
    share: float | None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class PerStudent:
    """What one district of `students`, 1 or more, would get per student in a scenario."""

    name: str
    scenario: str
    students: int
    dollars: float


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


def months(id: str, title: str, table: str, rows: Sequence[Month]) -> Chart:
    """Three lines, each with its name at its end; a month that is not shown is a gap."""
    check("rows", rows, 0, 1, *_LINES, hidden=True)
    values: Rows = []
    ends: list[tuple[str, float]] = []
    said = []
    for field, (name, *_) in _LINES.items():
        shown = [None if (share := getattr(row, field)) is None else float(share) for row in rows]
        values += [{"row": place, "y": share, "said": name} for place, share in enumerate(shown)]
        told = [(row.month, share) for row, share in zip(rows, shown, strict=True) if share is not None]
        if told:
            (first, was), (last, now) = told[0], told[-1]
            ends.append((name, now))
            until = f", {percent(now)} in {text(last)}" if len(told) > 1 else ""
            said.append(f"{name}: {percent(was)} in {text(first)}{until}")
    if not ends:
        return nothing(id, title, table)
    x = alt.X("row:O", title=None, axis=names([row.month for row in rows], labelAngle=0))
    y = alt.Y("y:Q", title=None, axis=alt.Axis(labelExpr=PERCENT, tickCount=5)).scale(domain=[0, 1])
    lines, colours, shapes, dashes = (list(each) for each in zip(*_LINES.values(), strict=True))
    colour = alt.Color("said:N", legend=None).scale(domain=lines, range=colours)
    shape = alt.Shape("said:N", legend=None).scale(domain=lines, range=shapes)
    dash = alt.StrokeDash("said:N", legend=None).scale(domain=lines, range=dashes)
    told_values = [each for each in values if each["y"] is not None]
    places = apart([250 * (1 - now) for _, now in ends], 15, 250)
    drawn = alt.layer(
        alt.Chart(data(values)).mark_line(strokeWidth=2).encode(x, y, colour, dash),
        alt.Chart(data(told_values)).mark_point(filled=True, size=50, opacity=1).encode(x, y, colour, shape),
        *(
            alt.Chart(data([{"name": name}])).mark_text(align="left", baseline="middle").encode(
                x=alt.value(450), y=alt.value(at), text="name:N"
            )
            for (name, _), at in zip(ends, places, strict=True)
        ),
    ).properties(width=460, height=250)  # fmt: skip
    return chart(id, title, table, f"{'; '.join(said)}.", drawn)


def years(id: str, title: str, table: str, rows: Sequence[Year], what: str, share: bool = True) -> Chart:
    """`what` says at the axis what the bars are; `share` whether they are shares or counts."""
    check("rows", rows, 0, 1 if share else math.inf, "value", hidden=True)
    if all(row.value is None for row in rows):
        return nothing(id, title, table)
    printed = [_printed(row.value, share) for row in rows]
    values: Rows = [
        {"row": place, "y": float(row.value or 0), "value": value}
        for place, (row, value) in enumerate(zip(rows, printed, strict=True))
    ]
    x = alt.X("row:O", title="School year", axis=names([row.year for row in rows], labelAngle=0))
    axis = (
        alt.Axis(tickCount=5, labelExpr=PERCENT)
        if share
        else alt.Axis(tickCount=5, tickMinStep=1, format=",d")
    )
    scale = alt.Scale(domain=[0, 1]) if share else alt.Scale(zero=True)
    y = alt.Y("y:Q", title=text(what), axis=axis, scale=scale)
    drawn = alt.layer(
        alt.Chart(data(values)).mark_bar(color=BLUE, size=max(4, min(60, 360 // len(rows)))).encode(x, y),
        alt.Chart(data(values)).mark_text(dy=-8).encode(x, y, text="value:N"),
    ).properties(width=560, height=220)
    said = ", ".join(f"{value} in {text(row.year)}" for row, value in zip(rows, printed, strict=True))
    return chart(id, title, table, f"{text(what)}: {said}.", drawn)


def shares(id: str, title: str, table: str, rows: Sequence[Share]) -> Chart:
    """A bar for each category, in the order given, with its figures printed."""
    check("rows", rows, 0, 1, "share", hidden=True)
    check("rows", rows, 0, math.inf, "count", hidden=True)
    if all(row.share is None for row in rows):
        return nothing(id, title, table)
    printed = [_printed(row.share, True) + ("" if row.count is None else f" ({row.count:,})") for row in rows]
    values: Rows = [
        {"row": place, "share": float(row.share or 0), "value": value}
        for place, (row, value) in enumerate(zip(rows, printed, strict=True))
    ]
    longest = float(max(row.share or 0 for row in rows)) or 1.0
    x = alt.X("share:Q", axis=None).scale(domain=[0, longest], nice=False)
    y = alt.Y("row:O", title=None, axis=names([row.name for row in rows], 200))
    drawn = alt.layer(
        alt.Chart(data(values)).mark_bar(color=BLUE, height=16).encode(x, y),
        alt.Chart(data(values)).mark_text(align="left", dx=5).encode(x, y, text="value:N"),
    ).properties(width=310, height=26 * len(rows))
    said = "; ".join(f"{text(row.name)}: {value}" for row, value in zip(rows, printed, strict=True))
    return chart(id, title, table, f"{said}.", drawn)


def funding(id: str, title: str, table: str, rows: Sequence[PerStudent]) -> Chart:
    """Dollars per student by the district's size, with a shape and colour for each of up to four scenarios."""
    check("rows", rows, 1, math.inf, "students")
    check("rows", rows, 0, math.inf, "dollars")
    if not rows:
        return nothing(id, title, table)
    paid: dict[str, list[float]] = {}
    for row in rows:
        paid.setdefault(text(row.scenario), []).append(row.dollars)
    if len(paid) > len(_SCENARIOS):
        raise BadInput(f"rows: {len(paid)} scenarios, of which {len(_SCENARIOS)} can be told apart")
    least, most = min(row.dollars for row in rows), max(row.dollars for row in rows)
    across, up = Scale.around([row.students for row in rows], 560), Scale(0, float(most) or 1.0, 340)
    x = alt.X("n:Q", title="Students (logarithmic)", axis=across.axis(",", grid=False), scale=across.drawn())
    if least > 0 and most > 10 * least:
        up = Scale.around([least, most], 340)
    y = alt.Y(
        "y:Q",
        title="Dollars per student" + " (logarithmic)" * up.log,
        axis=up.axis("$,.2~f"),
        scale=up.drawn(),
    )
    values: Rows = [
        {"n": float(row.students), "y": float(row.dollars), "said": text(row.scenario)} for row in rows
    ]
    colour, shape = looks(list(paid), dict(zip(paid, _SCENARIOS, strict=False)))
    drawn = alt.Chart(data(values)).mark_point(filled=True, size=38, opacity=0.75).encode(x, y, colour, shape)
    said = "; ".join(
        f"{scenario}: ${min(of):,.2f} to ${max(of):,.2f}, median ${median(of):,.2f}"
        for scenario, of in paid.items()
    )
    return chart(id, title, table, f"Dollars per student. {said}.", drawn.properties(width=560, height=340))


def _printed(value: float | None, share: bool) -> str:
    if value is None:
        return "not shown"
    return percent(value) if share else f"{value:,.10g}"
