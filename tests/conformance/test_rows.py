"""Many rows in one statement do on both databases what they would do one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    select,
)
from sqlalchemy.exc import DataError, IntegrityError

from alliance.database import Database
from alliance.private_servers import PrivatePostgres
from alliance.rows import Writes, fetch_many, insert_many, upsert_many
from alliance.tables import UtcTime

ODD = [
    "",
    "NULL",
    "null",
    "{}",
    '{"a": "\\"}',
    "it's",
    'a "quote"',
    "back\\slash",
    "ñ – 漢字 😀",
    "%s :p %(x)s",
    " ",
    "split\x1fhere",
    "and\x1ehere",
    "\x1e",
]


@pytest.fixture
def things(database: Database) -> Table:
    """A table with a keyword for a column and a key of two kinds."""
    table = Table(
        "things",
        MetaData(),
        Column("class", Text, primary_key=True),
        Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
        Column("told", Text),
        Column("day", Date),
        Column("n", BigInteger, nullable=False),
    )
    table.create(database.engine)
    return table


def row(
    class_: str, bucket: int = 0, told: str | None = None, day: date | None = None, n: int = 0
) -> dict[str, object]:
    return {"class": class_, "bucket": bucket, "told": told, "day": day, "n": n}


def everything(database: Database, table: Table) -> list[dict[str, object]]:
    with database.reading() as connection:
        found = [dict(each) for each in connection.execute(select(table)).mappings()]
    return sorted(found, key=lambda each: (str(each["class"]), str(each["bucket"])))


def test_every_text_day_and_nothing_reads_back(database: Database, things: Table) -> None:
    rows = [row(text, 1, told=text, day=date(2026, 9, 1), n=2**63 - 1) for text in ODD]
    rows += [row("plain", number, n=-number) for number in range(3)]
    with database.transaction() as connection:
        insert_many(connection, things, rows)
    assert everything(database, things) == sorted(
        rows, key=lambda each: (str(each["class"]), str(each["bucket"]))
    )


@pytest.mark.parametrize("text", ODD)
def test_one_row_alone_reads_back_whatever_it_says(database: Database, things: Table, text: str) -> None:
    with database.transaction() as connection:
        insert_many(connection, things, [row(text, told=text)])
        upsert_many(connection, things, [row(text, told=text, n=1)])
    assert everything(database, things) == [row(text, told=text, n=1)]


def test_numbers_times_and_truth_read_back(database: Database) -> None:
    table = Table(
        "kinds",
        MetaData(),
        Column("key", Text, primary_key=True),
        Column("yes", Boolean),
        Column("share", Float),
        Column("money", Numeric(12, 2, asdecimal=True)),
        Column("at", UtcTime),
    )
    table.create(database.engine)
    at = datetime(2026, 9, 1, 12, 30, 15, 123456, tzinfo=UTC)
    rows = [
        {"key": "a", "yes": True, "share": 0.1, "money": Decimal("12345.67"), "at": at},
        {"key": "b", "yes": False, "share": 1e-300, "money": None, "at": None},
        {"key": "c", "yes": None, "share": None, "money": Decimal("-1.10"), "at": at},
    ]
    with database.transaction() as connection:
        insert_many(connection, table, rows)
    assert everything_of(database, table) == [tuple(each.values()) for each in rows]


def test_a_text_that_is_too_long_for_its_column_is_refused_and_not_cut(postgres: PrivatePostgres) -> None:
    name = f"test_{uuid4().hex}"
    database = Database(postgres.create_database(name))
    table = Table("short", MetaData(), Column("key", String(3), primary_key=True))
    table.create(database.engine)
    with pytest.raises(DataError), database.transaction() as connection:
        insert_many(connection, table, [{"key": "abc"}, {"key": "abcd"}])
    assert everything_of(database, table) == []
    database.close()
    postgres.drop_database(name)


def test_no_rows_is_no_statement(database: Database, things: Table) -> None:
    with database.transaction() as connection:
        insert_many(connection, things, [])
        upsert_many(connection, things, [])
        assert list(fetch_many(connection, things, [])) == []
    assert everything(database, things) == []


def test_a_row_too_many_inserts_none(database: Database, things: Table) -> None:
    with pytest.raises(IntegrityError), database.transaction() as connection:
        insert_many(connection, things, [row("a"), row("b"), row("a")])
    assert everything(database, things) == []


def test_rows_with_a_known_key_replace_and_others_are_inserted(database: Database, things: Table) -> None:
    with database.transaction() as connection:
        insert_many(connection, things, [row("a", told="old", n=1), row("b", told="old", n=1)])
        upsert_many(connection, things, [row("a", told=None, n=5), row("c", told="new", n=7)])
    assert everything(database, things) == [
        row("a", n=5),
        row("b", told="old", n=1),
        row("c", told="new", n=7),
    ]


def test_rows_that_add_are_summed(database: Database) -> None:
    sums = Table(
        "sums",
        MetaData(),
        Column("district", Text, primary_key=True),
        Column("n", BigInteger),
        Column("m", BigInteger),
    )
    sums.create(database.engine)
    for _ in range(2):
        with database.transaction() as connection:
            more = [{"district": "a", "n": 3, "m": 0}, {"district": "b", "n": -1, "m": 2}]
            Writes(connection).upsert(sums, more, add=True).send()
    assert everything_of(database, sums) == [("a", 6, 0), ("b", -2, 4)]


def everything_of(database: Database, table: Table) -> list[tuple[object, ...]]:
    with database.reading() as connection:
        return sorted(tuple(each) for each in connection.execute(select(table)))


def test_rows_that_are_nothing_but_their_key_are_there_once(database: Database) -> None:
    table = Table(
        "keys", MetaData(), Column("a", Text, primary_key=True), Column("b", Integer, primary_key=True)
    )
    table.create(database.engine)
    for _ in range(2):
        with database.transaction() as connection:
            upsert_many(connection, table, [{"a": "x", "b": 1}, {"a": "x", "b": 2}])
    assert everything_of(database, table) == [("x", 1), ("x", 2)]


def test_rows_are_found_by_their_whole_key_however_many(database: Database, things: Table) -> None:
    with database.transaction() as connection:
        insert_many(connection, things, [row(f"c{number}", number % 7, n=number) for number in range(1300)])
        wanted = [(f"c{number}", number % 7) for number in range(0, 1300, 2)] + [
            ("c1", 2),
            ("nobody", 0),
            ("c2", 2),
        ]
        found = {
            (each["class"], each["bucket"]): each["n"] for each in fetch_many(connection, things, wanted)
        }
    assert found == {(f"c{number}", number % 7): number for number in range(0, 1300, 2)}


def test_what_is_written_together_is_all_there_or_nothing_of_it(database: Database, things: Table) -> None:
    def write(connection: Connection, *rows: dict[str, object]) -> None:
        writes = Writes(connection).insert(things, rows[:2]).upsert(things, rows[2:])
        writes.set(things, {"n": 9, "told": "it's 100 %"}, where={"class": "a", "bucket": 0}).send()

    with database.transaction() as connection:
        write(connection, row("a"), row("b"), row("b", n=2), row("c\x1f"))
    after = [row("a", told="it's 100 %", n=9), row("b", n=2), row("c\x1f")]
    assert everything(database, things) == after

    with pytest.raises(IntegrityError), database.transaction() as connection:
        write(connection, row("d"), row("a"), row("b", n=3))
    assert everything(database, things) == after
