"""The use case of the report: pinned, made, issued once, and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from alliance.bulk import answer
from alliance.context import Context
from alliance.database import Database
from alliance.decider import Command, Commands
from alliance.errors import Invalid
from alliance.log import Appended, Log
from alliance.projection import EVERYWHERE

from . import editions, issue, snapshots
from .editions import Overtaken
from .issue import IssueReport
from .methods.inputs import BadInput
from .pinned import models_at
from .report import making
from .report.choices import Budget, Choices, File
from .report.making import Made
from .report.pins import canonical

#: Times that a report is made when others are issued meanwhile.
ATTEMPTS = 3

#: Below the folder of public data: the shapes that the map is drawn from, unless others are given.
SHAPES = Path("ms-district-topojson") / "Topojson_2016_MS_Districts.topojson"


class Reporting:
    """`data` is the folder of public data; a map is drawn where it has the districts' shapes."""

    def __init__(self, database: Database, log: Log, data: Path | None) -> None:
        self._database = database
        self._log = log
        self._data = data
        self._issues = Commands(log, issue.DECIDER)

    def issue(self, body: Mapping[str, Any], today: date, context: Context) -> tuple[dict[str, Any], Made]:
        """Make the report and record it. Made again with the same pins it is compared with what was issued.

        Raises Invalid for a year without figures and for choices that cannot be followed, Refused where the files are
        others than those that were issued with the same pins.
        """
        for attempt in range(ATTEMPTS):
            made, known = self._make(body)
            try:
                return answer(self._log.source, self._record(made, known, body, today, context)), made
            except Overtaken:
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _record(
        self, made: Made, known: int, body: Mapping[str, Any], today: date, context: Context
    ) -> Appended:
        pins = made.pins
        settings = hashlib.sha256(canonical(dict(pins.settings))).hexdigest()
        command = IssueReport(
            report=pins.report,
            school_year=pins.school_year,
            journal=pins.journal,
            positions=pins.positions,
            version=pins.version,
            settings=settings,
            manifest=made.manifest,
            issued_on=today,
        )
        asked = {name: body.get(name) for name in ("school_year", "journal", "budget", "seed")}
        files = {role: file["sha256"] for role, file in pins.settings["files"].items()}
        return self._issues.run(
            Command(
                stream=issue.stream(pins.report),
                command=command,
                district=EVERYWHERE,
                context=context,
                body={**asked, "files": files},
                beside=lambda connection: editions.record(connection, made, today.isoformat(), known),
                result={"report": pins.report, "manifest": made.manifest},
            )
        )

    def _make(self, body: Mapping[str, Any]) -> tuple[Made, int]:
        """The report, and how many editions there were when it looked which ones it has to agree with."""
        choices = self._choices(body)
        try:
            with models_at(self._database, body.get("journal")) as pinned:
                snapshot = snapshots.take(pinned, body["school_year"])
            with self._database.reading() as connection:
                asked = editions.base(making.pin(snapshot, choices, {}))
                earlier = editions.earlier(connection, body["school_year"], asked)
                known = editions.newest(connection)
            return making.make(snapshot, choices, earlier), known
        except BadInput as error:
            raise Invalid(f"The report cannot be made: {error}") from error

    def _choices(self, body: Mapping[str, Any]) -> Choices:
        stated = body.get("budget")
        files = {role: File(name, content) for role, (name, content) in (body.get("files") or {}).items()}
        if "shapes" not in files and self._data is not None and (self._data / SHAPES).is_file():
            files["shapes"] = File(SHAPES.name, (self._data / SHAPES).read_bytes())
        return Choices(
            budget=None if stated is None else Budget(**stated), files=files, seed=body.get("seed") or 0
        )
