"""Of surveys: response, weights, reliability, groups, activities."""

from __future__ import annotations

import altair as alt
import numpy as np

from services.evaluation.methods import (
    effects,
    intervals,
    response,
    weights,
)
from services.evaluation.report import survey_scales
from services.evaluation.report.chart_style import BLUE, chart, data
from services.evaluation.report.document import Chart

from .shapes import Parts, Span, points, spanned, spans, stacked


def rates() -> Chart:
    given = {"complete": 420, "partial": 60, "unknown_household": 520}
    found = (
        ("RR1", 520, response.rr1(**given)),
        ("RR3, e = 0.5", 260, response.rr3(**given, e=0.5)),
        ("RR5", 0, response.rr5(**given)),
    )
    rows: list[tuple[str, Parts]] = []
    for name, silent, rate in found:
        parts = [("complete (I)", 420, "420"), ("partial (P)", 60, "60")]
        if silent:
            parts.append(("nothing came back (UH), as far as counted", silent, f"{silent}"))
        rows.append((f"{name}: {100 * rate:.1f} %", parts))
    said = "1,000 households were asked: 420 marked every item, 60 some, 520 sent nothing back. "
    said += (
        "; ".join(f"{name}: 420 of {480 + silent}, {100 * rate:.1f} %" for name, silent, rate in found) + "."
    )
    return stacked(
        "response-rates", "Three response rates of one survey", said, rows, "Households counted", share=False
    )


def missing() -> Chart:
    frame = {"English": (700, 410), "Spanish": (200, 60), "other": (100, 30)}
    found = response.bias({"language": frame}).variables["language"]
    rows = [
        (
            who,
            [
                (name, float(of), f"{100 * of:.0f} %")
                for name, of in zip(found.categories, shares, strict=True)
            ],
        )
        for who, shares in (("those asked", found.asked), ("those who answered", found.answered))
    ]
    told = ", ".join(
        f"{name} {100 * one:.0f} and {100 * two:.0f} %"
        for name, one, two in zip(found.categories, found.asked, found.answered, strict=True)
    )
    said = f"Shares of languages among 1,000 asked and among 500 who answered: {told}. Cohen's w is {found.w:.2f}."
    return stacked("non-response", "Who is missing", said, rows, "Share", share=True)


def raked() -> Chart:
    found = weights.rake({"sex": ["man"] * 4 + ["woman"] * 6}, {"sex": {"man": 0.5, "woman": 0.5}})
    man, woman = float(found.weights[0]), float(found.weights[-1])
    rows = [
        ("before: each counts 1", [("men", 4.0, "4 men"), ("women", 6.0, "6 women")]),
        ("after", [("men", 4 * man, f"4 × {man:.2f}"), ("women", 6 * woman, f"6 × {woman:.4f}")]),
    ]
    said = f"Ten answers, of 4 men and 6 women. After raking to half and half each man counts {man:.2f} and each woman "
    said += f"{woman:.4f}, so that both are worth 5; the design effect is {found.design_effect:.3f}."
    return stacked("raking", "Raking to half and half", said, rows, "Answers", share=False)


def scales() -> Chart:
    """Alpha of standardised items that correlate with each other by r: k r / (1 + (k - 1) r)."""
    values = [
        {"k": k, "y": k * r / (1 + (k - 1) * r), "said": f"r = {r}"}
        for r in (0.1, 0.33, 0.6)
        for k in range(2, 13)
    ]
    ends = [{**each, "said": f"items correlate by {each['said'][4:]}"} for each in values if each["k"] == 12]
    mark = [{"k": 5, "y": 5 * 0.33 / (1 + 4 * 0.33), "said": "five items, r = .33: .71"}]
    x = alt.X("k:Q", title="Items of the scale", scale=alt.Scale(domain=[2, 12]), axis=alt.Axis(tickCount=10))
    y = alt.Y("y:Q", title="Alpha", scale=alt.Scale(domain=[0, 1]))
    dash = alt.StrokeDash("said:N", legend=None).scale(range=[[2, 2], [6, 3], [1, 0]])
    drawn = alt.layer(
        alt.Chart(data(values)).mark_line(color=BLUE).encode(x, y, dash),
        alt.Chart(data(ends)).mark_text(align="left", dx=6).encode(x, y, text="said:N"),
        alt.Chart(data(mark)).mark_point(filled=True, size=80, opacity=1, color="#d55e00").encode(x, y),
        alt.Chart(data(mark)).mark_text(align="left", dx=6, dy=14).encode(x, y, text="said:N"),
    ).properties(width=400, height=250)
    said = "Alpha rises with the number of items and with how much they go together: five items that correlate by .33 "
    return chart(
        "reliability",
        "What alpha is made of",
        "",
        f"{said}have .71, five that correlate by .1 only .36.",
        drawn,
    )


def dropped() -> Chart:
    rows: list[Span] = [
        (f"without {item}", of, of, of)
        for item, of in zip(("A1", "A2", "A3", "A4", "A5"), (0.72, 0.62, 0.60, 0.69, 0.64), strict=True)
    ]
    rows.insert(0, ("all five items", 0.69, 0.70, 0.72))
    said = "Alpha of five items is .70, with an interval from .69 to .72. Without one of them it is .72, .62, .60, .69 "
    said += "and .64: only the first, which is worded the other way round, adds nothing."
    return spans("reliability-items", "Alpha without each item", said, rows, "Alpha", rule=0.70, share=False)


def groups() -> Chart:
    """Made up: scores of 60 families on paper and 30 by phone."""
    paper = [3.0, 3.5, 4.0, 4.5, 5.0, 3.5] * 10
    phone = [2.5, 3.0, 3.5, 4.0, 4.5] * 6
    found = effects.difference(phone + paper, [1] * len(phone) + [0] * len(paper))
    means = [
        (f"{name}, {len(of)} families", survey_scales.interval(np.array(of)))
        for name, of in (("on paper", paper), ("by phone", phone))
    ]
    rows: list[Span] = [(name, of.low or 0, of.mean or 0, of.high or 0) for name, of in means]
    said = (
        f"Mean scores {means[0][0]}: {means[0][1].mean:.2f}, and {means[1][0]}: {means[1][1].mean:.2f}. The "
    )
    said += f"difference is {found.difference:.2f} points, from {found.low:.2f} to {found.high:.2f}."
    below: list[Span] = [("difference", found.low, found.difference, found.high)]
    drawn = alt.vconcat(
        spanned(rows, "Mean of the scale", share=False),
        spanned(below, "Points of the scale", 0.0, share=False),
    )
    return chart("survey-groups", "A difference of two groups", "", said, drawn)


def activities() -> Chart:
    rows: list[Span] = []
    for name, k in (
        ("general meeting", 13_090),
        ("school event", 12_261),
        ("conference", 11_187),
        ("PTO", 6_993),
        ("volunteered", 6_518),
    ):
        low, high = intervals.wilson(k, 15_374)
        rows.append((name, low, k / 15_374, high))
    said = "Shares of 15,374 children whose family did each of five things. "
    said += (
        "; ".join(f"{name}: {100 * mid:.1f} %, from {points(low, high)}" for name, low, mid, high in rows)
        + "."
    )
    return spans("activities", "Each activity by itself", said, rows, "Share and 95 % interval")
