"""State, districts and schools as one release: what is hidden cannot be had from what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.evaluation.indicators import Ratio
from services.evaluation.methods.disclosure import audit
from services.evaluation.methods.release import Cell, Release
from services.evaluation.publication import STATE, Publication, persons, publish, school_unit, table_name
from services.evaluation.report.document import Document
from services.evaluation.report.snapshot import Certified, Snapshot, Year
from services.evaluation.scorecards import Scorecard, total
from tests.builders_report import card, document, figures_of, month, pledges, snapshot, undrawn, year

PLEDGES = "pledges_signed"


def test_state_districts_and_schools_are_one_release() -> None:
    cards = pledges(d1=(300, 400), d2=(500, 900))
    found = publish(cards, {"d1": pledges(s1=(100, 150), s2=(200, 250))}, "2026-27")
    table = table_name(PLEDGES, "2026-27")
    shown = {
        key: (each.n, each.rate) for (name, (key,)), each in found.release.shown.items() if name == table
    }
    assert shown == {
        "d1": (400, 75.0), "d2": (900, 55.6), "d1/s1": (150, 66.7), "d1/s2": (250, 80.0), STATE: (1300, 61.5),
    }  # fmt: skip
    sums = {each.total[1]: {part for (_, part) in each.parts} for each in found.release.sums}
    assert sums == {(STATE,): {("d1",), ("d2",)}, ("d1",): {("d1/s1",), ("d1/s2",)}}


def test_two_districts_may_have_the_same_school() -> None:
    cards = pledges(d1=(300, 400), d2=(50, 200))
    found = publish(cards, {"d1": pledges(s1=(300, 400)), "d2": pledges(s1=(50, 200))})
    rates = [found.shown(PLEDGES, school_unit(of, "s1"), Ratio(1, 1)).status for of in ("d1", "d2")]
    assert rates == ["shown", "shown"]


def test_a_school_hidden_alone_takes_the_next_smallest_of_its_district_along() -> None:
    schools = {"s1": (300, 400), "s2": (40, 60), "s3": (4, 6)}
    cards = pledges(d1=(344, 466), d2=(5000, 9000))
    found = publish(cards, {"d1": pledges(**schools)})
    status = {
        name: found.shown(PLEDGES, school_unit("d1", name), Ratio(*pair)).status
        for name, pair in schools.items()
    }
    # Of 66 children in the two that are hidden nobody knows how many are in which.
    assert status == {"s1": "shown", "s2": "hidden", "s3": "hidden"}


def test_a_district_hidden_is_not_had_from_its_schools() -> None:
    """The six of d2 are hidden and d3's sixty with them, which must not be the sum of two schools that are shown."""
    cards = pledges(d1=(3000, 4000), d2=(4, 6), d3=(40, 60))
    found = publish(cards, {"d3": pledges(s1=(20, 30), s2=(20, 30))})
    shown = [each.status for each in (
        found.shown(PLEDGES, "d3", Ratio(40, 60)), found.shown(PLEDGES, "d3/s1", Ratio(20, 30)),
        found.shown(PLEDGES, "d3/s2", Ratio(20, 30)),
    )]  # fmt: skip
    assert shown[0] == "hidden"
    assert "hidden" in shown[1:]


def test_classes_are_shown_however_few_and_what_counts_nobody_is_shown_as_that() -> None:
    found = publish({"d1": card(month("2026-09", (1, 2)))})
    classes = found.shown("classes_reported", "d1", Ratio(1, 2))
    nobody = found.shown(PLEDGES, "d1", Ratio())
    assert (classes.status, classes.n, classes.rate) == ("shown", 2, 50.0)
    assert (nobody.status, nobody.n, nobody.rate) == ("shown", 0, None)


def test_a_year_without_anybody_has_no_table_to_hide() -> None:
    assert publish({}).release.shown == {}
    assert publish({"d1": Scorecard()}, {"d1": {"s1": Scorecard()}}).release.shown == {}


def test_months_are_published_by_the_children_behind_them() -> None:
    """Nine months of four children are four children, of whom half the months came back."""
    found = persons(
        card(*(month(f"2026-{at:02}", folders=(2, 4)) for at in range(1, 10))), "folders_returned"
    )
    assert found == Cell(4, 2)


def test_a_district_whose_number_of_children_is_told_by_its_rate_alone_has_no_number_of_months() -> None:
    small = card(*(month(f"2026-{at:02}", folders=(8, 15)) for at in range(1, 10)))
    large = card(month("2026-09", folders=(600, 900)))
    cards = {"d1": small, "d2": small, "d3": large}
    found = publish(cards).shown("folders_returned", "d1", Ratio(72, 135))
    assert found.n is None
    assert found.status in ("rate only", "hidden")


def folder(children: int, *returned: int) -> Scorecard:
    return card(*(month(f"2026-{at:02}", folders=(k, children)) for at, k in enumerate(returned, start=1)))


def test_nearly_nineteen_in_twenty_months_are_not_called_at_most_one_in_twenty() -> None:
    """854 of 900 are 94.9 %: whatever is shown of it, the rate lies within its bounds."""
    cards = {"d1": folder(100, *[95] * 8, 94), "d2": folder(8000, 5000)}
    shown = publish(cards).shown("folders_returned", "d1", Ratio(854, 900))
    assert shown.rate_low <= 100 * 854 / 900 <= shown.rate_high


def test_a_rate_of_months_above_the_bound_is_not_told() -> None:
    """283 of 297 are 95.3 %, which the state's rules show as "at least 95 %" and without the number."""
    cards = {"d1": folder(33, *[31] * 5, *[32] * 4), "d2": folder(8000, 5000)}
    shown = publish(cards).shown("folders_returned", "d1", Ratio(283, 297))
    assert (shown.rate, shown.n) == (None, None)


few = st.integers(0, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
many = st.integers(50, 900).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(["d1", "d2", "d3"]), st.lists(few | many, min_size=1, max_size=4), min_size=1
    )
)
def test_no_hidden_number_follows_from_those_beside_it(given: dict[str, list[tuple[int, int]]]) -> None:
    """What is left of a total that is told is nobody's, or ten persons' or more in two units or more."""
    schools = {
        district: {f"s{at}": card(pledges_signed=pair) for at, pair in enumerate(of)}
        for district, of in given.items()
    }
    cards = {
        district: Scorecard({**card().indicators, PLEDGES: total(each.indicators[PLEDGES] for each in of.values())})
        for district, of in schools.items()
    }  # fmt: skip
    found = publish(cards, schools)
    assert audit(found.release).passed
    for whole, parts in families(found, cards, schools):
        if whole.n is None:
            assert not parts or any(each.n is None for each in parts)
            continue
        untold = [each for each in parts if each.n is None]
        left = whole.n - sum(each.n or 0 for each in parts)
        if untold:
            assert len(untold) > 1
            assert left >= 10
        else:
            assert not parts or left == 0


def families(
    found: Publication, cards: Mapping[str, Scorecard], schools: Mapping[str, Mapping[str, Scorecard]]
) -> Iterator[tuple[Any, list[Any]]]:
    """Each total that is shown somehow, with its parts."""
    state = total(each.indicators[PLEDGES] for each in cards.values())
    districts = {name: found.shown(PLEDGES, name, each.indicators[PLEDGES]) for name, each in cards.items()}
    yield found.shown(PLEDGES, STATE, state), list(districts.values())
    for name, of in schools.items():
        yield (
            districts[name],
            [
                found.shown(PLEDGES, school_unit(name, school), each.indicators[PLEDGES])
                for school, each in of.items()
            ],
        )


# Two snapshots that differ only where nothing is shown.

#: {district: {school: (k, n)}}: of "a" three schools are hidden, of "b" one, and "b", "c" and "d" themselves.
ONE = {
    "a": {"s1": (1500, 2000), "s2": (1000, 1400), "s3": (495, 590), "s4": (3, 6), "s5": (1, 2)},
    "b": {"s1": (150, 200), "s2": (50, 100)},
    "c": {"s1": (2, 4)},
    "d": {"s1": (2, 4)},
}
#: The same sums of the state and of "a", moved between those that are hidden.
OTHER = {
    "a": {"s1": (1500, 2000), "s2": (1000, 1400), "s3": (494, 589), "s4": (3, 5), "s5": (2, 4)},
    "b": {"s1": (150, 200), "s2": (51, 99)},
    "c": {"s1": (1, 3)},
    "d": {"s1": (2, 6)},
}
#: Districts of one school, enough for a model of expected figures; one stands out.
LARGE = {f"e{at:02}": {"s1": (700 + 8 * at, 1200 + 20 * at)} for at in range(10)}
LARGE["e12"] = {"s1": (1800, 2000), "s2": (1700, 2000)}

Places = Mapping[str, Mapping[str, tuple[int, int]]]


def of_places(places: Places) -> tuple[dict[str, Scorecard], dict[str, dict[str, Scorecard]]]:
    """Pledges, survey and the folders of three months, all in these numbers; classes are the same for everybody."""
    schools = {
        district: {school: _card(pair, 1) for school, pair in of.items()} for district, of in places.items()
    }
    cards = {
        district: _card(
            (sum(k for k, _ in of.values()), sum(n for _, n in of.values())), len(ONE.get(district, of))
        )
        for district, of in places.items()
    }
    return cards, schools


def _card(pair: tuple[int, int], schools: int) -> Scorecard:
    months = [month(f"2026-{at:02}", (3 * schools, 4 * schools), pair) for at in (9, 10, 11)]
    return card(*months, pledges_signed=pair, survey_response=pair)


def world(places: Places, earlier: Places) -> Snapshot:
    (cards, schools), (cards_before, schools_before) = (
        of_places({**places, **LARGE}), of_places({**earlier, **fewer(LARGE)}),
    )  # fmt: skip
    said = {
        district: {f"2026-{at:02}": Certified(0, False, 1) for at in (9, 10, 11)}
        for district in ("a", "c", "e12")
    }
    return snapshot(
        cards, schools, said, before=Year("2025-26", cards_before, schools_before, {"e12": said["e12"]})
    )


def fewer(places: Places) -> Places:
    return {name: {school: (k - 90, n) for school, (k, n) in of.items()} for name, of in places.items()}


def statuses(release: Release) -> dict[Any, str]:
    return {figure: each.status for figure, each in release.shown.items()}


def everything(of: Document) -> dict[str, Any]:
    """All tables and texts as they are; the pins are the same by themselves."""
    tables = {
        each.name: [dict(zip(each.columns, row, strict=True)) for row in each.rows] for each in of.tables()
    }
    return {"tables": tables, "sections": of.sections}


def test_nothing_in_the_report_depends_on_what_is_hidden() -> None:
    """Moved between those that are hidden, this year and the year before: not a digit of the report is another."""
    one, other = world(ONE, ONE), world(OTHER, OTHER)
    hidden = statuses(figures_of(one).release)
    assert hidden == statuses(figures_of(other).release)
    for unit in ("a/s3", "a/s4", "a/s5", "b", "b/s2", "c", "d", "c/s1", "d/s1"):
        for indicator in (PLEDGES, "folders_returned", "survey_response"):
            for school_year in ("2026-27", "2025-26"):
                assert hidden[table_name(indicator, school_year), (unit,)] == "hidden", unit
    with undrawn() as drawn:
        found = everything(document(one))
        charts = list(drawn)
        drawn.clear()
        assert everything(document(other)) == found
        assert drawn == charts
    for name in (
        "districts",
        "schools",
        "funding",
        "coordinators",
        "adjustment",
        "exemplary-all",
        "participation",
    ):
        assert found["tables"][name], f"{name} compares nothing"


def test_what_is_shown_does_change_the_report() -> None:
    """One child more in a district that is shown: the comparison above can fail."""
    more = {**ONE, "a": {**ONE["a"], "s1": (1540, 2000)}}
    assert everything(document(world(more, ONE)))["tables"] != everything(document(world(ONE, ONE)))["tables"]


@pytest.mark.parametrize("seed", range(2))
def test_what_is_moved_at_random_between_hidden_districts_moves_no_amount_and_no_estimate(seed: int) -> None:
    random = Random(seed)
    large = {f"e{at}": (500 + 20 * at, 800 + 25 * at) for at in range(6)}
    hidden = [(2, 5), (6, 8), (3, 9), (30, 60)]
    one = snapshot(pledges(**large, **{f"h{at}": pair for at, pair in enumerate(hidden)}))
    moved = list(hidden)
    for _ in range(20):
        source, target = random.sample(range(3), 2)
        (k1, n1), (k2, n2) = moved[source], moved[target]
        if k1 > 1 and n2 < 9 and n1 > 3:
            moved[source], moved[target] = (k1 - 1, n1 - 1), (k2 + 1, n2 + 1)
    assert moved != hidden
    other = snapshot(pledges(**large, **{f"h{at}": pair for at, pair in enumerate(moved)}))
    assert statuses(figures_of(one).release) == statuses(figures_of(other).release)
    assert everything(document(one)) == everything(document(other))


def test_the_year_before_is_in_the_same_release() -> None:
    found = figures_of(
        snapshot(pledges(d1=(300, 400)), before=year(pledges(d1=(200, 400)), school_year="2025-26"))
    )
    names = {name for name, _ in found.release.shown}
    assert names == {"pledges_signed 2026-27", "pledges_signed 2025-26"}
    assert found.release.name == "2026-27 as of 1000"
