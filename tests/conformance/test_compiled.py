"""A SELECT whose text is made once asks both databases the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Column, Date, Integer, MetaData, Table, Text, bindparam, select

from alliance.compiled import Compiled
from alliance.database import Database

CLASSES = Table(
    "compiled_classes",
    MetaData(),
    Column("class_", Text, primary_key=True),
    Column("ends_on", Date, nullable=False),
    Column("size", Integer),
)
ROWS = [
    {"class_": "o'hara", "ends_on": date(2026, 5, 28), "size": 20},
    {"class_": '%(ids)s, "a" {b} \\', "ends_on": date(2026, 5, 29), "size": 21},
    {"class_": "ñandú", "ends_on": date(2027, 5, 28), "size": None},
]
NAMED = Compiled(
    lambda among: select(CLASSES).where(among(CLASSES.c.class_, "ids")).order_by(CLASSES.c.ends_on)
)
LARGE = Compiled(
    lambda _: (
        select(CLASSES.c.class_, CLASSES.c.ends_on.label("last"))
        .where(CLASSES.c.size > 19, CLASSES.c.ends_on >= bindparam("day", type_=Date))
        .limit(bindparam("most"))
    )
)


@pytest.fixture
def filled(database: Database) -> Iterator[Database]:
    with database.transaction() as connection:
        CLASSES.create(connection)
        connection.execute(CLASSES.insert(), ROWS)
    yield database
    with database.transaction() as connection:
        CLASSES.drop(connection)


@pytest.mark.parametrize("wanted", [[], [0], [1], [2], [0, 1], [0, 1, 2]])
def test_a_list_finds_its_rows_whatever_is_in_its_texts_and_however_long_it_is(
    filled: Database, wanted: list[int]
) -> None:
    ids = [ROWS[index]["class_"] for index in wanted]

    with filled.asking() as connection:
        found = NAMED.all(connection, ids=[*ids, "none such"] if ids else [])

    assert [row._asdict() for row in found] == [ROWS[index] for index in wanted]


def test_values_that_stand_in_the_select_itself_are_asked_with_and_columns_have_their_names(
    filled: Database,
) -> None:
    with filled.asking() as connection:
        [later] = LARGE.all(connection, day=date(2026, 5, 29), most=9)
        limited = LARGE.all(connection, day=date(2026, 1, 1), most=1)

    assert (later.class_, later.last) == (ROWS[1]["class_"], date(2026, 5, 29))
    assert len(limited) == 1


def test_one_object_asks_again_and_again_with_other_values(filled: Database) -> None:
    with filled.asking() as connection:
        found = [NAMED.all(connection, ids=[row["class_"]])[0].ends_on for row in ROWS]

    assert found == [row["ends_on"] for row in ROWS]
