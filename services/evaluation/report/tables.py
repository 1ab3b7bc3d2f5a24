"""Tables of the comparison, from what has passed suppression: nothing here shows a figure that is not shown."""

from __future__ import annotations

from collections.abc import Mapping

from ..effectiveness import Compared, Comparison
from ..indicators import DEFINITIONS
from ..publication import OF_PERSONS, school_unit
from .district_map import Map
from .figures import YearFigures
from .folder import Kind, Table, Value, shares

_FIGURE: Mapping[str, str] = {
    "status": "Shown as",
    "n": "Of how many",
    "rate": "Rate",
    "at_least": "At least",
    "at_most": "At most",
    "verdict": "Verdict",
    "estimate": "Estimate",
    "low": "95 % from",
    "high": "95 % to",
    "reliability": "Reliability",
}
_KINDS: Mapping[str, Kind] = {
    "rate": "share",
    "at_least": "share",
    "at_most": "share",
    "estimate": "share",
    "low": "share",
    "high": "share",
    "n": "count",
    "reliability": "number",
}


def indicators(comparisons: Mapping[str, Comparison]) -> Table:
    """The state's figures, and how many districts have which verdict."""
    columns = {
        "indicator": "Indicator", "clause": "Clause", "numerator": "Counted", "denominator": "Of", **_FIGURE,
        "mean": "Mean of the districts", "above": "Districts above", "below": "Districts below",
        "consistent": "Districts consistent with the state", "too_few": "Districts with too few data",
    }  # fmt: skip
    rows: list[list[Value]] = []
    for name, comparison in comparisons.items():
        of = DEFINITIONS[name]
        counted = comparison.verdicts
        rows.append(
            [
                name, of.clause, of.numerator, of.denominator, *_figure(comparison.state), comparison.mean,
                counted.get("above", 0), counted.get("below", 0), counted.get("consistent with the state", 0),
                counted.get("too few data", 0),
            ]
        )  # fmt: skip
    kinds: dict[str, Kind] = {**_KINDS, **shares("mean")}
    return Table("indicators", "The state, indicator by indicator", columns, rows, kinds, "components")


def districts(comparisons: Mapping[str, Comparison], names: Mapping[str, str]) -> Table:
    """Every district on every indicator, by the districts' names: never by rank."""
    columns = {
        "district": "District", "name": "Name", "indicator": "Indicator", **_FIGURE,
        "rank_best": "Rank, 95 % from", "rank_worst": "Rank, 95 % to",
    }  # fmt: skip
    rows: list[list[Value]] = []
    for district in sorted(names, key=lambda each: (names[each], each)):
        for indicator, comparison in comparisons.items():
            if (of := comparison.districts.get(district)) is not None:
                best, worst = of.rank or (None, None)
                rows.append([district, names[district], indicator, *_figure(of), best, worst])
    return Table(
        "districts", "Districts compared with the state", columns, rows, _KINDS, "shrunken-estimates"
    )


def verdicts(comparisons: Mapping[str, Comparison], names: Mapping[str, str]) -> Table:
    """A row per district, for print: each indicator's estimate with its verdict, or why there is none."""
    columns = {"name": "District", **{indicator: indicator.replace("_", " ") for indicator in comparisons}}
    rows: list[list[Value]] = [
        [names[district], *(_word(of.districts.get(district)) for of in comparisons.values())]
        for district in sorted(names, key=lambda each: (names[each], each))
    ]
    return Table("verdicts", "Estimates and verdicts by district", columns, rows, {}, "funnels")


def schools(
    figures: YearFigures, names: Mapping[str, str], schools: Mapping[str, Mapping[str, str]]
) -> Table:
    """Every school on every indicator of persons, by district and name; the estimate is drawn towards their mean."""
    columns = {
        "district": "District", "district_name": "Name of the district", "school": "School", "name": "Name",
        "indicator": "Indicator", "status": "Shown as", "n": "Of how many", "rate": "Rate", "at_least": "At least",
        "at_most": "At most", "estimate": "Estimate",
    }  # fmt: skip
    rows: list[list[Value]] = []
    for district in sorted(figures.year.schools, key=lambda each: (names.get(each, ""), each)):
        called = schools.get(district, {})
        for school in sorted(figures.year.schools[district], key=lambda each: (called.get(each, each), each)):
            card = figures.year.schools[district][school]
            for indicator in OF_PERSONS:
                unit = school_unit(district, school)
                told = Compared(
                    figures.publication.shown(indicator, unit, card.indicators[indicator])
                ).to_json()
                estimate = figures.schools[indicator].get(district, {}).get(school)
                figure = [told[key] for key in ("status", "n", "rate", "at_least", "at_most")]
                place = [district, names.get(district), school, called.get(school, school), indicator]
                rows.append([*place, *figure, estimate])
    kinds: dict[str, Kind] = {**shares("rate", "at_least", "at_most", "estimate"), "n": "count"}
    return Table("schools", "Schools", columns, rows, kinds, "suppression")


def not_drawn(drawn: Map) -> Table:
    """What the map cannot show: districts without a shape, and shapes that no district claims."""
    rows: list[list[Value]] = [[name, "no shape has this district's name"] for name in drawn.not_drawn]
    rows += [[name, "no district has this shape's name"] for name in drawn.without_figure]
    columns = {"name": "Name", "why": "Why it is not drawn"}
    return Table("map-not-drawn", "What the map does not show", columns, rows, {}, "map")


def _figure(of: Compared) -> list[Value]:
    told = of.to_json()
    return [told[key] for key in _FIGURE]


def _word(of: Compared | None) -> Value:
    if of is None:
        return None
    if of.estimate is None:
        return {"hidden": None, "rate only": "few persons", "bound": "nearly all or none"}.get(
            of.shown.status, "no figure"
        )
    short = {"consistent with the state": "", "too few data": ", few data"}
    return f"{100 * of.estimate:.1f} %{short.get(str(of.verdict), f', {of.verdict}')}"
