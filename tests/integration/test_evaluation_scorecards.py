"""Scorecards of random histories, through the folds and the SQL, against what the plain facts say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from alliance.envelope import Event
from services.evaluation import scorecards
from services.evaluation.projections import metadata
from services.evaluation.queries import Scope
from services.evaluation.scorecards import Scorecard
from tests.builders_evaluation import YEAR, interleaved, store
from tests.oracle_evaluation import expected
from tests.world_evaluation import DISTRICT_OF, MONTHS, World, worlds

#: (district, school) of everything that has a scorecard; None is the whole district.
UNITS = [("d1", None), ("d2", None), *((district, school) for school, district in DISTRICT_OF.items())]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def scorecards_of(
    engine: Engine, events: Sequence[Event], month: str
) -> dict[tuple[str, str | None], Scorecard]:
    with engine.begin() as connection:
        store(connection, events)
        cards = {}
        for district, school in UNITS:
            found = scorecards.by_district(connection, Scope(YEAR, district, school), month)
            assert set(found) <= {district}
            cards[district, school] = found.get(district, Scorecard())
        return cards


def figures(card: Scorecard) -> dict[str, Any]:
    shown = card.to_json()
    return {
        "indicators": {
            name: (it["numerator"], it["denominator"]) for name, it in shown["indicators"].items()
        },
        "survey": {scale: (it["n"], it["mean"], it["sd"]) for scale, it in shown["survey"].items()},
    }


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(worlds(), st.sampled_from(MONTHS))
def test_every_scorecard_says_what_the_facts_say(engine: Engine, world: World, month: str) -> None:
    for (district, school), card in scorecards_of(engine, world.history.events, month).items():
        facts = expected(world, month, district=district, school=school)
        shown = figures(card)
        assert shown["indicators"] == facts["indicators"]
        for scale, (n, mean, sd) in facts["survey"].items():
            assert shown["survey"][scale] == (n, pytest.approx(mean), pytest.approx(sd))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(worlds(), st.sampled_from(MONTHS), st.randoms(use_true_random=False), st.integers(0, 60))
def test_no_rate_is_ever_above_one_and_nothing_is_no_rate(
    engine: Engine, world: World, month: str, random: Random, length: int
) -> None:
    """Also while one source is far behind the others."""
    so_far = interleaved(world.history.events, random)[:length]
    for card in scorecards_of(engine, so_far, month).values():
        for ratios in (card.indicators, *(each.indicators for each in card.months)):
            for ratio in ratios.values():
                assert 0 <= ratio.numerator <= ratio.denominator
                rate = ratio.to_json()["rate"]
                assert rate is None if ratio.denominator == 0 else 0 <= rate <= 1
