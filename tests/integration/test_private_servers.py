"""Private servers: what survives what, and that nothing of a crashed run is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from kombu import Connection, Queue

from alliance.private_servers import PrivatePostgres, PrivateRabbitMQ, PrivateServerError, process, sweep
from alliance.private_servers.folder import PREFIX

ROOT = Path(__file__).parents[2]


def counted(url: str) -> int:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return connection.execute(sa.text("SELECT count(*) FROM kept")).scalar_one()


def test_postgresql_keeps_what_was_committed_over_a_kill_and_nothing_over_an_empty_start() -> None:
    with PrivatePostgres() as server:
        url = server.create_database("one")
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE kept (n int)"))
            connection.execute(sa.text("INSERT INTO kept VALUES (1), (2)"))
        server.kill()
        with pytest.raises(sa.exc.OperationalError):
            counted(url)
        server.start()
        assert counted(url) == 2
        server.stop()
        server.start(empty=True)
        with pytest.raises(sa.exc.ProgrammingError, match="does not exist"):
            counted(url)


def test_rabbitmq_keeps_confirmed_messages_over_a_kill_and_nothing_over_an_empty_start() -> None:
    queue = Queue("kept", durable=True, queue_arguments={"x-queue-type": "quorum"})
    with PrivateRabbitMQ() as server:
        (url,) = server.create_vhosts(["one"])
        with Connection(url, transport_options={"confirm_publish": True}) as connection:
            connection.Producer().publish("hello", routing_key="kept", declare=[queue], delivery_mode=2)
        server.kill()
        with pytest.raises(OSError), Connection(url, connect_timeout=1) as connection:
            connection.connect()
        server.start()
        with Connection(url) as connection:
            message = connection.SimpleQueue(queue).get(timeout=20)
            assert message.payload == "hello"
        server.stop()
        server.start(empty=True)
        with Connection(url) as connection, pytest.raises(connection.channel_errors, match="no queue 'kept'"):
            queue(connection.channel()).queue_declare(passive=True)


def test_what_a_killed_run_has_left_is_stopped_and_removed_and_what_others_run_is_not(
    wait_until: Callable[..., None], postgres: PrivatePostgres
) -> None:
    code = (
        "import os, signal\n"
        "from alliance.private_servers import PrivatePostgres\n"
        "server = PrivatePostgres()\n"
        "server.start()\n"
        "print(server._folder.path, server._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    crashed = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert crashed.returncode == -signal.SIGKILL, crashed.stderr
    folder, pid = crashed.stdout.split()
    assert Path(folder).name.startswith(PREFIX)
    assert serves(int(pid))

    sweep()

    assert not Path(folder).exists()
    wait_until(lambda: not serves(int(pid)), 5)
    assert postgres.running
    with sa.create_engine(postgres.url, poolclass=sa.NullPool).connect():
        pass


def serves(pid: int) -> bool:
    """Whether the process is there and no zombie that its parent has not collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not tmp_path: that is for its owner alone, and the server's own user has to pass through.
    with TemporaryDirectory(prefix="alliance-test-") as parent:
        Path(parent).chmod(0o755)
        yield Path(parent) / "kept"


def test_one_folder_serves_one_run_at_a_time_and_the_next_finds_its_data(folder: Path) -> None:
    with PrivatePostgres(folder) as first:
        first.create_database("mine")
        with pytest.raises(PrivateServerError, match="in use by another run"):
            PrivatePostgres(folder)
    with PrivatePostgres(folder) as second:
        with sa.create_engine(second.url, poolclass=sa.NullPool).connect() as connection:
            names = connection.execute(sa.text("SELECT datname FROM pg_database")).scalars().all()
        assert "mine" in names


def test_missing_programs_are_an_error_that_says_what_to_install() -> None:
    with pytest.raises(PrivateServerError, match="apt-get install postgresql"):
        process.find("PostgreSQL", "postgresql", "initdb", "/nowhere/*/bin")
