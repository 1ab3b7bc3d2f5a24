"""The distributed form with a roster in it, and what is asked of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from threading import Thread
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import psycopg2
from sqlalchemy import func, select

from alliance.database import Database
from alliance.log import Log
from alliance.projection import projection_positions
from alliance.rosterfold import NAME, enrolments, guardians, students
from alliance.tables import checkpoints
from deploy.running import Platform, running
from simulation.client import Api, at_least
from simulation.state import write_state
from tests.benchmarks.bench import Bench, plain
from tests.benchmarks.loads import Latencies, Request, post, watch
from tests.benchmarks.state import DAY, YEAR, change, made_up_districts, returned
from tests.benchmarks.turns import percentile

PERIOD = "2026-09"
DISTRICTS = 40
#: Events of one append, as the edge groups them under load.
GROUP = 250
#: Seconds between two appends of the freshness load.
BEAT = 0.05
SECONDS = 300


class Ours:
    """The whole platform, running inside the block; databases, broker and roster stay for the next time.

    Students are used up from the front by signing over HTTP, and from the back by appends.
    """

    def __init__(self, bench: Bench, pupils: int) -> None:
        self._bench = bench
        self._pupils = pupils
        self.var = (bench.folder / f"platform-{uuid4().hex[:8]}").absolute()
        self._given = {
            "ALLIANCE_DATABASE_URL": bench.databases(),
            "ALLIANCE_BROKER_URL": bench.vhost(),
        }
        self.pledges = Database(self.url("pledges"))
        self.evaluation = Database(self.url("evaluation"))
        self.log = Log(self.pledges, "pledges")
        self.known: list[Any] = []
        self._signed = self._appended = self._used = 0

    def url(self, owner: str) -> str:
        return self._given["ALLIANCE_DATABASE_URL"].format(service=owner)

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self.platform: Platform = self._stack.enter_context(running("distributed", self.var, self._given))
        self.port = int(self.platform.environment["ALLIANCE_PORT"])
        if not self.known:
            self._import()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def close(self) -> None:
        self.pledges.close()
        self.evaluation.close()

    def _import(self) -> None:
        bundle = self.var / "roster.zip"
        write_state(bundle, "Bench", made_up_districts(DISTRICTS, max(30 * DISTRICTS, self._pupils)), seed=1)
        api = Api(self.platform.base_url, self.platform.token, seed=1, patience=SECONDS)
        api.post_file("/v1/rosters", bundle, "application/zip")
        api.get("/v1/districts", limit=1, at_least=at_least(api.positions))
        self._await(lambda: self._roster() >= api.positions["roster"])
        api.close()
        query = (
            select(students.c.student, students.c.school, students.c.district, func.min(guardians.c.guardian))
            .join(guardians, guardians.c.student == students.c.student)
            .group_by(students.c.student, students.c.school, students.c.district)
            .order_by(func.md5(students.c.student))
        )
        with self.pledges.asking() as connection:
            self.known = list(connection.execute(query).all())

    def _roster(self) -> int:
        query = select(checkpoints.c.position).where(checkpoints.c.name == NAME)
        with self.pledges.asking() as connection:
            return int(connection.scalar(query) or 0)

    def sign(self, many: int, connections: int) -> dict[str, float]:
        """POST /v1/pledges, each of a new student and with a key of its own, until all are committed."""
        chosen = [next(self._fresh()) for _ in range(many)]
        head = self.log.head()[0]
        rate, taken = post(self.port, (self._signing(each) for each in chosen), connections)
        assert self.log.head()[0] - head == many, "every answer stands for one event in the log"
        milliseconds = [seconds * 1000 for seconds in taken]
        return {"rate": rate, "p50": percentile(milliseconds, 50), "p99": percentile(milliseconds, 99)}

    def live(self, many: int) -> float:
        """Events a second from the first append until the last is in the read model."""
        began = time.perf_counter()
        for _ in range(0, many, GROUP):
            head = self._append(GROUP)
        self._await(lambda: self.folded() >= head)
        return -(-many // GROUP) * GROUP / (time.perf_counter() - began)

    def freshness(self, rate: float, seconds: float) -> Latencies:
        """From the append to the read model, at so many events a second, appended twenty times a second."""
        before = self.folded()
        accepted: list[float] = []
        each = max(1, round(rate * BEAT))
        beats = max(2, round(seconds / BEAT))

        def produce() -> None:
            began = time.time()
            for beat in range(beats):
                time.sleep(max(0.0, began + beat * BEAT - time.time()))
                self._append(each)
                accepted.extend([time.time()] * each)

        producer = Thread(target=produce)
        producer.start()
        with closing(psycopg2.connect(plain(self.url("evaluation")))) as connection:
            connection.autocommit = True
            seen = watch(lambda: self._folded(connection) - before, each * beats)
        producer.join()
        return Latencies.of(accepted, seen)

    def check_in(self, classes: int, connections: int) -> dict[str, float]:
        """Returns a second: a class's list in one request, and each return in a request of its own."""
        found = self._classes(2 * classes)
        sent = [self._folder(each, "sent", {"sent_on": "2026-09-11", "students": None}) for each in found]
        post(self.port, sent, connections)
        lists = [
            self._folder(each, "returns", {"returns": [returned(one) for one in found[each]]})
            for each in list(found)[:classes]
        ]
        singles = [
            self._folder(each, "returns", {"returns": [returned(one)]})
            for at in range(25)
            for each in list(found)[classes:]
            for one in found[each][at : at + 1]
        ]
        count = sum(len(request.body["returns"]) for request in lists)
        whole, _ = post(self.port, lists, connections)
        single, _ = post(self.port, singles, connections)
        return {"whole": whole * count / len(lists), "single": single}

    def folded(self) -> int:
        query = select(projection_positions.c.position).where(
            projection_positions.c.projection == "participation", projection_positions.c.source == "pledges"
        )
        with self.evaluation.asking() as connection:
            return int(connection.scalar(query) or 0)

    def settle(self) -> None:
        """Wait until everything appended is in the read model."""
        head = self.log.head()[0]
        self._await(lambda: self.folded() >= head)

    def _folded(self, connection: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT position FROM projection_positions WHERE projection = 'participation' AND source = 'pledges'"
            )
            row = cursor.fetchone()
            return int(row[0]) if row else 0

    def _append(self, many: int) -> int:
        """Sign (and in the next round through the students withdraw) for the last students; the new head."""
        half = len(self.known) // 2
        appends = []
        for number in range(self._appended, self._appended + many):
            turn, at = divmod(number, half)
            appends.append(change(self.known[-1 - at], turn))
        self._appended += many
        for outcome in self.log.append_all(appends):
            if isinstance(outcome, Exception):
                raise outcome
        return self.log.head()[0]

    def _fresh(self) -> Iterator[Any]:
        while True:
            if self._signed >= len(self.known) // 2:
                raise RuntimeError("the roster is too small for so many signatures")
            self._signed += 1
            yield self.known[self._signed - 1]

    def _signing(self, known: Any) -> Request:
        student, _, _, guardian = known
        body = {
            "student": student, "guardian": guardian, "school_year": YEAR, "signed_on": DAY, "mode": "web",
            "language": "en", "statement": "2026-1",
        }  # fmt: skip
        return Request("/v1/pledges", body, self._headers())

    def _folder(self, class_: str, what: str, body: dict[str, Any]) -> Request:
        return Request(f"/v1/classes/{class_}/folders/{PERIOD}/{what}", body, self._headers())

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.platform.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid4()),
        }

    def _classes(self, many: int) -> dict[str, list[str]]:
        """So many classes, another set each time, with up to 25 students each."""
        query = select(enrolments.c.class_, enrolments.c.student)
        found: dict[str, list[str]] = {}
        with self.pledges.asking() as connection:
            for class_, student in connection.execute(query.order_by(*query.selected_columns)):
                found.setdefault(class_, []).append(student)
        chosen = list(found)[self._used : self._used + many]
        if len(chosen) < many:
            raise RuntimeError("the roster has too few classes")
        self._used += many
        return {class_: found[class_][:25] for class_ in chosen}

    def _await(self, condition: Any) -> None:
        deadline = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within {SECONDS} s; see {self.platform.log}")
            time.sleep(0.01)
