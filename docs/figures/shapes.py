"""What figures are made of: spans, bars of parts, tables as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from services.evaluation.report.chart_style import BLUE, FAINT, LINE, PERCENT, TEXT, chart, data, names
from services.evaluation.report.document import Chart

#: From dark to light, so that they differ in black and white too, each with the colour of the text in it.
SHADES = ((BLUE, "#ffffff"), ("#56b4e9", TEXT), ("#f2f2f2", TEXT))

Span = tuple[str, float, float, float]
Parts = Sequence[tuple[str, float, str]]


def spans(
    name: str,
    title: str,
    said: str,
    rows: Sequence[Span],
    axis: str,
    rule: float | None = None,
    share: bool = True,
) -> Chart:
    return chart(name, title, "", said, spanned(rows, axis, rule, share))


def spanned(rows: Sequence[Span], axis: str, rule: float | None = None, share: bool = True) -> alt.LayerChart:
    """A row for each (name, low, estimate, high): a mark, and a line from the lower to the upper limit."""
    values = [
        {"row": at, "low": low, "mid": mid, "high": high} for at, (_, low, mid, high) in enumerate(rows)
    ]
    ends = [end for row in rows for end in row[1:]] + ([] if rule is None else [rule])
    room = (max(ends) - min(ends)) / 25
    scale = alt.Scale(domain=[min(ends) - room, max(ends) + room], nice=False, zero=False)
    ticks = alt.Axis(labelExpr=PERCENT, tickCount=6) if share else alt.Axis(tickCount=6)
    y = alt.Y("row:O", title=None, axis=names([row[0] for row in rows], 230))
    x, low = (alt.X(f"{field}:Q", title=axis, axis=ticks, scale=scale) for field in ("mid", "low"))
    layers = [
        alt.Chart(data(values)).mark_rule(strokeWidth=2, color=LINE).encode(low, y, x2="high:Q"),
        alt.Chart(data(values)).mark_point(filled=True, size=70, opacity=1, color=BLUE).encode(x, y),
    ]
    if rule is not None:
        line = alt.Chart(data([{"mid": rule}])).mark_rule(color=LINE, strokeDash=[4, 3])
        layers.insert(0, line.encode(x))
    return alt.layer(*layers).properties(width=350, height=30 * len(rows))


def stacked(
    name: str, title: str, said: str, rows: Sequence[tuple[str, Parts]], axis: str, share: bool
) -> Chart:
    """A bar for each row, made of up to three parts: (what, how much, the words in it). One part has no legend."""
    order = list(dict.fromkeys(part for _, parts in rows for part, _, _ in parts))
    values: list[dict[str, Any]] = []
    for at, (_, parts) in enumerate(rows):
        start = 0.0
        for part, much, words in parts:
            shade = order.index(part)
            values.append({"row": at, "from": start, "to": start + much, "said": part, "shade": shade,
                           "words": words, "middle": start + much / 2})  # fmt: skip
            start += much
    scale = alt.Scale(domain=[0, max(each["to"] for each in values)], nice=False)
    ticks = alt.Axis(labelExpr=PERCENT, tickCount=6) if share else alt.Axis(tickCount=6, format=",.2~f")
    x, middle = (alt.X(f"{field}:Q", title=axis, axis=ticks, scale=scale) for field in ("from", "middle"))
    y = alt.Y("row:O", title=None, axis=names([row[0] for row in rows], 210))
    legend = alt.Legend(title=None, orient="bottom", symbolType="square", symbolStrokeColor=LINE, columns=1)
    legend = legend if len(order) > 1 else None
    colour = alt.Color("said:N", legend=legend)
    colour = colour.scale(domain=order, range=[fill for fill, _ in SHADES[: len(order)]])
    bar = alt.Chart(data(values)).mark_bar(stroke=LINE, strokeWidth=1, height=24)
    layers = [bar.encode(x, y, colour, x2="to:Q")]
    for shade, (_, ink) in enumerate(SHADES):
        if inside := [each for each in values if each["shade"] == shade]:
            layers.append(alt.Chart(data(inside)).mark_text(color=ink).encode(middle, y, text="words:N"))
    return chart(name, title, "", said, alt.layer(*layers).properties(width=390, height=36 * len(rows)))


def grid(
    name: str,
    title: str,
    said: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    dark: Sequence[str] = (),
) -> Chart:
    """A table as a picture: the first column has the rows' names, cells with a word of `dark` are filled."""
    wide, high = 620 // len(heads), 28
    cells = [
        {"x": wide * column, "x2": wide * (column + 1), "y": high * row, "y2": high * (row + 1),
         "mx": wide * column + wide / 2, "my": high * row + high / 2, "words": words,
         "fill": BLUE if words in dark else FAINT if not row else "#ffffff",
         "ink": "#ffffff" if words in dark else TEXT}
        for row, line in enumerate([heads, *rows])
        for column, words in enumerate(line)
    ]  # fmt: skip
    return chart(name, title, "", said, boxes(cells, wide * len(heads), high * (len(rows) + 1)))


def boxes(cells: Sequence[Mapping[str, Any]], width: int, height: int, more: Sequence[alt.Chart] = ()) -> Any:
    x, mx = (alt.X(f"{field}:Q", axis=None).scale(domain=[0, width], nice=False) for field in ("x", "mx"))
    y, my = (alt.Y(f"{field}:Q", axis=None).scale(domain=[height, 0], nice=False) for field in ("y", "my"))
    boxed = alt.Chart(data([dict(cell) for cell in cells]))
    return alt.layer(
        boxed.mark_rect(stroke=LINE).encode(x, y, alt.Color("fill:N", scale=None), x2="x2:Q", y2="y2:Q"),
        boxed.mark_text().encode(mx, my, alt.Color("ink:N", scale=None), text="words:N"),
        *(layer.encode(mx, my) for layer in more),
    ).properties(width=width, height=height)


def points(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f}"
