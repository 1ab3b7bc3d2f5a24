"""What a release shows, and what a reader who adds and subtracts can still not tell."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.methods import suppression
from services.evaluation.methods.inputs import BadInput
from services.evaluation.methods.release import Sum
from services.evaluation.methods.suppression import Cell, Release, Rules, Shown, Table

RULES = Rules()


def table(name: str, total: Cell, **parts: Cell) -> Table:
    cells = {("all",): total, **{(part,): cell for part, cell in parts.items()}}
    return Table(name, ("group",), cells, {"group": dict.fromkeys(parts, "all")})


def groups(*sizes: int) -> Table:
    named = {f"g{number}": Cell(size) for number, size in enumerate(sizes)}
    return table("students", Cell(sum(sizes)), **named)


def statuses(release: Release) -> dict[str, str]:
    return {key[0]: shown.status for (_, key), shown in release.shown.items()}


def one(k: int, n: int) -> Shown:
    return suppression.suppress([Table("pledges", ("unit",), {("a",): Cell(n, k)})]).shown["pledges", ("a",)]


def test_groups_of_40_12_and_4_with_their_total_hide_the_4_and_the_12() -> None:
    release = suppression.suppress([groups(40, 12, 4)])
    assert statuses(release) == {"all": "shown", "g0": "shown", "g1": "hidden", "g2": "hidden"}
    assert release.shown["students", ("all",)].n == 56
    ranges = suppression.audit(release).ranges
    assert set(ranges.values()) == {
        (1, 15)
    }  # all that is told of the two is that they are somebody, and 16 together


def test_nine_persons_show_nothing() -> None:
    assert one(4, 9) == Shown("hidden", n_low=1)


@pytest.mark.parametrize("n", [10, 13, 20])
def test_ten_to_twenty_persons_show_a_rate_in_steps_of_five_per_cent_and_no_number(n: int) -> None:
    shown = one(7, n)
    assert (shown.status, shown.n, shown.rate, shown.decimals) == ("rate only", None, 5 * round(140 / n), 0)


def test_a_rate_without_its_number_leaves_the_number_open() -> None:
    """Of every rate that ten to twenty persons can have, a reader who tries all of them finds at least four numbers."""
    readings: dict[float, set[int]] = defaultdict(set)
    for n in range(10, 21):
        for k in range(n + 1):
            shown = suppression.show(Cell(n, k), suppression.primary(Cell(n, k), RULES), RULES)
            if shown.status == "rate only" and shown.rate is not None:
                readings[shown.rate].add(n)
    assert readings
    assert min(max(found) - min(found) for found in readings.values()) >= RULES.rate_only_width


def test_twenty_one_persons_show_rate_and_number() -> None:
    shown = one(7, 21)
    assert (shown.status, shown.n, shown.rate) == ("shown", 21, 33.3)


@pytest.mark.parametrize("k", [95, 96, 100])
def test_from_95_per_cent_only_the_bound_is_shown(k: int) -> None:
    shown = one(k, 100)
    assert (shown.status, shown.n, shown.rate, shown.rate_low, shown.rate_high) == (
        "bound",
        None,
        None,
        95,
        100,
    )


@pytest.mark.parametrize("k", [0, 4, 5])
def test_to_5_per_cent_only_the_bound_is_shown(k: int) -> None:
    shown = one(k, 100)
    assert (shown.status, shown.n, shown.rate, shown.rate_low, shown.rate_high) == ("bound", None, None, 0, 5)


def test_a_count_without_a_rate_is_shown_from_ten() -> None:
    assert suppression.suppress([groups(10, 30)]).shown["students", ("g0",)].n == 10


def test_the_auditor_names_the_cell_and_the_sum_that_tells_it() -> None:
    release = suppression.suppress([groups(40, 12, 4)])
    told = {**release.shown, ("students", ("g1",)): Shown("shown", 12, n_low=12, n_high=12)}
    audit = suppression.audit(Release("careless", told, release.sums, release.rated))
    assert not audit.passed
    (finding,) = audit.findings
    assert (finding.figure, finding.least, finding.greatest) == (("students", ("g2",)), 4, 4)
    assert finding.sums == release.sums
    assert finding.text == (
        "students (g2): the number of persons is 4, because students (all) is the sum of 3 parts"
    )


def test_two_hidden_groups_that_are_nine_together_are_a_group_of_nine() -> None:
    release = suppression.suppress([groups(40, 30, 5, 4)])
    assert [name for name, status in statuses(release).items() if status == "hidden"] == ["g1", "g2", "g3"]


def test_a_group_of_nine_and_a_single_child_are_not_left_as_two_parts_of_ten() -> None:
    """Nobody is there would be shown: of ten together a reader knows that either is one to nine."""
    told = suppression.suppress([groups(9, 1)])
    assert statuses(told)["all"] == "hidden"
    careless = Release("careless", {**told.shown, ("students", ("all",)): Shown("shown", 10, n_low=10, n_high=10)},
                       told.sums, told.rated)  # fmt: skip
    assert {(each.least, each.greatest) for each in suppression.audit(careless).findings} == {(1, 9)}
    # Of eleven, one to ten are still fewer than ten apart; of twelve one to eleven are not.
    assert statuses(suppression.suppress([groups(9, 2)]))["all"] == "hidden"
    assert statuses(suppression.suppress([groups(9, 3)]))["all"] == "shown"


def test_a_hidden_group_is_covered_along_both_margins() -> None:
    cells = {
        (row, column): Cell(size)
        for row, sizes in {"r1": (4, 30, 50), "r2": (25, 40, 60), "r3": (70, 35, 45)}.items()
        for column, size in zip(("c1", "c2", "c3"), sizes, strict=True)
    }
    for column in ("c1", "c2", "c3"):
        cells["all", column] = Cell(sum(cells[row, column].n for row in ("r1", "r2", "r3")))
    for row in ("r1", "r2", "r3", "all"):
        cells[row, "all"] = Cell(sum(cells[row, column].n for column in ("c1", "c2", "c3")))
    parts = {
        "row": dict.fromkeys(("r1", "r2", "r3"), "all"),
        "column": dict.fromkeys(("c1", "c2", "c3"), "all"),
    }
    release = suppression.suppress([Table("students", ("row", "column"), cells, parts)])
    hidden = {key for (_, key), shown in release.shown.items() if shown.status == "hidden"}
    assert ("r1", "c1") in hidden
    for place in (0, 1):
        lines = [key[place] for key in hidden]
        assert all(lines.count(line) > 1 for line in lines)
    assert suppression.audit(release).passed


def test_that_there_is_nobody_is_no_secret() -> None:
    assert one(0, 0) == Shown("shown", 0, None, 0, 0, 0)
    release = suppression.suppress([groups(40, 25, 0)])
    assert statuses(release) == {"all": "shown", "g0": "shown", "g1": "shown", "g2": "shown"}
    assert suppression.audit(release).ranges == {}


def test_a_total_of_nobody_without_parts_is_published_beside_the_others() -> None:
    cells = {("state",): Cell(60), ("a",): Cell(60), ("b",): Cell(0), ("a1",): Cell(35), ("a2",): Cell(25)}
    parents = {"a": "state", "b": "state", "a1": "a", "a2": "a", "b1": "b"}
    release = suppression.suppress([Table("students", ("unit",), cells, {"unit": parents})])
    assert {key[0]: shown.n for (_, key), shown in release.shown.items()} == {
        "state": 60,
        "a": 60,
        "b": 0,
        "a1": 35,
        "a2": 25,
    }


def test_nobody_is_no_cover_for_a_hidden_group() -> None:
    assert statuses(suppression.suppress([groups(40, 30, 4, 0)])) == {
        "all": "shown",
        "g0": "shown",
        "g1": "hidden",
        "g2": "hidden",
        "g3": "shown",
    }
    # With nobody else beside it, a group of four is hidden with its total.
    assert statuses(suppression.suppress([groups(4, 0)])) == {"all": "hidden", "g0": "hidden", "g1": "shown"}


def test_the_number_behind_a_bound_is_not_had_by_subtraction() -> None:
    """Of 1000 persons at 96 % the 40 others are uncertain by rounding, but 10000 less 9000 is exact."""
    pledges = table("pledges", Cell(10_000, 5460), a=Cell(9000, 4500), b=Cell(1000, 960))
    told = Release(
        "careless",
        {
            ("pledges", ("all",)): Shown("shown", 10_000, 54.6, 1, 10_000, 10_000, 54.55, 54.65),
            ("pledges", ("a",)): Shown("shown", 9000, 50.0, 1, 9000, 9000, 49.95, 50.05),
            ("pledges", ("b",)): Shown("bound", n_low=10, rate_low=95.0),
        },
        (Sum(("pledges", ("all",)), (("pledges", ("a",)), ("pledges", ("b",)))),),
        frozenset({"pledges"}),
    )
    (finding,) = suppression.audit(told).findings
    assert (finding.figure[1], finding.quantity, finding.least, finding.greatest) == (("b",), "n", 1000, 1000)
    # The bound itself can stay, where the number beside it goes.
    release = suppression.suppress([pledges])
    assert statuses(release) == {"all": "shown", "a": "hidden", "b": "bound"}
    assert suppression.audit(release).ranges[("pledges", ("b",)), "n"] == (10, 5752)  # 5465 / 0.95


def test_children_who_count_in_two_schools_do_not_confuse_the_auditor() -> None:
    overlapping = table("students", Cell(50), a=Cell(30), b=Cell(18), c=Cell(4))
    release = suppression.suppress([overlapping])
    assert release.sums[0].excess_n == 2
    assert suppression.audit(release).ranges[("students", ("c",)), "n"] == (1, 21)
    assert statuses(release)["b"] == statuses(release)["c"] == "hidden"


def test_a_rate_whose_number_follows_from_the_total_does_not_stay() -> None:
    release = suppression.suppress([table("pledges", Cell(215, 120), a=Cell(200, 110), b=Cell(15, 10))])
    assert statuses(release)["b"] == "hidden"


def test_nearly_all_of_a_small_group_stay_uncertain_by_three_persons() -> None:
    release = suppression.suppress([table("pledges", Cell(240, 190), a=Cell(200, 150), b=Cell(40, 40))])
    told = suppression.audit(release).ranges
    quantity = "n - k" if statuses(release)["b"] == "bound" else "n"
    least, greatest = told[("pledges", ("b",)), quantity]  # type: ignore[index]
    assert greatest - least >= RULES.count_width


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (Cell(-1), r"pledges \('a',\): n = -1 is no count"),
        (Cell(10, -2), r"k = -2 is no count"),
        (Cell(10, 11), r"k = 11 is above n = 10"),
        (Cell(2.5), r"n = 2\.5 is no count"),  # type: ignore[arg-type]
        (Cell(float("nan")), r"n = nan is no count"),  # type: ignore[arg-type]
    ],
)
def test_figures_that_are_no_counts_are_refused_by_their_place(cell: Cell, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        suppression.suppress([Table("pledges", ("unit",), {("a",): cell})])


def test_a_table_that_is_hidden_throughout_stays_so() -> None:
    release = suppression.suppress([groups(3, 2, 1)])
    assert set(statuses(release).values()) == {"hidden"}


def test_no_table_is_an_empty_release() -> None:
    assert suppression.audit(suppression.suppress([])).passed


sizes = st.lists(st.integers(0, 60), min_size=1, max_size=6)


@settings(max_examples=50)
@given(st.lists(sizes, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_no_reader_can_tell_a_hidden_number_of_districts_and_schools(
    state: list[list[int]], chance: random.Random
) -> None:
    cells, parts = {}, {}
    for number, district in enumerate(state):
        counted = [(size, chance.randint(0, size)) for size in district]
        for place, (n, k) in enumerate(counted):
            cells[f"s{number}.{place}",] = Cell(n, k)
            parts[f"s{number}.{place}"] = f"d{number}"
        cells[f"d{number}",] = Cell(sum(n for n, _ in counted), sum(k for _, k in counted))
        parts[f"d{number}"] = "state"
    districts = [cells[f"d{number}",] for number in range(len(state))]
    cells["state",] = Cell(sum(each.n for each in districts), sum(each.k or 0 for each in districts))
    release = suppression.suppress([Table("pledges", ("unit",), cells, {"unit": parts})])
    audit = suppression.audit(release)
    assert audit.passed
    for ((_, key), quantity), (least, greatest) in audit.ranges.items():
        cell = cells[key]
        truth = {"n": cell.n, "k": cell.k, "n - k": cell.n - (cell.k or 0)}[quantity]
        assert truth is not None
        assert least <= truth <= greatest
    for (_, key), shown in release.shown.items():
        if 0 < cells[key].n < RULES.least:
            assert shown == Shown("hidden", n_low=1)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 7), min_size=3, max_size=3), st.sets(st.integers(0, 2)), st.booleans())
def test_ranges_are_those_of_trying_every_number(parts: list[int], shown: set[int], total: bool) -> None:
    """The oracle enumerates every whole solution of two sums over the same three parts."""
    names = [("t", (f"p{number}",)) for number in range(3)]
    whole, pair = ("t", ("all",)), ("t", ("pair",))

    def tell(value: int, visible: bool) -> Shown:
        return Shown("shown", value, n_low=value, n_high=value) if visible else Shown("hidden", n_high=30)

    figures = {name: tell(parts[number], number in shown) for number, name in enumerate(names)}
    figures[whole] = tell(sum(parts), total)
    figures[pair] = tell(parts[0] + parts[1], True)
    sums = (Sum(whole, tuple(names)), Sum(pair, tuple(names[:2])))
    ranges = suppression.audit(Release("r", figures, sums, frozenset())).ranges

    solutions = [
        (*values, sum(values))
        for values in itertools.product(range(31), repeat=3)
        if values[0] + values[1] == parts[0] + parts[1]
        and sum(values) <= (30 if not total else sum(parts))
        and (not total or sum(values) == sum(parts))
        and all(values[number] == parts[number] for number in shown)
    ]
    for place, figure in enumerate([*names, whole]):
        if figures[figure].status == "hidden":
            tried = [solution[place] for solution in solutions]
            assert ranges[figure, "n"] == (min(tried), max(tried))
