"""The settings: where each comes from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alliance.settings import SERVICES, Settings

OWNERS = (*SERVICES, "gateway")


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ALLIANCE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ALLIANCE_VAR", str(tmp_path / "var"))


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every secret as a file that ends with a line break, as containers hand them over."""
    secrets = {
        "DATABASE_URL": "postgresql://of-all/{service}",
        "FOLDERS_DATABASE_URL": "postgresql://of-folders/own",
        "BROKER_URL": "amqp://broker//",
        "SECRET_KEY": "a key",
        "EDGE_SECRET": "an edge's",
    }
    for name, value in secrets.items():
        (tmp_path / name).write_text(f"{value}\n")
        monkeypatch.setenv(f"ALLIANCE_{name}_FILE", str(tmp_path / name))
    return tmp_path


def test_every_secret_can_be_a_file(given: Path) -> None:
    settings = Settings.load()
    databases = {owner: f"postgresql://of-all/{owner}" for owner in OWNERS}
    assert settings.database_urls == {**databases, "folders": "postgresql://of-folders/own"}
    assert settings.broker_url == "amqp://broker//"
    assert (settings.secret_key, settings.edge_secret) == (b"a key", "an edge's")
    assert not (given / "var").exists(), "nothing is made up for what is given"


def test_without_any_the_databases_are_files_and_the_secrets_are_kept(tmp_path: Path) -> None:
    first, again = Settings.load(), Settings.load()
    assert first.database_urls == {owner: f"sqlite:///{tmp_path / 'var' / owner}.db" for owner in OWNERS}
    assert first == again
    assert first.broker_url is None
    assert len(first.secret_key) >= 32
    assert first.edge_secret.encode() != first.secret_key
