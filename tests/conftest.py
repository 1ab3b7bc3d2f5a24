"""Fixtures that every test may ask for; the pieces are in tests/fixtures/."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from tests.fixtures.platforms import distributed, embedded, platform
from tests.fixtures.programs import program
from tests.fixtures.servers import broker_url, database, database_url, postgres, rabbitmq, vhosts
from tests.fixtures.shared_data import data
from tests.fixtures.waiting import wait_until

__all__ = [
    "broker_url",
    "data",
    "database",
    "database_url",
    "distributed",
    "embedded",
    "platform",
    "postgres",
    "program",
    "rabbitmq",
    "vhosts",
    "wait_until",
]

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

#: A test that asks for the platform which the files of tests/e2e share.
_SHARED = re.compile(
    r"^def test_\w+\([^)]*\b(?:state|embedded_state|distributed_state|parts): ", re.MULTILINE
)


class OneSharedPlatform(LoadFileScheduling):
    """A file to a process, and all that share a platform to the same one: else each process would start its own."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "shared platform" if _shares(self.config.rootpath / file) else file


@cache
def _shares(file: Path) -> bool:
    return file.parent.name == "e2e" and _SHARED.search(file.read_text()) is not None


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling | None:
    return OneSharedPlatform(config, log) if config.getoption("dist") == "loadfile" else None
