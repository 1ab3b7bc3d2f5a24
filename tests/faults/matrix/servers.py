"""The servers of the matrix: a PostgreSQL for pledges, one for evaluation, one for the others, and a RabbitMQ."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from alliance.private_servers import PrivatePostgres, PrivateRabbitMQ
from alliance.settings import SERVICES

OWNERS = (*SERVICES, "gateway")


@dataclass(frozen=True, slots=True)
class Servers:
    """`postgres` by owner: two owners may share one. `prefix` comes before the databases' names."""

    postgres: dict[str, PrivatePostgres]
    rabbitmq: PrivateRabbitMQ
    prefix: str = ""

    def url(self, owner: str) -> str:
        return self.postgres[owner].database_url(self.prefix + owner)


@contextmanager
def servers() -> Iterator[Servers]:
    """Started together, stopped in the end; a database for each owner."""
    with ExitStack() as stack:
        pledges, evaluation, others, rabbitmq = (
            PrivatePostgres(),
            PrivatePostgres(),
            PrivatePostgres(),
            PrivateRabbitMQ(),
        )
        each: tuple[PrivatePostgres | PrivateRabbitMQ, ...] = (pledges, evaluation, others, rabbitmq)
        for server in each:
            stack.push(server.__exit__)
        with ThreadPoolExecutor() as pool:
            for started in [pool.submit(server.start) for server in each]:
                started.result()
        of = {"pledges": pledges, "evaluation": evaluation}
        postgres = {owner: of.get(owner, others) for owner in OWNERS}
        for owner, server in postgres.items():
            server.create_database(owner)
        yield Servers(postgres, rabbitmq)


@contextmanager
def shared(postgres: PrivatePostgres, rabbitmq: PrivateRabbitMQ, prefix: str) -> Iterator[Servers]:
    """The same on two servers that others use too, in databases that are dropped in the end."""
    for owner in OWNERS:
        postgres.create_database(prefix + owner)
    try:
        yield Servers(dict.fromkeys(OWNERS, postgres), rabbitmq, prefix)
    finally:
        for owner in OWNERS:
            postgres.drop_database(prefix + owner)
