"""The sections on the programme itself: who takes part, how it goes, who stands out and who needs support."""

from __future__ import annotations

from collections.abc import Iterator

from ..effectiveness import Comparison, told
from ..methods.inputs import BadInput
from ..publication import OF_PERSONS, STATE
from . import charts, comparison_charts, district_map, participation, rule_tables, tables
from .charts import Month
from .comparison_charts import Estimate, FunnelPoint
from .document import Block, Paragraph, Section, TableBlock
from .folder import Table, Value
from .material import Material
from .score_progress import Progress
from .scores import ALL_TESTS, SUBJECTS
from .support import support

#: What an indicator is called in titles.
TITLES = {
    "pledges_signed": "Pledges signed", "classes_reported": "Classes that sent a folder",
    "classes_on_time": "Classes on time", "folders_returned": "Folders returned signed",
    "months_met": "School-months in which all classes were on time", "survey_response": "Home surveys answered",
}  # fmt: skip
#: The state's columns that fit a printed page; the file has the others.
_STATE = ("indicator", "rate", "low", "high", "n", "above", "below", "consistent")
_OF = {
    "pledges_signed": "Students",
    "folders_returned": "Student-months",
    "survey_response": "Households invited",
}


def taking_part(material: Material) -> Section:
    table = participation.participation(material.figures)
    now = participation.counts(material.figures.now)
    said = (
        f"{now['districts']:,} of {len(material.names):,} registered districts and {now['schools']:,} schools have "
        "recorded something of the programme this school year."
    )
    if material.figures.before is None:
        said += " There is no earlier year to compare with, so that growth cannot be stated yet."
    years = [year for year in (material.figures.before, material.figures.now) if year is not None]
    bars = [charts.Year(year.year.school_year, participation.counts(year).get("pledges")) for year in years]
    chart = charts.years(
        "pledges-by-year", "Students for whom a pledge stands, by school year", table.name, bars,
        "Students with a pledge", share=False,
    )  # fmt: skip
    return Section("participation", "Participation and change", (Paragraph(said), chart, TableBlock(table)))


def fidelity(material: Material) -> Section:
    months = participation.months(material.figures)
    lines = [Month(str(row[0]), _share(row[2]), _share(row[3]), _share(row[5])) for row in months.rows]
    return Section(
        "components",
        "The components of the programme",
        (
            Paragraph(
                "What 37-3-67 lists, as far as it is recorded today. Components that nothing measures yet are "
                "named, so that nobody takes their absence for success or failure."
            ),
            TableBlock(participation.components(material.figures)),
            charts.months("folder-by-month", "The folder, month by month", months.name, lines),
            TableBlock(months),
        ),
    )


def measures(material: Material) -> Section:
    rows = [
        _progress(material, of) for of in material.progress if of.district == STATE and of.test == ALL_TESTS
    ]
    table = participation.measures(material.figures, rows)
    said = (
        "Success, in the words of 37-3-69: test scores, participation, and persons and districts taking part."
    )
    return Section("measures", "The measures of 37-3-69", (Paragraph(said), TableBlock(table)))


def comparison(material: Material) -> Section:
    found = material.figures.now.comparisons
    words = tables.verdicts(found, material.names)
    blocks: list[Block] = [
        Paragraph(
            "Every district beside the state: not ranked, since most ranks differ by chance alone. The estimate is "
            "drawn towards the mean as far as a district's own data are uncertain."
        ),
        TableBlock(tables.indicators(found), _STATE),
    ]
    for name in (*OF_PERSONS, "classes_on_time"):
        blocks += _drawn(material, name, found[name], words)
    blocks.append(TableBlock(words))
    blocks.append(
        Paragraph(
            "tables/districts.csv has every district on every indicator with number, rate, estimate, interval, "
            "verdict, reliability and possible ranks; tables/schools.csv has the schools."
        )
    )
    return Section("comparison", "Districts compared with the state", tuple(blocks), page=True)


def attached(material: Material) -> tuple[Table, ...]:
    """What is too long for print: the files have it."""
    figures = material.figures.now
    return (
        tables.districts(figures.comparisons, material.names),
        tables.schools(figures, material.names, material.snapshot.school_names),
        rule_tables.judgements(material.judgements, material.names),
        rule_tables.exemplary(material.named, material.names),
        rule_tables.decisions(material.snapshot.decisions, material.named, material.names),
    )


def _drawn(material: Material, name: str, comparison: Comparison, table: Table) -> Iterator[Block]:
    names = material.names
    shown = {district: each for district, each in comparison.districts.items() if each.estimate is not None}
    points = []
    for district, each in shown.items():
        k, n = told(each.shown)
        points.append(FunnelPoint(names[district], max(1, round(n)), k / n, str(each.verdict)))
    title = TITLES[name]
    yield comparison_charts.funnel(
        f"funnel-{name}", f"{title}: each district by its size", table.name, points,
        comparison.p0 or 0.0, comparison.tau2, _OF.get(name, "Class-months"),
    )  # fmt: skip
    rows = [
        Estimate(
            names[district],
            float(each.estimate or 0),
            float(each.low or 0),
            float(each.high or 0),
            str(each.verdict),
        )
        for district, each in shown.items()
    ]
    yield comparison_charts.estimates(
        f"estimates-{name}",
        f"{title}: estimate and interval of each district",
        table.name,
        rows,
        comparison.mean or 0.0,
    )


def where(material: Material) -> Section:
    """The map of pledges, where shapes were given, and the districts that it cannot draw."""
    file = material.choices.files.get("shapes")
    if file is None:
        said = "No shapes of districts were given, so there is no map. The tables have every district."
        return Section("map", "Map", (Paragraph(said),))
    comparison = material.figures.now.comparisons["pledges_signed"]
    values = {
        material.names[district]: district_map.MapValue(each.estimate, each.verdict)
        for district, each in comparison.districts.items()
    }
    try:
        drawn = district_map.draw(
            "map-pledges", "Pledges signed: estimate of each district", "map-not-drawn", file.content, values
        )
    except BadInput as error:
        raise BadInput(f"{file.name}: {error}") from error
    missing = tables.not_drawn(drawn)
    said = f"{len(values) - len(drawn.not_drawn)} of {len(values)} districts have a shape on the map ({file.name})."
    return Section("map", "Map", (Paragraph(said), drawn.chart, TableBlock(missing)))


def exemplary(material: Material) -> Section:
    named = material.named
    words = [f"{material.names[each.district]} ({TITLES[each.indicator]})" for each in named]
    said = (
        f"The written rule names {several(len(named), 'programme')} to be looked at: {'; '.join(words)}."
        if named
        else "The written rule names no programme this year: no district meets every part of it."
    )
    by_rule = {(each.district, each.indicator) for each in named}
    decided = len(by_rule & set(material.snapshot.decisions))
    told = (
        f"People have decided on {decided} of them so far."
        if decided
        else "No decision has been recorded yet."
    )
    return Section(
        "exemplary",
        "Exemplary programmes",
        (
            Paragraph(said),
            Paragraph(f"The rule finds; people decide, visit, and record their reasons. {told}"),
            *_rule(material),
            Paragraph("How much hangs on each part of the rule: it is changed one part at a time."),
            TableBlock(rule_tables.sensitivity(material.sensitivity, material.names)),
            Paragraph(
                "tables/exemplary-all.csv has every programme that was judged, with what it does not meet."
            ),
        ),
    )


def _rule(material: Material) -> Iterator[Block]:
    """Reasons and decisions, where the rule names anybody or anybody has decided."""
    if material.named:
        yield TableBlock(
            rule_tables.exemplary(material.named, material.names),
            ("name", "indicator", "criterion", "met", "text"),
        )
    if material.named or material.snapshot.decisions:
        found = rule_tables.decisions(material.snapshot.decisions, material.named, material.names)
        yield TableBlock(found, ("name", "indicator", "named", "decision", "reasons", "report", "decided_on"))


def supported(material: Material) -> Section:
    table = support(material.figures, material.names)
    districts = len({row[0] for row in table.rows})
    said = (
        f"{several(districts, 'district').capitalize()} could be helped first. This is no list of failures: a "
        "figure can be low because a "
        "district records with more care, serves families who are harder to reach, or began later."
        if districts
        else "No district lies below the state by more than chance and ordinary variety, and all certify their months."
    )
    blocks: list[Block] = [Paragraph(said)]
    if table.rows:
        blocks.append(TableBlock(table, ("name", "indicator", "finding", "offer")))
    return Section("support", "Districts that could be helped first", tuple(blocks))


def several(count: int, what: str) -> str:
    """One district, two districts."""
    return f"one {what}" if count == 1 else f"{count:,} {what}s"


def _progress(material: Material, of: Progress) -> list[Value]:
    """The state's row of a subject: its two years are those of the tests, which the note names."""
    now = material.proficiency[of.after, of.subject].state.shown.rate
    then = material.proficiency[of.before, of.subject].state.shown.rate if of.before else None
    note = f"{of.after}, {of.stated}" if of.stated else f"{of.before} to {of.after}"
    points = (
        None if each is None else f"{100 * each:+.1f} points" for each in (of.difference, of.low, of.high)
    )
    rates = (None if rate is None else f"{rate:.1f} %" for rate in (now, then))
    return [f"Progress on test scores: {SUBJECTS[of.subject]}", *rates, *points, note]


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
