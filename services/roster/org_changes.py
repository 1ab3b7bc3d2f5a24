"""Districts, schools and classes: which are new, changed or gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Row

from .enrolment import Place, place_of
from .events import (
    ClassClosed,
    ClassRegistered,
    DistrictRegistered,
    RosterEvent,
    SchoolClosed,
    SchoolRegistered,
)
from .known import Before
from .oneroster.stated import Org, Stated
from .opaque import OpaqueIds

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One row of `table` (orgs or classes) as it is to be, and the event that says so, if one does."""

    table: str
    row: Mapping[str, Any]
    stream: str = ""
    district: str = ""
    event: RosterEvent | None = None


def org_changes(
    stated: Mapping[tuple[str, str], Org],
    before: Mapping[tuple[str, str], Row[Any]],
    ids: OpaqueIds,
    today: date,
) -> tuple[list[Change], list[Change]]:
    """(opened or changed, closed); districts before schools."""
    opened: list[Change] = []
    order = {"district": 0, "school": 1, "other": 2}
    for key, org in sorted(stated.items(), key=lambda item: (order[item[0][0]], item[0][1])):
        row = _org_row(org, ids)
        old = before.get(key)
        if old is not None and dict(old._mapping) == row:
            continue
        told = ("name", "identifier", "district", "standing")
        says = old is None or any(getattr(old, name) != row[name] for name in told)
        opened.append(_opened(row) if says and org.kind != "other" else Change("orgs", row))
    gone = [row for key, row in before.items() if row.standing and key not in stated]
    return opened, [_closed(row, today) for row in gone]


def _org_row(org: Org, ids: OpaqueIds) -> dict[str, Any]:
    return {
        "id": ids.of(org.kind, org.sourced_id),
        "source": ids.source,
        "kind": org.kind,
        "sourced_id": org.sourced_id,
        "name": org.name,
        "identifier": org.identifier,
        "parent": org.parent,
        "district": ids.of("district", org.district) if org.district else None,
        "made": org.made,
        "standing": True,
        "closed_on": None,
    }


def _opened(row: dict[str, Any]) -> Change:
    district, name, identifier = row["district"], row["name"], row["identifier"]
    event: RosterEvent
    if row["kind"] == "district":
        event = DistrictRegistered(district, name, identifier)
    else:
        event = SchoolRegistered(row["id"], district, name, identifier)
    return Change("orgs", row, f"{row['kind']}-{row['id']}", district, event)


def _closed(old: Row[Any], today: date) -> Change:
    row = {**old._mapping, "standing": False, "closed_on": today - _DAY}
    if old.kind != "school":
        return Change("orgs", row)
    return Change(
        "orgs", row, f"school-{old.id}", old.district, SchoolClosed(old.id, old.district, today - _DAY)
    )


def class_changes(
    stated: Stated, before: Before, ids: OpaqueIds, today: date
) -> tuple[list[Change], list[Change], dict[str, Place]]:
    """(new or changed, closed, every class that stands by its id). A class that had already ended is not closed."""
    opened: list[Change] = []
    places: dict[str, Place] = {}
    of = cache(ids.of)  # the same schools again and again
    for class_ in stated.classes.values():
        id_ = ids.of("class", class_.sourced_id)
        old = before.classes.get(id_)
        district = stated.orgs["school", class_.school].district
        assert district is not None, "every school has a district"
        row = {
            "id": id_,
            "source": ids.source,
            "sourced_id": class_.sourced_id,
            "school": of("school", class_.school),
            "district": of("district", district),
            "school_year": class_.school_year,
            "begins_on": class_.begins_on,
            "ends_on": class_.ends_on,
            "kind": class_.kind,
            "grades": ",".join(class_.grades),
            "title": class_.title,
            "standing": True,
            "closed_on": None,
            "new": old is None or old.new,
        }
        places[id_] = place_of(row)
        if old is not None and dict(old._mapping) == row:
            continue
        silent = {"title", "new"}
        if old is not None and all(
            old._mapping[name] == value for name, value in row.items() if name not in silent
        ):
            opened.append(Change("classes", row))
        else:
            opened.append(_registered(row))
    gone = [row for id_, row in before.classes.items() if row.standing and id_ not in places]
    return opened, [_ended(row, today) for row in gone], places


def _registered(row: dict[str, Any]) -> Change:
    event = ClassRegistered(
        class_=row["id"],
        school=row["school"],
        district=row["district"],
        school_year=row["school_year"],
        begins_on=row["begins_on"],
        ends_on=row["ends_on"],
        kind=row["kind"],
        grades=tuple(row["grades"].split(",")) if row["grades"] else (),
    )
    return Change("classes", row, f"class-{row['id']}", row["district"], event)


def _ended(old: Row[Any], today: date) -> Change:
    row = {**old._mapping, "standing": False}
    if old.ends_on < today:
        return Change("classes", row)
    closed = ClassClosed(old.id, old.school, old.district, old.school_year, today - _DAY)
    return Change("classes", {**row, "closed_on": closed.closed_on}, f"class-{old.id}", old.district, closed)
