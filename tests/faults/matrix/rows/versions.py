"""New code reads old events, old code meets new ones: upcast, or parked, and never a crash loop."""

from __future__ import annotations

from sqlalchemy import text

from alliance import parking

from .. import newer
from ..parts import wait_for
from ..platform import Platform
from ..verdict import Verdict

#: Children whose pledges the newer release's edge signs while the older projector reads.
NEWER = ["--newer"]


def versions(platform: Platform, verdict: Verdict) -> None:
    newer.install()
    old_events = platform.head()
    # The edge is upgraded first; what it writes, the older projector does not know.
    platform.parts.stop("pledges")
    platform.parts.start("pledges", child=NEWER)
    readers = {
        part: platform.parts.processes[part].pid for part in ("relay-pledges", "receiver", "projector")
    }
    with platform.load(verdict, judged=False) as load:
        wait_for(lambda: _written(platform) > 10, 60, "events of version 2 are written")
        wait_for(lambda: _parked(platform), 60, "streams are parked")
    platform.settle()
    parked = _parked(platform)
    reasons = {entry.reason.partition(":")[0] for entry in parked}
    verdict.require(
        "old code parks what it does not know", reasons == {"UnknownContract"}, f"{len(parked)} streams"
    )
    standing = {part: platform.parts.processes[part].pid for part in readers if platform.parts.runs(part)}
    verdict.require("no part ended", standing == readers)
    # Then the projector.
    platform.parts.stop("projector")
    platform.parts.start("projector", child=NEWER)
    replayed = platform.parts.alliance("parked", "replay", child=NEWER)
    verdict.require("replayed by the new code", replayed.returncode == 0, replayed.stdout.splitlines()[-1:])
    verdict.require("new code reads old events", old_events > 0, f"{old_events} of version 1, upcast")
    platform.settle()
    platform.judge(verdict, load.history)
    _gone_back(platform, verdict)


def _gone_back(platform: Platform, verdict: Verdict) -> None:
    """An edge of the older release meets a stream of the newer: 503, and it goes on serving."""
    child = next(each for each in platform.as_logged() if each.stream in _streams(platform))
    platform.parts.stop("pledges")
    platform.parts.start("pledges")
    edge = platform.parts.processes["pledges"].pid
    client = platform.client()
    path, body = child.body()
    answers = [client.post(path, body, f"gone-back-{number}") for number in range(3)]
    client.close()
    said = {each.said for each in answers}
    verdict.require(
        "an older edge answers 503 for a newer stream",
        all("newer release" in each for each in said) and platform.parts.processes["pledges"].pid == edge,
        said,
    )
    platform.parts.stop("pledges")
    platform.parts.start("pledges", child=NEWER)


def _written(platform: Platform) -> int:
    with platform.logs["pledges"].asking() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM events WHERE schema_version = 2")) or 0)


def _streams(platform: Platform) -> set[str]:
    with platform.logs["pledges"].asking() as connection:
        return set(connection.scalars(text("SELECT stream FROM events WHERE schema_version = 2")))


def _parked(platform: Platform) -> list[parking.Parked]:
    with platform.evaluation.asking() as connection:
        return parking.streams(connection)
