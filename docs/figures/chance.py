"""Of chance and size: intervals, shrinkage, funnels, exemplary districts, adjustment."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from services.evaluation.methods import (
    adjust,
    funnel,
    intervals,
    shrinkage,
)
from services.evaluation.report import comparison_charts
from services.evaluation.report.chart_style import BLUE, GREY, LINE, PERCENT, TEXT, chart, data, names
from services.evaluation.report.document import Chart

from .shapes import Span, boxes, points, spans, stacked


def interval() -> Chart:
    rows: list[Span] = []
    for k, n in ((9, 12), (30, 40), (90, 120), (300, 400), (3_000, 4_000)):
        low, high = intervals.wilson(k, n)
        rows.append((f"{k:,} of {n:,}", low, k / n, high))
    said = "Five groups with a rate of 75 % and Wilson's 95 % interval. "
    said += "; ".join(f"{name}: {points(low, high)} %" for name, low, _, high in rows) + "."
    return spans("intervals", "The same rate of more and more persons", said, rows, "Rate and 95 % interval")


#: Made up: (persons, of whom counted this year, the rate of all their later years).
SHRUNK = (
    (12, 11, 0.76), (15, 7, 0.66), (18, 17, 0.79), (25, 14, 0.69), (40, 34, 0.78), (60, 38, 0.67),
    (90, 75, 0.80), (150, 98, 0.67), (300, 246, 0.81), (700, 469, 0.68), (1_500, 1_185, 0.785), (4_000, 2_720, 0.685),
)  # fmt: skip


def shrunken() -> Chart:
    n, k, later = (np.array(column, dtype=float) for column in zip(*SHRUNK, strict=True))
    found = shrinkage.beta_binomial(k, n)
    kinds = ("recorded rate", "estimate", "later years")
    values: list[dict[str, Any]] = []
    for at, of in enumerate(zip(k / n, found.estimates, later, strict=True)):
        values += [{"row": at, "y": float(y), "said": kind} for kind, y in zip(kinds, of, strict=True)]
    lines = [
        {"row": at, "y": float(one), "to": float(two)}
        for at, (one, two) in enumerate(zip(k / n, found.estimates, strict=True))
    ]
    y = alt.Y("row:O", title="Persons", axis=names([f"{size:,.0f}" for size in n]))
    x = alt.X("y:Q", title="Rate", axis=alt.Axis(labelExpr=PERCENT), scale=alt.Scale(domain=[0.4, 1]))
    look = alt.Color("said:N", legend=alt.Legend(title=None)).scale(
        domain=kinds, range=[GREY, BLUE, "#d55e00"]
    )
    shape = alt.Shape("said:N", legend=alt.Legend(title=None)).scale(
        domain=kinds, range=["circle", "triangle-up", "cross"]
    )
    mean = alt.Chart(data([{"y": found.mean}])).mark_rule(color=LINE, strokeDash=[4, 3]).encode(x)
    drawn = alt.layer(
        mean,
        alt.Chart(data(lines)).mark_rule(color=LINE).encode(x, y, x2="to:Q"),
        alt.Chart(data(values)).mark_point(filled=True, size=60, opacity=1).encode(x, y, look, shape),
    ).properties(width=430, height=22 * len(SHRUNK))
    raw, shrunk = (float(((of - later) ** 2).sum()) for of in (k / n, found.estimates))
    said = f"Twelve districts: the recorded rate, the estimate drawn towards the mean of {100 * found.mean:.1f} %, and "
    said += f"the rate of later years. The small move far, the large hardly. Sum of squared errors: {raw:.3f} of the "
    return chart(
        "shrunken",
        "Recorded, estimated, later",
        "",
        f"{said}recorded rates, {shrunk:.3f} of the estimates.",
        drawn,
    )


def batters() -> Chart:
    rows = [
        ("averages of 45 times at bat", [("error", 0.0857, ".0857")]),
        ("shrunken estimates", [("error", 0.0268, ".0268")]),
    ]
    said = "Eighteen batters: sum of squared errors against the rest of the season, .0857 of the averages of 45 times "
    said += "at bat and .0268 of the shrunken estimates."
    return stacked("batters", "Error of the prediction", said, rows, "Sum of squared errors", share=False)


#: Made up, about a state of 80 %: (persons, counted).
FUNNEL = (
    (22, 12), (30, 27), (45, 33), (60, 52), (80, 61), (100, 66), (100, 85), (130, 110), (180, 139), (240, 196),
    (320, 249), (400, 351), (520, 424), (700, 540), (900, 729), (1_200, 948), (1_600, 1_290),
    (2_200, 1_751), (3_000, 2_391), (4_000, 3_216),
)  # fmt: skip


def funnels() -> Chart:
    n, k = (np.array(column) for column in zip(*FUNNEL, strict=True))
    low, high = funnel.limits(0.8, n, 0.998)
    q = funnel.benjamini_hochberg(funnel.p_values(k, n, 0.8))
    marked = q < 0.05
    words = np.select(
        [marked & (k / n > high), marked & (k / n < low)], [funnel.ABOVE, funnel.BELOW], funnel.CONSISTENT
    )
    drawn = [
        comparison_charts.FunnelPoint(
            f"District {chr(65 + at)}", int(n[at]), float(k[at] / n[at]), str(words[at])
        )
        for at in range(len(n))
    ]
    return comparison_charts.funnel("funnel", "A funnel", "", drawn, 0.8, 0.0)


def exemplary() -> Chart:
    steps = (
        ("Certified", "Are nine tenths of the class-months due certified as reported?", "no: not named"),
        ("Distance", "Estimate beyond the upper limit, or above the state with q < .05?", "no: not named"),
        (
            "Improved",
            "Is the whole interval of the change since last year above zero?",
            "no: not named; not known: go on",
        ),
        ("Gap", "Are its schools no further apart than last year?", "no: not named; not known: go on"),
        ("Two years", "Did it meet the first two last year as well?", "no: not named; not known: go on"),
        ("Named", "The rule names the programme. People visit, decide, and say why.", ""),
    )
    cells: list[dict[str, Any]] = []
    arrows = []
    for at, (_, question, otherwise) in enumerate(steps):
        top = 58 * at
        dark = at == len(steps) - 1
        about = {"y": top, "y2": top + 36, "my": top + 18, "ink": "#ffffff" if dark else TEXT}
        cells.append(
            {"x": 0, "x2": 400, "mx": 200, "words": question, "fill": BLUE if dark else "#ffffff", **about}
        )
        if otherwise:
            cells.append(
                {"x": 440, "x2": 630, "mx": 535, "words": otherwise, "fill": "#f2f2f2", **about, "ink": TEXT}
            )
            arrows += [
                {"mx": 200, "my": top + 47, "words": "↓ yes"},
                {"mx": 420, "my": top + 18, "words": "→"},
            ]
    more = alt.Chart(data(arrows)).mark_text(fontSize=13).encode(text="words:N")
    said = "Five questions one after the other: " + "; ".join(
        f"{word.lower()}: {of}" for word, of, _ in steps[:-1]
    )
    said += " No to one of them, and the programme is not named; of the last three an answer that is not known speaks "
    said += "against nobody. Who passes all is named, and people decide."
    return chart("exemplary", "The written rule", "", said, boxes(cells, 630, 58 * len(steps) - 20, [more]))


def adjusted() -> Chart:
    """Made up: 24 districts, the poorer the lower, and each with a distance of its own."""
    poverty = np.array([0.1 + 0.03 * at for at in range(24)])
    own = np.array([0.03, -0.04, 0.01, 0.05, -0.02, -0.05, 0.04, 0.0, -0.03, 0.02, 0.06, -0.07] * 2)
    observed = 0.9 - 0.4 * poverty + own
    found = adjust.expected(observed, poverty)
    values = [{"x": float(one), "y": float(two)} for one, two in zip(found.expected, observed, strict=True)]
    scale = alt.Scale(domain=[0.5, 0.95])
    x = alt.X("x:Q", title="Expected, given the families", scale=scale, axis=alt.Axis(labelExpr=PERCENT))
    y = alt.Y("y:Q", title="Observed", scale=scale, axis=alt.Axis(labelExpr=PERCENT))
    line = [{"x": 0.5, "y": 0.5}, {"x": 0.95, "y": 0.95}]
    words = [
        {"x": 0.59, "y": 0.88, "words": "more than expected"},
        {"x": 0.84, "y": 0.57, "words": "less than expected"},
    ]
    drawn = alt.layer(
        alt.Chart(data(line)).mark_line(color=LINE, strokeDash=[4, 3]).encode(x, y),
        alt.Chart(data(values)).mark_point(filled=True, size=50, opacity=1, color=BLUE).encode(x, y),
        alt.Chart(data(words)).mark_text().encode(x, y, text="words:N"),
    ).properties(width=400, height=300)
    said = "24 districts, what was expected of them across and what was observed up; on the dashed line both are the "
    said += (
        f"same. Observed divided by expected runs from {found.ratio.min():.2f} to {found.ratio.max():.2f}."
    )
    return chart("adjustment", "Observed and expected", "", said, drawn)
