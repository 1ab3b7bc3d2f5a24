"""The home survey (37-3-67(g)): invitations, responses and the sums of the scales' scores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

from alliance.envelope import Event
from alliance.projection import Rows
from alliance.rows import Key
from services.evaluation.indicators import scale_score

from .cells import decode, encode


class Surveys:
    """`surveys` (district, survey) and `instruments` (instrument, version); counts `units` (district, survey, school)
    and `scales` (district, survey, school, scale), where school "" is the whole survey.

    A household counts once in the survey and once in each school that its invitation or response names. `total` and
    `squares` are of scores in sixtieths of a point. An instrument belongs to no district: its event comes to every
    partition, and each writes the same row.
    """

    name = "surveys"
    version = 1
    sources = frozenset({"surveys"})
    types = frozenset({"InstrumentPublished", "SurveyOpened", "InvitationsIssued", "SurveySubmitted"})

    def tables(self, metadata: MetaData) -> dict[str, Table]:
        def table(logical: str, write: str, *columns: Column[Any]) -> Table:
            return Table(f"{self.name}_{logical}_v{self.version}", metadata, *columns, info={"write": write})

        def key(name: str) -> Column[Any]:
            return Column(name, Text, primary_key=True)

        def text(name: str) -> Column[Any]:
            return Column(name, Text, nullable=False)

        def count(name: str) -> Column[Any]:
            return Column(name, BigInteger, nullable=False)

        return {
            "instruments": table(
                "instruments",
                "replace",
                key("instrument"),
                Column("version", Integer, primary_key=True, autoincrement=False),
                Column("points", Integer, nullable=False),
                text("scales"),
            ),
            "surveys": table(
                "surveys", "replace", key("district"), key("survey"), Column("school", Text), text("school_year"),
                text("mode"), text("instrument"), Column("version", Integer, nullable=False),
            ),
            "units": table(
                "units", "count", key("district"), key("survey"), key("school"), count("invitations"),
                count("responses"),
            ),
            "scales": table(
                "scales", "count", key("district"), key("survey"), key("school"), key("scale"), count("n"),
                count("total"), count("squares"),
            ),
        }  # fmt: skip

    def keys(self, event: Event) -> Iterable[tuple[str, Key]]:
        if event.type == "SurveySubmitted":
            yield "instruments", (event.data["instrument"], event.data["version"])

    def fold(self, rows: Rows, event: Event) -> None:
        data = event.data
        match event.type:
            case "InstrumentPublished":
                scales = {
                    scale: [
                        [item["item"], item["reversed"]] for item in data["items"] if item["scale"] == scale
                    ]
                    for scale in data["scales"]
                }
                row = {"points": data["points"], "scales": encode(scales)}
                rows.put("instruments", (data["instrument"], data["version"]), row)
            case "SurveyOpened":
                told = ("school", "school_year", "mode", "instrument", "version")
                rows.put("surveys", (event.district, data["survey"]), {name: data[name] for name in told})
            case "InvitationsIssued":
                for school, households in {"": data["count"], **data["schools"]}.items():
                    rows.add("units", (event.district, data["survey"], school), invitations=households)
            case "SurveySubmitted":
                _count_response(rows, event)


def _count_response(rows: Rows, event: Event) -> None:
    """A sheet that came back empty is no response; "not sure" is one, though it scores nothing.

    Raises LookupError when the instrument has not been seen: the response waits, parked, until it has."""
    data = event.data
    if not data["answers"]:
        return
    instrument = rows.get("instruments", (data["instrument"], data["version"]))
    if instrument is None:
        raise LookupError(f"instrument {data['instrument']} version {data['version']} has not been published")
    scores = {
        scale: scale_score(items, data["answers"], instrument["points"])
        for scale, items in decode(instrument["scales"]).items()
    }
    for school in ("", *sorted(set(data["schools"]))):
        unit = (event.district, data["survey"], school)
        rows.add("units", unit, responses=1)
        for scale, score in scores.items():
            if score is not None:
                rows.add("scales", (*unit, scale), n=1, total=score, squares=score * score)
