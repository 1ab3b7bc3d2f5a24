"""Of results: tests, slopes, graduation."""

from __future__ import annotations

import altair as alt

from services.evaluation.methods import (
    change,
)
from services.evaluation.report import charts
from services.evaluation.report.chart_style import BLUE, LINE, PERCENT, chart, data, names
from services.evaluation.report.document import Chart
from services.evaluation.report.graduation import Rate, shifts

from .shapes import Span


def tests() -> Chart:
    rows = [charts.Share("English language arts", 0.422), charts.Share("Mathematics", 0.473)]
    return charts.shares("test-scores", "Levels 4 and 5 in the state, 2022", "", rows)


def slope() -> Chart:
    """Made up: a district's mean score in five school years."""
    years, scores = [2021, 2022, 2023, 2024, 2025], [641.0, 646.0, 645.0, 651.0, 652.0]
    found = change.slope(years, scores)
    x = alt.X("year:Q", title="School year that began in", axis=alt.Axis(format="d", values=years))
    y = alt.Y("y:Q", title="Mean score", scale=alt.Scale(domain=[636, 656]))
    line = [
        {"year": year, "y": found.score + found.slope * (year - found.at)} for year in (years[0], years[-1])
    ]
    drawn = alt.layer(
        alt.Chart(data(line))
        .mark_line(color=LINE, strokeDash=[4, 3])
        .encode(x.scale(domain=[2020.8, 2025.2]), y),
        alt.Chart(data([{"year": year, "y": score} for year, score in zip(years, scores, strict=True)]))
        .mark_point(filled=True, size=70, opacity=1, color=BLUE)
        .encode(x.scale(domain=[2020.8, 2025.2]), y),
    ).properties(width=400, height=200)
    said = f"Mean scores of five school years and the line through them: {found.slope:.1f} points more each year, from "
    return chart("slope", "Points per year", "", f"{said}{found.low:.1f} to {found.high:.1f}.", drawn)


def graduation() -> Chart:
    ranges = {
        "North": ((0.70, 0.74), (0.80, 0.84)),
        "Middle": ((0.75, 0.79), (0.78, 0.82)),
        "South": ((0.85, 0.89), (0.80, 0.84)),
    }
    years = ("2012-13", "2013-14")
    found = [
        Rate(name, year, "as published", *of)
        for name, pair in ranges.items()
        for year, of in zip(years, pair, strict=True)
    ]
    words = {each.district: each.stated for each in shifts(found)}
    rows: list[Span] = []
    for each in found:
        told = f": {words[each.district]}" if each.school_year == years[1] else ""
        rows.append(
            (f"{each.district}, {each.school_year}{told}", each.low or 0, each.low or 0, each.high or 0)
        )
    values = [{"row": at, "low": row[1], "high": row[3]} for at, row in enumerate(rows)]
    y = alt.Y("row:O", title=None, axis=names([row[0] for row in rows], 260))
    x = alt.X(
        "low:Q",
        title="Range of the rate as published",
        axis=alt.Axis(labelExpr=PERCENT),
        scale=alt.Scale(domain=[0.65, 0.95]),
    )
    drawn = alt.Chart(data(values)).mark_bar(color=BLUE, height=12).encode(x, y, x2="high:Q")
    said = "Ranges of three districts in two years. North, 70-74 to 80-84 %: rose. Middle, 75-79 to 78-82 %: the "
    said += "ranges overlap, so the change cannot be told. South, 85-89 to 80-84 %: fell."
    return chart(
        "graduation", "Ranges that overlap or do not", "", said, drawn.properties(width=330, height=170)
    )
