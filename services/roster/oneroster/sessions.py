"""academicSessions.csv: the days of each term, and the school year it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from .. import schoolyear
from .layout import SESSION_TYPES, spelled
from .rowchecks import Rows, names
from .stated import Session


def read_sessions(rows: Rows, known: Mapping[str, Session]) -> dict[str, Session]:
    """Every session that stands."""
    known_types = {type_: spelled(type_, SESSION_TYPES) for type_ in rows.frame["type"].unique()}
    strange = [type_ for type_, spelling in known_types.items() if spelling is None]
    rows.reject(
        rows.frame.filter(pl.col("type").is_in(strange)),
        "type",
        "session_type",
        lambda value: f"{value!r} is none of {', '.join(sorted(SESSION_TYPES))}; the session was left out.",
    )
    misspelt = [type_ for type_, spelling in known_types.items() if spelling not in (None, type_)]
    rows.warn(
        rows.frame.filter(pl.col("type").is_in(misspelt)),
        "type",
        "spelling",
        lambda value: f"{value!r} was read as {known_types[value]}.",
    )
    for column in ("startDate", "endDate"):
        rows.require(column, "a session needs its first and last day.")
    rows.dates("startDate", "endDate")
    rows.ordered("startDate", "endDate")
    kept = [id_ for id_ in known if not rows.complete or id_ in rows.held]
    rows.refer(
        "parentSourcedId", names([*rows.frame["sourcedId"], *kept]), "academicSessions.csv", reject=False
    )
    sessions = {id_: known[id_] for id_ in kept if id_ not in set(rows.removed)}
    for row in rows.frame.to_dicts():
        year = _school_year(rows, row["line"], row["schoolYear"], row["startDate"], row["endDate"])
        sessions[row["sourcedId"]] = Session(row["sourcedId"], year, row["startDate"], row["endDate"])
    return sessions


def _school_year(rows: Rows, line: int, written: str, begins_on: date, ends_on: date) -> str:
    """The year that is stated, unless the days contradict it: OneRoster names a school year by where it ends, and
    many systems by where it begins. A summer session may count for either side."""
    by_days = schoolyear.between(begins_on, ends_on)
    if not written:
        return by_days
    stated = schoolyear.parse(written)
    middle = begins_on + (ends_on - begins_on) / 2
    if stated is None:
        message = (
            f"{written!r} is no school year; write the year in which it ends, e.g. 2027. {by_days} was read."
        )
    elif stated == by_days or (middle.month in (6, 7, 8) and abs(int(stated[:4]) - int(by_days[:4])) == 1):
        return stated
    else:
        message = f"{written} means {stated}, but the days lie in {by_days}, which was read; write the year of its end."
    rows.problems.warning(rows.file, line, "schoolYear", "school_year", message)
    return by_days
