"""The map: certain matches are drawn, the others named; shapes that are none are refused with what to do."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from services.evaluation.methods.funnel import ABOVE, BELOW, CONSISTENT
from services.evaluation.methods.inputs import BadInput
from services.evaluation.report.district_map import Map, MapValue, draw
from services.evaluation.report.document import Chart

SVG = "{http://www.w3.org/2000/svg}"
#: Of the shapes of 2016 these cities are not there, while those of 2012 have them.
CITIES = {"Booneville", "Clarksdale", "Durant", "Greenwood", "Laurel", "Philadelphia", "Yazoo City"}


def square(x: float, y: float, side: float) -> list[list[float]]:
    return [[x, y], [x, y + side], [x + side, y + side], [x + side, y], [x, y]]


def topology(*names: str, key: str = "name", backwards: bool = False) -> bytes:
    """Lee County around its city, and squares in a row beside it."""
    arcs = [square(-90, 32, 1), square(-89.7, 32.3, 0.4)]
    arcs += [square(-88.9 + place, 32, 0.8) for place in range(len(names) - 2)]
    if backwards:
        arcs = [arc[::-1] for arc in arcs]
    rings: list[list[list[int]]] = [[[0], [~1]], [[1]], *([[place]] for place in range(2, len(arcs)))]
    return json.dumps(
        {
            "type": "Topology",
            "objects": {
                "districts": {
                    "type": "GeometryCollection",
                    "geometries": [
                        {"type": "Polygon", "arcs": arcs_of, "properties": {key: name}}
                        for name, arcs_of in zip(names, rings, strict=False)
                    ],
                }
            },
            "arcs": arcs,
        }
    ).encode()


SHAPES = topology("Lee County School District", "Tupelo School District", "Benoit School District")
VALUES = {
    "lee co school dist": MapValue(0.61, BELOW),
    "Tupelo Public School Dist": MapValue(0.93, ABOVE),
    "West Bolivar Cons Sch": MapValue(0.7, CONSISTENT),
}


def drawn(shapes: bytes = SHAPES, values: dict[str, MapValue] | None = None, **more: Any) -> Map:
    return draw("map", "Pledges", "districts", shapes, VALUES if values is None else values, **more)


def fills(chart: Chart) -> list[tuple[str, str]]:
    """(colour, path) of what is drawn as a shape: areas have borders of their own, the legend's squares do not."""
    return [
        (path.attrib["fill"], path.attrib["d"])
        for path in ElementTree.fromstring(chart.svg).iter(f"{SVG}path")
        if path.get("stroke-width") == "0.6"
    ]


def marks(chart: Chart) -> list[tuple[str, float, float]]:
    """(form, x, y) of the marks on the map; the legend's all stand at the same place."""
    found = []
    for path in ElementTree.fromstring(chart.svg).iter(f"{SVG}path"):
        if path.get("stroke") == "white" and "transform" in path.attrib:
            x, y = map(float, re.findall(r"-?[\d.]+", path.attrib["transform"])[:2])
            if (x, y) != (5.5, 5.5):
                found.append((path.attrib["d"], x, y))
    return found


def within(path: str, x: float, y: float) -> bool:
    """Even-odd over the rings of a path."""
    inside = False
    for ring in path.split("M")[1:]:
        points = [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", ring)]
        for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                inside = not inside
    return inside


def test_names_that_match_by_rule_are_drawn_and_the_others_named() -> None:
    found = drawn()
    assert found.not_drawn == ("West Bolivar Cons Sch",)
    assert found.without_figure == ("Benoit School District",)
    assert len(fills(found.chart)) == 3
    assert found.chart.alt == (
        "A map of 2 of 3 districts, from 61.0 % to 93.0 %. 1 above (Tupelo Public School Dist), "
        "1 below (lee co school dist). Without a shape that is theirs for certain: West Bolivar Cons Sch. "
        "Shapes without a figure: 1."
    )


def test_a_reviewed_decision_joins_shapes_to_a_district_of_another_name() -> None:
    found = drawn(decided={"Benoit School District": "West Bolivar Cons Sch", "Tupelo School District": None})
    assert found.not_drawn == ("Tupelo Public School Dist",)
    assert found.without_figure == ("Tupelo School District",)


def test_two_shapes_that_would_be_one_district_are_neither() -> None:
    found = drawn(topology("Lee County School District", "Tupelo School District", "Tupelo Public Schools"))
    assert "Tupelo Public School Dist" in found.not_drawn
    assert found.without_figure == ("Tupelo Public Schools", "Tupelo School District")


def test_colours_are_of_classes_and_the_legend_names_them() -> None:
    chart = drawn().chart
    said = [element.text for element in ElementTree.fromstring(chart.svg).iter(f"{SVG}text")]
    assert {"60 to under 70 %", "90 to 100 %", "no figure", "above", "below"} <= set(said)
    colours = [colour for colour, _ in fills(chart)]
    assert len(set(colours)) == 3
    assert colours[0] == "#ffffff"


def test_a_class_holds_its_lower_edge() -> None:
    # 100 times 0.29 is a little less than 29.
    names = ("Lee County School District", "Tupelo School District", "Benoit School District")
    values = {name: MapValue(value) for name, value in zip(names, (0.28, 0.29, 0.3), strict=True)}
    benoit, lee, tupelo = (colour for colour, _ in fills(drawn(values=values).chart))
    assert lee != tupelo == benoit


def test_above_and_below_are_marks_of_two_forms_each_within_its_district() -> None:
    chart = drawn().chart
    found = marks(chart)
    assert len({form for form, *_ in found}) == len(found) == 2
    _, lee, tupelo = (path for _, path in fills(chart))
    homes = [[within(path, x, y) for path in (lee, tupelo)] for _, x, y in found]
    # The county's middle is in the city: its mark is not.
    assert sorted(homes) == [[False, True], [True, False]]


def test_a_district_that_is_not_shown_has_a_mark_and_no_colour() -> None:
    values = {**VALUES, "Tupelo Public School Dist": MapValue(None, ABOVE)}
    chart = drawn(values=values).chart
    assert [colour for colour, _ in fills(chart)].count("#ffffff") == 2
    assert "; 1 not shown. 0 above, 1 below (lee co school dist)." in chart.alt
    assert len(marks(chart)) == 2
    said = [element.text for element in ElementTree.fromstring(chart.svg).iter(f"{SVG}text")]
    assert "not shown" in said
    assert "above" not in said


def test_the_way_round_in_which_rings_run_does_not_matter() -> None:
    names = ("Lee County School District", "Tupelo School District", "Benoit School District")
    one, other = (fills(drawn(topology(*names, backwards=way)).chart) for way in (False, True))
    assert [colour for colour, _ in one] == [colour for colour, _ in other]
    for (_, path), (_, reverse) in zip(one, other, strict=True):
        corners = [set(re.findall(r"-?[\d.]+,-?[\d.]+", each)) for each in (path, reverse)]
        assert corners[0] == corners[1]
        # All the world but the district would reach to the edge of the picture and have many corners.
        assert len(corners[0]) <= 10


def test_quantized_shapes_are_the_same_map() -> None:
    plain = json.loads(SHAPES)
    shift, scale = (-90.0, 32.0), 0.1
    quantized = {**plain, "transform": {"scale": [scale, scale], "translate": shift}, "arcs": []}
    for arc in plain["arcs"]:
        whole = [[round((x - shift[0]) / scale), round((y - shift[1]) / scale)] for x, y in arc]
        steps = [[x - x1, y - y1] for (x, y), (x1, y1) in zip(whole[1:], whole, strict=False)]
        quantized["arcs"].append([whole[0], *steps])
    assert drawn(json.dumps(quantized).encode()) == drawn()


def test_a_map_is_one_image_that_fetches_nothing_and_has_the_same_bytes_again() -> None:
    svg = drawn().chart.svg
    assert drawn().chart.svg == svg
    assert set(re.findall(r"https?:[^\s\"'<>]*", svg)) == {"http://www.w3.org/2000/svg"}
    root = ElementTree.fromstring(svg)
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "map-title map-desc")
    assert "aria-roledescription" not in svg


def test_without_a_district_or_a_match_the_map_says_so() -> None:
    empty = drawn(values={})
    assert empty.chart.alt == "There is nothing to show."
    assert len(empty.without_figure) == 3
    strange = drawn(values={"Alcorn School Dist": MapValue(0.5)})
    assert strange.chart.alt == "None of 1 district has a shape."
    assert strange.not_drawn == ("Alcorn School Dist",)


BAD = {
    "nothing": b"",
    "no JSON": b"<svg/>",
    "another JSON": b'{"type": "FeatureCollection", "features": []}',
    "a list": b"[1, 2]",
    "no names": topology("Lee County School District", "Tupelo School District", key="GEOID"),
    "arcs that are not there": SHAPES.replace(b'"arcs": [[0], [-2]]', b'"arcs": [[70], [-2]]'),
    "feet instead of degrees": SHAPES.replace(b"-90, 32]", b"1230000.5, 700]"),
}


@pytest.mark.parametrize("shapes", BAD.values(), ids=BAD)
def test_shapes_that_are_none_are_refused_with_what_to_give(shapes: bytes) -> None:
    with pytest.raises(BadInput, match=r"shapes: .*; give a TopoJSON as it is published, in degrees"):
        drawn(shapes)


def test_a_value_that_is_no_share_is_named_by_its_district() -> None:
    with pytest.raises(BadInput, match=r"values\['Lee'\].value = 61 is no number from 0 to 1"):
        drawn(values={"Lee": MapValue(61)})
    with pytest.raises(BadInput, match=r"values\['Lee'\].verdict = 'best'"):
        drawn(values={"Lee": MapValue(0.6, "best")})


@pytest.fixture(scope="module")
def real(data: Path) -> dict[str, Map]:
    """Both files of shapes with the districts of 2016-17, each with a share of its own."""
    with (data / "ms-districts-2016-17" / "ms_districts_2016_17.csv").open(newline="") as file:
        names = [row["LEA_NAME"] for row in csv.DictReader(file)]
    values = {name: MapValue(place / len(names), CONSISTENT) for place, name in enumerate(names)}
    folder = data / "ms-district-topojson"
    return {
        year: draw("map", "M", "t", (folder / name).read_bytes(), values)
        for year, name in (
            ("2012", "Topojson_2012_MS_Districts_25_Percent.topojson"),
            ("2016", "Topojson_2016_MS_Districts.topojson"),
        )
    }


def test_of_the_real_districts_those_with_a_shape_for_certain_are_drawn(real: dict[str, Map]) -> None:
    cities = {
        year: {city for city in CITIES if any(name.startswith(city.lower()) for name in found.not_drawn)}
        for year, found in real.items()
    }
    assert cities == {"2016": CITIES, "2012": set()}
    assert {year: 144 - len(found.not_drawn) for year, found in real.items()} == {"2016": 125, "2012": 132}
    # Consolidated since, so no shape is theirs: nothing is guessed.
    assert "starkville- oktibbeha cons sd" in real["2016"].not_drawn
    assert {"Starkville School District", "Oktibbeha County School District"} <= set(
        real["2016"].without_figure
    )


def test_the_real_map_is_of_a_page_s_size_however_fine_the_shapes_are(real: dict[str, Map]) -> None:
    for found in real.values():
        assert len(found.chart.svg.encode()) < 250_000
        width, height = map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', found.chart.svg)[0])
        assert width <= 660
        assert height <= 860
    assert len(fills(real["2016"].chart)) == 141
