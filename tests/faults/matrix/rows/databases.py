"""PostgreSQL is killed under load: a service's, and evaluation's."""

from __future__ import annotations

import time

from ..history import Kind
from ..parts import wait_for
from ..platform import Platform
from ..verdict import Verdict

#: Seconds in which every part is ready again after the server's return.
BACK = 15.0
#: Seconds that a request may take at most.
PATIENCE = 2.0


def databases_killed(platform: Platform, verdict: Verdict) -> None:
    _killed(platform, verdict, "pledges", ("pledges", "relay-pledges"))
    _killed(platform, verdict, "evaluation", ("evaluation", "receiver", "projector"))


def _killed(platform: Platform, verdict: Verdict, owner: str, needing: tuple[str, ...]) -> None:
    server = platform.servers.postgres[owner]
    reader = platform.client()
    with platform.load(verdict, commands=platform.scale.commands // 2) as load:
        wait_for(lambda: len(load.history.operations) > 20, 30, "the load runs")
        server.kill()
        killed = time.monotonic()
        asked = [reader.get("/v1/state/scorecard")[0] for _ in range(3)]
        time.sleep(min(8.0, platform.scale.outage))
        server.start()
        back = time.monotonic()
        ready = wait_for(
            lambda: all(platform.parts.ready(part) for part in (*needing, platform.gateway)),
            120,
            f"{needing} are ready",
        )
        wait_for(
            lambda: any(each.kind is Kind.ACCEPTED for each in load.history.tries(back)),
            120,
            "commands are taken",
        )
    reader.close()
    first = min(
        each.ended for each in load.history.tries(back) if each.kind is Kind.ACCEPTED and each.began > back
    )
    away = load.history.tries(killed, back)
    if owner == "pledges":
        told = [each for each in away if each.kind is Kind.COME_BACK]
        verdict.require("503 with Retry-After while pledges' is away", bool(told), len(told))
        verdict.within("the first command taken again", first - back, BACK)
    else:
        verdict.require("scorecards are 503 while evaluation's is away", asked == [503] * 3, asked)
        refused = [each for each in away if each.kind is not Kind.ACCEPTED]
        verdict.require(
            "commands go on without evaluation's", bool(away) and not refused, f"{len(refused)} refused"
        )
    verdict.within(f"{owner}: pools back", ready, BACK)
    verdict.notes.append(f"slowest try {max(each.seconds for each in away):.2f} s")
