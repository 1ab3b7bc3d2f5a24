"""People decide on the programmes that the written rule judges: recorded, and in the next report.

Apart from the making of reports, which takes seconds to load.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from alliance.bulk import answer
from alliance.context import Context
from alliance.database import Database
from alliance.decider import Command, Commands
from alliance.errors import Invalid, NotFound
from alliance.log import Log

from . import editions, recognition
from .recognition import DecideRecognition
from .report.exemplary import RULED


class Recognising:
    def __init__(self, database: Database, log: Log) -> None:
        self._database = database
        self._log = log
        self._recognitions = Commands(log, recognition.DECIDER)

    def decide(
        self, body: Mapping[str, Any], names: Mapping[str, str], today: date, context: Context
    ) -> dict[str, Any]:
        """Record what people decided on a programme; the same decision again changes nothing."""
        if body["district"] not in names:
            raise NotFound(f"Evaluation has heard of no district {body['district']!r}; check the id.")
        if body["indicator"] not in RULED:
            raise Invalid(
                f"The written rule does not judge {body['indicator']}; it judges {', '.join(RULED)}.",
                errors=[{"field": "indicator", "message": f"must be one of {', '.join(RULED)}"}],
            )
        with self._database.reading() as connection:
            found = editions.edition(connection, body["report"])
        if found["school_year"] != body["school_year"]:
            raise Invalid(
                f"Report {body['report']} is of {found['school_year']}, not of {body['school_year']}.",
                errors=[{"field": "report", "message": "must be a report of that school year"}],
            )
        told = {name: body[name] for name in ("district", "school_year", "indicator", "recognised", "report")}
        command = DecideRecognition(**told, reasons=tuple(body["reasons"]), decided_on=today)
        appended = self._recognitions.run(
            Command(
                stream=recognition.stream(command.school_year, command.district, command.indicator),
                command=command,
                district=command.district,
                context=context,
                body={**told, "reasons": list(body["reasons"])},
                result={**told, "reasons": sorted(set(body["reasons"]))},
            )
        )
        return answer(self._log.source, appended)
