"""Somebody who holds the whole database, and every token, key and time of every request, tries to join household
and answers in an anonymous survey.

The attacker looks at the database as it stands, once or often; what one could see by other means is written down in
docs/decisions/anonymous-surveys.md. Randomness is seeded, so no test passes or fails by luck.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from alliance.context import Context
from alliance.database import Database
from services.surveys.waiting import BATCH
from tests.builders_surveys import FAMILY, World, answers, names

LEDGER = ("anonymous_tokens", "confidential_tokens", "invited_households", "gates")
RESPONSES = ("waiting_responses", "events")
#: What PostgreSQL adds to each row of its own accord: the row's place and the transactions that made and locked it.
HIDDEN = "ctid::text AS ctid, xmin::text AS xmin, xmax::text AS xmax, "


@dataclass(frozen=True, slots=True)
class Submission:
    """All that the attacker knows of a household's request; only `answers` are what the attacker is after."""

    household: str
    token: str
    context: Context
    answers: dict[str, int | None]

    def traces(self, streams: set[str]) -> set[str]:
        """Every text that would tie a row to this request."""
        plain = self.token.replace("-", "")
        command = self.context.command_id
        return {
            self.household,
            self.token,
            plain,
            hashlib.sha256(plain.encode()).hexdigest(),
            hashlib.sha256(self.token.encode()).hexdigest(),
            str(command),
            command.hex,
            hashlib.sha256(str(command).encode()).hexdigest(),
            self.context.correlation_id,
            str(self.context.traceparent),
            # The log derives an event's id from the command's.
            *(str(uuid5(command, f"{stream}/1")) for stream in streams),
        }


class Attacked:
    """An anonymous survey whose households answer in a known order, each with answers of its own."""

    def __init__(self, database: Database, households: int, seed: int = 1) -> None:
        self.world = World(database, seed)
        self.households = names(households)
        self.survey, self.tokens = self.world.anonymous(*self.households)
        self.submissions: list[Submission] = []

    def submit(self, household: str) -> Submission:
        number = len(self.submissions)
        trace = f"00-{number + 1:032x}-{number + 1:016x}-01"
        context = self.world.context(FAMILY, key=7_000_000 + number, traceparent=trace)
        # Base 5 with six digits: no two of the households say the same.
        own = answers(*(number // 5**place % 5 + 1 for place in range(6)))
        self.world.submit(self.survey, self.tokens[household], own, context)
        self.submissions.append(Submission(household, self.tokens[household], context, own))
        return self.submissions[-1]

    def dump(self, *tables: str) -> list[dict[str, Any]]:
        return list(dump(self.world.database, *tables))

    def order(self, rows: list[dict[str, Any]]) -> list[int]:
        """Which submissions these rows are, told by their answers: what the attacker wants to find out without."""
        numbers = {json.dumps(each.answers): number for number, each in enumerate(self.submissions)}
        return [numbers[json.dumps(said(row)["answers"])] for row in rows]


def dump(database: Database, *tables: str) -> Iterator[dict[str, Any]]:
    """The rows as they lie there, with all that the database itself knows of them."""
    hidden = HIDDEN if database.dialect == "postgresql" else ""
    with database.reading() as connection:
        for table in tables or inspect(connection).get_table_names():
            for row in connection.execute(text(f"SELECT {hidden}* FROM {table}")):
                if table != "events" or row.type == "SurveySubmitted" or not tables:
                    yield {"table": table, **row._mapping}


def said(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        row["response"] if row["table"] == "waiting_responses" else row["data"]
    )
    return found


def values(rows: list[dict[str, Any]]) -> set[str]:
    """Every single value of the rows, also of the JSON in them; numbers of answers and truth values join nobody."""
    found: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)
        elif isinstance(value, str) and value[:1] in ("{", "["):
            collect(json.loads(value))
        elif value is not None and not isinstance(value, bool | int):
            found.add(str(value))

    for row in rows:
        collect({name: value for name, value in row.items() if name not in ("table", "ctid", "xmax")})
    return found


@pytest.fixture
def attacked(database: Database) -> Attacked:
    """35 households; one of them is new after ten have answered; 34 answer: three batches, and four who wait."""
    attacked = Attacked(database, 34)
    for household in attacked.households[:10]:
        attacked.submit(household)
    attacked.world.households(["the only new one"])
    attacked.tokens |= attacked.world.invite(attacked.survey)
    for household in [*attacked.households[10:33], "the only new one"]:
        attacked.submit(household)
    return attacked


def test_the_attacker_would_see_a_join_in_a_confidential_survey(database: Database) -> None:
    world = World(database)
    survey, tokens = world.confidential("ana")
    world.submit(survey, tokens["ana"])

    shared = values(list(dump(database, *LEDGER))) & values(list(dump(database, *RESPONSES)))
    assert "ana" in shared


def test_no_value_of_the_ledger_stands_beside_a_response(attacked: Attacked) -> None:
    ledger, responses = attacked.dump(*LEDGER), attacked.dump(*RESPONSES)

    assert len(responses) == 34
    assert values(ledger) & values(responses) == {attacked.survey}


def test_nothing_that_came_with_a_request_is_anywhere_but_the_list_of_the_invited(attacked: Attacked) -> None:
    rows = attacked.dump()
    streams = {row["stream"] for row in rows if row["table"] == "events"}
    kept = "\n".join(
        str(row) for row in rows if row["table"] not in ("invited_households", *roster_tables(rows))
    )

    for submission in attacked.submissions:
        assert not [trace for trace in submission.traces(streams) if trace in kept]


def roster_tables(rows: list[dict[str, Any]]) -> set[str]:
    return {row["table"] for row in rows if row["table"].startswith("roster_")}


def test_the_ledger_holds_only_the_digests_of_unspent_tokens(attacked: Attacked) -> None:
    [left] = set(attacked.tokens) - {each.household for each in attacked.submissions}

    unspent = hashlib.sha256(attacked.tokens[left].replace("-", "").encode()).hexdigest()
    assert [row["digest"] for row in attacked.dump("anonymous_tokens")] == [unspent]


def test_a_repeated_key_was_not_remembered(attacked: Attacked) -> None:
    assert attacked.dump("commands") == []


def test_no_time_of_a_response_is_finer_than_a_day(attacked: Attacked) -> None:
    attacked.world.close(attacked.survey)
    events = attacked.world.responses(attacked.survey)

    assert {(event.time.isoformat(), event.data["submitted_on"]) for event in events} == {
        ("2026-10-07T00:00:00+00:00", "2026-10-07")
    }
    for row in attacked.dump(*RESPONSES):
        times = re.findall(r"\d\d:\d\d:\d\d", " ".join(map(str, row.values())))
        assert set(times) <= {"00:00:00"}


def test_a_response_that_waited_for_the_closing_is_dated_within_the_survey(database: Database) -> None:
    attacked = Attacked(database, 1)
    attacked.submit(attacked.households[0])
    attacked.world.now = attacked.world.now.replace(month=11)
    attacked.world.close(attacked.survey)

    [event] = attacked.world.responses(attacked.survey)
    assert event.data["submitted_on"] == "2026-10-23"


def test_a_reader_of_the_log_never_sees_fewer_than_ten_new_responses_before_the_close(
    database: Database,
) -> None:
    attacked = Attacked(database, 34)
    seen = [0]
    for household in attacked.households:
        attacked.submit(household)
        seen.append(len(attacked.world.responses(attacked.survey)))
    attacked.world.close(attacked.survey)

    assert {after - before for before, after in pairwise(seen)} == {0, BATCH}
    assert len(attacked.world.responses(attacked.survey)) == 34


def test_responses_of_a_bulk_share_a_batch_with_those_that_wait(database: Database) -> None:
    attacked = Attacked(database, 25)
    attacked.submit(attacked.households[0])
    sheets = [
        {"token": attacked.tokens[household], "language": "en", "mode": "paper", "answers": answers(every=2)}
        for household in attacked.households[1:]
    ]
    attacked.world.app.submit_responses(
        {"survey": attacked.survey, "responses": sheets}, attacked.world.context(key=8)
    )

    batches = Counter(event.correlation_id for event in attacked.world.responses(attacked.survey))
    assert list(batches.values()) == [25]


# --- order and position


ORDERS = ("position", "id", "stream", "causation_id", "as it lies there")


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> list[Attacked]:
    """Twenty-five surveys of ten households each; in every one the first household answers first, and so on."""
    folder: Path = tmp_path_factory.mktemp("batches")
    found = []
    for seed in range(25):
        attacked = Attacked(Database(f"sqlite:///{folder / f'{seed}.db'}"), BATCH, seed)
        for household in attacked.households:
            attacked.submit(household)
        found.append(attacked)
    return found


@pytest.mark.parametrize("by", ORDERS)
def test_no_order_of_the_events_is_the_order_of_answering(batches: list[Attacked], by: str) -> None:
    orders = []
    for attacked in batches:
        rows = attacked.dump("events")
        orders.append(
            attacked.order(rows if by == "as it lies there" else sorted(rows, key=lambda row: str(row[by])))
        )

    assert_at_random(orders)


def test_no_order_of_the_waiting_is_the_order_of_answering(database: Database) -> None:
    attacked = Attacked(database, 9)
    lying, by_id = [], []
    for _ in range(25):
        attacked.submissions.clear()
        for household in attacked.households:
            attacked.submit(household)
        rows = attacked.dump("waiting_responses")
        lying.append(attacked.order(rows))
        by_id.append(attacked.order(sorted(rows, key=lambda row: str(row["id"]))))
        attacked.world.close(attacked.survey)
        attacked.survey = attacked.world.open(mode="anonymous")
        attacked.tokens = attacked.world.invite(attacked.survey)

    assert_at_random(lying)
    assert_at_random(by_id)


def test_the_newest_of_the_waiting_is_in_no_particular_place(database: Database) -> None:
    attacked = Attacked(database, 200)
    places: Counter[int] = Counter()
    for household in attacked.households:
        attacked.submit(household)
        rows = attacked.dump("waiting_responses")
        if len(rows) == 5:
            places[attacked.order(rows).index(len(attacked.submissions) - 1)] += 1

    # Twenty times one place of five: 4 each with a standard deviation of 1.8; in a fixed place it would be 20.
    assert sum(places.values()) == 20
    assert max(places.values()) <= 4 + 4 * 1.8


def assert_at_random(orders: list[list[int]]) -> None:
    """Whoever guesses that the n-th in this order answered n-th is right as often as by chance, forward or backward.

    By chance one guess of each order is right, with a variance of one; and ranks do not correlate: over m orders of
    n the mean correlation has a standard deviation of 1 / sqrt(m (n - 1)).
    """
    m, n = len(orders), len(orders[0])
    for tried in (orders, [order[::-1] for order in orders]):
        right = sum(place == number for order in tried for place, number in enumerate(order))
        assert right <= m + 4 * m**0.5
    correlation = sum(
        1 - 6 * sum((place - number) ** 2 for place, number in enumerate(order)) / (n * (n * n - 1))
        for order in orders
    )
    assert abs(correlation / m) < 4 / (m * (n - 1)) ** 0.5


def test_the_measure_of_chance_notices_an_order() -> None:
    with pytest.raises(AssertionError):
        assert_at_random([list(range(10))] * 40)
    with pytest.raises(AssertionError):
        assert_at_random([[*range(1, 10), 0]] * 40)


# --- what the databases themselves keep


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_rows_of_one_kind_share_their_transaction_whenever_they_came(database: Database) -> None:
    attacked = Attacked(database, 30)

    def transactions(table: str) -> list[set[str]]:
        groups: dict[str, set[str]] = {}
        for row in attacked.dump(table):
            groups.setdefault(row.get("correlation_id", ""), set()).add(row["xmin"])
        return list(groups.values())

    for number, household in enumerate(attacked.households):
        if number == 15:
            attacked.world.households(["the only new one"])
            attacked.tokens |= attacked.world.invite(attacked.survey)
        attacked.submit(household)
        for table in ("waiting_responses", "anonymous_tokens", "invited_households", "events"):
            assert all(len(together) == 1 for together in transactions(table)), table
        ledger = {row["xmin"] for row in attacked.dump("anonymous_tokens", "invited_households")}
        assert not ledger & {row["xmin"] for row in attacked.dump(*RESPONSES)}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_tables_are_vacuumed_as_soon_as_a_row_is_dead(database: Database) -> None:
    World(database)
    with database.reading() as connection:
        query = text(
            "SELECT relname, reloptions FROM pg_class WHERE relname IN ('anonymous_tokens', 'waiting_responses')"
        )
        options = {row.relname: row.reloptions for row in connection.execute(query)}

    wanted = ["autovacuum_vacuum_threshold=0", "autovacuum_vacuum_scale_factor=0"]
    assert options == {"anonymous_tokens": wanted, "waiting_responses": wanted}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", ["anonymous_tokens", "invited_households", "waiting_responses"])
def test_sqlite_numbers_no_rows_in_the_order_in_which_they_came(database: Database, table: str) -> None:
    World(database)
    with (
        database.engine.connect() as connection,
        pytest.raises(OperationalError, match="no such column: rowid"),
    ):
        connection.execute(text(f"SELECT rowid FROM {table}"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_deleted_is_gone_from_sqlites_files(database: Database, tmp_path: Path) -> None:
    attacked = Attacked(database, BATCH)
    for household in attacked.households:
        attacked.submit(household)
    with database.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    content = b"".join(path.read_bytes() for path in tmp_path.glob("test.db*"))
    for submission in attacked.submissions:
        assert hashlib.sha256(submission.token.replace("-", "").encode()).hexdigest().encode() not in content


def test_the_attackers_command_ids_are_those_that_were_used(attacked: Attacked) -> None:
    assert attacked.submissions[0].context.command_id == UUID(int=7_000_000)
    assert attacked.submissions[0].context.keyed
