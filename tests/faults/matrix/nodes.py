"""Three RabbitMQ nodes on this machine, one cluster; partitions are handled as in deploy/rabbitmq/rabbitmq.conf."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from alliance.private_servers import PrivateRabbitMQ, PrivateServerError
from alliance.private_servers.folder import Folder
from alliance.private_servers.process import free_port, spawn

ADVANCED = (
    '[{rabbit, [{cluster_partition_handling, pause_minority}, {queue_leader_locator, <<"balanced">>}]}].\n'
)


class Node(PrivateRabbitMQ):
    """A node with a name of its own; all of a cluster share register, cookie and password."""

    def __init__(self, number: int, registry: int, cookie: str, password: str) -> None:
        super().__init__()
        self.name = f"alliance{number}@localhost"
        self.password = password
        self.registry = str(registry)
        self.environment |= {"ERL_EPMD_PORT": self.registry, "RABBITMQ_NODENAME": self.name}
        (self._folder.path / ".erlang.cookie").write_text(cookie)
        (self._folder.path / "none.config").write_text(ADVANCED)


class Cluster:
    """What an operator sees of it."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    def by_name(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def leader(self, queue: str, asked: Node | None = None) -> str:
        """The name of the node that leads a queue; "" where none does, or nobody can say."""
        return str(self._queue(queue, asked).get("leader") or "")

    def online(self, queue: str, asked: Node | None = None) -> list[str]:
        """The nodes on which a queue has a member that runs."""
        return list(self._queue(queue, asked).get("online") or [])

    def cut_off(self, node: Node) -> None:
        """The node and the others refuse each other from now on: each side takes the other for gone.

        All links go at once, as when a cable is pulled: a node that hears of the cut while the third one is not yet
        cut off sees a partial partition, and pauses until the whole cluster is back.
        """
        refused = "Cut = nodes(), [erlang:set_cookie(N, cut) || N <- Cut]"
        node.ctl("eval", f"{refused}, [erlang:disconnect_node(N) || N <- Cut].")

    def heal(self, node: Node) -> None:
        others = ", ".join(f"'{each.name}'" for each in self.nodes if each is not node)
        again = f"[begin erlang:set_cookie(N, erlang:get_cookie()), net_kernel:connect_node(N) end || N <- [{others}]]."
        node.ctl("eval", again)

    def _queue(self, name: str, asked: Node | None) -> dict[str, Any]:
        try:
            shown = (asked or self.nodes[0]).ctl(
                "list_queues", "name", "leader", "online", "--formatter", "json"
            )
        except (PrivateServerError, subprocess.TimeoutExpired):
            return {}
        return next((row for row in json.loads(shown) if row["name"] == name), {})


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Three nodes, joined; stopped in the end."""
    with ExitStack() as stack:
        # The register of names outlives each node: it is nobody's.
        folder = Folder("epmd", None, None)
        stack.callback(folder.release)
        port = free_port()
        names = {"ERL_EPMD_PORT": str(port), "ERL_EPMD_ADDRESS": "127.0.0.1", "HOME": str(folder.path)}
        register = spawn(["epmd", "-port", str(port)], folder.path, names, None)
        stack.callback(register.wait)
        stack.callback(register.kill)
        nodes = [Node(number, port, "ONECOOKIEFORALLTHREE", "one-password") for number in (1, 2, 3)]
        for node in nodes:
            stack.push(node.__exit__)
        with ThreadPoolExecutor() as pool:
            for started in [pool.submit(node.start) for node in nodes]:
                started.result()
        for node in nodes[1:]:
            node.ctl("stop_app")
            node.ctl("join_cluster", nodes[0].name)
            node.ctl("start_app")
        yield Cluster(nodes)
