"""The home survey's answers of one school year, out of the read models: what the report's analysis works on."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
from sqlalchemy import Connection, and_, func, select

from .methods.inputs import Array
from .projections import TABLES
from .projections.cells import decode
from .report.survey_data import Asked, Coded, Item, SurveyData

instruments, of_surveys, responses = (
    TABLES["responses"][name] for name in ("instruments", "surveys", "responses")
)
surveys, units = (TABLES["surveys"][name] for name in ("surveys", "units"))

#: (instrument, version)
Version = tuple[str, int]


def versions(connection: Connection, school_year: str) -> list[Version]:
    """The instruments of the year's surveys, answered or not, in order."""
    row = surveys.c
    query = select(row.instrument, row.version).where(row.school_year == school_year).distinct()
    return sorted((instrument, version) for instrument, version in connection.execute(query))


def answers(connection: Connection, school_year: str) -> tuple[SurveyData, ...]:
    """One for each version of an instrument that anybody answered, in order. Responses come in the order of district,
    survey and bucket: the same read model gives the same arrays."""
    found: dict[Version, _Sheets] = {}
    for district, instrument, version, *sheet in _responses(connection, school_year):
        found.setdefault((instrument, version), _Sheets()).add(district, *sheet)
    return tuple(found[at].data(connection, at, school_year) for at in sorted(found))


def asked(connection: Connection, school_year: str, instrument: str, version: int) -> Asked:
    """Households invited to answer this version, per district; `districts` is for the caller to say."""
    row = units.c
    query = (
        select(row.district, func.sum(row.invitations))
        .join(surveys, and_(surveys.c.district == row.district, surveys.c.survey == row.survey))
        .where(
            row.school == "",
            surveys.c.school_year == school_year,
            surveys.c.instrument == instrument,
            surveys.c.version == version,
        )
        .group_by(row.district)
        .order_by(row.district)
    )
    return Asked({district: int(invited) for district, invited in connection.execute(query)})


class _Sheets:
    """The responses to one version while they come in: a byte for each answer, 0 for none."""

    def __init__(self) -> None:
        self._answers = array("b")
        self._complete: list[bool] = []
        self._districts: list[str] = []
        self._modes: list[str] = []
        self._languages: list[str] = []

    def add(self, district: str, mode: str, language: str, complete: bool, given: list[int | None]) -> None:
        self._answers.extend(answer or 0 for answer in given)
        self._complete.append(complete)
        self._districts.append(district)
        self._modes.append(mode)
        self._languages.append(language)

    def data(self, connection: Connection, at: Version, school_year: str) -> SurveyData:
        name, version = at
        row = instruments.c
        query = select(row.points, row["items"]).where(row.instrument == name, row.version == version)
        points, encoded = connection.execute(query).one()
        items = tuple(Item(item, scale, turned) for item, scale, turned in decode(encoded))
        given: Array = np.frombuffer(self._answers, dtype=np.int8).astype(np.float64)
        given[given == 0] = np.nan
        return SurveyData(
            title=f"{name}, version {version}",
            source=f"home survey {school_year}",
            items=items,
            points=dict.fromkeys(dict.fromkeys(item.scale for item in items), (1.0, float(points))),
            answers=given.reshape(-1, len(items)),
            complete=np.array(self._complete),
            strata=Coded.of(self._districts),
            modes=Coded.of(self._modes),
            languages=Coded.of(self._languages),
        )


def _responses(connection: Connection, school_year: str) -> Iterator[list[Any]]:
    """[district, instrument, version, mode, language, complete, answers] of each.

    The rows are text, ten megabytes for a state, and are taken apart one by one: a cursor at the server would need a
    connection of its own (`Database.streaming`), which does not see what the report's other queries see.
    """
    row = responses.c
    query = (
        select(row.district, row.responses)
        .join(of_surveys, and_(of_surveys.c.district == row.district, of_surveys.c.survey == row.survey))
        .where(of_surveys.c.school_year == school_year)
        .order_by(row.district, row.survey, row.bucket)
    )
    for district, encoded in connection.execute(query):
        for response in decode(encoded):
            yield [district, *response]
