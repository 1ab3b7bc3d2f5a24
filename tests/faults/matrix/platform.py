"""The whole: servers, parts, a roster imported, and the history of all that was ever attempted on it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from alliance.cli import composition
from alliance.context import Context
from alliance.database import Database
from alliance.errors import Unavailable
from alliance.log import Log
from alliance.migrations import upgrade
from alliance.settings import SOURCES, Settings
from gateway.tokens import Tokens

from . import comparison, newer
from .client import PATIENCE, Client
from .history import History, Kind, Operation, judge
from .load import Child, Load, repeat
from .parts import COMMANDS, Late, Parts, wait_for
from .roster import CHILDREN, bundle
from .servers import OWNERS, Servers
from .verdict import Verdict, judged
from .watch import Watch

#: The parts on the way of a pledge, from a roster's import to a scorecard.
SMALL = (
    *("roster", "pledges", "evaluation", "gateway"),
    *("relay-roster", "relay-pledges", "receiver", "projector"),
)
#: Commands of a row that are sent once more, to compare the answers.
REPEATED = 50
SETTLE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a row is: commands at least, their rate per second and how many send them, classes in each of the two
    schools, and how long what is away stays away."""

    commands: int = 2000
    rate: float = 100.0
    writers: int = 12
    classes: int = 6
    outage: float = 60.0
    black_hole: float = 30.0
    patience: float = 1.0


SMOKE = Scale(commands=100, rate=50.0, outage=2.0, black_hole=2.0, patience=10.0)


class Platform:
    """What a row works on. Its parts run and everything has settled when a row begins, and when it ends."""

    def __init__(self, servers: Servers, parts: Parts, scale: Scale, small: bool) -> None:
        self.servers, self.parts, self.scale = servers, parts, scale
        self.small = small
        sources = ("roster", "pledges") if small else SOURCES
        self.logs = {source: Database(servers.url(source), pool_size=2) for source in sources}
        self.evaluation = Database(servers.url("evaluation"), pool_size=2)
        #: The gateway that the load talks to.
        self.gateway = "gateway"
        self.token = ""
        self.token_id = ""
        self.children: list[Child] = []
        #: Everything that was attempted in rows before.
        self.earlier: dict[str, Operation] = {}
        #: Keys of events that a row wrote past the gateway, as another release would.
        self.strange: set[str] = set()

    @property
    def enrolled(self) -> int:
        """The children of each district."""
        return self.scale.classes * CHILDREN

    def client(self, patience: float = PATIENCE) -> Client:
        return Client(lambda: self.parts.port(self.gateway), self.token, patience)

    @contextmanager
    def load(self, verdict: Verdict, *, commands: int = 0, judged: bool = True) -> Iterator[Load]:
        """Load while the block runs and until enough commands were attempted; then everything settles and is judged,
        unless the row does that itself."""
        scale = self.scale
        load = Load(
            self.client,
            self.as_logged(),
            rate=scale.rate,
            writers=scale.writers,
            seed=len(self.earlier),
        )
        load.start()
        try:
            yield load
        except Exception as error:
            load.finish(seconds=60)
            # What this row broke off with is judged by the next one.
            self.earlier |= load.history.operations
            wrong = [each.said for each in load.history.tries() if each.kind is Kind.WRONG]
            if wrong:
                raise Late(f"{len(wrong)} wrong answers, e.g. {wrong[0]}; {error}") from error
            raise
        load.finish(commands or self.scale.commands)
        if judged:
            self.settle()
            self.judge(verdict, load.history)

    def settle(self, seconds: float = SETTLE_SECONDS) -> float:
        """Until all that is in the logs is published, received and folded; after how many seconds."""
        left: list[str] = []

        def level() -> bool:
            try:
                left[:] = comparison.behind(self.logs, self.evaluation)
            except Unavailable as error:
                left[:] = [error.detail]
            return not left

        try:
            return wait_for(level, seconds, "everything has settled")
        except Late as late:
            raise Late(f"{late}: {'; '.join(left)}") from None

    def change(self, client: Client, child: Child) -> str:
        """One command for a child that the load leaves alone, tried until it is taken; its key."""
        key = str(uuid4())
        wait_for(lambda: client.post(*child.body(), key).kind is Kind.ACCEPTED, 60, "a command is taken")
        child.signed = not child.signed
        return key

    def head(self) -> int:
        """The position of the newest event of pledges' log."""
        return Log(self.logs["pledges"], "pledges").head()[0]

    def level(self, watch: Watch) -> bool:
        """Whether all is within a moment's work of the log's end, under load."""
        look = watch.looks[-1] if watch.looks else None
        near = self.scale.rate * 2
        return look is not None and all(
            value is not None and (look.head or 0) - value <= near
            for value in (look.published, look.received, look.folded)
        )

    def judge(self, verdict: Verdict, history: History) -> None:
        """Repeat some commands, then hold the history against log, journal and read model."""
        own = history.operations
        answered = [each for each in own.values() if each.positions]
        client = self.client()
        repeat(client, answered[:: max(1, len(answered) // REPEATED)])
        client.close()
        self.settle()
        log = comparison.logged(self.logs["pledges"])
        known = frozenset(self.earlier) | frozenset(self.strange)
        judged(verdict, judge(own.values(), log, known))
        before = judge(self.earlier.values(), log, frozenset(own) | frozenset(self.strange))
        verdict.require("what was acknowledged before is still there", before.sound, common=True)
        self.earlier |= own
        wrong = comparison.differences(self.logs, self.evaluation, self.enrolled)
        what = "the journal is the logs, the read model their fold and equal to a rebuild"
        verdict.require(what, not wrong, "; ".join(wrong), common=True)

    @contextmanager
    def watched(self) -> Iterator[Watch]:
        watch = Watch(self.servers.url("pledges"), self.servers.url("evaluation"))
        watch.start()
        try:
            yield watch
        finally:
            watch.stop()

    def mend(self) -> None:
        """After a row that broke: servers run again, and every part is started anew, with nothing left of the row."""
        for server in {id(each): each for each in self.servers.postgres.values()}.values():
            server.start()
        self.servers.rabbitmq.start()
        self.parts.kill(*self.parts.processes)
        self.gateway = "gateway"
        self.parts.start(*self.expected())

    def expected(self) -> list[str]:
        """The parts of this platform."""
        return list(SMALL if self.small else COMMANDS)

    def close(self) -> None:
        self.parts.close()
        newer.uninstall()
        for database in (*self.logs.values(), self.evaluation):
            database.close()

    def as_logged(self) -> list[Child]:
        """The children as their pledges stand in the log: a command whose end was open may have been taken."""
        last = {event.stream: event.type for event in comparison.logged(self.logs["pledges"])}
        for child in self.children:
            child.signed = last.get(child.stream) == "PledgeSigned"
        return list(self.children)

    def import_roster(self) -> None:
        # A roster is imported before the answer comes, on a busy machine in more time than a command may take.
        client, key, roster = self.client(patience=120.0), str(uuid4()), bundle(self.scale.classes)
        wait_for(
            lambda: client.ask("POST", "/v1/rosters", roster, key)[0] in (200, 201), 60, "it is imported"
        )
        self.settle()
        for row in _answer(client, "/v1/districts")["data"]:
            address, cursor = f"/v1/districts/{row['district']['id']}/enrolments?limit=1000", ""
            while cursor is not None:
                page = _answer(client, address + (f"&cursor={cursor}" if cursor else ""))
                self.children += [Child(each["student"], each["guardian"]) for each in page["data"]]
                cursor = page["next"]
        # Neighbours in the list are of different classes, so that each writer has some of every school.
        self.children.sort(key=lambda child: child.student)
        # No row begins on an empty log.
        self.strange |= {self.change(client, child) for child in self.children[:20]}
        client.close()


@contextmanager
def platform(servers: Servers, scale: Scale, *, small: bool = False) -> Iterator[Platform]:
    """Migrated, started, with the roster in it. `small`: only the parts on the way of a pledge."""
    with tempfile.TemporaryDirectory(prefix="alliance-matrix-") as folder:
        given = {f"ALLIANCE_{owner.upper()}_DATABASE_URL": servers.url(owner) for owner in OWNERS}
        given["ALLIANCE_BROKER_URL"] = servers.rabbitmq.url
        running = Platform(servers, Parts(Path(folder) / "var", given, partial=small), scale, small)
        try:
            _migrate(running.parts.environment)
            tokens = Tokens(Database(servers.url("gateway"), pool_size=1))
            made, running.token = tokens.create(role="state", label="fault matrix")
            running.token_id = made.id
            tokens.database.close()
            running.parts.start(*running.expected())
            running.import_roster()
            yield running
        finally:
            running.close()


def _answer(client: Client, path: str) -> Any:
    """What a read answers, asked again while it is told to come back."""
    found: list[Any] = []

    def answered() -> bool:
        status, content = client.get(path)
        found[:] = [content] if status == 200 else []
        return bool(found)

    wait_for(answered, 60, path)
    return found[0]


def _migrate(environment: Mapping[str, str]) -> None:
    """What `alliance migrate` does, without six interpreters' starts."""
    with patch.dict("os.environ", environment):
        settings = Settings.load()
    for owner in OWNERS:
        database = Database(settings.database_url(owner), pool_size=1)
        upgrade(database, owner)
        database.close()
    composition.app("evaluation", settings).prepare()
    composition.app("surveys", settings).publish_shipped({}, Context.of_system())
