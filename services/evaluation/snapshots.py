"""Read all that a report is made from, at one position of the journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select

from alliance import parking
from alliance.errors import Invalid
from alliance.journal import journal

from . import certification, queries, school_queries, scorecards, survey_answers
from .pinned import Pinned, positions_at
from .projections import TABLES
from .projections.cells import decode
from .queries import Scope
from .report.snapshot import Certified, Decided, Parked, Results, Snapshot, Year
from .report.survey_data import Asked, SurveyData
from .school_year import MISSISSIPPI, year_before
from .scorecards import Scorecard

_certified = TABLES["certifications"]["months"]
_outcomes = TABLES["outcomes"]["sets"]
_decisions = TABLES["recognitions"]["decisions"]


def take(pinned: Pinned, school_year: str) -> Snapshot:
    """The snapshot of a school year. Raises Invalid where nothing is known of that year."""
    models = pinned.models
    as_of = _as_of(pinned)
    year = _year(models, school_year, as_of)
    if not year.cards:
        years = ", ".join(queries.school_years(models)) or "none"
        raise Invalid(
            f"Nothing is known of the school year {school_year}; there are figures of {years}. "
            "Give one of these, or import its roster first.",
            errors=[{"field": "school_year", "message": "must be a school year with figures"}],
        )
    before = _year(models, year_before(school_year), as_of)
    districts = queries.districts
    rows = models.execute(select(districts.c.district, districts.c.name, districts.c.identifier))
    known = {row.district: (row.name, row.identifier) for row in rows}
    # Figures can be heard of before their district is, or while its registration is set aside: it goes by its id.
    heard = {district: district for each in (year, before) for district in (*each.cards, *each.schools)}
    surveys = _surveys(models, school_year, len(known))
    return Snapshot(
        journal=pinned.position,
        positions=positions_at(pinned.source, pinned.position),
        as_of=as_of,
        names={**heard, **{district: name for district, (name, _) in known.items()}},
        identifiers={district: identifier for district, (_, identifier) in known.items()},
        school_names=school_queries.names(models),
        year=year,
        before=before if before.cards else None,
        results=_results(models),
        surveys=surveys,
        decisions=_decided(models, school_year),
        parked=_parked(models),
    )


def _as_of(pinned: Pinned) -> date:
    row = journal.c
    time = pinned.source.scalar(select(row.time).where(row.position == pinned.position))
    if time is None:
        raise Invalid("There is nothing to report yet: no event has been counted in.")
    # What must not be told more closely than by its day is written at midnight: that is its day.
    told_by_day = (time.hour, time.minute, time.second, time.microsecond) == (0, 0, 0, 0)
    return (time if told_by_day else time.astimezone(MISSISSIPPI)).date()  # type: ignore[no-any-return]


def _year(models: Connection, school_year: str, as_of: date) -> Year:
    month = f"{as_of:%Y-%m}"
    cards = scorecards.by_district(models, Scope(school_year), month)
    return Year(
        school_year,
        cards,
        scorecards.by_school(models, school_year, month),
        _certifications(models, school_year, cards),
    )


def _certifications(
    models: Connection, school_year: str, cards: Mapping[str, Scorecard]
) -> Mapping[str, Mapping[str, Certified]]:
    row = _certified.c
    found: dict[str, dict[str, Certified]] = defaultdict(dict)
    for each in models.execute(select(_certified).where(row.school_year == school_year)):
        months = {month.period: month for month in cards.get(each.district, Scorecard()).months}
        now = months.get(each.period)
        figures = certification.figures(now.indicators) if now else {}
        found[each.district][each.period] = Certified(
            missing=len(decode(each.missing)), amended=decode(each.figures) != figures, times=each.times
        )
    return found


def _results(models: Connection) -> Results:
    row = _outcomes.c
    query = select(_outcomes).order_by(row.district, row.school_year, row.subject, row.grade)
    return {
        (each.district, each.school_year, each.subject, each.grade): decode(each.results)
        for each in models.execute(query)
    }


def _surveys(models: Connection, school_year: str, districts: int) -> list[tuple[SurveyData, Asked]]:
    found = {data.title: data for data in survey_answers.answers(models, school_year)}
    surveys = []
    for version in survey_answers.versions(models, school_year):
        data = found.get(f"{version[0]}, version {version[1]}")
        if data is not None:
            asked = survey_answers.asked(models, school_year, *version)
            # One that has invited and is not registered yet was to take part as well.
            surveys.append((data, replace(asked, districts=max(districts, len(asked.invited or {})))))
    return surveys


def _decided(models: Connection, school_year: str) -> Mapping[tuple[str, str], Decided]:
    row = _decisions.c
    return {
        (each.district, each.indicator): Decided(
            bool(each.recognised), tuple(decode(each.reasons)), each.report, each.decided_on
        )
        for each in models.execute(select(_decisions).where(row.school_year == school_year))
    }


def _parked(models: Connection) -> list[Parked]:
    row: Any = parking.parked.c
    query = (
        select(row.projection, func.count(), func.sum(row.events))
        .group_by(row.projection)
        .order_by(row.projection)
    )
    return [Parked(name, int(streams), int(events)) for name, streams, events in models.execute(query)]
