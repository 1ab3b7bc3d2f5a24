"""The report's charts. Each has its main numbers in its alt, and says so where there is nothing to show.

Shares and rates are 0 to 1 and printed as per cent; None is what is not shown. What is no number raises BadInput, which
names the row and the field.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import altair as alt

from ..methods.inputs import BadInput
from .chart_input import check
from .chart_style import (
    BLUE,
    GREEN,
    PERCENT,
    PURPLE,
    VERMILLION,
    Look,
    Rows,
    Scale,
    apart,
    chart,
    data,
    looks,
    names,
    nothing,
    percent,
)
from .document import Chart
from .svg import text

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
