"""Scorecards put together from the figures: per district, summed for the state, or of one school."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from . import queries, school_queries
from .indicators import INDICATORS, SCALES, Ratio, Spread
from .queries import ClassMonths, Scope


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the school year; `due` says whether it counts in the year's rates."""

    period: str
    due: bool
    indicators: Mapping[str, Ratio]

    def to_json(self) -> dict[str, Any]:
        return {"period": self.period, "due": self.due, "indicators": _ratios(self.indicators)}


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All INDICATORS and SCALES, and the months they are made of, in order."""

    indicators: Mapping[str, Ratio] = field(default_factory=lambda: dict.fromkeys(INDICATORS, Ratio()))
    survey: Mapping[str, Spread] = field(default_factory=lambda: dict.fromkeys(SCALES, Spread()))
    months: tuple[Month, ...] = ()

    def to_json(self) -> dict[str, Any]:
        survey = {scale: spread.to_json() for scale, spread in self.survey.items()}
        return {"indicators": _ratios(self.indicators), "survey": survey}


def by_district(connection: Connection, scope: Scope, this_month: str) -> dict[str, Scorecard]:
    """The scorecard of each district of the scope with any figure; of its one school where the scope names one."""
    until = due_until(connection, scope.school_year, this_month)
    pledges = queries.pledges_signed(connection, scope)
    classes = queries.classes(connection, scope)
    folders = queries.folders_returned(connection, scope)
    responses = queries.survey_response(connection, scope)
    scales = queries.survey_scales(connection, scope)
    return {
        district: _card(
            pledges.get(district), classes.get(district), folders.get(district), responses.get(district), until,
            scales.get(district),
        )
        for district in sorted({*pledges, *classes, *folders, *responses, *scales})
    }  # fmt: skip


def months(connection: Connection, scope: Scope, this_month: str) -> tuple[Month, ...]:
    """The months of the scope's one district, by two of the six questions that a scorecard asks."""
    until = due_until(connection, scope.school_year, this_month)
    classes, folders = queries.classes(connection, scope), queries.folders_returned(connection, scope)
    district = scope.district or ""
    return _months(classes.get(district, {}), folders.get(district, {}), until)


def by_school(connection: Connection, school_year: str, this_month: str) -> dict[str, dict[str, Scorecard]]:
    """{district: {school: scorecard}} of every school with any figure; the scales are left empty."""
    until = due_until(connection, school_year, this_month)
    pledges = school_queries.pledges_signed(connection, school_year)
    classes = school_queries.classes(connection, school_year)
    folders = school_queries.folders_returned(connection, school_year)
    responses = school_queries.survey_response(connection, school_year)
    found: dict[str, dict[str, Scorecard]] = {}
    for district in sorted({*pledges, *classes, *folders, *responses}):
        signed, months = pledges.get(district, {}), classes.get(district, {})
        back, answered = folders.get(district, {}), responses.get(district, {})
        found[district] = {
            school: _card(
                signed.get(school), months.get(school), back.get(school), answered.get(school), until
            )
            for school in sorted({*signed, *months, *back, *answered})
        }
    return found


def due_until(connection: Connection, school_year: str, this_month: str) -> str:
    """The last month that is due. A month is due when it has begun, or earlier than that when somebody in the state
    has reported for it or for a later one: who is ahead of the calendar must not be compared with who has not been
    asked yet."""
    return max(this_month, queries.last_month_reported(connection, school_year) or "")


def _card(
    pledges: Ratio | None,
    classes: Mapping[str, ClassMonths] | None,
    folders: Mapping[str, Ratio] | None,
    responses: Ratio | None,
    until: str,
    scales: Mapping[str, Spread] | None = None,
) -> Scorecard:
    months = _months(classes or {}, folders or {}, until)
    due = [month.indicators for month in months if month.due]
    indicators = {"pledges_signed": pledges or Ratio(), "survey_response": responses or Ratio()} | {
        name: total(month[name] for month in due) for name in _MONTHLY
    }
    return Scorecard(
        {name: indicators[name] for name in INDICATORS},
        {scale: (scales or {}).get(scale, Spread()) for scale in SCALES},
        months,
    )


def of_state(scorecards: Iterable[Scorecard]) -> Scorecard:
    """The sums over districts: a student of two districts is a student of each."""
    cards = list(scorecards)
    return Scorecard(
        {name: total(card.indicators[name] for card in cards) for name in INDICATORS},
        {scale: sum((card.survey[scale] for card in cards), Spread()) for scale in SCALES},
    )


def total(ratios: Iterable[Ratio]) -> Ratio:
    return sum(ratios, Ratio())


_MONTHLY = ("classes_reported", "classes_on_time", "folders_returned", "months_met")


def _months(
    classes: Mapping[str, ClassMonths], folders: Mapping[str, Ratio], due_until: str
) -> tuple[Month, ...]:
    return tuple(
        Month(period, period <= due_until, _of_month(classes.get(period), folders.get(period, Ratio())))
        for period in sorted({*(period for period, month in classes.items() if month.expected), *folders})
    )


def _of_month(classes: ClassMonths | None, folders: Ratio) -> dict[str, Ratio]:
    expected, sent, on_time, schools, met = classes or ClassMonths(0, 0, 0, 0, 0)
    figures = (Ratio(sent, expected), Ratio(on_time, expected), folders, Ratio(met, schools))
    return dict(zip(_MONTHLY, figures, strict=True))


def _ratios(indicators: Mapping[str, Ratio]) -> dict[str, Any]:
    return {name: ratio.to_json() for name, ratio in indicators.items()}
