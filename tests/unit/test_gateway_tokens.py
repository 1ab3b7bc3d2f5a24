"""Bearer tokens: made, found, run out, revoked; and nothing in the database that opens a door."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from alliance.errors import Invalid, NotFound
from gateway import tokens as tokens_module
from gateway.tables import links, sessions, tokens
from gateway.tokens import Tokens
from tests.builders_gateway import Gateway, gateway


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return gateway(tmp_path, monkeypatch)


def test_a_token_is_found_by_its_secret_with_role_and_units(here: Gateway) -> None:
    made, secret = here.tokens.create(role="school", units=("s1", "s2"), label="front office")

    assert here.tokens.find(secret) == made
    assert (made.caller.role, made.caller.units, made.caller.token) == ("school", ("s1", "s2"), made.id)


def test_the_secret_is_in_no_column(here: Gateway) -> None:
    _, secret = here.tokens.create(role="state", label="x")

    with here.database.reading() as connection:
        [row] = connection.execute(select(tokens)).mappings()
    assert secret.startswith("alliance_")
    assert not any(secret.removeprefix("alliance_") in str(value) for value in row.values())


def test_a_token_ends_when_it_expires(here: Gateway) -> None:
    _, secret = here.tokens.create(role="state", expires_at=here.clock() + timedelta(days=1))

    here.clock.advance(timedelta(hours=23))
    before = here.tokens.find(secret)
    here.clock.advance(timedelta(hours=1))

    assert before is not None
    assert here.tokens.find(secret) is None


def test_a_revoked_token_is_refused_at_once(here: Gateway) -> None:
    made, secret = here.tokens.create(role="state")
    headers = {"Authorization": f"Bearer {secret}"}
    here.services["pledges"].answers["statements"] = {"statements": []}
    assert here.client().get("/v1/statements", headers=headers).status_code == 200

    revoked = here.tokens.revoke(made.id)

    assert revoked.revoked_at == here.clock()
    assert here.client().get("/v1/statements", headers=headers).status_code == 401


def test_a_token_that_somebody_else_revoked_is_refused_within_a_second(here: Gateway) -> None:
    made, secret = here.tokens.create(role="state")
    assert here.tokens.find(secret) is not None

    Tokens(here.database, here.clock).revoke(made.id)
    here.clock.advance(timedelta(seconds=1))

    assert here.tokens.find(secret) is None


def test_however_many_tokens_come_by_only_so_many_are_remembered(
    here: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens_module, "MOST_REMEMBERED", 3)
    secrets = [here.tokens.create(role="state")[1] for _ in range(5)]

    assert all(here.tokens.find(secret) is not None for secret in secrets * 2)
    assert len(here.tokens._remembered) <= 3


def test_revoking_again_keeps_the_first_moment(here: Gateway) -> None:
    made, _ = here.tokens.create(role="state")
    first = here.tokens.revoke(made.id).revoked_at
    here.clock.advance(timedelta(days=1))

    assert here.tokens.revoke(made.id).revoked_at == first


def test_a_token_that_never_was_cannot_be_revoked(here: Gateway) -> None:
    with pytest.raises(NotFound):
        here.tokens.revoke("0b7e7e4e-7f5c-4c3c-9a55-0d6f2c3f1a11")


def test_all_tokens_are_listed_oldest_first_the_dead_ones_too(here: Gateway) -> None:
    made = []
    for label in ("first", "second", "third"):
        made.append(here.tokens.create(role="state", label=label)[0].id)
        here.clock.advance(timedelta(minutes=1))
    here.tokens.revoke(made[1])

    assert [token.id for token in here.tokens.all()] == made


@pytest.mark.parametrize(
    ("role", "units", "field"),
    [
        ("family", (), "role"),
        ("system", (), "role"),
        ("admin", (), "role"),
        ("district", (), "units"),
        ("school", (), "units"),
        ("teacher", (), "units"),
        ("state", ("d1",), "units"),
    ],
)
def test_a_role_without_its_unit_or_no_role_at_all_gets_no_token(
    here: Gateway, role: str, units: tuple[str, ...], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        here.tokens.create(role=role, units=units)

    assert refused.value.errors[0]["field"] == field


def test_the_migration_makes_the_tables_that_the_code_uses(here: Gateway) -> None:
    with here.database.reading() as connection:
        for table in (tokens, sessions, links):
            columns = connection.exec_driver_sql(f"PRAGMA table_info({table.name})").all()
            assert {column[1]: bool(column[3]) or bool(column[5]) for column in columns} == {
                column.name: not column.nullable for column in table.columns
            }
