"""The state's districts as a map: what is matched to a shape with certainty is drawn, the rest is named.

Names are matched by the rules of outcomes/matching.py; nothing is guessed. Shapes are older than districts: those of
districts that have merged since are drawn empty, until a reviewed decision says whose they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import altair as alt

from ..methods.funnel import ABOVE, BELOW
from ..outcomes.matching import match
from .chart_input import check, check_verdicts
from .chart_style import (
    LINE,
    TEXT,
    Rows,
    called_out,
    chart,
    data,
    districts,
    listed,
    nothing,
    percent,
)
from .document import Chart
from .shapes import mark_at, read_shapes

#: ColorBrewer's YlGnBu without its palest: ordered by lightness, so in grey too.
_RAMP = ("#c7e9b4", "#7fcdbb", "#41b6c4", "#1d91c0", "#225ea8", "#0c2c84")
_NO_FIGURE, _NOT_SHOWN = "no figure", "not shown"
_MARKS = {ABOVE: "triangle-up", BELOW: "triangle-down", _NOT_SHOWN: "cross"}
_WIDTH, _HEIGHT = 400, 540
#: Half a pixel of the map: finer is not seen, and a file of a third of a megabyte would stay one.
_FINEST = 0.5 / _HEIGHT


@dataclass(frozen=True, slots=True)
class MapValue:
    """`value` 0 to 1, None where it is not shown; `verdict` one of funnel's words, None where there is none."""

    value: float | None
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class Map:
    """By name, `not_drawn`: districts that no shape is certain for; `without_figure`: shapes no district claims."""

    chart: Chart
    not_drawn: tuple[str, ...] = ()
    without_figure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What called_out reads."""

    name: str
    verdict: str | None


def draw(
    id: str,
    title: str,
    table: str,
    shapes: bytes,
    values: Mapping[str, MapValue],
    decided: Mapping[str, str | None] | None = None,
) -> Map:
    """`shapes` is a TopoJSON; `decided` has reviewed decisions, {name of a shape: district, or None for none}.

    A shape has a district's figure where the names match by rule or decision; where two shapes of different names would
    be one district by rule, neither is. Raises BadInput for shapes that are none, and for a value that is none.
    """
    check("values", values, 0, 1, "value", hidden=True)
    check_verdicts("values", {name: of for name, of in values.items() if of.verdict is not None})
    found = read_shapes(shapes, _FINEST)
    of_shape = _matched(found, values, decided or {})
    drawn = sorted(set(of_shape.values()))
    not_drawn = tuple(sorted(set(values) - set(drawn)))
    without = tuple(sorted(set(found) - set(of_shape)))
    if not drawn:
        said = f"None of {districts(not_drawn)} has a shape." if values else "There is nothing to show."
        return Map(nothing(id, title, table, said), not_drawn, without)
    steps = _steps(_shown(drawn, values))
    features: Rows = []
    marks: Rows = []
    for shape, polygons in sorted(found.items()):
        of = values[of_shape[shape]] if shape in of_shape else MapValue(None)
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "MultiPolygon", "coordinates": polygons},
                "said": _NO_FIGURE if of.value is None else steps.of(of.value),
            }
        )
        mark = of.verdict if of.value is not None else _NOT_SHOWN if shape in of_shape else None
        if mark in _MARKS:
            longitude, latitude = mark_at(polygons)
            marks.append({"longitude": longitude, "latitude": latitude, "said": mark})
    said = _said(drawn, values, not_drawn, without)
    return Map(chart(id, title, table, said, _picture(features, marks, steps)), not_drawn, without)


def _shown(names: list[str], values: Mapping[str, MapValue]) -> list[float]:
    return [float(of.value) for name in names if (of := values[name]).value is not None]


def _matched(
    shapes: Mapping[str, Any], values: Mapping[str, MapValue], decided: Mapping[str, str | None]
) -> dict[str, str]:
    found = match(shapes, {name: name for name in values}, decided).found
    by_rule = [district for shape, district in found.items() if shape not in decided]
    return {
        shape: district
        for shape, district in found.items()
        if shape in decided or by_rule.count(district) == 1
    }


def _said(
    drawn: list[str], values: Mapping[str, MapValue], not_drawn: tuple[str, ...], without: tuple[str, ...]
) -> str:
    shown = _shown(drawn, values)
    said = f"A map of {len(drawn)} of {districts(list(values))}"
    if shown:
        said += f", from {percent(min(shown))} to {percent(max(shown))}"
    if hidden := len(drawn) - len(shown):
        said += f"; {hidden} not shown"
    said += "."
    # A figure that is not shown has no verdict either, whatever came with it.
    verdicts = [_Drawn(name, of.verdict) for name in drawn if (of := values[name]).value is not None]
    if any(each.verdict for each in verdicts):
        said += f" {called_out(verdicts)}"
    if not_drawn:
        said += f" Without a shape that is theirs for certain: {listed(not_drawn)}."
    return said + (f" Shapes without a figure: {len(without)}." if without else "")


@dataclass(frozen=True, slots=True)
class _Steps:
    """Classes of equal width, in whole per cent: from `start`, `count` times `width`."""

    start: int
    width: int
    count: int

    def of(self, value: float) -> str:
        # 29 % is 28.999... of a float's hundredths.
        place = int((round(100 * value, 6) - self.start) // self.width)
        return self.words()[min(place, self.count - 1)]

    def words(self) -> list[str]:
        edges = [self.start + self.width * place for place in range(self.count + 1)]
        under = [f"{low} to under {high} %" for low, high in pairwise(edges)]
        return [*under[:-1], f"{edges[-2]} to {edges[-1]} %"]

    def colours(self) -> list[str]:
        return [
            _RAMP[round(place * (len(_RAMP) - 1) / max(1, self.count - 1))] for place in range(self.count)
        ]


def _steps(values: list[float]) -> _Steps:
    """The narrowest whole classes of which six or fewer hold all values."""
    low, high = (round(100 * f(values or [0.0]), 6) for f in (min, max))
    for width in (1, 2, 5, 10, 20):
        start = math.floor(low / width) * width
        count = max(1, math.ceil((high - start) / width))
        if count <= len(_RAMP):
            break
    return _Steps(start, width, count)


def _picture(features: Rows, marks: Rows, steps: _Steps) -> alt.LayerChart | alt.FacetChart:
    there = {feature["said"] for feature in features}
    domain, colours = steps.words() if there != {_NO_FIGURE} else [], steps.colours()
    if _NO_FIGURE in there:
        domain, colours = [*domain, _NO_FIGURE], [*colours[: len(domain)], "#ffffff"]
    legend = alt.Legend(
        title=None, orient="right", symbolType="square", symbolStrokeColor=LINE, symbolSize=140
    )
    fill = alt.Fill("said:N", legend=legend).scale(domain=domain, range=colours)
    shaped = alt.Chart(data(features)).mark_geoshape(stroke=LINE, strokeWidth=0.6).encode(fill)
    occurring = [word for word in _MARKS if any(mark["said"] == word for mark in marks)]
    marked_by = alt.Shape("said:N", legend=alt.Legend(title=None, orient="right", symbolFillColor=TEXT))
    marked_by = marked_by.scale(domain=occurring, range=[_MARKS[word] for word in occurring])
    marked = alt.Chart(data(marks)).mark_point(fill=TEXT, size=75, opacity=1, stroke="white", strokeWidth=1)
    marked = marked.encode(marked_by, longitude="longitude:Q", latitude="latitude:Q")
    # Equal areas, with the parallels a sixth of Mississippi from its ends; it is fitted to the shapes.
    return (
        alt.layer(*([shaped, marked] if marks else [shaped]))
        .project(type="conicEqualArea", parallels=[31, 34.2], rotate=[89.7, 0, 0])
        .properties(width=_WIDTH, height=_HEIGHT)
    )
