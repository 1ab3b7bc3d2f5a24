"""A district certifies a month: what it stands for is read from the read models, and what it certified beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from alliance.bulk import answer
from alliance.context import Context
from alliance.decider import Command, Commands
from alliance.errors import Invalid
from alliance.log import Log

from . import certification, freshness, queries, scorecards
from .certification import CertifyPeriod
from .indicators import Ratio
from .projections import PROJECTIONS
from .projections.cells import decode
from .queries import Scope
from .school_year import school_year_of
from .scorecards import Month


class Certifying:
    def __init__(self, log: Log) -> None:
        self._log = log
        self._commands = Commands(log, certification.DECIDER)

    def certify(self, command: CertifyPeriod, body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        appended = self._commands.run(
            Command(
                stream=certification.stream(command.district, command.period),
                command=command,
                district=command.district,
                context=context,
                body=body,
                result={
                    "district": command.district,
                    "period": command.period,
                    "indicators": _ratios(command.figures),
                    "missing": list(command.missing),
                },
            )
        )
        return answer(self._log.source, appended)


def command(
    connection: Connection,
    district: str,
    body: Mapping[str, Any],
    today: date,
    this_month: str,
    now: datetime,
) -> CertifyPeriod:
    """What certifying the month would record. Raises Invalid for a month in which nothing was due."""
    period = body["period"]
    scope = Scope(school_year_of(date.fromisoformat(f"{period}-01")), district)
    months = scorecards.months(connection, scope, this_month)
    month = next((each for each in months if each.period == period and each.due), None)
    if month is None:
        raise Invalid(
            f"No folder was due from district {district} in {period}: there is nothing to certify. "
            "Give a month that has begun and in which classes were held.",
            errors=[{"field": "period", "message": "must be a month in which folders were due"}],
        )
    return CertifyPeriod(
        district=district,
        school_year=scope.school_year,
        period=period,
        certified_on=today,
        figures=certification.figures(month.indicators),
        missing=tuple(queries.missing_classes(connection, scope, period)),
        as_of=freshness.read(connection, PROJECTIONS, now).as_of,
        incomplete=bool(body.get("incomplete")),
    )


def told(row: Any | None, month: Month) -> dict[str, Any] | None:
    """What was certified of a month, and whether it reads otherwise now; None where nobody has certified it."""
    if row is None:
        return None
    figures = decode(row.figures)
    return {
        "certified_on": row.certified_on,
        "times": row.times,
        "indicators": _ratios(figures),
        "missing": decode(row.missing),
        "amended": figures != certification.figures(month.indicators),
    }


def _ratios(figures: certification.Figures) -> dict[str, Any]:
    return {name: Ratio(of["numerator"], of["denominator"]).to_json() for name, of in figures.items()}
