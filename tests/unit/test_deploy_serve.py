"""`make serve`: which servers it starts itself, and whose data lies where."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn, Self

import pytest

from alliance.private_servers import PrivateServerError
from alliance.settings import SERVICES
from deploy import mississippi, serve

OWNERS = (*SERVICES, "gateway")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Root, in a folder that no server's own user can reach: where the data goes instead."""
    place = tmp_path / "elsewhere"
    monkeypatch.setattr(serve, "REACHABLE", place)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "chown", lambda *_: None)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1))
    return place


def moved(var: Path) -> Path:
    """Where the data of this data folder's PostgreSQL lies, with a file in it."""
    folder = serve.reachable(var / "servers" / "postgresql", "postgres")
    (folder / "data").touch()
    return folder


def test_data_is_kept_where_its_server_can_reach_it_and_found_again(elsewhere: Path, tmp_path: Path) -> None:
    first = moved(tmp_path / "var")
    assert first.parent == elsewhere
    assert serve.reachable(tmp_path / "var" / "servers" / "postgresql", "postgres") == first


def test_a_data_folder_made_anew_does_not_meet_the_data_of_the_one_before(
    elsewhere: Path, tmp_path: Path
) -> None:
    first = moved(tmp_path / "var")
    shutil.rmtree(tmp_path / "var")
    again = serve.reachable(tmp_path / "var" / "servers" / "postgresql", "postgres")
    assert again != first
    assert list(again.iterdir()) == []
    assert (first / "data").exists()


def test_what_was_moved_is_removed_with_its_data_folder_and_nothing_of_another(
    elsewhere: Path, tmp_path: Path
) -> None:
    first, other = moved(tmp_path / "var"), moved(tmp_path / "other")
    serve.remove(tmp_path / "var")
    assert not (tmp_path / "var").exists()
    assert not first.exists()
    assert (other / "data").exists()
    serve.remove(tmp_path / "never-there")


def test_mississippi_starts_on_nothing_of_its_last_run(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    var = tmp_path / "mississippi" / "distributed"
    last = moved(var)

    def running(_form: str, started_on: Path) -> NoReturn:
        assert started_on == var
        assert not var.exists()
        assert not last.exists()
        raise PrivateServerError("as far as this test goes")

    monkeypatch.setenv("ALLIANCE_VAR", str(tmp_path))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(mississippi, "running", running)
    assert mississippi.main("1", "distributed") == 1
    assert not last.exists()


def test_a_folder_that_is_not_ours_is_neither_used_nor_removed(elsewhere: Path, tmp_path: Path) -> None:
    moved(tmp_path / "var")
    (marker,) = (tmp_path / "var" / "servers").glob("*.moved")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    marker.write_text(f"{elsewhere}/../foreign\n")
    with pytest.raises(PrivateServerError, match="foreign"):
        serve.reachable(tmp_path / "var" / "servers" / "postgresql", "postgres")
    with pytest.raises(PrivateServerError, match="foreign"):
        serve.remove(tmp_path / "var")
    assert foreign.exists()


def test_data_that_its_server_can_reach_stays_in_the_data_folder(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 0))
    assert moved(tmp_path / "var").is_relative_to(tmp_path / "var")
    assert not elsewhere.exists()


class Server:
    """In the place of a private server."""

    url = "amqp://private"
    started: list[Self]

    def __init__(self, _folder: Path) -> None:
        self.databases: list[str] = []
        self.started.append(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def create_database(self, name: str) -> None:
        self.databases.append(name)

    def database_url(self, name: str) -> str:
        return f"postgresql://private/{name}"


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> dict[str, type[Server]]:
    """The servers that are started, by program; nothing is given."""
    for name in [name for name in os.environ if name.startswith("ALLIANCE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(serve, "reachable", lambda folder, _user: folder)
    kinds: dict[str, Any] = {
        name: type(name, (Server,), {"started": []}) for name in ("PrivatePostgres", "PrivateRabbitMQ")
    }
    for name, kind in kinds.items():
        monkeypatch.setattr(serve, name, kind)
    return kinds


def servers(var: Path) -> dict[str, str]:
    with ExitStack() as stack:
        return serve._servers(stack, var)


def test_both_servers_are_started_when_none_is_given(
    private: dict[str, type[Server]], tmp_path: Path
) -> None:
    assert servers(tmp_path) == {
        "ALLIANCE_VAR": str(tmp_path),
        "ALLIANCE_DATABASE_URL": "postgresql://private/{service}",
        "ALLIANCE_BROKER_URL": "amqp://private",
    }
    (postgres,) = private["PrivatePostgres"].started
    assert postgres.databases == list(OWNERS)


@pytest.mark.parametrize("form", ["", "_FILE"])
@pytest.mark.parametrize("names", [["DATABASE_URL"], [f"{owner.upper()}_DATABASE_URL" for owner in OWNERS]])
def test_no_server_is_started_in_the_place_of_one_that_is_given(
    private: dict[str, type[Server]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
    form: str,
) -> None:
    for name in [*names, "BROKER_URL"]:
        monkeypatch.setenv(f"ALLIANCE_{name}{form}", "given")
    assert servers(tmp_path) == {"ALLIANCE_VAR": str(tmp_path)}
    assert [kind.started for kind in private.values()] == [[], []]


def test_postgresql_is_started_while_one_database_is_not_given(
    private: dict[str, type[Server]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner in SERVICES:
        monkeypatch.setenv(f"ALLIANCE_{owner.upper()}_DATABASE_URL", "given")
    assert "ALLIANCE_DATABASE_URL" in servers(tmp_path)
    assert len(private["PrivatePostgres"].started) == 1
