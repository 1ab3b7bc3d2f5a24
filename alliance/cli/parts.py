"""relay, receive, project: the processes between logs and read models."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType

import click

from .. import health, logs
from ..broker import Publisher
from ..database import Database
from ..feed import RemoteFeed
from ..journal import Journal
from ..log import Log
from ..projector import Projector
from ..receiver import Receiver, consume
from ..relay import Relay
from ..settings import SOURCES, Settings, metrics_port_variable
from . import composition

#: The reader that evaluation's queues are named after.
CONSUMER = "evaluation"

#: Seconds for which a part may hold a lock and do nothing, stopped or swapped out; then another one takes over.
IDLE_SECONDS = 8


@click.command(epilog="Example: alliance relay pledges")
@click.argument("service", type=click.Choice(SOURCES))
def relay(service: str) -> None:
    """Publish a service's log to the broker, in order, each event until it is confirmed."""
    settings = _broker_settings(f"relay-{service}")
    log = Log(Database(settings.database_url(service), pool_size=2, idle_seconds=IDLE_SECONDS), service)
    assert settings.broker_url is not None
    each = Relay(log, Publisher(settings.broker_url, service, [CONSUMER], settings.broker_prefix))
    _run(f"relay-{service}", settings, [each.run], lambda: each.healthy)


@click.command(epilog="Example: alliance receive")
def receive() -> None:
    """Copy the services' logs into evaluation's journal, from the broker's queues and the services' feeds."""
    settings = _broker_settings("receiver")
    journal = Journal(Database(settings.database_url("evaluation"), idle_seconds=IDLE_SECONDS))
    receivers = [
        Receiver(journal, RemoteFeed(source, settings.service_url(source), settings.edge_secret))
        for source in SOURCES
    ]
    url = settings.broker_url
    assert url is not None

    def consuming(receiver: Receiver) -> Callable[[threading.Event], None]:
        return lambda stopping: consume(
            receiver, url, stopping, consumer=CONSUMER, prefix=settings.broker_prefix
        )

    runs = [consuming(receiver) for receiver in receivers]
    _run("receiver", settings, runs, lambda: all(receiver.healthy for receiver in receivers))


@click.command(epilog="Example: alliance project --partition 0/2")
@click.option(
    "--partition", default="0/1", show_default=True, help="k/K: fold the districts of partition k of K."
)
def project(partition: str) -> None:
    """Fold the journal into the read models.

    With partitions, run one process for each k from 0 to K-1; K is fixed when the read models are first built.
    """
    k, of, partitions = partition.partition("/")
    if not (of and k.isdigit() and partitions.isdigit() and int(k) < int(partitions)):
        raise click.BadParameter("write it as k/K with k below K, e.g. 0/2", param_hint="--partition")
    settings = Settings.load()
    logs.configure("projector", settings.log_level)
    database = Database(settings.database_url("evaluation"), idle_seconds=IDLE_SECONDS)
    projectors = read_models(database, int(k), int(partitions))
    runs = [projector.run for projector in projectors]
    _run("projector", settings, runs, lambda: all(projector.healthy for projector in projectors))


def read_models(database: Database, partition: int = 0, partitions: int = 1) -> list[Projector]:
    """A projector per projection, with its tables made where they are missing."""
    projections, tables = composition.projections()
    projectors = [
        Projector(database, each, tables[each.name], partition=partition, partitions=partitions)
        for each in projections
    ]
    for projector in projectors:
        projector.prepare()
    return projectors


def start(
    runs: Sequence[Callable[[threading.Event], None]], stopping: threading.Event
) -> list[threading.Thread]:
    """Run each in a thread; one that ends by an error stops all, since a part without it would only look alive."""

    def guarded(run: Callable[[threading.Event], None]) -> None:
        try:
            run(stopping)
        except Exception as error:
            logs.log.error("stopping", reason=str(error)[:500], exc_info=True)
        finally:
            stopping.set()

    threads = [threading.Thread(target=guarded, args=(run,), daemon=True) for run in runs]
    for thread in threads:
        thread.start()
    return threads


def _run(
    part: str,
    settings: Settings,
    runs: Sequence[Callable[[threading.Event], None]],
    ready: Callable[[], bool],
) -> None:
    stopping, asked = threading.Event(), threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        asked.set()
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    port = settings.metrics_ports[part]
    try:
        close = health.serve(part, settings.metrics_host, port, ready)
    except OSError as error:
        variable = metrics_port_variable(part)
        raise click.ClickException(
            f"Port {port} cannot be used ({error.strerror}); stop what uses it, or set {variable} to another."
        ) from error
    threads = start(runs, stopping)
    stopping.wait()
    for thread in threads:
        thread.join(20)
    close()
    # Ended by itself: something an operator must look at, and a supervisor may start again.
    sys.exit(0 if asked.is_set() else 1)


def _broker_settings(part: str) -> Settings:
    settings = Settings.load()
    logs.configure(part, settings.log_level)
    if settings.broker_url is None:
        raise click.ClickException(
            "Set ALLIANCE_BROKER_URL to the broker's address, e.g. amqp://user:secret@host//"
        )
    return settings
