"""What an import changes: the bundle on one side, the tables on the other.

Only what differs is taken further, student by student; everybody else costs a join.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from .enrolment import Place
from .known import Before
from .oneroster.problems import Problems
from .oneroster.stated import Stated
from .opaque import OpaqueIds
from .org_changes import Change, class_changes, org_changes, place_of
from .people_changes import compare_people


@dataclass(frozen=True, slots=True)
class Difference:
    """`opened` comes before the students and `closed` after them: nobody is ever enrolled in what is not there.

    `students` has a row for every student of whom anything changed, `guardians` for every guardian (`people_changes`
    says the columns). `old_places` and `places` are the classes as they were and as they are now. `dropped` of
    `standing` students would lose their enrolment. `districts` are all that the bundle or its source has.
    """

    sessions: list[dict[str, Any]]
    opened: list[Change]
    closed: list[Change]
    old_places: Mapping[str, Place]
    places: Mapping[str, Place]
    students: pl.DataFrame
    guardians: pl.DataFrame
    gone_guardians: list[str]
    districts: frozenset[str]
    dropped: int
    standing: int


def compare(stated: Stated, before: Before, ids: OpaqueIds, today: date, problems: Problems) -> Difference:
    opened, closed = org_changes(stated.orgs, before.orgs, ids, today)
    registered, ended, places = class_changes(stated, before, ids, today)
    old_places = {row.id: place_of(dict(row._mapping)) for row in before.classes.values()}
    moved = [
        id_ for id_, place in places.items() if id_ in old_places and not place.same_days(old_places[id_])
    ]
    people = compare_people(stated, before, places, moved, ids, today, problems)
    districts = {ids.of("district", sourced_id) for kind, sourced_id in stated.orgs if kind == "district"}
    return Difference(
        sessions=[{**asdict(session), "source": ids.source} for session in stated.sessions.values()],
        opened=[*opened, *registered],
        closed=[*ended, *closed],
        old_places=old_places,
        places=places,
        students=people.students,
        guardians=people.guardians,
        gone_guardians=people.gone_guardians,
        districts=frozenset(districts | {row.id for row in before.orgs.values() if row.kind == "district"}),
        dropped=people.dropped,
        standing=int(before.students["standing"].sum()),
    )
