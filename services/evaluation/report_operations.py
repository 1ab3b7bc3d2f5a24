"""The use cases of the report, and the waiting for positions that every use case of evaluation begins with."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from alliance.context import Context
from alliance.database import Database
from alliance.errors import Forbidden
from alliance.log import Log
from alliance.positions import wait_for

from . import freshness, queries
from .projections import PROJECTIONS
from .school_year import MISSISSIPPI

if TYPE_CHECKING:
    from .report.making import Made

Body = Mapping[str, Any]
Result = dict[str, Any]


def today(context: Context) -> date:
    return context.now.astimezone(MISSISSIPPI).date()


class ReportOperations:
    """`data` is the folder of public data, None where there is none. Charts and pages take seconds to load, and most
    processes never need them: they are imported where they are used."""

    def __init__(
        self,
        database: Database,
        log: Log,
        data: Path | None,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        self.database = database
        self.log = log
        self._data = data
        self._sleep = sleep
        self._clock = clock

    def issue_report(self, body: Body, context: Context) -> Result:
        """Make the report of a school year, record it, and keep its files.

        `journal`: the position to make it at, else everything that is known now. `budget` in cents, see `Budget`.
        """
        return self.make_report(body, context)[0]

    def make_report(self, body: Body, context: Context) -> tuple[Result, Made]:
        """As `issue_report`, with the files themselves."""
        if context.caller.role not in ("state", "system"):
            raise Forbidden("Only the state issues the report that 37-3-71 asks of it.")
        self._wait_for(body, freshness.folded_positions(PROJECTIONS))
        from .reporting import Reporting

        return Reporting(self.database, self.log, self._data).issue(body, today(context), context)

    def decide_recognition(self, body: Body, context: Context) -> Result:
        """Record whether a programme that the written rule judges is recognised as exemplary, and why."""
        if context.caller.role not in ("state", "system"):
            raise Forbidden("Only the state recognises exemplary programmes (37-3-71).")
        with self._reading(body) as connection:
            names = queries.district_names(connection)
        from .recognising import Recognising

        return Recognising(self.database, self.log).decide(body, names, today(context), context)

    def reports(self, body: Body, context: Context) -> Result:
        """Every report that was issued, the newest first."""
        from . import editions

        with self._reading(body) as connection:
            return {"reports": editions.listed(connection)}

    def report(self, body: Body, context: Context) -> Result:
        """An issued report: what it is made of, and its files with their digests."""
        from . import editions

        with self._reading(body) as connection:
            return editions.edition(connection, body["report"])

    def report_file(self, body: Body, context: Context) -> Result:
        """A file of an issued report, as it was issued: `content` in base64."""
        from . import editions

        with self._reading(body) as connection:
            content = editions.content(connection, body["report"], body["path"])
        return {"content": b64encode(content).decode()}

    def _reading(self, body: Body) -> AbstractContextManager[Connection]:
        self._wait_for(body, freshness.folded_positions(PROJECTIONS))
        return self.database.reading()

    def _wait_for(self, body: Body, positions: freshness.Positions) -> None:
        if wanted := body.get("at_least"):

            def reached() -> Mapping[str, int]:
                with self.database.reading() as connection:
                    return positions(connection)

            wait_for(wanted, reached, sleep=self._sleep, clock=self._clock)
