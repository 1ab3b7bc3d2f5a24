"""A private PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, Self

from .folder import Folder, kept_secret, stop_leftovers
from .process import (
    PrivateServerError,
    end,
    find,
    free_port,
    last_lines,
    spawn,
    wait_for,
)


class PrivatePostgres:
    """One PostgreSQL server. `url` is its first database; `create_database` makes more.

    As root the server runs as Debian's user `postgres`, because PostgreSQL refuses to run as root. What is committed
    outlives a kill of the server; with `durable` also the machine's.
    """

    def __init__(self, folder: Path | None = None, *, durable: bool = True) -> None:
        self.programs = find("PostgreSQL", "postgresql", "initdb", "/usr/lib/postgresql/*/bin")
        self.user = "postgres" if os.geteuid() == 0 else None
        self._folder = Folder("postgresql", folder, self.user)
        self._require_reach()
        self.data = self._folder.path / "data"
        self._durable = durable
        self.port = free_port()
        self.password = kept_secret(self._folder.path / "password", self.user)
        self.databases: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        return f"postgresql+psycopg2://alliance:{self.password}@127.0.0.1:{self.port}/{name}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *, empty: bool = False) -> None:
        """Return when it answers. `empty=True` forgets all data first. Does nothing if it runs."""
        if self.running:
            return
        if empty:
            shutil.rmtree(self.data, ignore_errors=True)
        if not (self.data / "PG_VERSION").exists():
            shutil.rmtree(self.data, ignore_errors=True)  # an initdb that was interrupted
            self._initialise()
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # the lock on our folder says that it is stale
        durable = "on" if self._durable else "off"
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",  # a socket's path may be no longer than 107 bytes; ours may be
            "max_connections": "300",
            "shared_buffers": "128MB",
            "fsync": durable,
            "full_page_writes": durable,
        }
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        self._process = self._run([str(self.programs / "postgres"), "-D", str(self.data), *arguments])
        wait_for(self._process, self._answers, "PostgreSQL", self._folder.path / "log")
        for name in list(self.databases):
            self.create_database(name)

    def stop(self) -> None:
        """A fast shutdown: open transactions are rolled back, everything committed is on disk."""
        if self._process is not None:
            end(self._process, signal.SIGINT)
        stop_leftovers(self.data)

    def kill(self) -> None:
        """As if the power had failed: no process of the server lives on, nothing is flushed."""
        stop_leftovers(self.data)
        if self._process is not None:
            self._process.wait()

    def create_database(self, name: str) -> str:
        """Make the database unless it exists; return its address."""
        with self._connected() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{name}"')
        if name not in self.databases:
            self.databases.append(name)
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        """Drop it, cutting the connections it still has."""
        with self._connected() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.databases.remove(name)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.release()

    def _require_reach(self) -> None:
        path = self._folder.path
        if self.user and subprocess.run(["test", "-w", path], user=self.user, extra_groups=[]).returncode:
            raise PrivateServerError(
                f"the user {self.user} cannot write to {path}; choose a folder it can reach"
            )

    def _initialise(self) -> None:
        initdb = [
            str(self.programs / "initdb"),
            "-D",
            str(self.data),
            "--username=alliance",
            "--encoding=UTF8",
        ]
        initdb += ["--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={self._folder.path / 'password'}"]
        if self._run(initdb).wait() != 0:
            raise PrivateServerError(f"initdb failed:\n{last_lines(self._folder.path / 'log')}")

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        return spawn(command, self._folder.path, {"LC_ALL": "C.UTF-8"}, self.user)

    def _answers(self) -> bool:
        import psycopg2

        try:
            with self._connected():
                return True
        except psycopg2.OperationalError:
            return False

    def _connected(self) -> _Cursor:
        return _Cursor(self.url)


class _Cursor:
    """A psycopg2 cursor in autocommit, whose connection closes with it."""

    def __init__(self, url: str) -> None:
        import psycopg2

        self.connection = psycopg2.connect(url.replace("+psycopg2", ""), connect_timeout=3)
        self.connection.autocommit = True

    def __enter__(self) -> Any:
        return self.connection.cursor()

    def __exit__(self, *_: object) -> None:
        self.connection.close()
