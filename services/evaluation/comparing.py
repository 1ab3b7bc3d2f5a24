"""The comparison of all districts as it may be published: the same for every caller until something new is folded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from alliance.errors import Refused

from . import queries, scorecards
from .queries import Scope
from .scorecards import Scorecard

if TYPE_CHECKING:
    from .effectiveness import Comparison


class Comparing:
    """Keeps the newest comparison."""

    def __init__(self) -> None:
        self._newest: dict[Any, Mapping[str, Comparison]] = {}

    def compared(
        self, connection: Connection, school_year: str, month: str, as_of: Mapping[str, int]
    ) -> Mapping[str, Comparison]:
        """Audited with the reports that were issued of the year: what they hide stays hidden here."""
        # Here and not above: scipy takes a second to load, and most who import the app never compare.
        from . import editions
        from .effectiveness import compare
        from .methods.inputs import BadInput
        from .publication import publish

        key = (school_year, month, tuple(sorted(as_of.items())), editions.newest(connection))
        if (found := self._newest.get(key)) is None:
            everybody = {name: Scorecard() for name in queries.district_names(connection)}
            cards = {**everybody, **scorecards.by_district(connection, Scope(school_year), month)}
            schools = scorecards.by_school(connection, school_year, month)
            earlier = list(editions.earlier(connection, school_year).values())
            try:
                found = compare(cards, publish(cards, schools, school_year, earlier=earlier))
            except BadInput as error:
                raise Refused(
                    f"The figures of {school_year} cannot be shown beside the reports that were issued: {error}"
                ) from error
            self._newest = {key: found}
        return found
