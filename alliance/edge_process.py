"""Run one service's edge: `python -m alliance.edge_process pledges`.

The patches below must come before any other import, or a module would keep the blocking original it has seen;
that is why an edge is a process of its own and not a function of the command line.
"""

import logging
import os

# An edge calls nobody by name but its database, and that name the driver resolves. eventlet's resolver, which nobody
# would ask, is a fifth of what an edge loads at its start.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")

# eventlet announces its own end at every start, in plain text between lines of JSON. It is pinned, and only edges
# use it; with warnings going to a logger that nobody has configured yet, the notice ends there.
logging.captureWarnings(True)
logging.getLogger("py.warnings").addHandler(logging.NullHandler())

import eventlet  # noqa: E402

eventlet.monkey_patch()

from eventlet.support.psycopg2_patcher import make_psycopg_green  # noqa: E402

make_psycopg_green()

import importlib  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402

from nameko.runners import ServiceRunner  # noqa: E402

from . import health, logs  # noqa: E402
from .settings import Settings  # noqa: E402

#: Requests that one edge works on at once; more wait in the socket's queue.
WORKERS = 128


def main(service: str) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished first."""
    settings = Settings.load()
    logs.configure(f"{service}-edge", settings.log_level)
    edge = getattr(importlib.import_module(f"services.{service}.service"), f"{service.capitalize()}Edge")
    runner = ServiceRunner(
        {
            "settings": settings,
            "WEB_SERVER_ADDRESS": f"{settings.host}:{settings.service_ports[service]}",
            "max_workers": WORKERS,
        }
    )
    runner.add_service(edge)
    container = runner.service_map[service]

    def stop(*_: object) -> None:
        # A connection that is kept brings the next request while others are under way, so under load the edge would
        # not be idle for long enough to end: each is closed with its next answer.
        for entrypoint in container.entrypoints:
            if getattr(entrypoint, "server", None) and entrypoint.server._serv:
                entrypoint.server._serv.keepalive = False
        eventlet.spawn(runner.stop)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    runner.start()
    app = next(extension.app for extension in container.dependencies if hasattr(extension, "app"))
    health.serve(service, settings.metrics_host, settings.metrics_ports[service], app.database.answers)
    runner.wait()


if __name__ == "__main__":
    main(sys.argv[1])
