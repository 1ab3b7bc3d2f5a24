"""How gunicorn serves the gateway: `gunicorn --config python:gateway.gunicorn "gateway.wsgi:build()"`."""

from __future__ import annotations

from typing import Any

from alliance import health
from alliance.settings import Settings

from . import deadline
from .health import check
from .parts import KEY

#: One process of many threads: requests wait for services most of their time. More gateways carry more load.
workers = 1
worker_class = "gthread"
threads = 32

#: Connections that wait for a thread; beyond that the system refuses, rather than letting everybody wait for ever.
backlog = 256

#: Seconds for requests under way when the process is told to stop.
graceful_timeout = 15

#: gunicorn's own lines are plain text; what matters of a request is logged by the gateway, as JSON.
loglevel = "warning"

#: gunicorn 27 would keep a control socket in the home folder: shared by two gateways, and absent in a container.
control_socket_disable = True

#: Longer than the idle time of usual proxies and clients, so that they close first.
keepalive = 75


def post_worker_init(worker: Any) -> None:
    """Put an end to waits for the database, and open the internal port, in the process that serves."""
    deadline.install()
    settings, parts = Settings.load(), worker.wsgi.extensions[KEY]
    health.serve(
        "gateway",
        settings.metrics_host,
        settings.metrics_ports["gateway"],
        lambda: all(check(parts).values()),
    )
