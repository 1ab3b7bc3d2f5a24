"""What an earlier release hid, read with what a later one shows of the others."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from services.evaluation.methods import disclosure, suppression
from services.evaluation.methods.release import Figure, Key, Release, Rules, Sum, Table
from services.evaluation.methods.suppression import Cell, Shown

WIDTH = Rules().width


def groups(*sizes: int) -> Table:
    cells: dict[Key, Cell] = {(f"g{number}",): Cell(size) for number, size in enumerate(sizes)}
    parents = {name: "all" for (name,) in cells}
    return Table("students", ("group",), {("all",): Cell(sum(sizes)), **cells}, {"group": parents})


def figure(name: str) -> Figure:
    return "students", (name,)


def told(name: str, numbers: Mapping[str, int | None]) -> Release:
    """A release of these numbers (None: hidden), of which the first is the sum of the others."""
    shown = {
        figure(each): Shown("hidden", n_low=1) if n is None else Shown("shown", n, n_low=n, n_high=n)
        for each, n in numbers.items()
    }
    total, *parts = map(figure, numbers)
    return Release(name, shown, (Sum(total, tuple(parts)),), frozenset())


def hidden(release: Release) -> set[str]:
    return {key[0] for (_, key), shown in release.shown.items() if shown.status == "hidden"}


def of_earlier(audit: disclosure.Audit) -> set[tuple[str, int, int]]:
    return {
        (each.figure[1][0], each.least, each.greatest)
        for each in audit.findings
        if each.earlier == "August" and each.quantity == "n"
    }


#: 141 in all; 8 and their cover of 26 are hidden. Then the 8 are 25.
BEFORE, AFTER = (36, 26, 40, 31, 8), (36, 26, 40, 31, 25)


def test_the_cover_of_an_earlier_release_that_is_shown_later_tells_what_it_covered() -> None:
    first = suppression.suppress([groups(*BEFORE)], name="August")
    assert hidden(first) == {"g1", "g4"}
    careless = suppression.suppress([groups(*AFTER)], name="September")
    assert suppression.audit(careless).passed
    audit = suppression.audit(careless, [first])
    # 141 less 36, 40, 31 and 26 is 8. Were it the other group that changed, it had 141 less 36, 40, 31 and 25.
    assert of_earlier(audit) == {("g4", 8, 8), ("g1", 9, 9)}
    text = "students (g4) in the release 'August': the number of persons is 8, because students (all) is the sum of"
    assert any(each.text.startswith(text) for each in audit.findings)


def test_suppression_keeps_the_cover_of_an_earlier_release() -> None:
    first = suppression.suppress([groups(*BEFORE)], name="August")
    second = suppression.suppress([groups(*AFTER)], earlier=[first], name="September")
    # Without one of the two the other follows: from August, or from what September shows beside it.
    assert hidden(second) == {"g1", "g4"}
    assert suppression.audit(second, [first]).passed


def test_the_numbers_counted_are_held_back_as_well() -> None:
    """49 of 94 were counted; less 30 of 60 and 14 of 26 that is five of eight."""

    def pledges(*parts: tuple[int, int]) -> Table:
        cells: dict[Key, Cell] = {(f"g{number}",): Cell(n, k) for number, (n, k) in enumerate(parts)}
        parents = {name: "all" for (name,) in cells}
        whole = Cell(sum(n for n, _ in parts), sum(k for _, k in parts))
        return Table("students", ("group",), {("all",): whole, **cells}, {"group": parents})

    first = suppression.suppress([pledges((60, 30), (26, 14), (8, 5))], name="August")
    careless = suppression.suppress([pledges((60, 30), (26, 14), (25, 9))], name="September")
    found = suppression.audit(careless, [first]).findings
    assert ("g2", "k", 5, 5) in {
        (each.figure[1][0], each.quantity, each.least, each.greatest) for each in found
    }
    second = suppression.suppress([pledges((60, 30), (26, 14), (25, 9))], earlier=[first], name="September")
    assert suppression.audit(second, [first]).passed


def test_two_groups_that_grew_at_once_stay_as_uncertain_as_they_were() -> None:
    """33 less 26 leaves seven for both: one to six of either."""
    first = suppression.suppress([groups(84, 26, 4, 3)], name="August")
    assert hidden(first) == {"g1", "g2", "g3"}
    second = suppression.suppress([groups(84, 26, 24, 25)], earlier=[first], name="September")
    assert hidden(second) == {"g1", "g2", "g3"}


def test_what_the_earlier_releases_tell_by_themselves_does_not_stop_a_new_one() -> None:
    """Of 44 all but 40 are 4: August tells that, whatever comes later."""
    august = told("August", {"all": 44, "g0": 40, "g1": None})
    assert not suppression.audit(august).passed
    second = suppression.suppress([groups(40, 20)], earlier=[august], name="September")
    assert hidden(second) == set()
    assert suppression.audit(second, [august]).passed


def test_what_a_new_one_adds_to_what_was_told_is_found() -> None:
    """August leaves six for two groups, one to five of each; a four of September makes the other a two."""
    august = told("August", {"all": 50, "g0": 44, "g1": None, "g2": None})
    new = told("September", {"all": 60, "g0": 44, "g1": None, "g2": 4})
    assert of_earlier(suppression.audit(new, [august])) == {("g1", 2, 2)}


def test_each_of_two_earlier_releases_is_asked_about() -> None:
    july = told("July", {"all": 141, "g0": 36, "g1": None, "g2": 40, "g3": 31, "g4": None})
    august = told("August", {"all": 142, "g0": 36, "g1": None, "g2": 40, "g3": 31, "g4": None})
    new = told("September", {"all": 158, "g0": 36, "g1": 26, "g2": 40, "g3": 31, "g4": 25})
    found = {
        (each.earlier, each.figure[1][0], each.least)
        for each in suppression.audit(new, [august, july]).findings
    }
    assert {("July", "g4", 8), ("August", "g4", 9)} <= found


def test_a_figure_that_an_earlier_release_showed_alone_may_have_been_amended() -> None:
    """Thirty are no part of twenty: the group has become smaller, and is one to nineteen."""
    august = told("August", {"g0": 30})
    august = Release("August", august.shown, (), frozenset())
    new = told("September", {"all": 20, "g0": None, "g1": None})
    audit = suppression.audit(new, [august])
    assert audit.ranges[figure("g0"), "n"] == (1, 19)
    assert audit.passed


@pytest.mark.parametrize("seed", range(20))
def test_a_reader_who_knows_which_group_changed_can_tell_no_more_of_it(seed: int) -> None:
    """The reader takes all other groups as either release shows them, and one at least for any that neither does."""
    chance = random.Random(seed)
    before = [chance.randint(1, 9), *(chance.randint(5, 60) for _ in range(chance.randint(3, 6)))]
    after = [before[0] + chance.randint(1, 40), *before[1:]]
    first = suppression.suppress([groups(*before)], name="August")
    second = suppression.suppress([groups(*after)], earlier=[first], name="September")
    whole = first.shown[figure("all")].n
    if whole is None:
        return
    known = [
        first.shown[figure(f"g{number}")].n or second.shown[figure(f"g{number}")].n
        for number in range(1, len(before))
    ]
    left = whole - sum(each or 0 for each in known)
    greatest = left - known.count(None)
    assert greatest - 1 >= WIDTH
    assert None in known
