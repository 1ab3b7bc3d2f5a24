"""Everything in one process: SQLite files under `var`, no broker, no nameko (`alliance serve embedded`).

The gateway calls the services' apps directly; one thread copies their logs into the journal and folds it. It is the
same code as in the distributed form, put together differently, and the one place that may import gateway and services.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import structlog
import waitress
from rich.console import Console

from alliance import health, logs, migrations
from alliance.client import LocalService, ServiceClient
from alliance.context import Context
from alliance.database import Database
from alliance.errors import Unavailable
from alliance.feed import LocalFeed
from alliance.journal import Journal
from alliance.pace import Pace
from alliance.projector import WORTHWHILE, Projector
from alliance.receiver import Receiver
from alliance.settings import SERVICES, SOURCES, Settings
from services.evaluation import app as evaluation
from services.evaluation.projections import PROJECTIONS, TABLES
from services.folders import app as folders
from services.pledges import app as pledges
from services.roster import app as roster
from services.surveys import app as surveys

from . import first_sight
from .app import create_app
from .health import check
from .parts import KEY
from .tokens import Tokens

log = structlog.get_logger()

THREADS = 16
FOLLOW_SECONDS = 1.0
#: What is under way has so long to end; whatever is cut off then goes on from its checkpoint at the next start.
STOP_SECONDS = 20.0


class Embedded:
    """The whole platform in this process. Nothing runs before `start`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        for owner in (*SERVICES, "gateway"):
            database = Database(settings.database_url(owner))
            migrations.upgrade(database, owner)
            database.close()
        source = roster.build(settings)
        feed = LocalFeed(source.log)
        self.apps: dict[str, Any] = {
            "roster": source,
            "pledges": pledges.build(settings, feed),
            "folders": folders.build(settings, feed),
            "surveys": surveys.build(settings, feed),
            "evaluation": evaluation.build(settings),
        }
        self.services: dict[str, ServiceClient] = {name: LocalService(app) for name, app in self.apps.items()}
        self.tokens = Tokens(Database(settings.database_url("gateway")))
        self.wsgi = create_app(self.services, self.tokens, settings)
        journal = Journal(self.apps["evaluation"].database)
        self._receivers = [Receiver(journal, LocalFeed(self.apps[name].log)) for name in SOURCES]
        self._projectors = [Projector(journal.database, each, TABLES[each.name]) for each in PROJECTIONS]
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Publish the shipped instruments, prepare the read models, and start copying, folding and following."""
        self.apps["surveys"].publish_shipped({}, Context.of_system())
        for projector in self._projectors:
            projector.prepare()
        views = [app.roster for app in self.apps.values() if getattr(app, "roster", None) is not None]
        for view in views:
            view.prepare()
        for run in (self._project, lambda: self._follow(views)):
            thread = threading.Thread(target=run, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stopping.set()
        until = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def ready(self) -> bool:
        alive = all(thread.is_alive() for thread in self._threads)
        return alive and all(check(self.wsgi.extensions[KEY]).values())

    def _project(self) -> None:
        # One thread for all of it: SQLite takes one writer at a time, and threads would only wait for each other.
        idle = Pace()
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                new = sum(receiver.catch_up() for receiver in self._receivers)
                passed = sum(projector.step() for projector in self._projectors)
            except Unavailable as error:
                log.warning("the read models wait", reason=error.detail)
                self._stopping.wait(1)
                continue
            if new or passed:
                idle.worked()
            if new + passed < WORTHWHILE:
                idle.rest(self._stopping, time.monotonic() - began)

    def _follow(self, views: list[Any]) -> None:
        while not self._stopping.wait(FOLLOW_SECONDS):
            for view in views:
                try:
                    view.follow()
                except Unavailable as error:
                    log.warning("a view of the roster waits", reason=error.detail)


def main() -> int:
    """Serve until Ctrl-C or SIGTERM; at the first start load and play the sample state, then say where to look."""
    # Databases, uploads and bundles hold names: what this process makes is for its own user alone.
    os.umask(0o077)
    settings = Settings.load()
    logs.configure("embedded", os.environ.get("ALLIANCE_LOG_LEVEL", "WARNING"))
    console = Console(soft_wrap=True)
    asked = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # Whatever plays a sample ends by the exception; Python loses one that is raised while an object is finalized.
        asked.set()
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)
    platform = Embedded(settings)
    try:
        server = waitress.create_server(
            platform.wsgi,
            host=settings.host,
            port=settings.port,
            threads=THREADS,
            ident="alliance",
            # The gateway has its own limits for each kind of body; bulk entry is limited by the row only.
            max_request_body_size=1 << 40,
        )
    except OSError as error:
        console.print(
            f"Port {settings.port} of {settings.host} cannot be used ({error.strerror}); "
            "stop what uses it (make down), or set ALLIANCE_PORT to another.",
            style="red",
        )
        return 1
    empty = platform.apps["roster"].log.head()[0] == 0
    with _pid_file(settings):
        platform.start()
        close = _internal_port(platform, console)
        closing = threading.Event()
        serving = threading.Thread(target=_serve, args=(server, closing), daemon=True)
        serving.start()
        try:
            first_sight.show(platform.tokens, settings, console, empty=empty)
            while serving.is_alive() and not asked.is_set():
                serving.join(1)
        except KeyboardInterrupt:
            console.print("\nstopping …")
        finally:
            # Asked twice is asked once: what is under way is finished.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            closing.set()
            server.close()
            platform.stop()
            close()
    return 0


def _serve(server: Any, closing: threading.Event) -> None:
    try:
        server.run()
    except OSError:
        # The socket that it waits on is closed under it: waitress knows no other way to be ended by a thread.
        if not closing.is_set():
            raise


def _internal_port(platform: Embedded, console: Console) -> Any:
    settings = platform.settings
    port = settings.metrics_ports["gateway"]
    try:
        return health.serve("embedded", settings.metrics_host, port, platform.ready)
    except OSError as error:
        console.print(
            f"No metrics: port {port} cannot be used ({error.strerror}); set ALLIANCE_GATEWAY_METRICS_PORT."
        )
        return lambda: None


@contextmanager
def _pid_file(settings: Settings) -> Iterator[None]:
    path = settings.var / "alliance.pid"
    path.write_text(f"{os.getpid()}\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
