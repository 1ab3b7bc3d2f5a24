"""Draws the figures of docs/methods.md: `python docs/figures/draw.py`. The same program and fonts give the same bytes.

What is drawn is computed by the methods themselves, from numbers that were published or from examples that are made up;
the page says which. A figure's alt is also its text in the page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

from services.evaluation.indicators import Ratio
from services.evaluation.methods import (
    adjust,
    apportion,
    assignment,
    change,
    effects,
    funnel,
    intervals,
    response,
    shrinkage,
    weights,
)
from services.evaluation.methods.suppression import Cell, Table, audit, suppress
from services.evaluation.report import charts, comparison_charts, survey_scales
from services.evaluation.report.chart_style import BLUE, FAINT, GREY, LINE, PERCENT, TEXT, chart, data, names
from services.evaluation.report.document import Chart
from services.evaluation.report.funding import District, Plan, scenarios
from services.evaluation.report.graduation import Rate, shifts
from services.evaluation.report.snapshot import Certified
from services.evaluation.report.standings import certified_share
from services.evaluation.scorecards import Month

HERE = Path(__file__).parent
#: From dark to light, so that they differ in black and white too, each with the colour of the text in it.
SHADES = ((BLUE, "#ffffff"), ("#56b4e9", TEXT), ("#f2f2f2", TEXT))

Span = tuple[str, float, float, float]
Parts = Sequence[tuple[str, float, str]]


def spans(
    name: str,
    title: str,
    said: str,
    rows: Sequence[Span],
    axis: str,
    rule: float | None = None,
    share: bool = True,
) -> Chart:
    return chart(name, title, "", said, spanned(rows, axis, rule, share))


def spanned(rows: Sequence[Span], axis: str, rule: float | None = None, share: bool = True) -> alt.LayerChart:
    """A row for each (name, low, estimate, high): a mark, and a line from the lower to the upper limit."""
    values = [
        {"row": at, "low": low, "mid": mid, "high": high} for at, (_, low, mid, high) in enumerate(rows)
    ]
    ends = [end for row in rows for end in row[1:]] + ([] if rule is None else [rule])
    room = (max(ends) - min(ends)) / 25
    scale = alt.Scale(domain=[min(ends) - room, max(ends) + room], nice=False, zero=False)
    ticks = alt.Axis(labelExpr=PERCENT, tickCount=6) if share else alt.Axis(tickCount=6)
    y = alt.Y("row:O", title=None, axis=names([row[0] for row in rows], 230))
    x, low = (alt.X(f"{field}:Q", title=axis, axis=ticks, scale=scale) for field in ("mid", "low"))
    layers = [
        alt.Chart(data(values)).mark_rule(strokeWidth=2, color=LINE).encode(low, y, x2="high:Q"),
        alt.Chart(data(values)).mark_point(filled=True, size=70, opacity=1, color=BLUE).encode(x, y),
    ]
    if rule is not None:
        line = alt.Chart(data([{"mid": rule}])).mark_rule(color=LINE, strokeDash=[4, 3])
        layers.insert(0, line.encode(x))
    return alt.layer(*layers).properties(width=350, height=30 * len(rows))


def stacked(
    name: str, title: str, said: str, rows: Sequence[tuple[str, Parts]], axis: str, share: bool
) -> Chart:
    """A bar for each row, made of up to three parts: (what, how much, the words in it). One part has no legend."""
    order = list(dict.fromkeys(part for _, parts in rows for part, _, _ in parts))
    values: list[dict[str, Any]] = []
    for at, (_, parts) in enumerate(rows):
        start = 0.0
        for part, much, words in parts:
            shade = order.index(part)
            values.append({"row": at, "from": start, "to": start + much, "said": part, "shade": shade,
                           "words": words, "middle": start + much / 2})  # fmt: skip
            start += much
    scale = alt.Scale(domain=[0, max(each["to"] for each in values)], nice=False)
    ticks = alt.Axis(labelExpr=PERCENT, tickCount=6) if share else alt.Axis(tickCount=6, format=",.2~f")
    x, middle = (alt.X(f"{field}:Q", title=axis, axis=ticks, scale=scale) for field in ("from", "middle"))
    y = alt.Y("row:O", title=None, axis=names([row[0] for row in rows], 210))
    legend = alt.Legend(title=None, orient="bottom", symbolType="square", symbolStrokeColor=LINE, columns=1)
    legend = legend if len(order) > 1 else None
    colour = alt.Color("said:N", legend=legend)
    colour = colour.scale(domain=order, range=[fill for fill, _ in SHADES[: len(order)]])
    bar = alt.Chart(data(values)).mark_bar(stroke=LINE, strokeWidth=1, height=24)
    layers = [bar.encode(x, y, colour, x2="to:Q")]
    for shade, (_, ink) in enumerate(SHADES):
        if inside := [each for each in values if each["shade"] == shade]:
            layers.append(alt.Chart(data(inside)).mark_text(color=ink).encode(middle, y, text="words:N"))
    return chart(name, title, "", said, alt.layer(*layers).properties(width=390, height=36 * len(rows)))


def grid(
    name: str,
    title: str,
    said: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    dark: Sequence[str] = (),
) -> Chart:
    """A table as a picture: the first column has the rows' names, cells with a word of `dark` are filled."""
    wide, high = 620 // len(heads), 28
    cells = [
        {"x": wide * column, "x2": wide * (column + 1), "y": high * row, "y2": high * (row + 1),
         "mx": wide * column + wide / 2, "my": high * row + high / 2, "words": words,
         "fill": BLUE if words in dark else FAINT if not row else "#ffffff",
         "ink": "#ffffff" if words in dark else TEXT}
        for row, line in enumerate([heads, *rows])
        for column, words in enumerate(line)
    ]  # fmt: skip
    return chart(name, title, "", said, _boxes(cells, wide * len(heads), high * (len(rows) + 1)))


def _boxes(
    cells: Sequence[Mapping[str, Any]], width: int, height: int, more: Sequence[alt.Chart] = ()
) -> Any:
    x, mx = (alt.X(f"{field}:Q", axis=None).scale(domain=[0, width], nice=False) for field in ("x", "mx"))
    y, my = (alt.Y(f"{field}:Q", axis=None).scale(domain=[height, 0], nice=False) for field in ("y", "my"))
    boxed = alt.Chart(data([dict(cell) for cell in cells]))
    return alt.layer(
        boxed.mark_rect(stroke=LINE).encode(x, y, alt.Color("fill:N", scale=None), x2="x2:Q", y2="y2:Q"),
        boxed.mark_text().encode(mx, my, alt.Color("ink:N", scale=None), text="words:N"),
        *(layer.encode(mx, my) for layer in more),
    ).properties(width=width, height=height)


def points(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f}"


# The programme


def growth() -> Chart:
    rows: list[Span] = []
    for before in (40, 400, 4_000, 40_000):
        found, low, high = change.growth(before, before * 11 // 10)
        rows.append((f"{before:,} to {before * 11 // 10:,} persons", low, found, high))
    said = "Growth of ten per cent with its exact 95 % interval. "
    said += "; ".join(f"{name}: {points(low, high)} %" for name, low, _, high in rows) + "."
    return spans("growth", "Growth and its interval", said, rows, "Growth", rule=0.0)


def months() -> Chart:
    of = {"August": (0.62, 0.55, 0.71), "September": (0.8, 0.74, 0.78), "October": (0.91, 0.86, 0.82)}
    of |= {"November": (0.93, 0.81, 0.8), "December": (0.88, 0.84, 0.76), "January": (0.95, 0.9, 0.84)}
    rows = [charts.Month(month, *shares) for month, shares in of.items()]
    return charts.months("months", "The folder, month by month", "", rows)


def difference() -> Chart:
    rows: list[Span] = []
    for name, k, n in (("after: 56 of 70", 56, 70), ("before: 48 of 80", 48, 80)):
        low, high = intervals.wilson(k, n)
        rows.append((name, low, k / n, high))
    found, low, high = intervals.newcombe(56, 70, 48, 80)
    rows.append(("difference", low, found, high))
    said = "Two rates and their difference with 95 % intervals. "
    said += "; ".join(f"{name}: {100 * mid:.1f}, from {points(low, high)} %" for name, low, mid, high in rows)
    return spans(
        "difference", "A change", f"{said}. The difference's lies above 0.", rows, "Rate, or points", rule=0.0
    )


def certification() -> Chart:
    """Twenty classes in each month: (missing when it was certified, or None where it was not)."""
    of = {"2025-09": 0, "2025-10": 2, "2025-11": 4, "2025-12": None, "2026-01": 1}
    due = tuple(Month(period, True, {"classes_reported": Ratio(0, 20)}) for period in of)
    said = {period: Certified(missing, False, 1) for period, missing in of.items() if missing is not None}
    share = certified_share(said, due)
    parts = ("certified as reported", "certified, the class missing", "not certified")
    rows = []
    for period, missing in of.items():
        counts = (0, 0, 20) if missing is None else (20 - missing, missing, 0)
        rows.append((period, [(part, n, f"{n}") for part, n in zip(parts, counts, strict=True) if n]))
    told = f"Five months of twenty classes: 73 of 100 class-months are certified as reported ({share:.0%}), 7 were "
    told += "certified with the class missing, the 20 of December were not certified."
    return stacked("certification", "Certified as reported", told, rows, "Class-months due", share=False)


# Chance and size


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
    return chart("exemplary", "The written rule", "", said, _boxes(cells, 630, 58 * len(steps) - 20, [more]))


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


# Surveys


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


# Results


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


# Money, persons, evidence, and what is not shown


def funding() -> Chart:
    """Made up: six districts with their students and the share of these not yet reached."""
    of = {
        "A": (120, 0.6),
        "B": (400, 0.2),
        "C": (900, 0.5),
        "D": (2_000, 0.3),
        "E": (5_000, 0.25),
        "F": (12_000, 0.4),
    }
    districts = {name: District(n, n * share) for name, (n, share) in of.items()}
    plan = Plan(budget=400_000_00, floor=10_000_00, coordinators=8, coordinator_cost=20_000_00)
    rows = [
        charts.PerStudent(f"District {name}", each.name, of[name][0], amount / 100 / of[name][0])
        for each in scenarios(districts, plan)
        for name, amount in each.amounts.items()
    ]
    return charts.funding("funding", "One budget, three rules", "", rows)


def coordinators() -> Chart:
    """Made up: five districts by their students."""
    students = {"A": 8_750, "B": 5_190, "C": 2_340, "D": 1_160, "E": 490}
    equal = apportion.huntington_hill(list(students.values()), 12)
    major = apportion.webster(list(students.values()), 12, 1)
    rows = [
        [f"{name}: {n:,} students", str(one), f"{n / one:,.0f}", str(two), f"{n / two:,.0f}"]
        for (name, n), one, two in zip(students.items(), equal, major, strict=True)
    ]
    heads = ["District", "Huntington-Hill", "students each", "Webster", "students each"]
    said = "Twelve coordinators for five districts, at least one each. By equal proportions "
    said += (
        ", ".join(f"{name} {held}" for name, held in zip(students, equal, strict=True))
        + "; by Webster's method "
    )
    said += ", ".join(f"{name} {held}" for name, held in zip(students, major, strict=True)) + "."
    return grid("coordinators", "Twelve coordinators", said, heads, rows)


def lottery() -> Chart:
    units = {f"District {letter}": "north" if at < 6 else "south" for at, letter in enumerate("ABCDEFGHIJKL")}
    drawn = assignment.phase_in(list(units), [4, 4, 4], "a made-up seed", units)
    order = sorted(units, key=lambda name: (drawn.wave[name], name))
    rows = [
        [
            f"{name} ({units[name]})",
            *("takes part" if year >= drawn.wave[name] else "is compared" for year in (1, 2, 3)),
        ]
        for name in order
    ]
    waves = "; ".join(
        f"wave {wave}: {', '.join(name[-1] for name in order if drawn.wave[name] == wave)}"
        for wave in (1, 2, 3)
    )
    said = f"Twelve districts of two regions, drawn by lot into three waves of four ({waves}). Until its wave begins, "
    said += "a district is what the others are compared with."
    return grid(
        "phase-in", "A phase-in", said, ["District", "Year 1", "Year 2", "Year 3"], rows, ["takes part"]
    )


def suppression() -> Chart:
    counts = {"A": 40, "B": 12, "C": 4}
    cells = {("all",): Cell(56), **{(name,): Cell(n) for name, n in counts.items()}}
    found = suppress([Table("groups", ("group",), cells, {"group": dict.fromkeys(counts, "all")})])
    ranges = audit(found).ranges
    rows = []
    for name, n in {**counts, "all": 56}.items():
        shown = found.shown["groups", (name,)]
        least, most = ranges.get((("groups", (name,)), "n"), (n, n))
        told = f"{n}" if least == most else f"{least} to {most}"
        rows.append(
            ["together" if name == "all" else f"group {name}", str(n), str(shown.n or "not shown"), told]
        )
    said = "Groups of 40, 12 and 4 persons, together 56. The 4 are hidden because they are few, and the 12 because the "
    said += "4 would follow from them. By the auditor's reckoning a reader can tell of either that it is "
    said += f"{rows[2][3]}, and that both are 16 together."
    heads = ["Group", "recorded", "published", "what a reader can tell"]
    return grid("suppression", "Groups of 40, 12 and 4", said, heads, rows, ["not shown"])


FIGURES: Mapping[str, Callable[[], Chart]] = {
    "growth": growth, "months": months, "difference": difference, "certification": certification,
    "intervals": interval, "shrunken": shrunken, "batters": batters, "funnel": funnels, "exemplary": exemplary,
    "adjustment": adjusted, "response-rates": rates, "non-response": missing, "raking": raked, "reliability": scales,
    "reliability-items": dropped, "survey-groups": groups, "activities": activities, "test-scores": tests,
    "slope": slope, "graduation": graduation, "funding": funding, "coordinators": coordinators, "phase-in": lottery,
    "suppression": suppression,
}  # fmt: skip


def main(folder: Path = HERE) -> int:
    for name, draw in FIGURES.items():
        (folder / f"{name}.svg").write_text(draw().svg + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
