"""How figures are written on the pages."""

from __future__ import annotations

import calendar
from typing import Any

from flask import Flask

#: The indicators in the words of the pages: short for a column's head, long for a scorecard's line.
INDICATORS: dict[str, tuple[str, str]] = {
    "pledges_signed": ("Pledges signed", "Enrolled students whose family has signed the pledge"),
    "classes_reported": ("Classes reported", "Folders sent home, of those due: one a class and month"),
    "classes_on_time": ("Classes on time", "Folders sent home within their own month, of those due"),
    "folders_returned": (
        "Folders returned",
        "Folders that came back signed, of those sent: one a student and month",
    ),
    "months_met": (
        "Months met",
        "Months in which every class of a school sent its folder in time, as the law asks",
    ),
    "survey_response": ("Survey response", "Households that answered the home survey, of those invited"),
}

SCALES: dict[str, str] = {
    "communication": "Communication with the school",
    "school_programmes": "School programmes",
    "home_learning": "Learning strategies at home",
}


def register(app: Flask) -> None:
    app.add_template_filter(percent)
    app.add_template_filter(month)
    app.add_template_filter(number)
    app.add_template_filter(score)


def percent(ratio: dict[str, Any]) -> str:
    """One decimal; 100.0 % only when nothing is missing, and 0.0 % only when there is nothing."""
    numerator, denominator = ratio["numerator"], ratio["denominator"]
    if not denominator:
        return "–"
    tenths = round(1000 * numerator / denominator)
    if numerator < denominator:
        tenths = min(tenths, 999)
    if numerator > 0:
        tenths = max(tenths, 1)
    return f"{tenths / 10:.1f} %"


def number(value: int) -> str:
    return f"{value:,}"


def score(value: float | None) -> str:
    """A mean or spread of survey answers, on the scale from 1 to 5."""
    return "–" if value is None else f"{value:.2f}"


def month(period: str) -> str:
    """`2026-09` as September 2026."""
    return f"{calendar.month_name[int(period[5:7])]} {period[:4]}"
