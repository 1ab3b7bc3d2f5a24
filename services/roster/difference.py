"""What an import changes: the bundle on one side, the tables on the other.

Only what differs is taken further, student by student; everybody else costs a join.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from .enrolment import Place, place_of
from .known import Before, KnownPeople
from .oneroster.problems import Problems
from .oneroster.stated import Stated
from .opaque import OpaqueIds
from .org_changes import Change, class_changes, org_changes
from .people_changes import PeopleDifference, compare_people


@dataclass(frozen=True, slots=True)
class Difference:
    """`opened` comes before the people and `closed` after them: nobody is ever enrolled in what is not there.

    `old_places` and `places` are the classes as they were and as they are now. `districts` are all that the bundle
    or its source has.
    """

    sessions: list[dict[str, Any]]
    opened: list[Change]
    closed: list[Change]
    old_places: Mapping[str, Place]
    places: Mapping[str, Place]
    people: PeopleDifference
    districts: frozenset[str]


def compare(
    stated: Stated, before: Before, known: KnownPeople, ids: OpaqueIds, today: date, problems: Problems
) -> Difference:
    """Uses up the large parts of `stated`."""
    opened, closed = org_changes(stated.orgs, before.orgs, ids, today)
    registered, ended, places = class_changes(stated, before, ids, today)
    old_places = {row.id: place_of(dict(row._mapping)) for row in before.classes.values()}
    moved = [
        id_ for id_, place in places.items() if id_ in old_places and not place.same_days(old_places[id_])
    ]
    old_ends = {id_: place.ends_on for id_, place in old_places.items()}
    districts = {ids.of("district", sourced_id) for kind, sourced_id in stated.orgs if kind == "district"}
    return Difference(
        sessions=[{**asdict(session), "source": ids.source} for session in stated.sessions.values()],
        opened=[*opened, *registered],
        closed=[*ended, *closed],
        old_places=old_places,
        places=places,
        people=compare_people(stated, known, old_ends, places, moved, ids, today, problems),
        districts=frozenset(districts | {row.id for row in before.orgs.values() if row.kind == "district"}),
    )
