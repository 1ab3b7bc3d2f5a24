"""Fixtures that every test may ask for; the pieces are in tests/fixtures/."""

from hypothesis import settings

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
