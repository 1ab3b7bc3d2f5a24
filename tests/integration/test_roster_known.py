"""What the tables hold, as frames: the same on both databases, whatever a name is written with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from alliance.database import Database
from alliance.migrations import upgrade
from services.roster import known
from services.roster.known import ENROLMENTS, STUDENTS, KnownPeople
from services.roster.tables import enrolments, students

SOURCE = "sis'%s\\"
#: With what a row and its values are set apart in COPY's format, and with what a file of commas would be.
names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8) | st.text(
    st.sampled_from('\t\n\r\\N",;nt\x1f\v\b\f'), max_size=6
)
rows = st.fixed_dictionaries(
    {
        "sourced_id": names,
        "given": names,
        "family": names,
        "grade": st.none() | names,
        "household": names,
        "district": names,
        "standing": st.booleans(),
    }
)

PERSON = {"given": "", "family": "", "grade": None, "household": "h", "district": "d", "standing": True}


@pytest.fixture(params=["sqlite", "postgresql"])
def roster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        found = Database(f"sqlite:///{tmp_path / 'roster.db'}")
    else:
        found = Database(request.getfixturevalue("postgres").create_database(f"roster_{uuid4().hex}"))
    upgrade(found, "roster")
    yield found
    found.close()


def fill(database: Database, source: str, people: list[dict[str, object]]) -> list[tuple[object, ...]]:
    """The rows as the frame should have them."""
    written = [{**row, "id": f"{at:016x}{source[:1]}", "source": source} for at, row in enumerate(people)]
    with database.transaction() as connection:
        connection.execute(delete(students).where(students.c.source == source))
        if written:
            connection.execute(insert(students), written)
    return [tuple(row[name] for name in STUDENTS) for row in written]


def students_of(database: Database) -> pl.DataFrame:
    with database.streaming() as connection:
        return KnownPeople(connection, SOURCE).students()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(people=st.lists(rows, max_size=6, unique_by=lambda row: row["sourced_id"]))
def test_a_frame_has_what_was_written_to_the_letter(
    roster: Database, people: list[dict[str, object]]
) -> None:
    expected = fill(roster, SOURCE, people)
    frame = students_of(roster)
    assert sorted(frame.rows(), key=str) == sorted(expected, key=str)
    assert dict(frame.schema) == STUDENTS


def test_a_frame_is_whole_however_many_pieces_it_was_read_in(
    roster: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = fill(roster, SOURCE, [{**PERSON, "sourced_id": f"p{n}", "given": f"a\n{n}"} for n in range(9)])
    fill(roster, "other", [{**PERSON, "sourced_id": "p0"}])
    for piece in (1, 3, 4, 9, 10):
        monkeypatch.setattr(known, "_CHUNK", piece)
        assert sorted(students_of(roster).rows()) == sorted(expected)


def test_days_are_days_and_a_day_that_nobody_stated_is_none(roster: Database) -> None:
    fill(roster, SOURCE, [{**PERSON, "sourced_id": "p"}])
    stated = {"sourced_id": "e", "stated_begins_on": date(2026, 8, 6), "stated_ends_on": None}
    row = {"student": f"{0:016x}s", "begins_on": date(2026, 8, 6), "ends_on": None, **stated}
    with roster.transaction() as connection:
        connection.execute(insert(enrolments), [{**row, "class_": "c", "claimed_on": date(2026, 8, 6)}])
    with roster.streaming() as connection:
        frame = KnownPeople(connection, SOURCE).enrolments()
    assert frame.rows() == [(f"{0:016x}s", "c", "e", date(2026, 8, 6), None)]
    assert dict(frame.schema) == ENROLMENTS


@pytest.mark.parametrize("first", ["\ufeffp", "\ufeff\ufeffp", "\\N", "#p", '"p'])
def test_the_first_value_of_all_is_to_the_letter_too(roster: Database, first: str) -> None:
    fill(roster, SOURCE, [{**PERSON, "sourced_id": first}])
    with roster.streaming() as connection:
        assert known.load(connection, SOURCE).students.to_list() == [first]


def test_no_rows_are_a_frame_without_rows(roster: Database) -> None:
    assert students_of(roster).is_empty()
    assert dict(students_of(roster).schema) == STUDENTS
