"""The state's districts as a map: what is matched to a shape with certainty is drawn, the rest is named.

Names are matched by the rules of outcomes/matching.py; nothing is guessed. Shapes are older than districts: those of
districts that have merged since are drawn empty, until a reviewed decision says whose they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import altair as alt
import orjson

from ..methods.funnel import ABOVE, BELOW
from ..methods.inputs import BadInput
from ..outcomes.matching import match, words
from .chart_style import (
    LINE,
    TEXT,
    Rows,
    called_out,
    chart,
    check,
    check_verdicts,
    data,
    districts,
    listed,
    nothing,
    percent,
    text,
)
from .document import Chart

Point = tuple[float, float]
Ring = list[Point]
#: An outer ring and its holes.
Polygon = list[Ring]

#: ColorBrewer's YlGnBu without its palest: ordered by lightness, so in grey too.
_RAMP = ("#c7e9b4", "#7fcdbb", "#41b6c4", "#1d91c0", "#225ea8", "#0c2c84")
_NO_FIGURE, _NOT_SHOWN = "no figure", "not shown"
_MARKS = {ABOVE: "triangle-up", BELOW: "triangle-down", _NOT_SHOWN: "cross"}
_WIDTH, _HEIGHT = 400, 540
#: Where publishers of shapes write the name.
_NAMES = ("name", "NAME", "District")
_WANTED = "give a TopoJSON as it is published, in degrees, whose features have the districts' names"


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
    found = _shapes(shapes)
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
            longitude, latitude = _inside(max(polygons, key=lambda each: abs(_area(each[0]))))
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


def _shapes(content: bytes) -> dict[str, list[Polygon]]:
    """{name: its polygons}, those of one name together. Source: the TopoJSON format's specification."""
    try:
        topology = orjson.loads(content)
        scale, shift = (
            topology.get("transform", {}).get(key, fallback)
            for key, fallback in (("scale", (1, 1)), ("translate", (0, 0)))
        )
        arcs = [list(_decoded(arc, "transform" in topology, scale, shift)) for arc in topology["arcs"]]
        latitudes = [y for arc in arcs for _, y in arc]
        if any(abs(x) > 180 or abs(y) > 90 for arc in arcs for x, y in arc):
            raise BadInput(f"shapes: coordinates are no degrees of longitude and latitude; {_WANTED}")
        # Half a pixel of the map: finer is not seen, and a file of a third of a megabyte would stay one.
        least = (max(latitudes) - min(latitudes)) / _HEIGHT / 2
        arcs = [_simplified(arc, least) for arc in arcs]
        found: dict[str, list[Polygon]] = {}
        for name, geometry in _named(topology["objects"].values()):
            parts = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
            found.setdefault(text(name), []).extend(
                [_wound(_ring(ring, arcs), hole=bool(place)) for place, ring in enumerate(part)]
                for part in parts
            )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"shapes: this is no TopoJSON; {_WANTED}") from None
    if not found:
        raise BadInput(f"shapes: no feature has a name; {_WANTED}")
    return found


def _named(geometries: Any) -> Iterator[tuple[str, Any]]:
    for geometry in geometries:
        if geometry["type"] == "GeometryCollection":
            yield from _named(geometry["geometries"])
        elif geometry["type"] in ("Polygon", "MultiPolygon"):
            properties = geometry.get("properties") or {}
            name = next((properties[key] for key in _NAMES if isinstance(properties.get(key), str)), "")
            if words(name):
                yield name, geometry


def _decoded(arc: Any, quantized: bool, scale: Any, shift: Any) -> Iterator[Point]:
    x = y = 0
    for point in arc:
        # Quantized points are told from the one before.
        x, y = (x + point[0], y + point[1]) if quantized else (point[0], point[1])
        yield x * scale[0] + shift[0], y * scale[1] + shift[1]


def _simplified(arc: list[Point], least: float) -> list[Point]:
    """Without the points less than `least` degrees off the line through those that are kept; both ends are.

    Neighbours share their arcs, so their border stays one. An arc that would be no ring any more stays as it is.
    Source: Douglas and Peucker (1973), The Canadian Cartographer 10, 112-122.
    """
    kept = {0, len(arc) - 1}
    pending = [(0, len(arc) - 1)]
    while pending:
        first, last = pending.pop()
        off = [(_off(arc[place], arc[first], arc[last]), place) for place in range(first + 1, last)]
        if off and (farthest := max(off))[0] >= least:
            kept.add(farthest[1])
            pending += [(first, farthest[1]), (farthest[1], last)]
    return arc if len(kept) < 4 and arc[0] == arc[-1] else [arc[place] for place in sorted(kept)]


def _off(point: Point, start: Point, end: Point) -> float:
    long = math.dist(start, end)
    if not long:
        return math.dist(point, start)
    (x, y), (x1, y1), (x2, y2) = point, start, end
    return abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / long


def _ring(of: list[int], arcs: list[list[Point]]) -> Ring:
    """The arcs end to end, ~i being arc i backwards; an arc begins where the one before ends."""
    ring: Ring = []
    for index in of:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring += arc[1:] if ring else arc
    return [(round(x, 5), round(y, 5)) for x, y in ring]


def _area(ring: Ring) -> float:
    """In square degrees, negative where the ring runs clockwise."""
    return sum(x * y2 - x2 * y for (x, y), (x2, y2) in pairwise(ring)) / 2


def _wound(ring: Ring, hole: bool) -> Ring:
    """Clockwise, holes the other way: on a sphere the other winding is all the world but the district."""
    return ring if (_area(ring) > 0) == hole else ring[::-1]


def _inside(polygon: Polygon) -> Point:
    """Where it is wide, and not at its ends; a centroid may lie in the city that a county surrounds."""
    latitudes = [y for _, y in polygon[0]]
    low, high = min(latitudes), max(latitudes)
    edges = [pair for ring in polygon for pair in pairwise(ring)]
    most, best = 0.0, polygon[0][0]
    for line in range(1, 24):
        # A little off, so that it does not run through corners of a grid of land.
        y = low + (high - low) * (line + 0.017) / 24
        cut = sorted(
            x1 + (y - y1) * (x2 - x1) / (y2 - y1) for (x1, y1), (x2, y2) in edges if (y1 > y) != (y2 > y)
        )
        for left, right in zip(cut[::2], cut[1::2], strict=False):
            if (room := (right - left) * min(y - low, high - y)) > most:
                most, best = room, ((left + right) / 2, y)
    return round(best[0], 5), round(best[1], 5)
