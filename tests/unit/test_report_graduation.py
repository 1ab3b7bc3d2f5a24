"""Graduation rates in the report: federal ranges of three years, and what may and may not be told of ranges."""

from __future__ import annotations

import random
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from services.evaluation.outcomes import edfacts
from services.evaluation.report.folder import Table
from services.evaluation.report.graduation import Rate, paragraphs, rates, shifts, tables
from services.evaluation.report.scores import NO_EARLIER_YEAR, STATE, Results

YEAR, NEXT = "2011-12", "2012-13"


def figure(n: int | None, low: float, high: float, **other: Any) -> dict[str, Any]:
    plain = {"school": None, "ncessch": None, "measure": "graduated", "group": "all", "mean_score": None}
    return {**plain, "n": n, "low": low, "high": high, **other}


def results(**districts: dict[str, Any] | list[dict[str, Any]]) -> Results:
    """Each district's figures in the first year."""
    return {
        (district, YEAR, "graduation", ""): of if isinstance(of, list) else [of]
        for district, of in districts.items()
    }


def two_years(then: list[dict[str, Any]], now: list[dict[str, Any]]) -> str:
    both = {("a", YEAR, "graduation", ""): then, ("a", NEXT, "graduation", ""): now}
    (found,) = shifts(rates(both))
    return found.stated


def only(of: dict[str, Any] | list[dict[str, Any]]) -> Rate:
    (found,) = rates(results(a=of))
    return found


def records(table: Table) -> list[dict[str, Any]]:
    table.check()
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


@pytest.fixture(scope="module")
def published(data: Path) -> Results:
    """The federal files of three years, districts by their LEAID."""
    found = defaultdict(list)
    for path in sorted((data / "ms-edfacts-grad").glob("*.csv")):
        for each in edfacts.read(path.name, path.read_bytes()).outcomes:
            assert each.lea
            found[each.lea, each.school_year, "graduation", ""].append(
                figure(
                    each.n, each.low, each.high, school=each.school, ncessch=each.ncessch, group=each.group
                )
            )
    return found


def test_a_published_districts_range_is_printed_as_a_range_and_an_exact_rate_as_exact() -> None:
    ranged, exact = only(figure(120, 0.695, 0.75)), only(figure(500, 0.846, 0.846))
    assert (ranged.low, ranged.high, ranged.n, ranged.stated) == (0.695, 0.75, 120, "as published")
    assert exact.low == exact.high == 0.846
    assert "known exactly 1; known as a range" in paragraphs([exact], ())[0]
    assert "small groups, 1; not to be shown 0" in paragraphs([ranged], ())[0]


def test_a_districts_range_follows_from_its_schools_when_all_their_numbers_are_known() -> None:
    schools = [
        figure(100, 0.70, 0.75, school="High", ncessch="280001"),
        figure(300, 0.80, 0.80, school="Central", ncessch="280002"),
        figure(40, 0.10, 0.20, school="High", ncessch="280001", group="ECD"),
    ]
    found = only(schools)
    assert (found.low, found.high) == (pytest.approx(310 / 400), pytest.approx(315 / 400))
    assert (found.n, found.schools) == (400, ("280001", "280002"))
    unknown = only([*schools, figure(None, 0.0, 1.0, school="Small", ncessch="280003")])
    assert (unknown.low, unknown.high, unknown.n) == (None, None, None)
    assert unknown.stated == "cannot be told: not all schools have a number of students"


def test_the_districts_own_figure_is_taken_before_its_schools() -> None:
    found = only([figure(100, 0.7, 0.7, school="High"), figure(101, 0.69, 0.71)])
    assert (found.low, found.n, found.schools) == (0.69, 101, ())


@pytest.mark.parametrize(
    ("of", "low", "high", "n", "stated"),
    [
        (figure(9, 0.5, 1.0), None, None, None, "fewer than 10 students"),
        (figure(30, 0.0, 1.0), None, None, 30, "hidden at the source"),
        (figure(100, 0.98, 0.98), 0.95, 1.0, None, "nearly all: a bound only"),
        (figure(100, 0.02, 0.02), 0.0, 0.05, None, "nearly none: a bound only"),
        (figure(15, 0.8, 0.8), 0.775, 0.825, None, "few students: a range of five points"),
        (figure(0, 0.0, 1.0), None, None, None, "fewer than 10 students"),
        (figure(30, 0.5, 0.5, group="LEP"), None, None, None, "no rate of all students was published"),
    ],
)
def test_the_states_own_rules_come_on_top(
    of: dict[str, Any], low: float | None, high: float | None, n: int | None, stated: str
) -> None:
    found = only(of)
    assert (found.low, found.high, found.n, found.stated) == (low, high, n, stated)


def test_the_state_has_no_number_where_a_districts_is_not_told() -> None:
    of = {"a": figure(500, 0.8, 0.8), STATE: figure(508, 0.79921, 0.79921)}
    (_, open_) = rates(results(**of))
    assert (open_.low, open_.n) == (0.79921, 508)
    (_, _, blunt) = rates(results(**of, b=figure(8, 0.75, 0.75)))
    assert (blunt.low, blunt.high, blunt.n) == (0.799, 0.8, None)


@pytest.mark.parametrize(
    ("then", "now", "stated"),
    [
        ((0.60, 0.65), (0.651, 0.70), "rose"),
        ((0.60, 0.65), (0.50, 0.599), "fell"),
        ((0.60, 0.65), (0.65, 0.70), "cannot be told"),
        ((0.60, 0.65), (0.55, 0.60), "cannot be told"),
        ((0.60, 0.65), (0.61, 0.62), "cannot be told"),
        ((0.7, 0.7), (0.7, 0.7), "cannot be told"),
        ((0.0, 1.0), (0.7, 0.7), "cannot be told: 2011-12: hidden at the source"),
        ((0.7, 0.7), (0.0, 1.0), "cannot be told: 2012-13: hidden at the source"),
    ],
)
def test_a_rate_rose_or_fell_only_where_the_ranges_have_nothing_in_common(
    then: tuple[float, float], now: tuple[float, float], stated: str
) -> None:
    assert two_years([figure(300, *then)], [figure(300, *now)]) == stated


def test_other_schools_are_no_change_of_the_rate() -> None:
    one, other = (
        figure(300, rate, rate, school=name, ncessch=name) for name, rate in (("1", 0.6), ("2", 0.9))
    )
    assert two_years([one], [one, other]) == "cannot be told: the rates are not of the same schools"


def test_a_district_of_one_year_only_is_told_as_such() -> None:
    of = {
        ("old", YEAR, "graduation", ""): [figure(300, 0.7, 0.7)],
        ("new", NEXT, "graduation", ""): [figure(300, 0.7, 0.7)],
    }
    found = rates(of)
    changes = shifts(found)
    assert {each.district: each.stated for each in changes} == {
        "old": "cannot be told: no rate in 2012-13",
        "new": "cannot be told: no rate in 2011-12",
    }
    rows = records(tables(found, changes, {"old": "Old", "new": "New"})[0])
    assert [(each["name"], each["school_year"], each["change"] is not None) for each in rows] == [
        ("New", NEXT, True),
        ("Old", YEAR, False),
        ("Old", NEXT, True),
    ]


def test_one_year_has_no_earlier_one_and_none_has_nothing() -> None:
    found = rates(results(a=figure(300, 0.7, 0.7)))
    assert [each.stated for each in shifts(found)] == [NO_EARLIER_YEAR]
    assert (
        paragraphs(found, shifts(found))[1]
        == "Change cannot be told yet: there is no earlier year than 2011-12."
    )
    assert shifts(found, "2030-31") == ()
    assert (rates({}), shifts(())) == ((), ())
    assert tables((), (), {})[0].rows == []
    assert "No graduation rates have been imported" in paragraphs((), ())[0]


def test_the_federal_files_give_ranges_that_hold_whatever_the_schools_rates_are(published: Results) -> None:
    found = {(each.district, each.school_year): each for each in rates(published)}
    assert len(found) == len(published) > 400
    chance = random.Random(1)
    told = 0
    for key, figures in published.items():
        schools = [each for each in figures if each["group"] == "all"]
        rate = found[key[0], key[1]]
        if rate.low is None or rate.high is None:
            continue
        told += 1
        n = sum(each["n"] for each in schools)
        for _ in range(5):
            graduates = sum(
                Fraction(chance.uniform(each["low"], each["high"])) * each["n"] for each in schools
            )
            assert rate.low - 1e-12 <= graduates / n <= rate.high + 1e-12
    assert told > 400


def test_the_changes_of_the_federal_files_are_those_of_any_rates_in_the_ranges(published: Results) -> None:
    found = rates(published)
    changes = shifts(found)
    of = {(each.district, each.school_year): each for each in found}
    moved = [each for each in changes if each.stated in ("rose", "fell")]
    assert {(each.before, each.after) for each in changes} == {("2012-13", "2013-14")}
    assert 0 < len(moved) < len(changes)
    for each in moved:
        then, now = of[each.district, "2012-13"], of[each.district, "2013-14"]
        assert (min(now.low or 0, now.high or 0) > (then.high or 0)) == (each.stated == "rose")
        assert ((now.high or 0) < (then.low or 0)) == (each.stated == "fell")
    (table,) = tables(found, changes, {})
    assert len(records(table)) >= len(found)
    assert "districts whose rate rose: " in paragraphs(found, changes)[1]
