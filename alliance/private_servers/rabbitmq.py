"""A private RabbitMQ node."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from .folder import Folder, kept_secret, stop_leftovers
from .process import (
    PrivateServerError,
    end,
    environment,
    find,
    free_port,
    spawn,
    wait_for,
)


class PrivateRabbitMQ:
    """One RabbitMQ node with no plugins. `url` is its virtual host `/`; `create_vhosts` makes more."""

    def __init__(self, folder: Path | None = None) -> None:
        self.programs = find("RabbitMQ", "rabbitmq-server", "rabbitmq-server", "/usr/lib/rabbitmq/bin")
        self._folder = Folder("rabbitmq", folder, None)
        path = self._folder.path
        self.data = path / "mnesia"
        self.port, distribution, registry, tool = (free_port() for _ in range(4))
        self.registry = str(registry)
        self.password = kept_secret(path / "password", None)
        kept_secret(path / ".erlang.cookie", None)
        self.vhosts: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        #: The node's environment, complete: nothing of an installed instance's configuration applies.
        self.environment = {
            "HOME": str(path),
            "ERL_EPMD_PORT": self.registry,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "alliance@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CTL_DIST_PORT_MIN": str(tool),
            "RABBITMQ_CTL_DIST_PORT_MAX": str(tool + 20),
            "RABBITMQ_MNESIA_BASE": str(self.data),
            "RABBITMQ_LOG_BASE": str(path / "logs"),
            "RABBITMQ_CONF_ENV_FILE": str(path / "none.conf"),
            "RABBITMQ_CONFIG_FILE": str(path / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(path / "none.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(path / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(path / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    @property
    def url(self) -> str:
        return self.vhost_url("%2F")

    def vhost_url(self, name: str) -> str:
        return f"amqp://alliance:{self.password}@127.0.0.1:{self.port}/{name}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *, empty: bool = False) -> None:
        """Return when it answers. `empty=True` forgets all data first. Does nothing if it runs."""
        if self.running:
            return
        path = self._folder.path
        if empty:
            shutil.rmtree(self.data, ignore_errors=True)
        (path / "enabled_plugins").write_text("[].\n")
        settings = {"default_user": "alliance", "default_pass": self.password, "log.file.level": "warning"}
        (path / "rabbitmq.conf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
        # In the foreground and ours: the one that Erlang would start is a daemon and outlives the node.
        self._epmd = spawn(["epmd", "-port", self.registry], path, self.environment, None)
        self._process = spawn([str(self.programs / "rabbitmq-server")], path, self.environment, None)
        wait_for(self._process, self._answers, "RabbitMQ", path / "log")
        if empty and self.vhosts:
            self.create_vhosts(list(self.vhosts))

    def stop(self) -> None:
        """An orderly shutdown: durable queues and persistent messages are kept."""
        if self._process is not None:
            end(self._process, signal.SIGTERM)
        stop_leftovers(self._folder.path)
        self._reap()

    def kill(self, *, settle: bool = True) -> None:
        """As if the power had failed.

        RabbitMQ keeps the register of its quorum queues in a buffer for some seconds. A node that dies in
        that time comes back with a queue that never finds a leader (each use of it ends in a timeout): the
        queue has to be deleted. `settle=True` empties the buffers first, so that a test meets this only if
        it asks to.
        """
        if settle and self.running:
            self.ctl("eval", "[dets:sync(Table) || Table <- dets:all()].")
        stop_leftovers(self._folder.path)
        self._reap()

    def create_vhosts(self, names: Iterable[str]) -> list[str]:
        """Make virtual hosts, many for the price of one (an Erlang machine's start: 1 s); their addresses."""
        names = list(names)
        rights = {"user": "alliance", "configure": ".*", "write": ".*", "read": ".*"}
        definitions = self._folder.path / "vhosts.json"
        definitions.write_text(
            json.dumps(
                {
                    "vhosts": [{"name": name} for name in names],
                    "permissions": [{"vhost": name, **rights} for name in names],
                }
            )
        )
        self.ctl("import_definitions", str(definitions))
        self.vhosts += [name for name in names if name not in self.vhosts]
        return [self.vhost_url(name) for name in names]

    def ctl(self, *arguments: str, timeout: float = 60) -> str:
        """`rabbitmqctl` on this node; what it prints.

        Raise the memory alarm with `ctl("set_vm_memory_high_watermark", "0.0001")`, end it with "0.4".
        """
        ran = subprocess.run(
            [
                *(str(self.programs / "rabbitmqctl"), "--quiet"),
                *("--node", self.environment["RABBITMQ_NODENAME"], *arguments),
            ],
            env=environment(self.environment),
            cwd=self._folder.path,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if ran.returncode != 0:
            raise PrivateServerError(f"rabbitmqctl {' '.join(arguments)}: {ran.stderr or ran.stdout}")
        return ran.stdout

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

    def _reap(self) -> None:
        for process in (self._process, self._epmd):
            if process is not None:
                process.wait()

    def _answers(self) -> bool:
        from kombu.connection import Connection

        try:
            with Connection(self.url, connect_timeout=3) as connection:
                connection.connect()
                return True
        except OSError:
            return False
