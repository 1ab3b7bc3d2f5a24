"""Where the product's steps are run: its parts on two databases in memory and a broker that is a value.

A step runs in a greenlet. At each scheduling point (a transaction, a statement of its own, opening a connection to the
broker, waiting for a confirm or a message, an acknowledgement) it is suspended with a `Request`, until the exploration
answers. What it does meanwhile is a function of those answers, so a suspended step is remembered as their list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import UUID

import greenlet
import sqlalchemy as sa

from alliance import broker, checkpoints
from alliance.database import Database
from alliance.decider import Commands
from alliance.feed import LocalFeed
from alliance.journal import Journal
from alliance.log import Log
from alliance.migrations import upgrade
from alliance.projector import Projector
from alliance.rebuild import rebuild
from alliance.receiver import Receiver, _consume
from alliance.relay import Relay
from tests.builders import NOW
from tests.faults.read_model import Signatures
from tests.model.courier import ReceiverConsumer, publisher_connection
from tests.model.database_values import GO, Door, MemoryDatabase, Values

SOURCE = "pledges"
FIRST_EPOCH, LATER_EPOCH = UUID(int=1), UUID(int=2)


class Request(NamedTuple):
    """A scheduling point: what the step is about to do, and to what."""

    kind: str
    about: Any


class Ended(NamedTuple):
    result: Any


@dataclass(frozen=True)
class Parts:
    """The product's parts, as the model runs them. A mutant replaces one of them."""

    commands: Any = Commands
    log: type[Log] = Log
    publisher: type[broker.Publisher] = broker.Publisher
    relay: type[Relay] = Relay
    move: Callable[..., bool] = checkpoints.move
    journal: type[Journal] = Journal
    receiver: type[Receiver] = Receiver
    consume: Callable[..., None] = _consume
    projector: type[Projector] = Projector
    rebuild: Callable[..., Any] = rebuild
    #: Changes the tables of "log" and "journal" before the first step.
    tables: Callable[[Mapping[str, Database]], None] = lambda databases: None


@dataclass(frozen=True)
class Sizes:
    """How much the product's loops take at once: small, so that few events make them go round more than once."""

    relay_batch: int = 2
    receiver_batch: int = 2
    page: int = 2
    projector_batch: int = 1
    rebuild_batch: int = 1
    rebuild_close: int = 1


class Stage:
    """Runs one step at a time; `ask` is what doors and connections call within a step."""

    def __init__(self, parts: Parts, sizes: Sizes) -> None:
        self.parts, self.sizes = parts, sizes
        self.databases = {name: MemoryDatabase(Door(name, self.ask)) for name in ("log", "journal")}
        self.values = {name: Values(database) for name, database in self.databases.items()}
        self.clock = SimpleNamespace(seconds=0.0)
        #: What the running step has done since its last request that needs nobody's leave.
        self.effects: list[tuple[str, Any]] = []
        self._bodies: dict[bytes, int] = {}
        self._messages: list[bytes] = []
        self._tables = Signatures().tables(sa.MetaData())
        self._running: Any = None
        self._ending = False
        for name, image in zip(("log", "journal"), _first_images(), strict=True):
            self.databases[name].load(image)
        parts.tables(self.databases)
        self.first = {name: values.keep() for name, values in self.values.items()}

    def log(self) -> Log:
        return self.parts.log(self.databases["log"], SOURCE)

    def receiver(self) -> Receiver:
        return self.parts.receiver(self.parts.journal(self.databases["journal"]), LocalFeed(self.log()))

    def projector(self, mended: bool) -> Projector:
        return self.parts.projector(self.databases["journal"], self.projection(mended), self._tables)

    def projection(self, mended: bool) -> Signatures:
        """The read model; until it is mended, its fold fails at the statement "poison"."""
        projection = Signatures()
        projection.breaks = None if mended else ZeroDivisionError("by a bug")
        return projection

    def tables(self) -> Mapping[str, sa.Table]:
        return self._tables

    def keep(self, body: bytes) -> int:
        """The number of a message with this body."""
        number = self._bodies.setdefault(body, len(self._messages))
        if number == len(self._messages):
            self._messages.append(body)
        return number

    def body(self, message: int) -> bytes:
        return self._messages[message]

    def ask(self, kind: str, about: Any) -> Any:
        if self._running is None or greenlet.getcurrent() is not self._running:
            return GO  # a check of the model's own
        if self._ending:
            raise greenlet.GreenletExit
        return self._running.parent.switch(Request(kind, about))

    def tell(self, kind: str, about: Any) -> None:
        self.effects.append((kind, about))

    def begin(self, step: Any) -> Request | Ended:
        """Run a step up to its first request."""
        self.clock.seconds = 0.0
        self._running = greenlet.greenlet(lambda _: Ended(step.run(self)))
        return self.resume(None)

    def resume(self, answer: Any) -> Request | Ended:
        """Answer the request that the running step waits at; returns its next one."""
        self.effects.clear()
        for database in self.databases.values():
            assert database.raw.door is not None
            database.raw.door.views, database.raw.door.wrote = [], False
        moment: Request | Ended = self._running.switch(answer)
        return moment

    def end(self) -> None:
        """Forget the running step, wherever it is."""
        self._ending = True
        try:
            if not self._running.dead:
                self._running.throw(greenlet.GreenletExit)
        finally:
            self._running, self._ending = None, False

    @contextmanager
    def set(self) -> Iterator[None]:
        """The product's modules see the stage's broker, clock and sizes, and are silent."""
        clock = SimpleNamespace(monotonic=lambda: self.clock.seconds)
        changes: dict[str, dict[str, Any]] = {
            "alliance.broker": {
                "connect": lambda url: publisher_connection(self.ask, self.tell, self.keep),
                "declare": lambda *_: None,
                "time": clock,
            },
            "alliance.receiver": {
                "Consumer": ReceiverConsumer,
                "time": clock,
                "log": _SILENT,
                "BATCH": self.sizes.receiver_batch,
                "PAGE": self.sizes.page,
            },
            "alliance.relay": {"BATCH": self.sizes.relay_batch},
            "alliance.checkpoints": {"move": self.parts.move},
            "alliance.parking": {"datetime": SimpleNamespace(now=lambda zone: NOW), "log": _SILENT},
            "alliance.projector": {"log": _SILENT},
            "alliance.rebuild": {"BATCH": self.sizes.rebuild_batch, "CLOSE": self.sizes.rebuild_close},
        }
        with ExitStack() as stack:
            for module, attributes in changes.items():
                stack.enter_context(patch.multiple(module, **attributes))
            yield

    def close(self) -> None:
        for database in self.databases.values():
            database.close()


_SILENT = SimpleNamespace(
    info=lambda *_, **__: None, warning=lambda *_, **__: None, error=lambda *_, **__: None
)


@lru_cache(maxsize=1)
def _first_images() -> tuple[bytes, bytes]:
    """The log's and the journal's database as the migrations make them, with an empty read model."""
    log, journal = MemoryDatabase(), MemoryDatabase()
    upgrade(log, SOURCE)
    Log(log, SOURCE).new_epoch(FIRST_EPOCH)
    upgrade(journal, "evaluation")
    with journal.transaction() as connection:
        for unused in ("events", "log_head", "commands", "reports", "report_files"):
            connection.exec_driver_sql(f"DROP TABLE {unused}")  # evaluation's own log has no part in this
    Receiver(Journal(journal), LocalFeed(Log(log, SOURCE))).catch_up()  # as every receiver begins
    projection = Signatures()
    Projector(journal, projection, projection.tables(sa.MetaData())).prepare()
    images = log.raw.serialize(), journal.raw.serialize()
    log.close()
    journal.close()
    return images
