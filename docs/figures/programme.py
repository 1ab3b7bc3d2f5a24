"""Of the programme: growth, months, certification."""

from __future__ import annotations

from services.evaluation.indicators import Ratio
from services.evaluation.methods import (
    change,
    intervals,
)
from services.evaluation.report import charts
from services.evaluation.report.document import Chart
from services.evaluation.report.snapshot import Certified
from services.evaluation.report.standings import certified_share
from services.evaluation.scorecards import Month

from .shapes import Span, points, spans, stacked


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
