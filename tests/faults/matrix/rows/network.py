"""The network between the parts, the broker and the databases: cut, half open, a black hole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from alliance.broker import HEARTBEAT

from ..doors import Door
from ..history import Kind
from ..load import Load
from ..parts import wait_for
from ..platform import Platform
from ..verdict import Verdict
from ..watch import Watch

#: Seconds within which a fault has to be noticed: two heartbeats, and a look at them each second.
NOTICED = 2 * HEARTBEAT + 1.0


@dataclass(frozen=True, slots=True)
class Leg:
    """Parts whose way to a server leads through a door."""

    name: str
    variable: str
    parts: tuple[str, ...]
    #: What has to move again when the leg is well.
    figure: str


LEGS = (
    Leg("broker", "ALLIANCE_BROKER_URL", ("relay-pledges", "receiver"), "published"),
    Leg("pledges' database", "ALLIANCE_PLEDGES_DATABASE_URL", ("pledges", "relay-pledges"), "head"),
    Leg(
        "evaluation's database", "ALLIANCE_EVALUATION_DATABASE_URL", ("evaluation", "receiver", "projector"), "folded"
    ),
)  # fmt: skip


def network(platform: Platform, verdict: Verdict) -> None:
    for leg in LEGS:
        _broken(platform, verdict, leg)


def _broken(platform: Platform, verdict: Verdict, leg: Leg) -> None:
    with (
        _through_a_door(platform, leg) as door,
        platform.watched() as watch,
        platform.load(verdict, commands=platform.scale.commands // len(LEGS)) as load,
    ):
        wait_for(lambda: len(load.history.operations) > 20, 30, "the load runs")
        for _ in range(3):
            door.cut()
            _goes_on(watch, leg, time.monotonic(), "cut")
        _silent(platform, verdict, watch, load, leg, door, half=True)
        _silent(platform, verdict, watch, load, leg, door, half=False)


def _goes_on(watch: Watch, leg: Leg, since: float, what: str) -> float:
    """After how many seconds the leg's figure moves again."""
    wait_for(lambda: watch.moved(leg.figure, since) < float("inf"), 60, f"{leg.name} goes on after: {what}")
    return watch.moved(leg.figure, since)


def _silent(
    platform: Platform, verdict: Verdict, watch: Watch, load: Load, leg: Leg, door: Door, *, half: bool
) -> None:
    name = f"{leg.name}, {'half open' if half else 'black hole'}"
    began = time.monotonic()
    standing = door.standing(began)
    (door.half_open if half else door.black_hole)()
    unready = _unready(platform, leg, began)
    ended = time.monotonic()
    given_up = [each.left - began for each in standing if each.left is not None and each.left <= ended]
    door.flow()
    back = _goes_on(watch, leg, ended, name)
    meanwhile = load.history.tries(began, ended)
    if leg.variable == "ALLIANCE_BROKER_URL":
        refused = [each for each in meanwhile if each.kind is not Kind.ACCEPTED]
        verdict.require(f"{name}: no command refused", bool(meanwhile) and not refused, f"{len(refused)}")
        # A connection that its client has closed cannot be used again.
        late = max(given_up, default=0.0) if len(given_up) == len(standing) else float("inf")
        if platform.scale.black_hole > NOTICED:
            # A client that still hears the broker waits for it to close what is silent: it looks once a heartbeat,
            # and closes after two looks without a byte.
            limit = NOTICED + (HEARTBEAT if half else 0)
            verdict.require(
                f"{name}: every connection given up within {limit:g} s, and none used again",
                late <= limit and bool(standing),
                f"{len(given_up)} of {len(standing)}, the last after {late:.1f} s",
            )
    else:
        told = [each.ended - began for each in meanwhile if each.kind is Kind.COME_BACK]
        if "pledges" in leg.parts:
            first = min(told, default=float("inf"))
            verdict.require(f"{name}: 503 within two heartbeats", first <= NOTICED, f"{first:.1f} s")
        else:
            verdict.require(f"{name}: commands go on", bool(meanwhile) and not told, f"{len(told)} refused")
        verdict.notes.append(f"{name}: {len(given_up)} of {len(standing)} connections given up meanwhile")
    noticed = {part: f"{seconds:.0f} s" for part, seconds in unready.items()}
    if platform.scale.black_hole > NOTICED and not platform.small:
        verdict.require(
            f"{name}: noticed by every part within two heartbeats",
            len(unready) == len(leg.parts) and max(unready.values()) <= NOTICED,
            ", ".join(f"{part} {noticed.get(part, 'never')}" for part in leg.parts),
        )
    verdict.within(f"{name}: back", back, 15.0)


def _unready(platform: Platform, leg: Leg, began: float) -> dict[str, float]:
    """Wait as long as the network is silent; after how many seconds each part has said that it is not ready."""
    found: dict[str, float] = {}
    while time.monotonic() - began < platform.scale.black_hole:
        for part in leg.parts:
            if part not in found and not platform.parts.ready(part):
                found[part] = time.monotonic() - began
        time.sleep(0.2)
    return found


@contextmanager
def _through_a_door(platform: Platform, leg: Leg) -> Iterator[Door]:
    """The leg's parts, started anew with an address that leads through a door; in the end as they were."""
    url = platform.parts.environment[leg.variable]
    server = int(url.rpartition("@")[2].partition(":")[2].partition("/")[0])
    with ExitStack() as stack:
        door = stack.enter_context(Door(server))
        # Before the door closes, so that nobody has to notice that.
        stack.callback(_start, platform, leg, {})
        _start(platform, leg, {leg.variable: url.replace(f":{server}/", f":{door.port}/")})
        yield door


def _start(platform: Platform, leg: Leg, environment: dict[str, str]) -> None:
    platform.parts.stop(*leg.parts)
    for part in leg.parts:
        platform.parts.launch(part, environment)
    for part in leg.parts:
        platform.parts.await_ready(part)
