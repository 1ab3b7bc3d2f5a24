"""The shell scripts of deploy/, run for real in a folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from alliance.private_servers import PrivatePostgres
from tests.fixtures.deployment import DEPLOY


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


def test_stop_ends_what_the_pid_file_names_and_says_so(tmp_path: Path) -> None:
    code = "import sys, time; time.sleep(60)  # alliance"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        (tmp_path / "serve.pid").write_text(f"{process.pid}\n")
        # Nobody waits for the process meanwhile: it has ended and is still listed.
        stopped = run("sh", str(DEPLOY / "stop.sh"), str(tmp_path))
        assert process.wait(10) == -15
    assert stopped.stdout == "serve stopped\n"
    assert list(tmp_path.iterdir()) == []


def test_stop_leaves_alone_a_process_of_somebody_else_that_has_the_number_now(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd="/") as process:
        (tmp_path / "serve.pid").write_text(f"{process.pid}\n")
        stopped = run("sh", str(DEPLOY / "stop.sh"), str(tmp_path))
        assert process.poll() is None
        process.kill()
    assert stopped.stdout == f"nothing runs on {tmp_path}/\n"


def test_where_nothing_can_be_installed_the_script_says_what_to_install_and_fails(tmp_path: Path) -> None:
    said = run("/bin/sh", str(DEPLOY / "install-servers.sh"), PATH=str(tmp_path))
    assert said.returncode == 1
    assert "system's package manager:" in said.stderr
    assert "prometheus chromium" in said.stderr


def test_without_root_the_script_says_the_command_for_root_and_fails(tmp_path: Path) -> None:
    # No tools but these two: somebody who is not root, on a system with apt.
    for name, line in {"id": "echo 1000", "apt-get": "exit 99"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    said = run("/bin/sh", str(DEPLOY / "install-servers.sh"), PATH=str(tmp_path))
    assert said.returncode == 1
    assert "sudo apt-get update && sudo apt-get install --no-install-recommends" in said.stderr
    assert "prometheus chromium" in said.stderr


def test_each_services_role_reaches_its_own_database_and_no_other(
    postgres: PrivatePostgres, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("one", "two"):
        url = f"postgresql+psycopg2://test_{name}:secret-{name}@postgres:5432/test_{name}"
        (secrets / f"{name}_database_url").write_text(f"{url}\n")
    made = run(
        "bash",
        str(DEPLOY / "postgresql" / "databases.sh"),
        SECRETS=str(secrets),
        POSTGRES_USER="alliance",
        PGHOST="127.0.0.1",
        PGPORT=str(postgres.port),
        PGPASSWORD=postgres.password,
        PATH=f"{postgres.programs}:{os.environ['PATH']}",
    )
    assert made.returncode == 0, made.stderr

    def address(role: str, database: str) -> sa.Engine:
        url = f"postgresql+psycopg2://test_{role}:secret-{role}@127.0.0.1:{postgres.port}/test_{database}"
        return sa.create_engine(url, poolclass=sa.NullPool)

    with address("one", "one").begin() as connection:
        connection.execute(sa.text("CREATE TABLE own (id int)"))
    with pytest.raises(sa.exc.OperationalError, match="permission denied"), address("one", "two").connect():
        pass
