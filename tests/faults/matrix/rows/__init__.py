"""The rows of the matrix, in the order in which they are run on one platform: the last leaves new events behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..platform import Platform
from ..verdict import Verdict
from .alarms import alarms
from .broker import broker_lost
from .clock import clock_wrong
from .cluster import three_nodes
from .consumers import consumers
from .databases import databases_killed
from .deliveries import deliveries_repeated
from .disk import disk_full
from .killed import killed_at_every_step
from .network import network
from .poison import poison
from .restart import rolling_restart
from .restore import restored
from .versions import versions


@dataclass(frozen=True, slots=True)
class Row:
    """A fault, and the function that brings it about and puts what it saw into the verdict."""

    name: str
    fault: str
    run: Callable[[Platform, Verdict], None]


ROWS = (
    Row("broker", "broker killed -9; down 60 s; back with an empty disk", broker_lost),
    Row("databases", "PostgreSQL killed -9 under load, of a service and of evaluation", databases_killed),
    Row("network", "TCP cut, half-open, 30 s black hole, on the broker's and the databases' legs", network),
    Row("cluster", "three RabbitMQ nodes: leader killed, one node cut off for 30 s", three_nodes),
    Row(
        "consumers",
        "slow and stopped (SIGSTOP) consumer; two relays; two receivers; two projectors",
        consumers,
    ),
    Row(
        "deliveries",
        "every delivery repeated 1 to 5 times, also after an hour; shuffled; gaps",
        deliveries_repeated,
    ),
    Row("alarms", "broker memory and disk alarm; queue at its maximum length", alarms),
    Row("disk", "full disk under PostgreSQL", disk_full),
    Row("clock", "clock one hour wrong, stepping back", clock_wrong),
    Row(
        "steps",
        "kill -9 at every named step of command, relay, receiver, projector, rebuild",
        killed_at_every_step,
    ),
    Row("restart", "rolling restart of every part under load", rolling_restart),
    Row("restore", "restore of one service's database from an older backup", restored),
    # The last two leave events of a newer release behind.
    Row(
        "poison",
        "poison: bad JSON, unknown type, unknown version, 20 MB body, an exception, a BaseException in the fold",
        poison,
    ),
    Row("versions", "new code reads old events, old code meets new ones", versions),
)
