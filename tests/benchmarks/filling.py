"""Fill a log or a journal fast: rows as the product writes them, made by the database itself.

Only the way in is short; tables, indexes, triggers and values are the product's. Log and journal get the same events.
"""

from __future__ import annotations

from sqlalchemy import Connection

from alliance import migrations
from alliance.database import Database

#: Districts of the state.
DISTRICTS = 144

_STUDENT = "translate(substr(md5('student' || n), 1, 16), '0189', 'wxyz')"
_DISTRICT = f"'d' || substr(md5('district' || (n * 7919 % {DISTRICTS})), 1, 15)"
_SCHOOL = f"'s' || substr(md5('school' || (n * 7919 % {DISTRICTS * 6})), 1, 15)"
_GUARDIAN = "translate(substr(md5('guardian' || n), 1, 16), '0189', 'wxyz')"
_UUID = "md5('{what}' || n)::uuid::text"
_SIGNED = f"""format('{{"student":"%s","guardian":"%s","school_year":"2026-27","school":"%s","district":"%s",'
    '"signed_on":"2026-09-14","mode":"web","language":"en","statement":"2026-1","statement_hash":"%s",'
    '"note_on_file":false}}', {_STUDENT}, {_GUARDIAN}, {_SCHOOL}, {_DISTRICT}, repeat(md5('text'), 2))"""
_ENROLLED = f"""format('{{"student":"%s","household":"%s","class":"%s","school":"%s","district":"%s",'
    '"school_year":"2026-27","begins_on":"2026-08-06","ends_on":null,"grade":"03"}}',
    {_STUDENT}, {_GUARDIAN}, 'c' || substr(md5('class' || (n % 25000)), 1, 15), {_SCHOOL}, {_DISTRICT})"""


def _columns(type_: str, stream: str, data: str) -> str:
    """id, stream, stream_version, type, schema_version, time, district, data, correlation, causation, traceparent."""
    return f"""{_UUID.format(what=type_)}, {stream}, 1, '{type_}', 1,
        timestamptz '2026-09-14 18:00Z' + n * interval '1 millisecond', {_DISTRICT}, {data},
        {_UUID.format(what="correlation")}, {_UUID.format(what="command")}, NULL"""


_PLEDGES = _columns("PledgeSigned", f"'pledge-' || {_STUDENT} || '-2026-27'", _SIGNED)
_ENROLMENTS = _columns("StudentEnrolled", f"'student-' || {_STUDENT}", _ENROLLED)
_FIELDS = (
    "id, stream, stream_version, type, schema_version, time, district, data,"
    " correlation_id, causation_id, traceparent"
)


def new_log(url: str, source: str = "pledges") -> Database:
    database = Database(url)
    migrations.upgrade(database, source)
    return database


def fill_log(database: Database, count: int) -> int:
    """Append so many signed pledges of new students behind what is there; returns the head."""
    with database.transaction() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        head = int(connection.exec_driver_sql("SELECT position FROM log_head FOR UPDATE").scalar_one())
        _run(
            connection,
            f"INSERT INTO events (position, {_FIELDS}) SELECT n, {_PLEDGES}"
            f" FROM generate_series({head + 1}::bigint, {head + count}::bigint) AS n",
        )
        connection.exec_driver_sql(f"UPDATE log_head SET position = {head + count}")
    _settle(database, "events")
    return head + count


def fill_journal_with_pledges(database: Database, count: int, epoch: str) -> None:
    """The same events as `fill_log` makes, behind what the journal holds."""
    with database.transaction() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        head = int(connection.exec_driver_sql("SELECT position FROM journal_head FOR UPDATE").scalar_one())
        held = connection.exec_driver_sql("SELECT position FROM journal_sources WHERE source = 'pledges'")
        source = int(held.scalar_one_or_none() or 0)
        _run(
            connection,
            f"INSERT INTO journal (position, source, source_position, {_FIELDS})"
            f" SELECT n - {source} + {head}, 'pledges', n, {_PLEDGES}"
            f" FROM generate_series({source + 1}::bigint, {source + count}::bigint) AS n",
        )
        connection.exec_driver_sql(f"UPDATE journal_head SET position = {head + count}")
        connection.exec_driver_sql(
            f"INSERT INTO journal_sources VALUES ('pledges', {source + count}, '{epoch}')"
            " ON CONFLICT (source) DO UPDATE SET position = excluded.position, epoch = excluded.epoch"
        )
    _settle(database, "journal")


def fill_journal_with_a_year(database: Database, students: int) -> int:
    """So many students enrolled, then their pledges, into an empty journal; returns the number of events."""
    with database.transaction() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        for source, first, columns in (("roster", 0, _ENROLMENTS), ("pledges", students, _PLEDGES)):
            _run(
                connection,
                f"INSERT INTO journal (position, source, source_position, {_FIELDS})"
                f" SELECT n + {first}, '{source}', n, {columns}"
                f" FROM generate_series(1::bigint, {students}::bigint) AS n",
            )
        connection.exec_driver_sql(f"UPDATE journal_head SET position = {2 * students}")
    _settle(database, "journal")
    return 2 * students


def _run(connection: Connection, statement: str) -> None:
    """As it stands: its per cent signs are PostgreSQL's, not the driver's."""
    cursor = connection.connection.cursor()
    cursor.execute(statement)
    cursor.close()


def _settle(database: Database, table: str) -> None:
    """What autovacuum would do in the middle of a measurement."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql(f"VACUUM ANALYZE {table}")
        connection.exec_driver_sql("CHECKPOINT")
        connection.exec_driver_sql("RESET statement_timeout")
