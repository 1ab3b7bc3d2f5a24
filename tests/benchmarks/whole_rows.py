"""The whole path, ours and stock nameko's in turn: only one of the two runs at a time."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.bench import Bench
from tests.benchmarks.loads import Request, post
from tests.benchmarks.row import Row
from tests.benchmarks.turns import Figures, medians, percentile
from tests.benchmarks.whole_nameko import Nameko
from tests.benchmarks.whole_ours import Ours

PEER = "stock nameko"
CONNECTIONS = 32
CHECK_IN_CONNECTIONS = 8
#: What a family's device or a teacher's screen would not notice.
SMALL = 500.0
NAMES = ("live", "http_sign", "freshness", "class_check_in")


def whole(bench: Bench, wanted: frozenset[str]) -> Iterator[Row]:
    """Those of NAMES that are wanted. `live` is measured for `freshness` too, whose load is a third of it."""
    sizes = {
        "signatures": bench.size(3_000, 64), "peer_signatures": bench.size(1_500, 64),
        "live": bench.size(20_000, 500), "peer_live": bench.size(2_000, 50), "classes": bench.size(60, 4),
    }  # fmt: skip
    seconds = max(2.0, 10.0 * bench.scale)
    pupils = 2 * bench.rounds * (sizes["signatures"] + CONNECTIONS) + 2400
    ours = Ours(bench, pupils + max(0, 2 * bench.rounds * sizes["classes"] * 25))
    ours_seen: list[Figures] = []
    peer_seen: list[Figures] = []
    for _ in range(bench.rounds):
        with ours:
            ours_seen.append(_ours(ours, wanted, sizes, seconds))
        if wanted - {"class_check_in"}:
            with Nameko(bench) as nameko:
                peer_seen.append(_peer(nameko, wanted, sizes, seconds, ours_seen[-1].get("live", 0.0) / 3))
    ours.close()
    yield from _rows(wanted, medians(ours_seen), medians(peer_seen) if peer_seen else {})


def _ours(ours: Ours, wanted: frozenset[str], sizes: dict[str, int], seconds: float) -> Figures:
    found: dict[str, float] = {}
    if "http_sign" in wanted:
        ours.sign(CONNECTIONS, CONNECTIONS)
        found |= {
            f"http_{name}": value for name, value in ours.sign(sizes["signatures"], CONNECTIONS).items()
        }
        ours.settle()
    if wanted & {"live", "freshness"}:
        found["live"] = ours.live(sizes["live"])
    if "freshness" in wanted:
        fresh = ours.freshness(found["live"] / 3, seconds)
        found |= {"fresh_p50": fresh.p50, "fresh_p99": fresh.p99}
    if "class_check_in" in wanted:
        found |= ours.check_in(sizes["classes"], CHECK_IN_CONNECTIONS)
    return found


def _peer(
    nameko: Nameko, wanted: frozenset[str], sizes: dict[str, int], seconds: float, load: float
) -> Figures:
    found: dict[str, float] = {}
    if "http_sign" in wanted:
        _sign(nameko, CONNECTIONS)
        found |= _sign(nameko, sizes["peer_signatures"])
    if wanted & {"live", "freshness"}:
        found["live"] = nameko.live(sizes["peer_live"])
    if "freshness" in wanted:
        fresh = nameko.freshness(load, seconds)
        found |= {"fresh_p50": fresh.p50, "fresh_p99": fresh.p99}
    return found


def _sign(nameko: Nameko, many: int) -> dict[str, float]:
    headers = {"Content-Type": "application/json"}
    requests = [Request("/v1/pledges", body, headers) for body in nameko.pledges(many)]
    rate, taken = post(nameko.port, requests, CONNECTIONS)
    milliseconds = [each * 1000 for each in taken]
    return {
        "http_rate": rate,
        "http_p50": percentile(milliseconds, 50),
        "http_p99": percentile(milliseconds, 99),
    }


def _rows(wanted: frozenset[str], ours: dict[str, float], peer: dict[str, float]) -> Iterator[Row]:
    if "live" in wanted:
        yield Row("live", ours["live"], "events/s", peer["live"], PEER, least_ratio=8)
    if "http_sign" in wanted:
        yield Row(
            "http_sign", ours["http_rate"], "requests/s", peer["http_rate"], PEER, least_ratio=4,
            notes={"connections": CONNECTIONS, "p50_ms": ours["http_p50"], "peer_p50_ms": peer["http_p50"]},
        )  # fmt: skip
        yield Row("http_sign_p99", ours["http_p99"], "ms", peer["http_p99"], PEER, most_ratio=0.5)
    if "freshness" in wanted:
        load = {"load": ours["live"] / 3}
        yield Row("freshness_p50", ours["fresh_p50"], "ms", peer["fresh_p50"], PEER, notes=load)
        yield Row(
            "freshness_p99", ours["fresh_p99"], "ms", peer["fresh_p99"], PEER, most_ratio=0.1, most=SMALL,
            either=True, notes=load,
        )  # fmt: skip
    if "class_check_in" in wanted:
        yield Row(
            "class_check_in", ours["whole"], "events/s", ours["single"], "25 single requests", least_ratio=10,
            notes={"connections": CHECK_IN_CONNECTIONS},
        )  # fmt: skip
