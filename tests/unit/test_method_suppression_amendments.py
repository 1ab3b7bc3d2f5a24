"""Releases that follow one another: what was amended says nothing, what was not is held against the new one."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.methods import suppression
from services.evaluation.methods.disclosure import Contradiction
from services.evaluation.methods.inputs import BadInput
from services.evaluation.methods.release import Figure, Release, Rules, Sum
from services.evaluation.methods.suppression import Cell, Shown, Table

HIDDEN = None


def groups(*sizes: int) -> Table:
    cells = {(f"g{number}",): Cell(size) for number, size in enumerate(sizes)}
    parents = {name: "all" for (name,) in cells}
    return Table("students", ("group",), {("all",): Cell(sum(sizes)), **cells}, {"group": parents})


def figure(name: str) -> Figure:
    return "students", (name,)


def told(name: str, numbers: Mapping[str, int | None], **parts: tuple[str, ...]) -> Release:
    """A release of these numbers (None: hidden); `parts` of each total."""
    shown = {
        figure(each): Shown("hidden") if n is HIDDEN else Shown("shown", n, n_low=n, n_high=n)
        for each, n in numbers.items()
    }
    sums = tuple(Sum(figure(total), tuple(map(figure, of))) for total, of in parts.items())
    return Release(name, shown, sums, frozenset())


def statuses(release: Release) -> dict[str, str]:
    return {key[0]: shown.status for (_, key), shown in release.shown.items()}


def test_a_hidden_group_that_grew_by_four_with_its_total_is_published() -> None:
    first = suppression.suppress([groups(84, 12, 4)], name="August")
    second = suppression.suppress([groups(84, 12, 8)], earlier=[first], name="September")
    assert (first.shown[figure("all")].n, second.shown[figure("all")].n) == (100, 104)
    audit = suppression.audit(second, [first])
    assert audit.passed
    assert set(audit.ranges.values()) == {(1, 19)}  # 104 less 84, and nothing of the sixteen of August


def test_an_amended_figure_says_nothing_about_the_new_one() -> None:
    first = suppression.suppress([groups(40, 25, 12)], name="August")
    amended = suppression.suppress([groups(41, 27, 15)], earlier=[first], name="September")
    assert suppression.audit(amended, [first]).passed


#: Two hidden districts of one hidden and one shown school each: only the state shows that a school grew.
DISTRICTS = {
    "state": ("d1", "d2", "d3"),
    "d1": ("s1", "s2"),
    "d2": ("s3", "s4"),
}


def districts(name: str, state: int) -> Release:
    numbers = {"state": state, "d1": None, "d2": None, "d3": 40, "s1": None, "s2": 30, "s3": None, "s4": 20}
    return told(name, numbers, **DISTRICTS)


def test_an_amendment_that_hidden_totals_keep_from_the_hidden_schools_is_no_contradiction() -> None:
    audit = suppression.audit(districts("September", 114), [districts("August", 110)])
    # 114 less 40, 30 and 20 is 24, shared by the schools s1 and s3 as nobody knows.
    assert audit.ranges[figure("s1"), "n"] == (0, 24)
    assert audit.ranges[figure("d1"), "n"] == (30, 54)


def test_an_amendment_in_one_place_does_not_excuse_an_attack_in_another() -> None:
    now = {"x": 50, "x1": None, "x2": None, "x3": 20}
    before = {"x": 50, "x1": 12, "x2": None, "x3": 20}
    new, old = districts("September", 114), districts("August", 110)
    both = [
        Release(name, {**one.shown, **other.shown}, (*one.sums, *other.sums), frozenset())
        for name, one, other in (
            ("September", new, told("", now, x=("x1", "x2", "x3"))),
            ("August", old, told("", before, x=("x1", "x2", "x3"))),
        )
    ]
    findings = suppression.audit(both[0], both[1:]).findings
    assert {(each.figure, each.least, each.greatest) for each in findings} == {
        (figure("x1"), 12, 12),
        (figure("x2"), 18, 18),
    }


@pytest.mark.parametrize("misfit_first", [True, False])
def test_of_two_earlier_releases_only_the_one_that_does_not_fit_is_put_aside(misfit_first: bool) -> None:
    misfit = districts("July", 110)
    honest = told("August", {"s1": 9})
    earlier = [misfit, honest] if misfit_first else [honest, misfit]
    audit = suppression.audit(districts("September", 114), earlier)
    assert audit.ranges[figure("s1"), "n"] == (9, 9)
    assert audit.ranges[figure("s3"), "n"] == (15, 15)
    (text,) = [each.text for each in audit.findings if each.figure == figure("s1")]
    assert "the release 'August' showed it" in text


def test_two_earlier_releases_may_differ_on_what_is_hidden_now() -> None:
    new = told("September", {"all": None, "a": None, "b": 30}, all=("a", "b"))
    earlier = [told("August", {"all": 44}), told("July", {"all": 43}), told("June", {"gone": 5})]
    # The newest that was not gainsaid counts: 44 less 30.
    assert suppression.audit(new, earlier).ranges[figure("a"), "n"] == (14, 14)
    assert suppression.audit(new, [*earlier, told("May", {"gone": 6})]).ranges[figure("a"), "n"] == (14, 14)


def test_a_release_that_contradicts_itself_is_refused_first_or_last() -> None:
    torn = told("torn", {"all": 100, "a": 50, "b": 40}, all=("a", "b"))
    hidden = told("torn", {"all": 100, "a": 150, "b": None}, all=("a", "b"))
    sound = told("sound", {"all": 90, "a": 50, "b": 40}, all=("a", "b"))
    for bad in (torn, hidden):
        with pytest.raises(Contradiction):
            suppression.audit(bad)
        with pytest.raises(Contradiction):
            suppression.audit(bad, [sound])
        with pytest.raises(Contradiction):
            suppression.audit(sound, [bad])


def test_a_part_that_an_earlier_release_showed_is_found_and_no_longer_the_cover() -> None:
    first = suppression.suppress([Table("students", ("group",), {("g1",): Cell(12)})], name="August")
    careless = suppression.suppress([groups(40, 12, 4)], name="September")
    assert [name for name, status in statuses(careless).items() if status == "hidden"] == ["g1", "g2"]
    findings = suppression.audit(careless, [first]).findings
    assert {(each.figure, each.least) for each in findings} == {(figure("g1"), 12), (figure("g2"), 4)}
    assert any("the release 'August' showed it" in each.text for each in findings)

    healed = suppression.suppress([groups(40, 12, 4)], earlier=[first], name="September")
    assert [name for name, status in statuses(healed).items() if status == "hidden"] == ["g0", "g2"]
    assert suppression.audit(healed, [first]).ranges[figure("g2"), "n"] == (1, 43)


def test_a_total_that_an_earlier_release_showed_is_found_and_no_longer_hidden() -> None:
    cells = {"state": 108, "a": 8, "b": 20, "c": 80, "b1": 11, "b2": 9}
    parents = {"a": "state", "b": "state", "c": "state", "b1": "b", "b2": "b"}
    table = Table("students", ("unit",), {(name,): Cell(n) for name, n in cells.items()}, {"unit": parents})
    first = told("August", {"b": 20})
    careless = suppression.suppress([table], name="September")
    assert statuses(careless)["b"] == "hidden"
    findings = suppression.audit(careless, [first]).findings
    assert {each.figure: each.least for each in findings} == {figure("a"): 8, figure("b"): 20}

    healed = suppression.suppress([table], earlier=[first], name="September")
    assert statuses(healed) == {
        "state": "shown",
        "a": "hidden",
        "b": "shown",
        "c": "hidden",
        "b1": "hidden",
        "b2": "hidden",
    }
    assert suppression.audit(healed, [first]).passed


def test_growth_that_shown_groups_explain_does_not_hide_an_attack() -> None:
    """Four more in the group of 80, four more in all: the group of 20 is still the one that was shown."""
    before = told("August", {"all": 108, "a": None, "b": 20, "c": 80}, all=("a", "b", "c"))
    now = told("September", {"all": 112, "a": None, "b": None, "c": 84}, all=("a", "b", "c"))
    ranges = suppression.audit(now, [before]).ranges
    assert (ranges[figure("a"), "n"], ranges[figure("b"), "n"]) == ((8, 8), (20, 20))
    # Five more in all are not explained by it.
    now = told("September", {"all": 113, "a": None, "b": None, "c": 84}, all=("a", "b", "c"))
    assert suppression.audit(now, [before]).ranges[figure("b"), "n"] == (0, 29)


def test_a_release_that_can_no_longer_be_made_safe_is_refused_with_the_reason() -> None:
    lax = Rules(least=5)
    first = suppression.suppress([groups(40, 25, 8)], lax, name="August")
    assert first.shown[figure("g2")].n == 8
    with pytest.raises(
        BadInput, match=r"cannot be published safely: students.*the release 'August' showed it"
    ):
        suppression.suppress([groups(40, 25, 8)], earlier=[first], name="September")


def hierarchy(schools: list[list[int]], counted: float) -> Table:
    cells, parents = {}, {}
    for number, district in enumerate(schools):
        for place, n in enumerate(district):
            cells[f"s{number}.{place}",] = Cell(n, round(n * counted))
            parents[f"s{number}.{place}"] = f"d{number}"
        own = [cells[f"s{number}.{place}",] for place in range(len(district))]
        cells[f"d{number}",] = Cell(sum(each.n for each in own), sum(each.k or 0 for each in own))
        parents[f"d{number}"] = "state"
    all_ = [cells[f"d{number}",] for number in range(len(schools))]
    cells["state",] = Cell(sum(each.n for each in all_), sum(each.k or 0 for each in all_))
    return Table("pledges", ("unit",), cells, {"unit": parents})


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=4), min_size=2, max_size=4),
    st.randoms(use_true_random=False),
)
def test_amendments_of_any_kind_never_contradict_what_was_released(
    schools: list[list[int]], chance: random.Random
) -> None:
    first = suppression.suppress([hierarchy(schools, 0.4)], name="August")
    for district in schools:
        for place in range(len(district)):
            district[place] = max(0, district[place] + chance.choice((-2, 0, 0, 0, 1, 3)))
    table = hierarchy(schools, 0.4)
    try:
        second = suppression.suppress([table], earlier=[first], name="September")
    except BadInput:
        return  # What was told cannot be taken back; but that is never said to be a contradiction.
    assert suppression.audit(second, [first]).passed
    assert suppression.audit(second).passed
