"""Three RabbitMQ nodes: the leader of a queue is killed, and one node is cut off from the others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from alliance.broker import Publisher
from alliance.errors import Unavailable
from alliance.log import Log

from ..history import Kind
from ..nodes import Cluster, cluster
from ..parts import wait_for
from ..platform import Platform
from ..publishing import Tap
from ..verdict import Verdict
from ..watch import Watch

QUEUE = "evaluation.pledges"
PARTS = ("relay-pledges", "receiver")


def three_nodes(platform: Platform, verdict: Verdict) -> None:
    with cluster() as nodes, platform.watched() as watch, _on(platform, nodes):
        with platform.load(verdict) as load:
            wait_for(lambda: nodes.leader(QUEUE), 60, "the queue has a leader")
            tap, first = Tap(nodes.nodes[0].url), platform.head()
            _leader_killed(platform, verdict, watch, nodes)
            _cut_off(platform, verdict, watch, nodes)
            refused = [each for each in load.history.tries() if each.kind is not Kind.ACCEPTED]
        taken = tap.positions()
        missing = set(range(first + 1, platform.head() + 1)) - set(taken)
        verdict.require(
            "nothing confirmed is lost",
            bool(taken) and not missing,
            f"{len(missing)} of {platform.head() - first} missing",
        )
        verdict.require("no command refused", not refused, f"{len(refused)}")


def _leader_killed(platform: Platform, verdict: Verdict, watch: Watch, nodes: Cluster) -> None:
    leader = nodes.leader(QUEUE)
    node = nodes.by_name(leader)
    node.kill(settle=False)
    killed = time.monotonic()
    wait_for(lambda: watch.moved("published", killed) < float("inf"), 60, "the others go on publishing")
    others = [each for each in nodes.nodes if each is not node]
    wait_for(lambda: nodes.leader(QUEUE, others[0]) not in ("", leader), 60, "another leader")
    verdict.notes.append(f"leader killed: published again after {watch.moved('published', killed):.1f} s")
    node.start()
    wait_for(lambda: len(nodes.online(QUEUE, others[0])) == 3, 90, "the node is back in the queue")
    verdict.require("leader killed: another one leads, all three are back", len(nodes.online(QUEUE)) == 3, "")


def _cut_off(platform: Platform, verdict: Verdict, watch: Watch, nodes: Cluster) -> None:
    alone = nodes.by_name(nodes.leader(QUEUE))
    others = [each for each in nodes.nodes if each is not alone]
    nodes.cut_off(alone)
    cut = time.monotonic()
    refuses = wait_for(lambda: _refuses(platform, alone.url), 30, "the minority refuses")
    wait_for(lambda: watch.moved("published", cut + 2) < float("inf"), 60, "the majority goes on publishing")
    time.sleep(max(0.0, platform.scale.black_hole - (time.monotonic() - cut)))
    still = _refuses(platform, alone.url)
    nodes.heal(alone)
    healed = time.monotonic()
    wait_for(lambda: len(nodes.online(QUEUE, others[0])) == 3, 120, "the node is back in the queue")
    verdict.require(
        f"cut off for {healed - cut:.0f} s: the minority confirms nothing",
        still,
        f"refuses after {refuses:.1f} s",
    )
    verdict.notes.append(f"healed: all three again after {time.monotonic() - healed:.0f} s")


def _refuses(platform: Platform, url: str) -> bool:
    """Whether a publisher on this node gets no confirm; an event of the log is what it publishes: a duplicate."""
    event = Log(platform.logs["pledges"], "pledges").read(0, 1)
    publisher = Publisher(url, "pledges", ["evaluation"])
    try:
        publisher.publish(event)
    except Unavailable:
        return True
    finally:
        publisher.close()
    return False


@contextmanager
def _on(platform: Platform, nodes: Cluster) -> Iterator[None]:
    """The parts on the way of a pledge, with the three addresses of the cluster; in the end as they were."""
    _start(platform, {"ALLIANCE_BROKER_URL": ";".join(node.url for node in nodes.nodes)})
    try:
        yield
    finally:
        _start(platform, {})


def _start(platform: Platform, environment: dict[str, str]) -> None:
    platform.parts.stop(*PARTS)
    for part in PARTS:
        platform.parts.launch(part, environment)
    platform.parts.await_ready("relay-pledges")
