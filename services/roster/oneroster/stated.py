"""What a bundle states, and what was known before, in one shape. All ids here are the source's own sourcedIds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import polars as pl


@dataclass(frozen=True, slots=True)
class Org:
    """A district, a school, or an org that is neither (`other`: a state, a department).

    `parent` is the source's word, `district` what follows from it (None for `other`). A `made` district is not in the
    source: it stands in for a school without one and has the school's sourcedId.
    """

    sourced_id: str
    kind: Literal["district", "school", "other"]
    name: str
    identifier: str | None
    parent: str
    district: str | None
    made: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    sourced_id: str
    school_year: str
    begins_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Class:
    """`school` is the sourcedId of an org of kind school. `kind` is homeroom or scheduled."""

    sourced_id: str
    school: str
    school_year: str
    begins_on: date
    ends_on: date
    kind: str
    grades: tuple[str, ...]
    title: str


STUDENT_COLUMNS = dict.fromkeys(("sourced_id", "given", "family", "grade", "org"), pl.String)
GUARDIAN_COLUMNS = dict.fromkeys(
    ("sourced_id", "given", "family", "email", "sms", "phone", "relationship"), pl.String
)
LINK_COLUMNS = dict.fromkeys(("student", "guardian", "relationship"), pl.String)
ENROLMENT_COLUMNS = {
    "sourced_id": pl.String,
    "student": pl.String,
    "class": pl.String,
    "begins_on": pl.Date,
    "ends_on": pl.Date,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of row that a bundle states.

    What is in `removed` is gone; what is in `held` could not be read and stays as it was known; of what is in none of
    them, absence means that it is gone when `complete`, and nothing otherwise.
    """

    rows: pl.DataFrame
    removed: pl.Series
    held: pl.Series
    complete: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What the tables hold of this source before an import; empty before the first."""

    orgs: Mapping[str, Org] = field(default_factory=dict)
    sessions: Mapping[str, Session] = field(default_factory=dict)
    classes: Mapping[str, Class] = field(default_factory=dict)
    students: pl.Series = field(default_factory=lambda: pl.Series("sourced_id", [], dtype=pl.String))
    guardians: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"sourced_id": pl.String, "relationship": pl.String})
    )


@dataclass(slots=True)
class Stated:
    """A whole bundle, checked. `orgs` (with made districts), `sessions` and `classes` already include what is known
    and still stands; the large parts hold the bundle's rows only, columns as in `STUDENT_COLUMNS` and so on.

    `take_…` gives a large part away, so that a state's rows are in memory once.
    """

    orgs: Mapping[tuple[str, str], Org]
    sessions: Mapping[str, Session]
    classes: Mapping[str, Class]
    students: Part
    guardians: Part
    links: pl.DataFrame
    enrolments: Part
    counts: Mapping[str, int]

    def take_students(self) -> Part:
        taken, self.students = self.students, _nothing(STUDENT_COLUMNS)
        return taken

    def take_guardians(self) -> Part:
        taken, self.guardians = self.guardians, _nothing(GUARDIAN_COLUMNS)
        return taken

    def take_links(self) -> pl.DataFrame:
        taken, self.links = self.links, pl.DataFrame(schema=LINK_COLUMNS)
        return taken

    def take_enrolments(self) -> Part:
        taken, self.enrolments = self.enrolments, _nothing(ENROLMENT_COLUMNS)
        return taken


def _nothing(columns: Mapping[str, pl.DataType]) -> Part:
    none = pl.Series([], dtype=pl.String)
    return Part(pl.DataFrame(schema=dict(columns)), none, none, complete=False)
