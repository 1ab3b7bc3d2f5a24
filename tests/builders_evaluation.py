"""Events as evaluation's journal holds them, and projections run in memory: a test names only what it is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, delete, insert

from alliance import contracts
from alliance.envelope import Event
from services.evaluation.projections import PROJECTIONS, TABLES

YEAR = "2026-27"

#: A state of one projection: {table: {primary key: row}}.
State = dict[str, dict[tuple[Any, ...], dict[str, Any]]]


class History:
    """Events in the order in which they are recorded, each checked against its contract."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._versions: Counter[str] = Counter()
        self._positions: Counter[str] = Counter()

    def record(self, type_: str, stream: str, **data: Any) -> Event:
        """Record one event; `class_` stands for the field `class`."""
        named = {name.removesuffix("_"): value for name, value in data.items()}
        source = contracts.registry.source_of(type_)
        self._versions[stream] += 1
        self._positions[source] += 1
        event = Event(
            id=str(UUID(int=len(self.events) + 1)),
            source=source,
            position=self._positions[source],
            stream=stream,
            stream_version=self._versions[stream],
            type=type_,
            schema_version=1,
            time=datetime(2026, 9, 1, tzinfo=UTC),
            district=named.get("district", "state"),
            text=msgspec.json.encode(contracts.write(type_, 1, named)).decode(),
            correlation_id="test",
            causation_id=str(UUID(int=0)),
        )
        self.events.append(event)
        return event

    def district(self, district: str = "d1", name: str = "") -> None:
        self.record(
            "DistrictRegistered",
            f"district-{district}",
            district=district,
            name=name or district,
            identifier=None,
        )

    def school(self, school: str = "s1", district: str = "d1", name: str = "") -> None:
        self.record(
            "SchoolRegistered",
            f"school-{school}",
            school=school,
            district=district,
            name=name or school,
            identifier=None,
        )

    def school_closed(self, school: str, closed_on: str, district: str = "d1") -> None:
        self.record("SchoolClosed", f"school-{school}", school=school, district=district, closed_on=closed_on)

    def class_(
        self,
        class_: str = "c1",
        school: str = "s1",
        district: str = "d1",
        *,
        kind: str = "homeroom",
        begins_on: str = "2026-08-06",
        ends_on: str = "2027-05-26",
        school_year: str = YEAR,
    ) -> None:
        self.record(
            "ClassRegistered", f"class-{class_}", class_=class_, school=school, district=district, kind=kind,
            school_year=school_year, begins_on=begins_on, ends_on=ends_on, grades=["03"],
        )  # fmt: skip

    def class_closed(self, class_: str, closed_on: str, school: str = "s1", district: str = "d1") -> None:
        self.record(
            "ClassClosed", f"class-{class_}", class_=class_, school=school, district=district, school_year=YEAR,
            closed_on=closed_on,
        )  # fmt: skip

    def enrolled(
        self,
        student: str,
        class_: str = "c1",
        school: str = "s1",
        district: str = "d1",
        *,
        begins_on: str = "2026-08-06",
        ends_on: str | None = None,
        school_year: str = YEAR,
    ) -> None:
        self.record(
            "StudentEnrolled", f"student-{student}", student=student, household=f"home of {student}", class_=class_,
            school=school, district=district, school_year=school_year, begins_on=begins_on, ends_on=ends_on,
            grade=None,
        )  # fmt: skip

    def transferred(
        self,
        student: str,
        from_class: str,
        to_class: str,
        on: str,
        *,
        from_school: str = "s1",
        to_school: str = "s1",
        district: str = "d1",
        school_year: str = YEAR,
    ) -> None:
        self.record(
            "StudentTransferred", f"student-{student}", student=student, household=f"home of {student}",
            from_class=from_class, from_school=from_school, to_class=to_class, to_school=to_school,
            district=district, school_year=school_year, transferred_on=on,
        )  # fmt: skip

    def withdrawn(
        self,
        student: str,
        on: str,
        class_: str = "c1",
        school: str = "s1",
        district: str = "d1",
        school_year: str = YEAR,
    ) -> None:
        self.record(
            "StudentWithdrawn", f"student-{student}", student=student, class_=class_, school=school,
            district=district, school_year=school_year, withdrawn_on=on,
        )  # fmt: skip

    def signed(self, student: str, district: str = "d1", school: str = "s1", school_year: str = YEAR) -> None:
        self.record(
            "PledgeSigned", f"pledge-{student}-{school_year}", student=student, guardian=None,
            school_year=school_year, school=school, district=district, signed_on="2026-08-14", mode="paper",
            language="en", statement="2026-1", statement_hash="9f86", note_on_file=True,
        )  # fmt: skip

    def pledge_withdrawn(
        self, student: str, district: str = "d1", school: str = "s1", school_year: str = YEAR
    ) -> None:
        self.record(
            "PledgeWithdrawn", f"pledge-{student}-{school_year}", student=student, guardian=None,
            school_year=school_year, school=school, district=district, withdrawn_on="2026-10-02",
        )  # fmt: skip

    def sent(
        self, students: Sequence[str], on: str, period: str = "2026-09", class_: str = "c1", **place: str
    ) -> None:
        self._folder("FolderSent", class_, period, place, sent_on=on, students=list(students))

    def returned(self, student: str, period: str = "2026-09", class_: str = "c1", **place: str) -> None:
        self._folder(
            "FolderReturned", class_, period, place, student=student, signed_on="2026-09-08", mode="paper",
            provenance="single",
        )  # fmt: skip

    def voided(self, student: str, period: str = "2026-09", class_: str = "c1", **place: str) -> None:
        self._folder("FolderVoided", class_, period, place, student=student)

    def _folder(self, type_: str, class_: str, period: str, place: Mapping[str, str], **data: Any) -> None:
        where = {"school": "s1", "district": "d1", "school_year": YEAR, **place}
        self.record(type_, f"folder-{class_}-{period}", class_=class_, period=period, **where, **data)

    def instrument(self, items: Sequence[tuple[str, str, bool]], instrument: str = "home-survey") -> None:
        """`items` are (item, scale, reversed)."""
        self.record(
            "InstrumentPublished", f"instrument-{instrument}-1", instrument=instrument, version=1,
            languages=["en"], scales=sorted({scale for _, scale, _ in items}), points=5, hash="2c26",
            items=[{"item": item, "scale": scale, "reversed": turned} for item, scale, turned in items],
        )  # fmt: skip

    def survey(
        self,
        survey: str = "v1",
        district: str = "d1",
        school: str | None = None,
        mode: str = "confidential",
        school_year: str = YEAR,
        instrument: str = "home-survey",
    ) -> None:
        self.record(
            "SurveyOpened", f"survey-{survey}", survey=survey, instrument=instrument, version=1, mode=mode,
            school_year=school_year, district=district, school=school, opens_on="2027-02-01",
            closes_on="2027-02-26",
        )  # fmt: skip

    def invited(
        self, count: int, schools: Mapping[str, int], survey: str = "v1", district: str = "d1"
    ) -> None:
        self.record(
            "InvitationsIssued", f"survey-{survey}", survey=survey, district=district, count=count,
            schools=dict(schools), issued_on="2027-02-01",
        )  # fmt: skip

    def submitted(
        self,
        answers: Mapping[str, int | None],
        schools: Sequence[str] = (),
        survey: str = "v1",
        district: str = "d1",
        household: str | None = None,
        instrument: str = "home-survey",
    ) -> None:
        self.record(
            "SurveySubmitted", f"response-{len(self.events)}", survey=survey, instrument=instrument, version=1,
            district=district, schools=list(schools), household=household, language="en", mode="web",
            answers=dict(answers), complete=True, submitted_on="2027-02-03",
        )  # fmt: skip


class MemoryRows:
    """`Rows` over a state in memory. A row that no event of the batch asked for is not there to be read."""

    def __init__(self, state: State, asked: Iterable[tuple[str, tuple[Any, ...]]] = ()) -> None:
        self.state = state
        self._asked = set(asked)

    def get(self, table: str, key: tuple[Any, ...]) -> dict[str, Any] | None:
        assert (table, key) in self._asked, f"{table} {key} was not among the keys"
        row = self.state.get(table, {}).get(key)
        return dict(row) if row is not None else None

    def put(self, table: str, key: tuple[Any, ...], row: Mapping[str, Any]) -> None:
        self.state.setdefault(table, {})[key] = dict(row)
        self._asked.add((table, key))

    def delete(self, table: str, key: tuple[Any, ...]) -> None:
        self.state.setdefault(table, {}).pop(key, None)

    def add(self, table: str, key: tuple[Any, ...], **deltas: int) -> None:
        row = self.state.setdefault(table, {}).setdefault(key, {})
        for column, delta in deltas.items():
            row[column] = row.get(column, 0) + delta


def fold(projection: Any, events: Sequence[Event], *, batch: int = 1000) -> State:
    """The rows that these events make, folded in batches; counts that came back to nothing are left out."""
    state: State = {}
    wanted = [
        event for event in events if event.source in projection.sources and event.type in projection.types
    ]
    for start in range(0, len(wanted), batch):
        some = wanted[start : start + batch]
        rows = MemoryRows(state, [key for event in some for key in projection.keys(event)])
        for event in some:
            projection.fold(rows, event)
    for name, table in TABLES[projection.name].items():
        if table.info["write"] == "count":
            sums = {
                key: {part: n for part, n in row.items() if n} for key, row in state.get(name, {}).items()
            }
            state[name] = {key: row for key, row in sums.items() if row}
    return {name: rows_ for name, rows_ in state.items() if rows_}


def interleaved(events: Sequence[Event], random: Random, *, by: str = "source") -> list[Event]:
    """The events in another order: each source (or each stream) keeps its own, and all mix as chance has it."""
    lines: dict[str, list[Event]] = {}
    for event in events:
        lines.setdefault(getattr(event, by), []).append(event)
    turns = [name for name, line in lines.items() for _ in line]
    random.shuffle(turns)
    waiting = {name: iter(line) for name, line in lines.items()}
    return [next(waiting[name]) for name in turns]


def store(connection: Connection, events: Sequence[Event]) -> None:
    """Fill every read model's tables with the fold of these events, and with nothing else."""
    for projection in PROJECTIONS:
        tables, state = TABLES[projection.name], fold(projection, events)
        for name, table in tables.items():
            connection.execute(delete(table))
            keys = [column.name for column in table.primary_key]
            zeros = (
                dict.fromkeys((column.name for column in table.columns), 0)
                if table.info["write"] == "count"
                else {}
            )
            rows = [
                {**zeros, **dict(zip(keys, key, strict=True)), **row}
                for key, row in state.get(name, {}).items()
            ]
            if rows:
                connection.execute(insert(table), rows)
