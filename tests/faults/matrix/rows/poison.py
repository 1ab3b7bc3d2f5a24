"""Poison: bad JSON, an unknown type, an unknown version, 20 MB, an exception and a BaseException in the fold."""

from __future__ import annotations

import json
import time
from uuid import uuid4

from sqlalchemy import select, text

from alliance import parking
from alliance.database import Database
from alliance.envelope import to_json
from alliance.log import Log
from alliance.parking import Parked, rejected

from .. import newer
from ..history import History
from ..load import Child
from ..parts import wait_for
from ..platform import Platform
from ..publishing import publisher
from ..verdict import Verdict
from ..watch import Watch

#: Seconds that the events of other streams may be late, from the answer to the read model.
OTHERS = 1.0
LARGE = 20_000_000


def poison(platform: Platform, verdict: Verdict) -> None:
    # The newer release signs again for a child that has a signature in the log.
    future = next(child for child in platform.as_logged() if child.signed)
    ill, worse, *rest = (child for child in platform.children if child is not future)
    platform.children = rest
    _poisoned(platform, verdict, {"Exception": ill, "BaseException": worse}, future)
    # What a newer release has written, this one's edge does not touch: that child is left alone from here on.
    platform.children += [ill, worse]


def _poisoned(platform: Platform, verdict: Verdict, breaking: dict[str, Child], future: Child) -> None:
    breaks = ",".join(f"{child.student}:{kind}" for kind, child in breaking.items())
    bodies = _bodies(platform)
    before = _set_aside(platform.evaluation)
    platform.parts.stop("projector")
    platform.parts.start("projector", child=["--breaks", breaks])
    client = platform.client()
    with platform.watched() as watch, platform.load(verdict, judged=False) as load:
        wait_for(lambda: len(load.history.operations) > 20, 30, "the load runs")
        began = time.monotonic()
        with publisher(platform.servers.rabbitmq.url) as door:
            door.send(bodies.values())
        for child in breaking.values():
            platform.strange.add(platform.change(client, child))
        platform.strange |= _append_strange(platform.logs["pledges"], future)
        wait_for(
            lambda: len(_set_aside(platform.evaluation)) - len(before) >= len(bodies),
            60,
            "bodies are set aside",
        )
        wait_for(lambda: len(_parked(platform.evaluation)) >= 3, 60, "streams are parked")
        ended = time.monotonic()
        # Whatever was answered by now has to have been seen to arrive before the looking ends.
        head = platform.head()
        wait_for(lambda: watch.reached("folded", head), 60, "all of it is folded")
    client.close()
    _kept(platform, verdict, bodies, len(before))
    entries = {entry.stream: entry.reason for entry in _parked(platform.evaluation)}
    wanted = {
        breaking["Exception"].stream: "ZeroDivisionError: by a bug",
        breaking["BaseException"].stream: "Worse: by a timeout",
    }
    right = all(entries.get(stream) == reason for stream, reason in wanted.items())
    right = right and entries.get(future.stream, "").startswith("UnknownContract") and len(entries) == 3
    verdict.require(
        "an exception, a BaseException and an unknown version are parked, each with its reason",
        right,
        entries,
    )
    late = delays(load.history, watch, began, ended)
    verdict.require("other streams go on meanwhile", bool(late), f"{len(late)} events")
    verdict.within("other streams in the read model", max(late, default=0.0), OTHERS)
    _mended(platform, verdict)
    platform.settle()
    platform.judge(verdict, load.history)


def delays(history: History, watch: Watch, began: float, ended: float) -> list[float]:
    """Seconds from the answer to the read model, of what was answered in between."""
    found = []
    for each in history.tries(began, ended):
        if each.position is not None and began <= each.ended <= ended:
            at = watch.reached("folded", each.position)
            found.append((at or float("inf")) - each.ended)
    return found


def _bodies(platform: Platform) -> dict[str, bytes]:
    """What a publisher gone wrong may send: none of it was ever in the log."""
    event = Log(platform.logs["pledges"], "pledges").read(0, 1)[0]
    document = json.loads(to_json(event))
    ahead = {**document, "id": str(uuid4()), "sequence": "1000000000"}
    return {
        "bad JSON": b'{"specversion": "1.0", "id": ',
        "unknown type": json.dumps({**ahead, "type": "alliance.pledges.PledgeSung"}).encode(),
        "unknown version": json.dumps({**ahead, "dataschema": "urn:alliance:schema:PledgeSigned:2"}).encode(),
        "20 MB": b'"' + b"x" * LARGE + b'"',
    }


def _append_strange(pledges: Database, future: Child) -> set[str]:
    """A newer release writes into the log: a version that nobody here knows, and a type that nobody here folds."""
    keys = {}
    with pledges.transaction() as connection:
        head = connection.execute(text("SELECT position FROM log_head FOR UPDATE")).scalar_one()
        row = (
            connection.execute(
                text("SELECT * FROM events WHERE type = 'PledgeSigned' AND stream = :stream LIMIT 1"),
                {"stream": future.stream},
            )
            .mappings()
            .one()
        )
        version = connection.execute(
            text("SELECT count(*) FROM events WHERE stream = :stream"), {"stream": future.stream}
        ).scalar_one()
        strange = (
            (future.stream, version + 1, "PledgeSigned", 2),
            (f"song-{future.student}", 1, "PledgeSung", 1),
        )
        for offset, (stream, at, type_, schema) in enumerate(strange, start=1):
            keys[stream] = str(uuid4())
            new = {
                **row, "position": head + offset, "id": str(uuid4()), "stream": stream, "stream_version": at,
                "type": type_, "schema_version": schema, "correlation_id": keys[stream],
            }  # fmt: skip
            names = ", ".join(new)
            connection.execute(
                text(f"INSERT INTO events ({names}) VALUES ({', '.join(f':{name}' for name in new)})"), new
            )
        connection.execute(
            text("UPDATE log_head SET position = :position"), {"position": head + len(strange)}
        )
    return set(keys.values())


def _kept(platform: Platform, verdict: Verdict, bodies: dict[str, bytes], before: int) -> None:
    kept = _set_aside(platform.evaluation)[before:]
    whole = {body for body, _ in kept} == set(bodies.values())
    reasons = all(reason for _, reason in kept)
    verdict.require(
        f"{', '.join(bodies)}: set aside with the raw body and the reason", whole and reasons,
        [reason[:40] for _, reason in kept],
    )  # fmt: skip


def _mended(platform: Platform, verdict: Verdict) -> None:
    """A release without the bugs, which knows the version, and `alliance parked replay`."""
    platform.parts.stop("projector")
    platform.parts.start("projector")
    replayed = platform.parts.alliance("parked", "replay", child=["--newer"])
    verdict.require(
        "`parked replay` after the mend", replayed.returncode == 0, replayed.stdout.splitlines()[-1:]
    )
    # From here on the comparison reads what the newer release has written.
    newer.install()


def _set_aside(evaluation: Database) -> list[tuple[bytes, str]]:
    with evaluation.reading() as connection:
        rows = connection.execute(select(rejected.c.body, rejected.c.reason).order_by(rejected.c.id))
        return [(bytes(row.body), row.reason) for row in rows]


def _parked(evaluation: Database) -> list[Parked]:
    with evaluation.reading() as connection:
        return parking.streams(connection)
