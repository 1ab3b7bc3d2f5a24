"""All that a report is made from, as it was at one position: nothing else is looked at. Figures are exact here, and no
figure gets from here into a report but through `Publication`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..scorecards import Scorecard
from .survey_data import Asked, SurveyData

#: {(district, school year, subject, grade): its published figures}; a grade of "" is all tests together, a district of
#: "state" the whole state.
Results = Mapping[tuple[str, str, str, str], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Certified:
    """What a district certified last of a month. `amended`: its figures are others now."""

    missing: int
    amended: bool
    times: int


@dataclass(frozen=True, slots=True)
class Year:
    """One school year. `certified` {district: {month: certification}}; cards are of everybody with any figure."""

    school_year: str
    cards: Mapping[str, Scorecard]
    schools: Mapping[str, Mapping[str, Scorecard]]
    certified: Mapping[str, Mapping[str, Certified]]


@dataclass(frozen=True, slots=True)
class Decided:
    """What people decided on an exemplary programme, and on which report."""

    recognised: bool
    reasons: tuple[str, ...]
    report: str
    decided_on: str


@dataclass(frozen=True, slots=True)
class Parked:
    """Events that wait in a read model, and the figures that lack them."""

    projection: str
    streams: int
    events: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`journal` and `positions` say from when; `as_of` is the day of the last event in Mississippi.

    `before` is the school year before, where anything is known of it. `surveys` are the home surveys of the year with
    how many were asked. `decisions` {(district, indicator): decision}.
    """

    journal: int
    positions: Mapping[str, int]
    as_of: date
    names: Mapping[str, str]
    identifiers: Mapping[str, str | None]
    school_names: Mapping[str, Mapping[str, str]]
    year: Year
    before: Year | None
    results: Results = field(default_factory=dict)
    surveys: Sequence[tuple[SurveyData, Asked]] = ()
    decisions: Mapping[tuple[str, str], Decided] = field(default_factory=dict)
    parked: Sequence[Parked] = ()
