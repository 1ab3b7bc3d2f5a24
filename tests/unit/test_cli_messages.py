"""What the command line says on an empty or unfit deployment: a sentence with the mend, and never a traceback."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alliance.context import Context
from alliance.database import Database
from services.evaluation.app import Evaluation
from tests.builders_roster import small, texts, write_zip
from tests.fixtures import command_line

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def alliance(tmp_path: Path) -> Run:
    """`alliance(*words, **settings)`: exit status, standard output and standard error, on a data folder of its own."""

    def run(*words: str, **settings: str) -> tuple[int, str, str]:
        given = {f"ALLIANCE_{name}": value for name, value in settings.items()}
        ran = command_line.alliance(*words, environment={"ALLIANCE_VAR": str(tmp_path / "var"), **given})
        return ran.status, ran.out, ran.error

    return run


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with every table, migrated once."""
    folder = tmp_path_factory.mktemp("migrated") / "var"
    assert command_line.alliance("migrate", environment={"ALLIANCE_VAR": str(folder)}).status == 0
    return folder


@pytest.fixture
def migrated(alliance: Run, template: Path, tmp_path: Path) -> Run:
    """`alliance` where every database is at the newest revision."""
    shutil.copytree(template, tmp_path / "var")
    return alliance


def test_migrate_says_what_it_did_and_the_second_time_that_nothing_was_to_do(alliance: Run) -> None:
    status, first, _ = alliance("migrate")
    again_status, again, _ = alliance("migrate")

    assert (status, again_status) == (0, 0)
    assert "pledges: 0001" in first
    owners = ("roster", "pledges", "folders", "surveys", "evaluation", "gateway")
    assert again.splitlines() == [f"{owner}: is at the newest revision" for owner in owners]


def test_after_the_migration_alone_there_are_scorecards_of_an_empty_state(template: Path) -> None:
    evaluation = Evaluation(Database(f"sqlite:///{template / 'evaluation.db'}"))

    assert evaluation.state_scorecard({}, Context.of_system())["districts"] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("tokens", "list"),
        ("parked", "list"),
        ("parked", "replay"),
        ("rebuild", "surveys"),
        ("restored", "pledges", "--yes"),
    ],
)
def test_before_the_first_migration_a_command_says_to_migrate(alliance: Run, words: tuple[str, ...]) -> None:
    status, _, error = alliance(*words)

    assert status == 1
    assert "alliance migrate" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("words", [("tokens", "list"), ("parked", "list"), ("migrate",)])
def test_a_database_that_is_away_is_told_with_a_way_on(alliance: Run, words: tuple[str, ...]) -> None:
    status, _, error = alliance(
        *words, DATABASE_URL="postgresql+psycopg2://alliance:secret@127.0.0.1:9/{service}"
    )

    assert status == 1
    assert "cannot be reached" in error
    assert "secret" not in error


def test_a_setting_that_cannot_be_read_is_named(alliance: Run) -> None:
    status, _, error = alliance("doctor", PORT="eighty")

    assert status == 2
    assert "ALLIANCE_PORT" in error


@pytest.mark.parametrize("part", ["relay pledges", "receive"])
def test_a_part_that_needs_the_broker_says_how_to_give_its_address(alliance: Run, part: str) -> None:
    status, _, error = alliance(*part.split())

    assert status == 1
    assert "ALLIANCE_BROKER_URL" in error
    assert "amqp://" in error


def test_a_part_whose_internal_port_is_taken_says_which_setting_moves_it(migrated: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        status, _, error = migrated("project", PROJECTOR_METRICS_PORT=port)

    assert status == 1
    assert port in error
    assert "ALLIANCE_PROJECTOR_METRICS_PORT" in error


def test_tokens_are_made_shown_once_listed_without_their_secret_and_revoked(migrated: Run) -> None:
    status, secret, noted = migrated(
        "tokens", "create", "--role", "school", "--unit", "s" * 16, "--label", "[bold] office"
    )
    _, expiring, _ = migrated("tokens", "create", "--role", "state", "--days", "3")
    id_ = noted.split()[-1]
    assert status == 0
    assert secret.strip().startswith("alliance_")

    _, listed, _ = migrated("tokens", "list")
    row = next(line for line in listed.splitlines() if id_ in line)
    assert "s" * 16 in row
    assert "[bold] office" in row
    assert "valid" in row
    assert "until" in listed
    assert secret.strip() not in listed
    assert expiring.strip() not in listed

    assert migrated("tokens", "revoke", id_)[:2] == (0, f"{id_} is revoked.\n")
    _, listed, _ = migrated("tokens", "list")
    assert "revoked" in next(line for line in listed.splitlines() if id_ in line)
    status, _, error = migrated("tokens", "revoke", "nobody's")
    assert (status, "There is no token of id nobody's" in error) == (1, True)


def test_a_token_without_its_org_unit_is_refused_by_name(migrated: Run) -> None:
    status, _, error = migrated("tokens", "create", "--role", "district")

    assert status == 1
    assert "units must name at least one org unit" in error


def test_doctor_is_content_with_a_fresh_deployment(migrated: Run) -> None:
    status, out, _ = migrated("doctor")

    assert status == 0
    assert "in order" in out
    assert "cannot" not in out
    assert "Run:" not in out


def test_doctor_tells_each_missing_migration_and_says_how_to_make_it(alliance: Run) -> None:
    alliance("migrate", "roster", "gateway")

    status, out, _ = alliance("doctor")

    assert status == 1
    for owner in ("pledges", "folders", "surveys", "evaluation"):
        assert f"Run: alliance migrate {owner}." in out
    assert "Run: alliance migrate roster." not in out


def test_doctor_tells_the_database_that_is_away_and_still_looks_at_the_others(migrated: Run) -> None:
    status, out, _ = migrated(
        "doctor", PLEDGES_DATABASE_URL="postgresql+psycopg2://alliance:secret@127.0.0.1:9/x"
    )

    assert status == 1
    assert "pledges: database postgresql+psycopg2://alliance:***@127.0.0.1:9/x: cannot be reached." in out
    assert "ALLIANCE_PLEDGES_DATABASE_URL" in out
    assert "log at 1" in out
    assert "secret" not in out


def test_doctor_tells_the_broker_that_is_away(migrated: Run) -> None:
    status, out, _ = migrated("doctor", BROKER_URL="amqp://alliance:secret@127.0.0.1:9//")

    assert status == 1
    assert "Start RabbitMQ, or correct ALLIANCE_BROKER_URL." in out
    assert "secret" not in out


def test_a_dry_run_shows_what_an_import_would_add_and_adds_nothing(migrated: Run, tmp_path: Path) -> None:
    bundle = str(write_zip(tmp_path / "bundle.zip", texts(small())))

    def rows(out: str) -> dict[str, str]:
        return {
            words[0]: words[1]
            for line in out.splitlines()
            if (words := line.split())[1:] and words[1].isdigit()
        }

    dry = migrated("roster", "import", bundle, "--dry-run")
    real = migrated("roster", "import", bundle)
    again = migrated("roster", "import", bundle)

    assert [status for status, *_ in (dry, real, again)] == [0, 0, 0]
    assert rows(dry[1]) == rows(real[1])
    assert rows(real[1])["StudentEnrolled"] == "3"
    assert "Nothing has changed." in again[1]


def test_an_import_tells_each_problem_by_file_and_line_and_strict_takes_nothing(
    migrated: Run, tmp_path: Path
) -> None:
    tables = small()
    tables["enrollments"][0]["classSourcedId"] = "no-class"
    bundle = str(write_zip(tmp_path / "bundle.zip", texts(tables)))

    status, out, _ = migrated("roster", "import", bundle, "--dry-run")
    strict, _, error = migrated("roster", "import", bundle, "--strict")

    assert status == 0
    assert "error: enrollments.csv:2 classSourcedId: 'no-class'" in out
    assert strict == 1
    assert "nothing was imported" in error
    assert "Nothing" not in migrated("roster", "import", bundle, "--dry-run")[1]


def test_a_dry_run_tells_when_an_import_would_take_a_confirmation(migrated: Run, tmp_path: Path) -> None:
    tables = small()
    migrated("roster", "import", str(write_zip(tmp_path / "all.zip", texts(tables))))
    tables["users"] = [each for each in tables["users"] if each["sourcedId"] != "p-3"]
    tables["enrollments"] = [each for each in tables["enrollments"] if each["userSourcedId"] != "p-3"]
    fewer = str(write_zip(tmp_path / "fewer.zip", texts(tables)))

    _, out, _ = migrated("roster", "import", fewer, "--dry-run")
    status, _, error = migrated("roster", "import", fewer)
    confirmed, done, _ = migrated("roster", "import", fewer, "--confirm")

    assert "1 of 3 students would be dropped: this takes --confirm." in out
    assert (status, "import with confirm" in error) == (1, True)
    assert (confirmed, "StudentWithdrawn" in done) == (0, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rebuild", "pledges"), "organisation, participation, folders, surveys"),
        (("rebuild", "surveys", "--partitions", "3"), "--partitions"),
        (("rebuild", "surveys"), "--partitions"),
        (("restored", "pledges"), "add --yes"),
        (("refold",), "add --yes"),
        (("project", "--partition", "2/2"), "k below K"),
        (("project", "--partition", "all"), "k/K"),
        (("simulate", "sample"), "give --token-file"),
        (("simulate", "sample", "--token-file", __file__, "--url", "http://127.0.0.1:9"), "Nothing answers"),
    ],
)
def test_a_command_that_cannot_work_says_what_to_give_instead(migrated: Run, words: Any, said: str) -> None:
    status, _, error = migrated(*words)

    assert status in (1, 2)
    assert said in " ".join(error.split())
    assert "Traceback" not in error


def test_a_restore_is_not_declared_while_the_queue_cannot_be_emptied(migrated: Run) -> None:
    before = migrated("doctor")[1]

    status, out, error = migrated("restored", "surveys", "--yes", BROKER_URL="amqp://a:b@127.0.0.1:9//")

    assert status == 1
    assert "Nothing was changed" in error
    assert "Start RabbitMQ, or correct ALLIANCE_BROKER_URL." in " ".join(error.split())
    assert out == ""
    assert migrated("doctor")[1] == before


def test_nothing_parked_is_said_so(migrated: Run) -> None:
    assert migrated("parked", "list")[:2] == (0, "Nothing is parked.\n")
    assert migrated("parked", "replay")[:2] == (0, "Nothing is parked.\n")


def test_what_goes_into_a_pipe_is_neither_cut_nor_folded(
    migrated: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    _, _, noted = migrated(
        "tokens", "create", "--role", "integrator", "--unit", "d" * 64, "--label", "l" * 100
    )

    _, listed, _ = migrated("tokens", "list")

    row = next(line for line in listed.splitlines() if noted.split()[-1] in line)
    assert "d" * 64 in row
    assert "l" * 100 in row
    assert "…" not in listed
