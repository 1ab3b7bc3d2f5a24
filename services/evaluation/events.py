"""The feed for other systems: the journal's events in its one order, as CloudEvents, within an org unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from alliance.context import Caller
from alliance.envelope import Event, to_cloudevent
from alliance.journal import journal, journal_head
from alliance.journal import read as read_journal
from alliance.projection import EVERYWHERE

from .projections import TABLES

#: Journal positions that one page looks at: a rare type of event must not make a request read the whole journal.
WINDOW = 20_000


def page(
    connection: Connection, caller: Caller, after: int, types: Sequence[str], limit: int
) -> dict[str, Any]:
    """At most `limit` events after a journal position. `next` is where the following page begins, also when this
    one is empty because nothing in its window is for the caller; at `head` there is nothing newer yet."""
    head = connection.execute(select(journal_head.c.position)).scalar_one()
    until = min(after + WINDOW, head)
    conditions: list[Any] = [journal.c.position <= until]
    if types:
        conditions.append(journal.c.type.in_(types))
    if caller.units:
        conditions.append(journal.c.district.in_([*_districts(connection, caller.units), EVERYWHERE]))
    shown: list[Event] = []
    while len(shown) < limit:
        batch = read_journal(connection, after, limit, *conditions)
        for position, event in batch:
            after = position
            if _inside(caller, event):
                shown.append(event)
            if len(shown) == limit:
                break
        if len(batch) < limit:
            break
    reached = after if len(shown) == limit else max(after, until)
    return {"events": [to_cloudevent(event) for event in shown], "next": str(reached), "head": str(head)}


def _districts(connection: Connection, units: Iterable[str]) -> set[str]:
    """The districts of these districts, schools and classes."""
    found: set[str] = set()
    known = ((TABLES["organisation"]["districts"], "district"), (TABLES["organisation"]["schools"], "school"))
    for table, unit in (*known, (TABLES["folders"]["classes"], "class")):
        found.update(connection.scalars(select(table.c.district).where(table.c[unit].in_(list(units)))))
    return found


def _inside(caller: Caller, event: Event) -> bool:
    """Whether one of the event's places lies inside the caller's org unit; what belongs to no district is for all."""
    if event.district == EVERYWHERE:
        return True
    data = event.data
    schools = [data.get("school"), data.get("from_school"), data.get("to_school"), *data.get("schools", ())]
    classes = [data.get("class"), data.get("from_class"), data.get("to_class")]
    return any(caller.covers(district=event.district, school=school) for school in schools) or any(
        caller.covers(district=event.district, class_=class_) for class_ in classes
    )
