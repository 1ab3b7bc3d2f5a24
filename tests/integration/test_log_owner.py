"""docs/decisions/log-immutability.md: with the log in another role's hands, the service's role has no way around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from alliance.database import Database
from alliance.log import Log
from alliance.migrations import pending, upgrade
from alliance.private_servers import PrivatePostgres
from alliance.rosterview import RosterView
from services.pledges.app import Pledges, shipped_statements
from tests.builders import YEAR, context
from tests.builders_rosterview import Roster

NOTE = Path(__file__).parents[2] / "docs" / "decisions" / "log-immutability.md"


@pytest.fixture
def pledges(postgres: PrivatePostgres) -> Iterator[Database]:
    """A database as it is deployed, owned by the service's role, and then handled as the note says."""
    role = f"pledges_{uuid4().hex}"
    url = postgres.create_database(role)
    operator = Database(url)
    with operator.asking() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
        connection.exec_driver_sql(f"ALTER DATABASE {role} OWNER TO {role}")
        connection.exec_driver_sql(f"REVOKE ALL ON DATABASE {role} FROM PUBLIC")
    service = Database(
        make_url(url).set(username=role, password="secret").render_as_string(hide_password=False)
    )
    upgrade(service, "pledges")
    (statements,) = re.findall(r"```sql\n(.*?)```", NOTE.read_text(), re.DOTALL)
    with operator.transaction() as connection:
        connection.exec_driver_sql(re.sub(r"\bpledges(?=\b|_)", role, statements))
    yield service
    service.close()
    operator.close()
    postgres.drop_database(role)


def sign(database: Database) -> Log:
    """Do what the service does every day: follow the roster, judge, append."""
    roster = Roster()
    roster.enrolled("ana", "c1", context().now.date())
    roster.guardian("ana", "mother")
    view, log = RosterView(database, roster), Log(database, "pledges")
    view.prepare()
    body = {
        "student": "ana", "guardian": "mother", "school_year": YEAR, "signed_on": "2026-09-01", "mode": "web",
        "language": "en", "statement": "2026-1",
    }  # fmt: skip
    assert Pledges(database, log, view, shipped_statements()).sign_pledge(body, context())["created"]
    return log


def test_the_service_goes_on_and_migrating_again_finds_it_in_order(pledges: Database) -> None:
    log = sign(pledges)
    assert [event.type for event in log.read(0, 9)] == ["PledgeSigned"]
    upgrade(pledges, "pledges")
    assert pending(pledges, "pledges") == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET district = 'd2'",
        "DELETE FROM events",
        "TRUNCATE events",
        "DROP TABLE events",
        "ALTER TABLE events DISABLE TRIGGER events_are_append_only",
        "DROP TRIGGER events_are_append_only ON events",
        "CREATE RULE none AS ON INSERT TO events DO INSTEAD NOTHING",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "SET session_replication_role = replica",
        "DROP SCHEMA public CASCADE",
    ],
)
def test_the_services_role_can_neither_change_the_log_nor_what_protects_it(
    pledges: Database, change: str
) -> None:
    log = sign(pledges)
    with (
        pytest.raises(ProgrammingError, match=r"must be owner|permission denied"),
        pledges.transaction() as connection,
    ):
        connection.execute(text(change))
    assert [event.type for event in log.read(0, 9)] == ["PledgeSigned"]
