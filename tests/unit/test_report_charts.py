"""Charts: one image each with its numbers in words, the same bytes each time, nothing on colour alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations
from typing import Any, cast
from xml.etree import ElementTree

import altair as alt
import numpy as np
import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import ValidationError

from services.evaluation.methods.funnel import ABOVE, BELOW, CONSISTENT, TOO_FEW, limits
from services.evaluation.methods.inputs import BadInput
from services.evaluation.report.chart_style import LETTER, apart, place
from services.evaluation.report.charts import Month, PerStudent, Share, Year, funding, months, shares, years
from services.evaluation.report.comparison_charts import Estimate, FunnelPoint, estimates, funnel
from services.evaluation.report.district_map import MapValue
from services.evaluation.report.district_map import draw as district_map
from services.evaluation.report.document import Chart

SVG = "{http://www.w3.org/2000/svg}"
POINTS = (
    FunnelPoint("Adams", 120, 0.75, CONSISTENT),
    FunnelPoint("Benton <& Co>", 900, 0.93, ABOVE),
    FunnelPoint("Clay", 4000, 0.55, BELOW),
    FunnelPoint("Dee", 9, 0.5, TOO_FEW),
)
ESTIMATES = (
    Estimate("Clay School District", 0.55, 0.5, 0.6, BELOW),
    Estimate("Adams School District", 0.75, 0.7, 0.8, CONSISTENT),
    Estimate("Benton School District", 0.93, 0.9, 0.95, ABOVE),
)
MONTHS = (
    Month("Aug", 0.5, 0.4, 0.45),
    Month("Sep", 0.8, 0.7, None),
    Month("Oct", 0.9, 0.75, 0.6),
    Month("Nov", 0.9, 0.8, 0.625),
)
FUNDING = tuple(
    PerStudent(f"District {n}", scenario, n, dollars / n)
    for n in (300, 5000, 40_000)
    for scenario, dollars in (("by students", 10_000), ("by need", 9_000), ("coordinators first", 50_000))
)

DRAWN: dict[str, Callable[[str], Chart]] = {
    "funnel": lambda id: funnel(id, "Rates", "districts", POINTS, 0.72, 0.002),
    "estimates": lambda id: estimates(id, "Estimates", "districts", ESTIMATES, 0.72),
    "months": lambda id: months(id, "Months", "months", MONTHS),
    "years": lambda id: years(id, "Years", "years", [Year("2025-26", 0.5), Year("2026-27", None)], "Pledges"),
    "shares": lambda id: shares(id, "Modes", "modes", [Share("On paper", 0.75, 1500), Share("Web", None)]),
    "funding": lambda id: funding(id, "Funding", "funding", FUNDING),
    "nothing": lambda id: funding(id, "Funding", "funding", []),
}
every_chart = pytest.mark.parametrize("kind", DRAWN)


@cache
def one(kind: str) -> Chart:
    return DRAWN[kind]("one")


def parsed(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(chart.svg)


def texts(chart: Chart) -> list[str]:
    return [element.text or "" for element in parsed(chart).iter(f"{SVG}text")]


def symbols(chart: Chart, colour: str) -> list[ElementTree.Element]:
    """Points of data and of the legend: paths of a colour that are moved to their place."""
    paths = parsed(chart).iter(f"{SVG}path")
    return [path for path in paths if path.get("fill") == colour and "transform" in path.attrib]


@every_chart
def test_a_chart_is_one_image_named_by_its_title_and_described_by_its_alt(kind: str) -> None:
    chart = one(kind)
    root = parsed(chart)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "one-title one-desc"
    named = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    assert (named["one-title"], named["one-desc"]) == (chart.title, chart.alt)
    inside = [name for element in root.iter() if element is not root for name in element.attrib]
    assert not [name for name in inside if name == "role" or name.startswith("aria-")]


def specification(draw: Callable[[str], Chart]) -> dict[str, Any]:
    """What is handed over to be drawn."""
    given: list[dict[str, Any]] = []

    def keep(specification: dict[str, Any], **_: Any) -> str:
        given.append(specification)
        return '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>'

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vl_convert, "vegalite_to_svg", keep)
        draw("one")
    (found,) = given
    return found


def validate(specification: dict[str, Any]) -> None:
    """Raises jsonschema's ValidationError for what Vega-Lite's own JSON Schema does not allow."""
    alt.Chart.from_dict(specification, validate=True)


@pytest.mark.parametrize("kind", sorted(DRAWN.keys() - {"nothing"}))
def test_a_chart_is_valid_vega_lite(kind: str) -> None:
    """It is drawn without being validated again, which is half of the time: here it is."""
    validate(specification(DRAWN[kind]))


def test_the_map_is_valid_vega_lite() -> None:
    """Two squares beside each other."""
    arcs = [[[x, 31], [x, 32], [x + 1, 32], [x + 1, 31], [x, 31]] for x in (-90, -89)]
    shapes = [
        {"type": "Polygon", "arcs": [[at]], "properties": {"name": f"{name} School District"}}
        for at, name in enumerate(("Adams", "Benton"))
    ]
    objects = {"districts": {"type": "GeometryCollection", "geometries": shapes}}
    content = json.dumps({"type": "Topology", "arcs": arcs, "objects": objects}).encode()
    values = {
        "Adams School District": MapValue(0.7, CONSISTENT),
        "Benton School District": MapValue(0.9, ABOVE),
    }
    validate(specification(lambda id: district_map(id, "Map", "map", content, values).chart))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda spec: spec | {"layer": "all"},
        lambda spec: spec | {"width": "wide"},
        lambda spec: spec | {"config": {"axis": {"labelFontSize": "large"}}},
        lambda spec: json.loads(json.dumps(spec).replace('"quantitative"', '"quantity"')),
    ],
)
def test_a_specification_that_is_not_valid_is_found_to_be_so(
    spoil: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    with pytest.raises(ValidationError):
        validate(spoil(specification(DRAWN["funnel"])))


@every_chart
def test_a_chart_fetches_nothing(kind: str) -> None:
    svg = one(kind).svg
    assert set(re.findall(r"https?:[^\s\"'<>]*", svg)) == {"http://www.w3.org/2000/svg"}
    assert "href" not in svg
    assert set(re.findall(r"url\((.)", svg)) <= {"#"}


@every_chart
def test_a_chart_has_the_same_bytes_whatever_was_drawn_before(kind: str) -> None:
    first = one(kind)
    DRAWN["funnel"]("another")
    assert DRAWN[kind]("one") == first


@every_chart
def test_two_charts_on_a_page_share_no_id_and_refer_to_their_own(kind: str) -> None:
    ids = [set(re.findall(r'\bid="([^"]+)"', chart.svg)) for chart in (one(kind), DRAWN[kind]("other"))]
    assert not ids[0] & ids[1]
    assert all(id.startswith("one-") for id in ids[0])
    assert set(re.findall(r"url\(#([^)]+)\)", one(kind).svg)) <= ids[0]


@every_chart
def test_text_is_large_and_dark_enough(kind: str) -> None:
    root = parsed(one(kind))
    assert root.get("font-family") == "DejaVu Sans, Arial, sans-serif"
    assert float(root.attrib["width"]) <= 660
    for element in root.iter(f"{SVG}text"):
        assert float(element.attrib["font-size"].removesuffix("px")) >= 10
        assert contrast_with_white(element.attrib["fill"]) >= 4.5 or element.get("stroke") == "white"


def contrast_with_white(colour: str) -> float:
    """WCAG 2.2's contrast ratio."""
    parts = [int(colour.lstrip("#")[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


@pytest.mark.parametrize("kind", ["funnel", "estimates"])
def test_above_below_and_consistent_differ_in_shape_and_in_colour(kind: str) -> None:
    chart = one(kind)
    shapes = []
    for colour in ("#0072b2", "#d55e00", "#767676"):
        # Pure form: the legend's symbol is the largest, so sizes are divided out.
        numbers = [re.findall(r"-?[\d.]+", path.attrib["d"]) for path in symbols(chart, colour)]
        assert numbers
        shapes.append((len(numbers[0]), numbers[0][1].startswith("-")))
    assert len(set(shapes)) == 3


def test_a_funnel_has_the_limits_that_hold_the_over_dispersion() -> None:
    # Two points in sight tell the scales, with no look at the axes.
    chart = funnel("f", "F", "t", POINTS[:3], 0.72, 0.002)
    at = {}
    for colour, point in (("#0072b2", POINTS[1]), ("#d55e00", POINTS[2])):
        mark = min(symbols(chart, colour), key=lambda path: len(path.attrib["d"]))
        found = [
            tuple(map(float, re.findall(r"-?[\d.]+", path.attrib["transform"])))
            for path in symbols(chart, colour)
            if path.attrib["d"] == mark.attrib["d"]
        ]
        at[point] = max(found, key=lambda place: place[1] if point is POINTS[2] else place[0])
    (x1, y1), (x2, y2) = at[POINTS[1]], at[POINTS[2]]
    for dashes, level in (("6,3", 0.95), ("2,2", 0.998)):
        paths = [
            path.attrib["d"]
            for path in parsed(chart).iter(f"{SVG}path")
            if path.get("stroke-dasharray") == dashes and path.attrib["d"].count("L") > 10
        ]
        assert len(paths) == 2
        ends = []
        for path in paths:
            x, y = map(float, re.findall(r"-?[\d.]+", path)[-2:])
            n = 900 * (4000 / 900) ** ((x - x1) / (x2 - x1))
            ends.append((round(n), 0.93 + (0.55 - 0.93) * (y - y1) / (y2 - y1)))
        low, high = limits(0.72, ends[0][0], level, 0.002)
        assert sorted(rate for _, rate in ends) == pytest.approx([low, high], abs=0.002)


def test_the_called_out_have_their_names_beside_them_and_in_the_alt() -> None:
    chart = one("funnel")
    assert {"Benton <& Co>", "Clay"} <= set(texts(chart))
    assert "Adams" not in texts(chart)
    assert chart.alt == (
        "4 districts by number of students; the state's rate is 72.0 %. "
        "1 above (Benton <& Co>), 1 below (Clay), 1 consistent with the state, 1 too few data."
    )


def test_of_many_called_out_eight_at_most_are_named() -> None:
    points = [FunnelPoint(f"District {n}", n, 0.3 + n / 10_000, BELOW) for n in range(100, 3100, 100)]
    chart = funnel("f", "F", "t", points, 0.7, 0.0)
    assert 3 <= len({each for each in texts(chart) if each.startswith("District")}) <= 8
    assert chart.alt.endswith("0 above, 30 below.")


boxes = st.lists(
    st.tuples(st.floats(0, 560), st.floats(0, 340), st.text("abc ", min_size=1, max_size=30)), max_size=8
)


@given(boxes)
def test_names_beside_marks_cover_neither_one_another_nor_a_mark(
    names: Sequence[tuple[float, float, str]],
) -> None:
    placed = place(names, [(x, y) for x, y, _ in names], 560, 340)
    taken = [(x, y - 6, x + LETTER * len(name), y + 6) for x, y, name in placed]
    for (left, top, right, bottom), (left2, top2, right2, bottom2) in combinations(taken, 2):
        assert right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
    for left, top, right, bottom in taken:
        assert left >= 0
        assert right <= 560
        assert not any(left < x < right and top < y < bottom for x, y, _ in names)


@given(st.lists(st.floats(0, 250), max_size=6))
def test_labels_are_moved_apart_in_their_order(at: list[float]) -> None:
    moved = apart(at, 15, 250)
    assert len(moved) == len(at)
    assert all(0 <= place <= 250 + 1e-9 for place in moved)
    assert all(abs(one - other) >= 15 - 1e-9 for one, other in combinations(moved, 2))
    for (before, after), (now, then) in zip(combinations(at, 2), combinations(moved, 2), strict=True):
        assert before == after or (before < after) == (now < then)


def test_estimates_come_by_name_whatever_they_are() -> None:
    names = [each for each in texts(one("estimates")) if each in ("Adams", "Benton", "Clay")]
    assert names == ["Adams", "Benton", "Clay"]


def test_all_districts_of_a_state_fit_a_page_with_their_names() -> None:
    rows = [Estimate(f"District {n} Sch Dist", 0.7, 0.6, 0.8, CONSISTENT) for n in range(144)]
    chart = estimates("e", "E", "t", rows, 0.7)
    root = parsed(chart)
    assert float(root.attrib["width"]) <= 660
    assert float(root.attrib["height"]) <= 860
    assert {f"District {n}" for n in range(144)} <= set(texts(chart))
    assert len(chart.svg.encode()) < 150_000
    assert chart.alt.endswith("Names are shortened; the table has them whole.")


def test_names_are_not_shortened_to_one_that_two_have_and_two_of_a_name_are_both_there() -> None:
    rows = [
        Estimate(name, 0.7, 0.6, 0.8, CONSISTENT)
        for name in ("Union Public School District", "Union School District", "Lee", "Lee")
    ]
    said = texts(estimates("e", "E", "t", rows, 0.7))
    assert [each for each in said if each[:3] in ("Uni", "Lee")] == [
        "Lee", "Lee", "Union Public School District", "Union School District",
    ]  # fmt: skip


def test_months_are_three_lines_of_their_own_dashes_with_their_names_and_a_gap_where_nothing_is_shown() -> (
    None
):
    chart = one("months")
    assert {"Classes reported", "Classes on time", "Folders returned"} <= set(texts(chart))
    lines = {
        path.attrib["stroke-dasharray"]: path.attrib["d"]
        for path in parsed(chart).iter(f"{SVG}path")
        if path.get("stroke-dasharray")
    }
    assert len(lines) == 3
    assert lines["2,2"].count("M") == 2
    assert chart.alt == (
        "Classes reported: 50.0 % in Aug, 90.0 % in Nov; Classes on time: 40.0 % in Aug, 80.0 % in Nov; "
        "Folders returned: 45.0 % in Aug, 62.5 % in Nov."
    )


def test_one_year_is_a_chart_and_a_year_that_is_not_shown_says_so() -> None:
    single = years("y", "Y", "t", [Year("2026-27", 412_345)], "Students", share=False)
    assert single.alt == "Students: 412,345 in 2026-27."
    assert {"412,345", "2026-27", "Students"} <= set(texts(single))
    assert not [each for each in texts(single) if "e+" in each]
    assert one("years").alt == "Pledges: 50.0 % in 2025-26, not shown in 2026-27."
    assert {"50.0 %", "not shown"} <= set(texts(one("years")))


def test_shares_are_printed_beside_their_bars() -> None:
    chart = one("shares")
    assert {"On paper", "75.0 % (1,500)", "Web", "not shown"} <= set(texts(chart))
    assert chart.alt == "On paper: 75.0 % (1,500); Web: not shown."


def test_funding_tells_scenarios_apart_and_says_what_each_gives() -> None:
    chart = one("funding")
    assert {"by students", "by need", "coordinators first"} <= set(texts(chart))
    assert "by students: $0.25 to $33.33, median $2.00" in chart.alt
    forms = {symbols(chart, colour)[0].attrib["d"][-12:] for colour in ("#0072b2", "#d55e00", "#009e73")}
    assert len(forms) == 3


def test_a_state_of_three_scenarios_is_below_150_kb() -> None:
    rows = [
        PerStudent(f"D{n}", scenario, 200 + 130 * n, 9 + 1000 / (n + 1) * (place + 1))
        for n in range(144)
        for place, scenario in enumerate(("by students", "by need", "coordinators first"))
    ]
    assert len(funding("f", "F", "t", rows).svg.encode()) < 150_000


EMPTY: dict[str, Callable[[], Chart]] = {
    "funnel": lambda: funnel("e", "E", "t", [], 0.5, 0.0),
    "estimates": lambda: estimates("e", "E", "t", [], 0.5),
    "months": lambda: months("e", "E", "t", [Month("Aug", None, None, None)]),
    "years": lambda: years("e", "E", "t", [Year("2026-27", None)], "Pledges"),
    "shares": lambda: shares("e", "E", "t", []),
    "funding": lambda: funding("e", "E", "t", []),
}


@pytest.mark.parametrize("drawn", EMPTY.values(), ids=EMPTY)
def test_where_there_is_nothing_the_chart_says_so(drawn: Callable[[], Chart]) -> None:
    chart = drawn()
    assert chart.alt == "There is nothing to show."
    assert texts(chart) == [chart.alt]


WRONG: dict[str, tuple[Callable[[], Chart], str]] = {
    "a rate in per cent": (
        lambda: funnel("w", "W", "t", [POINTS[0], FunnelPoint("X", 10, 72.0, ABOVE)], 0.5, 0.0),
        r"points\[1\].rate = 72.0 is no number from 0 to 1",
    ),
    "nobody": (
        lambda: funnel("w", "W", "t", [FunnelPoint("X", 0, 0.5, ABOVE)], 0.5, 0.0),
        r"points\[0\].n = 0 is no number of 1 or more",
    ),
    "a word that is no verdict": (
        lambda: funnel("w", "W", "t", [FunnelPoint("X", 10, 0.5, "best")], 0.5, 0.0),
        r"points\[0\].verdict = 'best'",
    ),
    "not a number": (
        lambda: estimates("w", "W", "t", [Estimate("X", 0.5, float("nan"), 0.6, ABOVE)], 0.5),
        r"rows\[0\].low = nan",
    ),
    "a mean that is none": (lambda: estimates("w", "W", "t", ESTIMATES, float("nan")), "mean = nan"),
    "words": (
        lambda: months("w", "W", "t", [Month("Aug", cast(float, "many"), 0.1, 0.1)]),
        r"rows\[0\].reported = 'many'",
    ),
    "a negative count": (
        lambda: years("w", "W", "t", [Year("2026-27", -1)], "Students", share=False),
        r"rows\[0\].value = -1",
    ),
    "infinity": (
        lambda: funding("w", "W", "t", [PerStudent("X", "s", 10, float("inf"))]),
        r"rows\[0\].dollars",
    ),
    "five scenarios": (
        lambda: funding("w", "W", "t", [PerStudent("X", s, 10, 1) for s in "abcde"]),
        "5 scenarios",
    ),
    "an id of a page": (lambda: shares('w"x', "W", "t", [Share("X", 0.5)]), "id = "),
}


@pytest.mark.parametrize(("drawn", "said"), WRONG.values(), ids=WRONG)
def test_what_is_no_number_is_named_by_row_and_field(drawn: Callable[[], Chart], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        drawn()


def test_names_are_text_whatever_they_are() -> None:
    names = ["<script>alert(1)</script>", '"O\'Neil" & Co\\n', "Ünïon \x00\ud800", "{datum.value}", "🏫"]
    chart = shares("s", "<i>T</i>", "t", [Share(name, 0.5) for name in names])
    assert [each for each in texts(chart) if "%" not in each] == [
        *names[:2],
        "Ünïon \ufffd\ufffd",
        *names[3:],
    ]
    assert not list(parsed(chart).iter(f"{SVG}script"))
    assert names[0] in chart.alt


def test_numbers_of_numpy_are_numbers() -> None:
    point = FunnelPoint("X", cast(int, np.int64(50)), cast(float, np.float32(0.5)), ABOVE)
    assert "X" in texts(funnel("f", "F", "t", [point], np.float64(0.4), np.float64(0)))
