"""The load: writers that sign and withdraw pledges, each child in turn, at a steady rate, and try again as clients do.

Each command is a new fact, so each that is taken adds one event. What stays unanswered is tried again with the same
Idempotency-Key until it is answered; every twentieth time the writer gives up instead, as people do, and leaves that
child alone afterwards: whether such a command was taken is open.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.builders_year import FIRST, YEAR

from .client import Client
from .history import History, Kind, Operation

#: A writer that is told to come back does so after this many seconds; Retry-After may say longer.
AGAIN_SECONDS = 0.5
GIVES_UP = 0.05


@dataclass(slots=True)
class Child:
    """A child whose pledge the load signs and withdraws; `signed` is how it stands."""

    student: str
    guardian: str
    signed: bool = False

    @property
    def stream(self) -> str:
        return f"pledge-{self.student}-{YEAR}"

    def body(self) -> tuple[str, dict[str, str]]:
        """The next command: address and body."""
        common = {"student": self.student, "guardian": self.guardian, "school_year": YEAR}
        if self.signed:
            return "/v1/pledges/withdrawals", {**common, "withdrawn_on": FIRST.isoformat()}
        signature = {"signed_on": FIRST.isoformat(), "mode": "web", "language": "en", "statement": "2026-1"}
        return "/v1/pledges", {**common, **signature}


class Load:
    """Runs from `start` until `finish`, or in a with block. `history` grows meanwhile."""

    def __init__(
        self,
        client: Callable[[], Client],
        children: Sequence[Child],
        *,
        rate: float,
        writers: int,
        seed: int = 0,
    ) -> None:
        self.history = History()
        self._client = client
        self._rate = rate
        self._pace = _pace(rate)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._ended: list[BaseException] = []
        shares = [list(children[number::writers]) for number in range(writers)]
        self._threads = [
            threading.Thread(target=self._run, args=(share, random.Random(f"{seed} {number}")), daemon=True)
            for number, share in enumerate(shares)
            if share
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finish(self, at_least: int = 0, seconds: float = 300.0) -> None:
        """Go on until so many commands were attempted, then let the writers end what they began."""
        until = time.monotonic() + seconds
        while len(self.history.operations) < at_least and time.monotonic() < until and not self._ended:
            time.sleep(0.02)
        self._stopping.set()
        for thread in self._threads:
            thread.join(seconds)
            if thread.is_alive():
                raise TimeoutError("a writer does not end")
        if self._ended:
            raise self._ended[0]

    def _run(self, children: list[Child], chance: random.Random) -> None:
        client = self._client()
        try:
            while children and not self._stopping.is_set():
                for child in list(children):
                    with self._lock:
                        due = next(self._pace)
                    if self._stopping.wait(max(0.0, due - time.monotonic())):
                        break
                    if not self._change(client, child, chance):
                        children.remove(child)
        except BaseException as error:
            self._ended.append(error)
        finally:
            client.close()

    def _change(self, client: Client, child: Child, chance: random.Random) -> bool:
        """One command to its answer; False when the writer gave up."""
        path, body = child.body()
        type_ = "PledgeWithdrawn" if child.signed else "PledgeSigned"
        operation = Operation(str(uuid.uuid4()), child.stream, type_, (path, body))
        self.history.begin(operation)
        while True:
            each = client.post(path, body, operation.key)
            operation.tries.append(each)
            if each.kind is Kind.ACCEPTED:
                child.signed = not child.signed
                return True
            if each.kind is Kind.WRONG:
                return False
            if chance.random() < GIVES_UP or (self._stopping.is_set() and len(operation.tries) > 100):
                return False
            time.sleep(AGAIN_SECONDS)


def _pace(rate: float) -> Iterator[float]:
    """When the next command is due. What was missed while nobody answered is not made up for at once."""
    due = time.monotonic()
    while True:
        due = max(due + 1 / rate, time.monotonic() - 0.5)
        yield due


def repeat(client: Client, operations: Sequence[Operation]) -> None:
    """Send answered commands once more under their keys; the answers join their tries."""
    for operation in operations:
        operation.tries.append(client.post(*operation.request, operation.key))
