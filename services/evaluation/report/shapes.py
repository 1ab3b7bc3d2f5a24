"""Shapes of districts from a TopoJSON file: read, simplified, and wound as a sphere needs them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import orjson

from ..methods.inputs import BadInput
from ..outcomes.matching import words
from .svg import text

Point = tuple[float, float]
Ring = list[Point]
#: An outer ring and its holes.
Polygon = list[Ring]

#: Where publishers of shapes write the name.
_NAMES = ("name", "NAME", "District")
_WANTED = "give a TopoJSON as it is published, in degrees, whose features have the districts' names"


def read_shapes(content: bytes, finest: float) -> dict[str, list[Polygon]]:
    """{name: its polygons}, those of one name together; `finest` is the least detail kept, as a share of the height.

    Raises BadInput for what is no such file. Source: the TopoJSON format's specification.
    """
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
        least = (max(latitudes) - min(latitudes)) * finest
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


def mark_at(polygons: list[Polygon]) -> Point:
    """In the largest, where it is wide, and not at its ends; a centroid may lie in the city that a county surrounds."""
    polygon = max(polygons, key=lambda each: abs(_area(each[0])))
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
