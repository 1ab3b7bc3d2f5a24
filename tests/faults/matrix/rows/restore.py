"""One service's database comes back from an older copy. What is followed is docs/operators.md, 'After a restore'."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from uuid import uuid4

import psycopg2

from alliance.log import Log
from deploy.running import ROOT

from .. import comparison
from ..history import judge
from ..parts import wait_for
from ..platform import Platform
from ..verdict import Verdict

SERVICE = ("pledges", "relay-pledges")
READERS = ("receiver", "projector")
#: What the procedure says, in its own words; where they change, this row has to follow.
WORDS = (
    "Stop the receiver, the projector, and that service's edge and relay.",
    "`alliance restored SERVICE --yes`",
    "Start everything.",
)


def restored(platform: Platform, verdict: Verdict) -> None:
    written = " ".join((ROOT / "docs" / "operators.md").read_text().split())
    verdict.require("the procedure is as it was written", all(each in written for each in WORDS))
    with platform.load(verdict):
        pass
    with _nobody_connected(platform) as cursor:
        cursor.execute("CREATE DATABASE pledges_copy TEMPLATE pledges")
    copied = platform.head()
    platform.parts.start(*SERVICE)
    with platform.load(verdict, commands=platform.scale.commands // 4, judged=False) as lost:
        pass
    platform.settle()
    with _nobody_connected(platform) as cursor:
        cursor.execute("DROP DATABASE pledges")
        cursor.execute("CREATE DATABASE pledges TEMPLATE pledges_copy")
        cursor.execute("DROP DATABASE pledges_copy")
    platform.parts.start(*SERVICE)
    with platform.load(verdict, commands=platform.scale.commands // 4, judged=False) as after:
        _noticed(platform, verdict)
    # 1. Stop the receiver, the projector, and that service's edge and relay.
    platform.parts.stop(*READERS, *SERVICE)
    # 2. Declare the new history.
    declared = platform.parts.alliance("restored", "pledges", "--yes")
    verdict.require("`alliance restored pledges --yes`", declared.returncode == 0, declared.stderr[-200:])
    # 3. Start everything.
    platform.parts.start(*SERVICE)
    platform.parts.launch("receiver")
    platform.parts.start("projector")
    took = platform.settle(180)
    verdict.notes.append(f"all made again in {took:.0f} s")
    platform.judge(verdict, after.history)
    gone = judge(
        lost.history.operations.values(),
        comparison.logged(platform.logs["pledges"]),
        frozenset(platform.earlier),
    )
    verdict.notes.append(
        f"{len(gone.lost)} commands after the copy are gone, as the procedure says, beyond {copied}"
    )


def _noticed(platform: Platform, verdict: Verdict) -> None:
    """The receiver is told of a position that it has of another history."""
    receiver = platform.parts.processes["receiver"]
    took = wait_for(lambda: receiver.poll() is not None, 60, "the receiver has stopped")
    said = (platform.parts.logs / "receiver").read_text(errors="replace")
    verdict.require(
        "consumers stop with a clear message",
        "restored from an older copy" in said or "ends at" in said,
        f"after {took:.0f} s",
    )
    platform.parts.launch("receiver")
    again = platform.parts.processes["receiver"]
    wait_for(lambda: again.poll() is not None, 60, "started again, it stops again")
    verdict.require("and do not go on when started again", again.returncode != 0, again.returncode)
    Log(platform.logs["pledges"], "pledges").new_epoch(uuid4())
    platform.parts.launch("receiver")
    third = platform.parts.processes["receiver"]
    wait_for(lambda: third.poll() is not None, 60, "told of the new epoch, it stops")
    last = (platform.parts.logs / "receiver").read_text(errors="replace").splitlines()[-1]
    verdict.require(
        "the epoch alone is noticed",
        "epoch" in (platform.parts.logs / "receiver").read_text()[-20000:],
        last[:120],
    )
    doctor = platform.parts.alliance("doctor")
    verdict.require(
        "`alliance doctor` says it", "another history" in doctor.stdout and doctor.returncode == 1
    )


@contextmanager
def _nobody_connected(platform: Platform) -> Iterator[Any]:
    """A cursor while the service's parts are stopped: a copy takes a database without visitors."""
    platform.parts.stop(*SERVICE)
    platform.logs["pledges"].close()
    server = platform.servers.postgres["pledges"]
    with closing(psycopg2.connect(server.url.replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        yield connection.cursor()
