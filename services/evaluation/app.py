"""The use cases of the evaluation service. Each public method is an operation: a JSON body in, a JSON result out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from alliance.context import Context
from alliance.database import Database
from alliance.errors import Forbidden, Invalid, NotFound
from alliance.log import Log
from alliance.settings import Settings

from . import certifying, comparing, events, freshness, importing, queries, scorecards
from .indicators import DEFINITIONS
from .projections import PROJECTIONS, metadata
from .queries import Scope
from .report_operations import Body, ReportOperations, Result, today
from .school_year import school_year_of
from .scorecards import Scorecard

if TYPE_CHECKING:
    from .effectiveness import Comparison


class Evaluation(ReportOperations):
    """Scorecards from the read models, the feed from the journal, and what districts certify in a log of its own.

    Bodies may have `school_year` (without it the current one, or the newest that anybody is enrolled in) and
    `at_least` {source: position}, which is waited for. `as_of` is read before the figures: they may hold more.
    """

    def __init__(
        self,
        database: Database,
        *,
        data: Path | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(database, Log(database, "evaluation"), data, sleep, clock)
        self._certifying = certifying.Certifying(self.log)
        self._importing = importing.Importing(self.log)
        self._comparing = comparing.Comparing()

    def prepare(self) -> None:
        """Create the read models' tables where they are missing, so that an empty state has scorecards too."""
        metadata.create_all(self.database.engine, checkfirst=True)

    def districts(self, body: Body, context: Context) -> Result:
        """Every district that the caller covers with its indicators, by name."""
        with self._reading(body) as connection:
            about = _about(connection, body, context)
            cards = scorecards.by_district(connection, Scope(about["school_year"]), _month(context))
            names = queries.district_names(connection)
        listed = [
            {"id": district, "name": name, "indicators": _card(cards, district)["indicators"]}
            for district, name in sorted(names.items(), key=lambda item: (item[1], item[0]))
            if context.caller.covers(district=district)
        ]
        return {"districts": listed, **about}

    def district_scorecard(self, body: Body, context: Context) -> Result:
        with self._reading(body) as connection:
            district = _district(connection, body, context)
            about = _about(connection, body, context)
            scope = Scope(about["school_year"], district["id"])
            cards = scorecards.by_district(connection, scope, _month(context))
        return {"district": district, **about, **_card(cards, district["id"])}

    def district_months(self, body: Body, context: Context) -> Result:
        """The months of the school year in which anything was expected or sent, in order."""
        with self._reading(body) as connection:
            district = _district(connection, body, context)
            about = _about(connection, body, context)
            scope = Scope(about["school_year"], district["id"])
            cards = scorecards.by_district(connection, scope, _month(context))
            certified = queries.certified_months(connection, scope)
        months = [
            {**month.to_json(), "certification": certifying.told(certified.get(month.period), month)}
            for month in cards.get(district["id"], Scorecard()).months
        ]
        return {"district": district, **about, "months": months}

    def certify_period(self, body: Body, context: Context) -> Result:
        """Record that the caller stands for a district's month, as the read models have it now.

        With classes missing it takes `incomplete`. Certified again, a month that was amended since has a new
        certification; without a change there is nothing new.
        """
        with self._reading(body) as connection:
            district = _district(connection, body, context)
            command = certifying.command(
                connection, district["id"], body, today(context), _month(context), context.now
            )
        said = {name: value for name, value in body.items() if name != "at_least"}
        return self._certifying.certify(command, said, context)

    def import_outcomes(self, body: Body, context: Context) -> Result:
        """Record published results from the file at `path`, called `name`; with `dry_run` only tell what would be.

        The state's alone: a district does not publish for its neighbours.
        """
        if context.caller.role not in ("state", "system"):
            raise Forbidden("Only the state imports published results: its districts are compared by them.")
        upload = importing.unpack(Path(body["path"]), body.get("name") or "results")
        with self._reading(body) as connection:
            districts = queries.district_names(connection)
        return self._importing.run(upload, districts, context, dry_run=bool(body.get("dry_run")))

    def reach(self, body: Body, context: Context) -> Result:
        """Return when the figures hold what was written up to the positions `at_least`."""
        self._wait_for(body, freshness.folded_positions(PROJECTIONS))
        return {}

    def school_scorecard(self, body: Body, context: Context) -> Result:
        with self._reading(body) as connection:
            school = queries.school(connection, body["school"])
            if school is None:
                raise _unknown("school", body["school"])
            context.caller.require(district=school.district, school=school.school)
            about = _about(connection, body, context)
            scope = Scope(about["school_year"], school.district, school.school)
            cards = scorecards.by_district(connection, scope, _month(context))
            names = queries.district_names(connection)
        return {
            "school": {"id": school.school, "name": school.name},
            "district": {"id": school.district, "name": names.get(school.district)},
            **about,
            **_card(cards, school.district),
        }

    def state_scorecard(self, body: Body, context: Context) -> Result:
        """The sums over all districts, for every caller: a district compares itself with them."""
        with self._reading(body) as connection:
            about = _about(connection, body, context)
            cards = scorecards.by_district(connection, Scope(about["school_year"]), _month(context))
            names = queries.district_names(connection)
        return {"districts": len(names), **about, **scorecards.of_state(cards.values()).to_json()}

    def indicators(self, body: Body, context: Context) -> Result:
        """Every indicator with its definition, the state's figure, and how many districts have which verdict."""
        about, comparisons = self._compared(body, context)
        listed = [
            {
                "indicator": name,
                "clause": definition.clause,
                "numerator": definition.numerator,
                "denominator": definition.denominator,
                "state": comparisons[name].state.to_json(),
                "mean": comparisons[name].mean,
                "variance_between": comparisons[name].tau2,
                "verdicts": dict(comparisons[name].verdicts),
            }
            for name, definition in DEFINITIONS.items()
        ]
        return {"indicators": listed, **about}

    def district_indicators(self, body: Body, context: Context) -> Result:
        """A district compared with the state: as it may be published, whoever asks."""
        with self._reading(body) as connection:
            district = _district(connection, body, context)
        about, comparisons = self._compared(body, context)
        figures = {
            name: comparison.districts[district["id"]].to_json() for name, comparison in comparisons.items()
        }
        return {"district": district, "indicators": figures, **about}

    def _compared(self, body: Body, context: Context) -> tuple[Result, Mapping[str, Comparison]]:
        with self._reading(body) as connection:
            about = _about(connection, body, context)
            year, as_of = about["school_year"], about["as_of"]
            return about, self._comparing.compared(connection, year, _month(context), as_of)

    def events(self, body: Body, context: Context) -> Result:
        """Events after the place `after` (the `next` of the page before), of `types`, at most `limit`."""
        after = str(body.get("after") or 0)
        if not (after.isascii() and after.isdigit() and len(after) <= 18):
            raise Invalid(
                f"{after!r} is no place in the feed; give the `next` of an earlier page, or leave `after` out.",
                errors=[{"field": "after", "message": "must be the `next` of an earlier page"}],
            )
        self._wait_for(body, freshness.received_positions)
        with self.database.reading() as connection:
            return events.page(
                connection, context.caller, int(after), body.get("types") or (), body.get("limit", 100)
            )


def _about(connection: Connection, body: Body, context: Context) -> Result:
    """`school_year`, `as_of` and `lag_seconds`."""
    school_year = body.get("school_year")
    if school_year is None:
        current, known = school_year_of(today(context)), queries.school_years(connection)
        school_year = known[-1] if known and current not in known else current
    return {"school_year": school_year, **freshness.read(connection, PROJECTIONS, context.now).to_json()}


def _district(connection: Connection, body: Body, context: Context) -> Result:
    context.caller.require(district=body["district"])
    name = queries.district_name(connection, body["district"])
    if name is None:
        raise _unknown("district", body["district"])
    return {"id": body["district"], "name": name}


def _card(cards: Mapping[str, Scorecard], district: str) -> Result:
    return cards.get(district, Scorecard()).to_json()


def _month(context: Context) -> str:
    return f"{today(context):%Y-%m}"


def _unknown(kind: str, id_: str) -> NotFound:
    return NotFound(
        f"Evaluation has heard of no {kind} {id_!r}; check the id, or import the roster that has it first."
    )


def build(settings: Settings) -> Evaluation:
    """The composition root."""
    return Evaluation(Database(settings.database_url("evaluation")), data=settings.data)
