"""The journal is the logs, position by position, and the read model is their fold, counted here without the product."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

from sqlalchemy import select, text

from alliance import parking
from alliance.database import Database
from alliance.journal import journal
from alliance.rebuild import rebuild
from alliance.settings import SOURCES
from alliance.tables import events
from services.evaluation.projections import PROJECTIONS, TABLES
from tests.builders_year import YEAR

from .history import Logged, disorder

Units = dict[tuple[str, str], tuple[int, int]]


def logged(database: Database) -> list[Logged]:
    """A log's events in their order."""
    e = events.c
    columns = (e.position, e.id, e.correlation_id, e.stream, e.stream_version, e.type)
    with database.reading() as connection:
        return [Logged(*row) for row in connection.execute(select(*columns).order_by(e.position))]


def differences(logs: Mapping[str, Database], evaluation: Database, enrolled: int) -> list[str]:
    """What is wrong with journal and read model; nothing, when all is well.

    `logs` by source, `enrolled` children in each district.

    Everything has to have settled.
    """
    return [
        *_journal(logs, evaluation),
        *_read_model(logs["pledges"], evaluation, enrolled),
        *_parked(evaluation),
        *rebuilt(evaluation, ("participation",)),
    ]


def _journal(logs: Mapping[str, Database], evaluation: Database) -> list[str]:
    wrong = []
    query = select(journal.c.position, journal.c.source, journal.c.source_position, journal.c.id)
    with evaluation.reading() as connection:
        rows = connection.execute(query.order_by(journal.c.position)).all()
    if [row.position for row in rows] != list(range(1, len(rows) + 1)):
        wrong.append("the journal's positions are not 1, 2, 3 …")
    held: dict[str, list[tuple[int, str]]] = {source: [] for source in SOURCES}
    for row in rows:
        held[row.source].append((row.source_position, row.id))
    for source, database in logs.items():
        log = logged(database)
        wrong += [f"{source}: {each}" for each in disorder(log)[:3]]
        ours = [(event.position, event.id) for event in log]
        if held[source] != ours:
            at = next(
                (i for i, pair in enumerate(zip(held[source], ours, strict=False)) if len(set(pair)) > 1),
                None,
            )
            wrong.append(
                f"{source}: the journal holds {len(held[source])} events, the log {len(ours)}, first different: {at}"
            )
    return wrong


def counted(pledges: Database, enrolled: int) -> Units:
    """(enrolled, pledges standing) by district and school, "" being the district itself, from the rows of the log."""
    query = select(events.c.stream, events.c.type, events.c.data).order_by(
        events.c.stream, events.c.stream_version
    )
    standing = Counter[tuple[str, str]]()
    with pledges.reading() as connection:
        for _, rows in groupby(connection.execute(query), key=lambda row: row.stream):
            told = [row for row in rows if row.type in ("PledgeSigned", "PledgeWithdrawn")]
            if told and told[-1].type == "PledgeSigned":
                data = json.loads(told[-1].data)
                standing[data["district"], data["school"]] += 1
                standing[data["district"], ""] += 1
    return {unit: (enrolled, count) for unit, count in standing.items()}


def shown(evaluation: Database) -> Units:
    """The same from the read model, where a pledge stands."""
    units = TABLES["participation"]["units"]
    with evaluation.reading() as connection:
        rows = connection.execute(select(units).where(units.c.school_year == YEAR)).all()
    return {(row.district, row.school): (row.enrolled, row.pledges) for row in rows if row.pledges}


def _read_model(pledges: Database, evaluation: Database, enrolled: int) -> list[str]:
    ours, theirs = counted(pledges, enrolled), shown(evaluation)
    return [f"participation shows {theirs}, the log counts {ours}"] if ours != theirs else []


def _parked(evaluation: Database) -> list[str]:
    with evaluation.reading() as connection:
        return [f"parked: {entry.stream}: {entry.reason}" for entry in parking.streams(connection)]


def rebuilt(evaluation: Database, names: Sequence[str]) -> list[str]:
    """The projections that differ from what a rebuild from zero makes of the journal."""
    wrong = []
    for projection in PROJECTIONS:
        if projection.name in names:
            compared = rebuild(evaluation, projection, TABLES[projection.name])
            if not compared.equal:
                wrong.append(f"{projection.name} differs from its rebuild")
    return wrong


def behind(logs: Mapping[str, Database], evaluation: Database) -> list[str]:
    """What has not arrived at the end of its way yet."""
    found = []
    with evaluation.asking() as connection:
        sources = connection.execute(text("SELECT source, position FROM journal_sources"))
        received: dict[str, int] = {row.source: row.position for row in sources}
        journal_head = connection.scalar(text("SELECT position FROM journal_head"))
        names = text("SELECT name, position FROM checkpoints WHERE name LIKE '%/%'")
        folded = [(row.name, row.position) for row in connection.execute(names)]
    for source, database in logs.items():
        with database.asking() as connection:
            head = connection.scalar(text("SELECT position FROM log_head"))
            published = connection.scalar(text("SELECT position FROM checkpoints WHERE name = 'relay'")) or 0
        if received.get(source, 0) < head:
            found.append(f"{source} is received up to {received.get(source, 0)} of {head}")
        if published < head:
            found.append(f"{source} is published up to {published} of {head}")
    found += [f"{name} has folded {at} of {journal_head}" for name, at in folded if at < journal_head]
    return found
