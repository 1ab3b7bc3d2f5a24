"""The home survey's answers, response by response, for the analysis of its items (37-3-71)."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table, Text

from alliance.envelope import Event
from alliance.projection import EVERYWHERE, Rows
from alliance.rows import Key

from .cells import bucket, decode, encode


class Responses:
    """`instruments` ("state", instrument, version), `surveys` (district, survey), and `responses` (district, survey,
    bucket), each row of these the responses of a 256th of the streams.

    A response is [instrument, version, mode, language, complete, answers], the answers in the instrument's order and
    null where there is none. Nothing says whose it is, from which school or of which day, and the list is sorted by
    content: it does not tell who answered when. An instrument belongs to no district; each partition writes its row.
    """

    name = "responses"
    version = 1
    sources = frozenset({"surveys"})
    types = frozenset({"InstrumentPublished", "SurveyOpened", "SurveySubmitted"})

    def tables(self, metadata: MetaData) -> dict[str, Table]:
        def table(logical: str, *columns: Column[Any]) -> Table:
            name = f"{self.name}_{logical}_v{self.version}"
            return Table(name, metadata, *columns, info={"write": "replace"})

        def key(name: str) -> Column[Any]:
            return Column(name, Text, primary_key=True)

        def number(name: str) -> Column[Any]:
            return Column(name, Integer, primary_key=True, autoincrement=False)

        def text(name: str) -> Column[Any]:
            return Column(name, Text, nullable=False)

        points = Column("points", Integer, nullable=False)
        return {
            "instruments": table(
                "instruments", key("district"), key("instrument"), number("version"), points, text("items")
            ),
            "surveys": table("surveys", key("district"), key("survey"), text("school_year")),
            "responses": table(
                "responses", key("district"), key("survey"), number("bucket"), text("responses")
            ),
        }

    def keys(self, event: Event) -> Iterable[tuple[str, Key]]:
        if event.type == "SurveySubmitted":
            yield "instruments", _instrument(event)
            yield "responses", _bucket(event)

    def fold(self, rows: Rows, event: Event) -> None:
        data = event.data
        match event.type:
            case "InstrumentPublished":
                items = [[item["item"], item["scale"], item["reversed"]] for item in data["items"]]
                rows.put(
                    "instruments", _instrument(event), {"points": data["points"], "items": encode(items)}
                )
            case "SurveyOpened":
                # A response names its survey only, and may come before this: the year is found when it is asked for.
                rows.put("surveys", (event.district, data["survey"]), {"school_year": data["school_year"]})
            case "SurveySubmitted":
                _add_response(rows, event)


def _add_response(rows: Rows, event: Event) -> None:
    """As in `surveys`: a sheet that came back empty is no response, and an unknown instrument is LookupError."""
    data = event.data
    if not data["answers"]:
        return
    instrument = rows.get("instruments", _instrument(event))
    if instrument is None:
        raise LookupError(f"instrument {data['instrument']} version {data['version']} has not been published")
    answers = [data["answers"].get(item) for item, _, _ in decode(instrument["items"])]
    told = [data["instrument"], data["version"], data["mode"], data["language"], data["complete"], answers]
    row = rows.get("responses", _bucket(event))
    responses = decode(row["responses"]) if row else []
    insort(responses, told, key=encode)
    rows.put("responses", _bucket(event), {"responses": encode(responses)})


def _instrument(event: Event) -> Key:
    return EVERYWHERE, event.data["instrument"], event.data["version"]


def _bucket(event: Event) -> Key:
    return event.district, event.data["survey"], bucket(event.stream)
